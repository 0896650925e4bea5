"""APIs: the /resource-servers endpoints.

Source: Auth0 docs, Management API, "Resource Servers"; defaults as real tenants answer them.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, missing
from wizard.practice.management.access import require
from wizard.practice.management.entity_limits import refuse_above_limit
from wizard.practice.requests.documents import Document, Table
from wizard.practice.requests.reading import json_body, listing, offset_window, query
from wizard.practice.requests.schema import ANYTHING, FLAG, Shape, choice, many, nullable, number, obj, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

TABLE = Table("resource_servers", ["id", "identifier"], [["id"], ["identifier"]])

_SCOPE = obj({"value": text(1, 280), "description": text(0, 500)}, "value")
_ENCRYPTION_KEY = obj(
    {
        "name": text(1, 128),
        "alg": choice("RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"),
        "kid": text(1, 128),
        "pem": text(1, 4096),
    },
    "alg",
    "pem",
)
_POSSESSION = obj(
    {"mechanism": choice("mtls", "dpop"), "required": FLAG, "required_for": choice("public_clients", "all_clients")},
    "mechanism",
    "required",
)
_POLICIES = obj(
    {
        "user": obj({"policy": choice("allow_all", "deny_all", "require_client_grant")}, more=True),
        "client": obj({"policy": choice("deny_all", "require_client_grant")}, more=True),
    }
)
_CHANGEABLE: dict[str, Shape] = {
    "name": text(0, 200, pattern="^[^<>]+$"),
    "scopes": many(_SCOPE, high=1000),
    "signing_alg": choice("HS256", "RS256", "RS512", "PS256"),
    "signing_secret": text(16),
    "allow_offline_access": FLAG,
    "allow_online_access": FLAG,
    "token_lifetime": number(0, 2_592_000),
    # Not in the reference, but real tenants take it.
    "token_lifetime_for_web": number(0, 2_592_000),
    "token_dialect": choice("access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz"),
    "token_encryption": nullable(
        obj({"format": choice("compact-nested-jwe"), "encryption_key": _ENCRYPTION_KEY}, "format", "encryption_key")
    ),
    "consent_policy": choice("transactional-authorization-with-mfa", None),
    "authorization_details": nullable(many(ANYTHING)),
    "authorization_policy": nullable(obj({"policy_id": text(1, 1024)}, "policy_id")),
    "proof_of_possession": nullable(_POSSESSION),
    "enforce_policies": FLAG,
    "skip_consent_for_verifiable_first_party_clients": FLAG,
    "subject_type_authorization": _POLICIES,
}
CREATE = obj(_CHANGEABLE | {"identifier": text(1, 600)}, "identifier")
UPDATE = obj(_CHANGEABLE)
_FILTERS: dict[str, Shape] = {"identifiers": many(text(1)), "include_fields": FLAG}
"""These operations have no `fields`, so `include_fields` is checked and chooses nothing."""
_SYSTEM_CHANGEABLE = {"token_lifetime", "token_lifetime_for_web"}


def create_tables(db: sqlite3.Connection) -> None:
    TABLE.create(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_apis(request: Request) -> Response:
        require(request, "read:resource_servers")
        window = offset_window(request)
        wanted = query(request, _FILTERS).get("identifiers", [])
        marks = ",".join("?" * len(wanted))
        page = TABLE.page(tenant.db, window, f"identifier in ({marks})" if wanted else "true", wanted)
        return listing(window, "resource_servers", [document.body for document in page.documents], page.total)

    async def create(request: Request) -> Response:
        require(request, "create:resource_servers")
        body = await json_body(request, CREATE)
        if body["identifier"].rstrip("/") in {tenant.audience.rstrip("/"), f"{tenant.issuer}userinfo"}:
            raise ApiError(400, "The selected identifier is reserved.", "invalid_body")
        refuse_above_limit(tenant, "apis", TABLE.count(tenant.db))
        return JSONResponse(add_api(tenant, body), 201)

    async def read(request: Request) -> Response:
        require(request, "read:resource_servers")
        query(request, {"include_fields": FLAG})
        return JSONResponse(_by_id_or_identifier(tenant, request.path_params["id"]).body)

    async def update(request: Request) -> Response:
        require(request, "update:resource_servers")
        changes = await json_body(request, UPDATE)
        with tenant.transaction() as db:
            found = _by_id_or_identifier(tenant, request.path_params["id"])
            if found.body.get("is_system") and not set(changes) <= _SYSTEM_CHANGEABLE:
                raise ApiError(400, "The system API can only change its token lifetimes.", "invalid_body")
            body = {name: part for name, part in (found.body | changes).items() if part is not None}
            TABLE.replace(db, found.row, body)
        return JSONResponse(body)

    async def delete(request: Request) -> Response:
        require(request, "delete:resource_servers")
        with tenant.transaction() as db:
            found = _find(tenant, request.path_params["id"])
            if found is not None and found.body.get("is_system"):
                raise ApiError(403, "The system API cannot be deleted.", "operation_not_supported")
            if found is not None:
                TABLE.delete(db, id=found.body["id"])
                db.execute("delete from client_grants where audience = ?", (found.body["identifier"],))
        return Response(status_code=204)

    base = "/api/v2/resource-servers"
    return [
        Route(base, list_apis, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base + "/{id}", read, methods=["GET"]),
        Route(base + "/{id}", update, methods=["PATCH"]),
        Route(base + "/{id}", delete, methods=["DELETE"]),
    ]


def add_api(tenant: PracticeTenant, wanted: dict[str, Any]) -> dict[str, Any]:
    """Store an API with what the server adds, and return it.

    Raises:
        ApiError: 409 when the identifier is taken.
    """
    given = {name: part for name, part in wanted.items() if part is not None}
    policies = {"client": {"policy": "require_client_grant"}, "user": {"policy": "allow_all"}}
    body = {"id": tenant.new_hex(24), **given}
    body.setdefault("allow_offline_access", False)
    body.setdefault("skip_consent_for_verifiable_first_party_clients", False)
    body["subject_type_authorization"] = policies | given.get("subject_type_authorization", {})
    body.setdefault("token_lifetime", 86400)
    body.setdefault("token_lifetime_for_web", min(7200, body["token_lifetime"]))
    body.setdefault("signing_alg", "RS256")
    try:
        TABLE.add(tenant.db, body, id=body["id"], identifier=body["identifier"])
    except sqlite3.IntegrityError:
        raise ApiError(409, "A resource server with the same identifier already exists.") from None
    return body


def api_named(tenant: PracticeTenant, identifier: str) -> dict[str, Any] | None:
    """Return the API with this identifier, None if the tenant has none."""
    found = TABLE.find(tenant.db, identifier=identifier)
    return None if found is None else found.body


def _find(tenant: PracticeTenant, name: str) -> Document | None:
    """Find an API by its id or its identifier, also one that was encoded twice.

    Source: recordings of the Terraform provider, whose SDK encodes it so.
    """
    found = TABLE.find(tenant.db, id=name) or TABLE.find(tenant.db, identifier=name)
    return found or TABLE.find(tenant.db, identifier=unquote(name))


def _by_id_or_identifier(tenant: PracticeTenant, name: str) -> Document:
    found = _find(tenant, name)
    if found is None:
        raise missing("resource server")
    return found
