"""Which application may get which scopes of which API: the /client-grants endpoints.

Source: Auth0 docs, Management API, "Client Grants".
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, missing
from wizard.practice.management import apis
from wizard.practice.management.access import is_management_audience, require
from wizard.practice.management.client_store import client_with_id
from wizard.practice.management.entity_limits import refuse_above_limit
from wizard.practice.requests.documents import Document, Table
from wizard.practice.requests.reading import any_window, json_body, listing, query
from wizard.practice.requests.schema import FLAG, Shape, choice, many, nullable, obj, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

TABLE = Table(
    "client_grants",
    ["id", "client_id", "audience", "subject_type"],
    [["id"], ["client_id", "audience", "subject_type"]],
)

_USAGE = choice("deny", "allow", "require")
_SUBJECT = choice("client", "user")
_DEFAULT_FOR = choice("third_party_clients")
CREATE = obj(
    {
        "client_id": text(1),
        "audience": text(1),
        "scope": many(text(1, 280)),
        "subject_type": _SUBJECT,
        "organization_usage": _USAGE,
        "allow_any_organization": FLAG,
        "allow_all_scopes": FLAG,
        "authorization_details_types": many(text(1, 255)),
        "default_for": _DEFAULT_FOR,
    },
    "audience",
)
UPDATE = obj(
    {
        "scope": nullable(many(text(1, 280))),
        "organization_usage": nullable(_USAGE),
        "allow_any_organization": nullable(FLAG),
        "allow_all_scopes": nullable(FLAG),
        "authorization_details_types": many(text(1, 255)),
    },
    minProperties=1,
)
_FILTERS: dict[str, Shape] = {"client_id": text(), "audience": text(), "subject_type": _SUBJECT}


def create_tables(db: sqlite3.Connection) -> None:
    TABLE.create(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_grants(request: Request) -> Response:
        require(request, "read:client_grants")
        window = any_window(request)
        wanted = query(request, _FILTERS)
        inside = query(request, {"allow_any_organization": FLAG, "default_for": _DEFAULT_FOR})
        if "audience" in wanted:
            wanted["audience"] = _identifier(tenant, request, wanted["audience"])
        conditions = [f"{column} = ?" for column in wanted]
        values = list(wanted.values())
        for name, value in inside.items():
            conditions.append(f"coalesce(json_extract(body, '$.{name}'), 0) = ?")
            values.append(value)
        page = TABLE.page(tenant.db, window, " and ".join(conditions) or "true", values)
        return listing(
            window, "client_grants", [document.body for document in page.documents], page.total, page.last_row
        )

    async def create(request: Request) -> Response:
        require(request, "create:client_grants")
        body = await json_body(request, CREATE)
        if "client_id" not in body and "default_for" not in body:
            raise ApiError(400, "Payload validation error: 'Missing required property: client_id'.", "invalid_body")
        body["audience"] = _identifier(tenant, request, body["audience"])
        if apis.api_named(tenant, body["audience"]) is None:
            raise ApiError(404, "Resource server not found", "inexistent_resource_server")
        if "client_id" in body and client_with_id(tenant, body["client_id"]) is None:
            raise ApiError(404, "Client not found", "inexistent_client")
        refuse_above_limit(tenant, "client_grants", TABLE.count(tenant.db))
        return JSONResponse(add_grant(tenant, body), 201)

    async def read(request: Request) -> Response:
        require(request, "read:client_grants")
        return JSONResponse(_grant(tenant, request).body)

    async def update(request: Request) -> Response:
        require(request, "update:client_grants")
        changes = await json_body(request, UPDATE)
        with tenant.transaction() as db:
            found = _grant(tenant, request)
            body = _scoped({name: part for name, part in (found.body | changes).items() if part is not None})
            TABLE.replace(db, found.row, body)
        return JSONResponse(body)

    async def delete(request: Request) -> Response:
        require(request, "delete:client_grants")
        with tenant.transaction() as db:
            TABLE.delete(db, id=request.path_params["id"])
        return Response(status_code=204)

    base = "/api/v2/client-grants"
    return [
        Route(base, list_grants, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base + "/{id}", read, methods=["GET"]),
        Route(base + "/{id}", update, methods=["PATCH"]),
        Route(base + "/{id}", delete, methods=["DELETE"]),
    ]


def add_grant(tenant: PracticeTenant, wanted: dict[str, Any]) -> dict[str, Any]:
    """Store a grant and return it.

    Raises:
        ApiError: 409 when the client already has one for this API and kind of subject.
    """
    body = {"id": tenant.new_id("cgr"), "scope": [], "subject_type": "client"} | wanted
    body = _scoped({name: body[name] for name in ("id", "client_id", "audience", "scope") if name in body} | body)
    try:
        TABLE.add(tenant.db, body, **{column: body.get(column, "") for column in TABLE.columns})
    except sqlite3.IntegrityError:
        raise ApiError(409, tenant.switches.client_grant_conflict_text) from None
    return body


def _scoped(body: dict[str, Any]) -> dict[str, Any]:
    """List no scopes where all are granted, and none as none. Source: recordings of the Terraform provider."""
    if body.get("allow_all_scopes"):
        return {name: part for name, part in body.items() if name != "scope"}
    return body | {"scope": body.get("scope", [])}


def grant_of(tenant: PracticeTenant, client_id: str, audience: str, subject_type: str) -> dict[str, Any] | None:
    """Find the grant of an application for an API; a third party without one has that of all third parties."""
    found = TABLE.find(tenant.db, client_id=client_id, audience=audience, subject_type=subject_type)
    client = client_with_id(tenant, client_id)
    if found is None and client is not None and client.get("is_first_party") is False:
        found = TABLE.find(tenant.db, client_id="", audience=audience, subject_type=subject_type)
    return None if found is None else found.body


def _grant(tenant: PracticeTenant, request: Request) -> Document:
    found = TABLE.find(tenant.db, id=request.path_params["id"])
    if found is None:
        raise missing("grant")
    return found


def _identifier(tenant: PracticeTenant, request: Request, audience: str) -> str:
    """Let the address this tenant is served at stand for its Management API."""
    return tenant.audience if is_management_audience(tenant, audience, request.headers.get("host", "")) else audience
