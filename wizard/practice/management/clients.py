"""Applications: the /clients endpoints.

Source: Auth0 docs, Management API, "Clients"; defaults as real tenants answer them.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_query, missing
from wizard.practice.management import client_credentials
from wizard.practice.management.access import has_scope, require
from wizard.practice.management.client_shapes import APP_TYPES, CREATE, FIELDS, SECRET_FIELDS, SUMMARY_FIELDS, UPDATE
from wizard.practice.management.client_store import TABLE
from wizard.practice.management.entity_limits import refuse_above_limit
from wizard.practice.requests.documents import Document
from wizard.practice.requests.reading import any_window, chosen_fields, json_body, listing, narrowed, query
from wizard.practice.requests.schema import FLAG, Shape, text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

MERGED = {"jwt_configuration", "mobile", "native_social_login"}
"""Of these a PATCH changes what it names. Source: recordings of the Terraform provider."""
READ_SCOPES = ("read:clients", "read:client_keys", "read:client_credentials", "read:client_summary")
DEFAULT_GRANTS = ["authorization_code", "implicit", "refresh_token"]
"""Of every application that names none; one that can keep a secret also gets client_credentials."""
_FILTERS: dict[str, Shape] = {
    "is_global": FLAG,
    "is_first_party": FLAG,
    "app_type": text(),
    "q": text(),
    "external_client_id": text(1, 120),
}
_ENDLESS_REFRESH = {
    "expiration_type": "non-expiring",
    "leeway": 0,
    "infinite_token_lifetime": True,
    "infinite_idle_token_lifetime": True,
    "token_lifetime": 2_592_000,
    "idle_token_lifetime": 1_296_000,
    "rotation_type": "non-rotating",
}
_ENDLESS_WITH_SECRET = _ENDLESS_REFRESH | {"token_lifetime": 31_557_600, "idle_token_lifetime": 2_592_000}
"""Where client_secret_post is asked for. Source: recordings of the Terraform provider."""


def create_tables(db: sqlite3.Connection) -> None:
    TABLE.create(db)
    client_credentials.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_clients(request: Request) -> Response:
        claims = require(request, *READ_SCOPES)
        window = any_window(request, lowest=0)
        where, values = _condition(query(request, _FILTERS))
        choice = _readable_fields(request, claims)
        page = TABLE.page(tenant.db, window, where, values)
        shown = [narrowed(visible(tenant, document.body, claims), choice) for document in page.documents]
        return listing(window, "clients", shown, page.total, page.last_row)

    async def create(request: Request) -> Response:
        claims = require(request, "create:clients")
        body = await json_body(request, CREATE)
        _refuse_two_ways_to_authenticate(body)
        if "client_authentication_methods" in body and not has_scope(claims, "create:client_credentials"):
            raise ApiError(403, "Insufficient scope, expected any of: create:client_credentials", "insufficient_scope")
        refuse_above_limit(tenant, "applications", TABLE.count(tenant.db))
        with tenant.transaction():
            made = add_client(tenant, body)
        shown = client_credentials.shown_at_creation(tenant, made)
        return JSONResponse(whole(tenant, shown) | {"encrypted": True}, 201)

    async def read(request: Request) -> Response:
        claims = require(request, *READ_SCOPES)
        choice = _readable_fields(request, claims)
        return JSONResponse(narrowed(visible(tenant, _client(tenant, request).body, claims), choice))

    async def update(request: Request) -> Response:
        claims = require(request, "update:clients", "update:client_keys", "update:client_credentials")
        changes = await json_body(request, UPDATE)
        _refuse_unscoped(changes, claims)
        with tenant.transaction() as db:
            found = _client(tenant, request)
            body = _merged(found.body, changes)
            client_credentials.refuse_unknown(tenant, body["client_id"], changes.get("client_authentication_methods"))
            _refuse_two_ways_to_authenticate(body)
            TABLE.replace(db, found.row, body)
        return JSONResponse(visible(tenant, body, claims))

    async def delete(request: Request) -> Response:
        require(request, "delete:clients")
        client_id = request.path_params["id"]
        found = TABLE.find(tenant.db, client_id=client_id)
        if found is not None and found.body.get("global"):
            raise ApiError(403, "The global client cannot be deleted.", "operation_not_supported")
        with tenant.transaction() as db:
            for table in ("clients", "client_grants", "connection_clients", "client_credentials", "refresh_tokens"):
                db.execute(f"delete from {table} where client_id = ?", (client_id,))  # noqa: S608 - five constants
        return Response(status_code=204)

    async def rotate(request: Request) -> Response:
        claims = require(request, "update:client_keys")
        with tenant.transaction() as db:
            found = _client(tenant, request)
            body = found.body | {"client_secret": tenant.new_secret()}
            TABLE.replace(db, found.row, body)
        return JSONResponse(visible(tenant, body, claims | {"scope": "read:clients read:client_keys"}))

    base = "/api/v2/clients"
    return [
        Route(base, list_clients, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base + "/{id}", read, methods=["GET"]),
        Route(base + "/{id}", update, methods=["PATCH"]),
        Route(base + "/{id}", delete, methods=["DELETE"]),
        Route(base + "/{id}/rotate-secret", rotate, methods=["POST"]),
        *client_credentials.routes(tenant),
    ]


def add_client(tenant: PracticeTenant, wanted: dict[str, Any]) -> dict[str, Any]:
    """Store an application with what the server adds, and return it with its secret.

    Raises:
        ApiError: 409 for an alias that is taken.
    """
    given = {name: part for name, part in wanted.items() if part is not None}
    _refuse_taken_alias(tenant, given.get("client_aliases", []))
    methods = given.get("client_authentication_methods")
    if not methods and given.get("app_type") in {"native", "spa"}:
        given.setdefault("token_endpoint_auth_method", "none")
    method = given.get("token_endpoint_auth_method")
    body: dict[str, Any] = {
        "tenant": tenant.domain.partition(".")[0],
        "global": False,
        "is_token_endpoint_ip_header_trusted": False,
        "is_first_party": True,
        "oidc_conformant": False,
        "sso_disabled": False,
        "cross_origin_authentication": False,
        "refresh_token": _ENDLESS_WITH_SECRET if method == "client_secret_post" else _ENDLESS_REFRESH,
        "client_id": tenant.new_id("", 32),
        "callback_url_template": False,
        "client_secret": tenant.new_secret(),
        "grant_types": DEFAULT_GRANTS + ([] if method == "none" else ["client_credentials"]),
        "custom_login_page_on": True,
    } | given
    body["cross_origin_auth"] = body["cross_origin_authentication"]
    algorithm = "RS256" if body["oidc_conformant"] or methods else "HS256"
    usual = {"alg": algorithm, "lifetime_in_seconds": 36000, "secret_encoded": False}
    body["jwt_configuration"] = usual | given.get("jwt_configuration", {})
    if methods:
        body["client_authentication_methods"] = client_credentials.keep_all(tenant, body["client_id"], methods)
    if body.get("is_first_party") is False:
        body.setdefault("third_party_security_mode", "strict")
    TABLE.add(tenant.db, body, client_id=body["client_id"])
    return body


def _refuse_taken_alias(tenant: PracticeTenant, aliases: list[str]) -> None:
    taken = tenant.db.execute(
        "select 1 from clients c, json_each(c.body, '$.client_aliases') a where a.value in "
        "(select value from json_each(?)) limit 1",
        (json.dumps(aliases),),
    ).fetchone()
    if taken is not None:
        raise ApiError(409, "Another client exists with the same alias.")


def whole(tenant: PracticeTenant, body: dict[str, Any]) -> dict[str, Any]:
    """The application with the members that are computed, not stored."""
    keys = [{"cert": tenant.keys.certificate_pem, "subject": f"/CN={tenant.domain}"}]
    return body | {"signing_keys": keys}


def visible(tenant: PracticeTenant, body: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """The part of an application that a token with these claims may see."""
    if has_scope(claims, "read:client_keys"):
        return whole(tenant, body)
    if any(has_scope(claims, scope) for scope in ("read:clients", "read:client_credentials", "update:clients")):
        return {name: part for name, part in body.items() if name not in SECRET_FIELDS}
    return {name: part for name, part in body.items() if name in SUMMARY_FIELDS}


def _client(tenant: PracticeTenant, request: Request) -> Document:
    found = TABLE.find(tenant.db, client_id=request.path_params["id"])
    if found is None:
        raise missing("client")
    return found


def _readable_fields(request: Request, claims: dict[str, Any]) -> tuple[frozenset[str], bool] | None:
    choice = chosen_fields(request, FIELDS)
    if choice is None or not choice[1]:
        return choice
    full = any(has_scope(claims, scope) for scope in READ_SCOPES[:3])
    secret = choice[0] & SECRET_FIELDS
    if (secret and not has_scope(claims, "read:client_keys")) or not (full or choice[0] <= SUMMARY_FIELDS):
        raise ApiError(
            403, f"Insufficient scope, expected any of: {READ_SCOPES[1 if secret else 0]}", "insufficient_scope"
        )
    return choice


def _condition(wanted: dict[str, Any]) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for flag, usual in (("global", 0), ("is_first_party", 1)):
        asked = wanted.get(f"is_{flag}" if flag == "global" else flag)
        if asked is not None:
            conditions.append(f"coalesce(json_extract(body, '$.{flag}'), {usual}) = ?")
            values.append(int(asked))
    if "app_type" in wanted:
        kinds = wanted["app_type"].split(",")
        for kind in kinds:
            if kind not in APP_TYPES:
                raise invalid_query(f"No enum match for: {kind}", "app_type")
        conditions.append(f"json_extract(body, '$.app_type') in ({','.join('?' * len(kinds))})")
        values += kinds
    if "external_client_id" in wanted:
        conditions.append("json_extract(body, '$.external_client_id') = ?")
        values.append(wanted["external_client_id"])
    if "q" in wanted:
        conditions.append(_search_condition(wanted["q"]))
    return " and ".join(conditions) or "true", values


_GRANT_TERM = re.compile(r"client_grant\.(allow_any_organization:true|organization_id:\"?[\w-]+\"?)")


def _search_condition(q: str) -> str:
    """Translate the two terms this search knows; the practice tenant has no organizations."""
    terms = re.split(r"\s+(?:AND|OR)\s+", q.strip())
    if not all(_GRANT_TERM.fullmatch(term) for term in terms):
        raise invalid_query(f"Object didn't pass validation for format lucene-query: {q}", "q")
    if any("organization_id" in term for term in terms):
        return "false"
    return (
        "exists (select 1 from client_grants g where g.client_id = clients.client_id "
        "and json_extract(g.body, '$.allow_any_organization'))"
    )


def _merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    metadata = old.get("client_metadata", {}) | changes.get("client_metadata", {})
    body = old | changes
    if metadata or "client_metadata" in body:
        body["client_metadata"] = {name: part for name, part in metadata.items() if part is not None}
    for name in MERGED & changes.keys():
        body[name] = old.get(name, {}) | changes[name]
    body["cross_origin_auth"] = body["cross_origin_authentication"]
    return {name: part for name, part in body.items() if part is not None}


def _refuse_unscoped(changes: dict[str, Any], claims: dict[str, Any]) -> None:
    needed = {"update:clients"} if set(changes) - {"client_secret", "client_authentication_methods"} else set()
    needed |= {"update:client_keys"} if "client_secret" in changes else set()
    needed |= {"update:client_credentials"} if "client_authentication_methods" in changes else set()
    for scope in sorted(needed):
        if not has_scope(claims, scope):
            raise ApiError(403, f"Insufficient scope, expected any of: {scope}", "insufficient_scope")


def _refuse_two_ways_to_authenticate(body: dict[str, Any]) -> None:
    if body.get("client_authentication_methods") and body.get("token_endpoint_auth_method"):
        raise ApiError(
            400,
            "Cannot set both client_authentication_methods and token_endpoint_auth_method",
            "invalid_body",
        )
    keyed = (body.get("client_authentication_methods") or {}).get("private_key_jwt")
    algorithm = (body.get("jwt_configuration") or {}).get("alg", "RS256")
    # The reference asks for RS256; real tenants take PS256 too (recording of go-auth0, 2024).
    if keyed and algorithm == "HS256":
        raise ApiError(400, "jwt_configuration.alg must be RS256 for private_key_jwt", "invalid_body")
