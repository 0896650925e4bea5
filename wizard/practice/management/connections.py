"""Connections: the /connections endpoints.

Source: Auth0 docs, Management API, "Connections"; defaults and texts as real tenants answer them.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_query, missing
from wizard.practice.management import connection_clients, connection_options
from wizard.practice.management.access import has_scope, require
from wizard.practice.management.connection_shapes import CREATE, FIELDS, STRATEGIES, UPDATE
from wizard.practice.management.entity_limits import refuse_above_limit
from wizard.practice.requests.documents import Document, Table
from wizard.practice.requests.reading import (
    Window,
    any_window,
    checkpoint_window,
    chosen_fields,
    json_body,
    listing,
    narrowed,
    query,
    within_first_records,
)
from wizard.practice.requests.schema import choice, many, text
from wizard.practice.users import endpoints as users

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

TABLE = Table("connections", ["id", "name", "strategy"], [["id"], ["name"]])
ALWAYS_SHOWN = frozenset({"is_domain_connection", "authentication", "connected_accounts"})
"""Members that `fields` does not take away, as little as the id where it chooses. Source: recordings of ruby-auth0 and of
the Terraform provider."""


def create_tables(db: sqlite3.Connection) -> None:
    TABLE.create(db)
    db.execute("create table if not exists deleted_connections (id text primary key, deleted_at real not null)")
    connection_clients.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def list_connections(request: Request) -> Response:
        claims = require(request, "read:connections")
        window = any_window(request)
        if not window.checkpoint:
            within_first_records(window)
        where, values = _condition(request)
        return _listed(tenant, request, claims, window, where, values)

    async def create(request: Request) -> Response:
        claims = require(request, "create:connections")
        body = await json_body(request, CREATE)
        with tenant.transaction():
            settle(tenant)
            refuse_above_limit(tenant, "connections", TABLE.count(tenant.db))
            made = add_connection(tenant, body)
        return JSONResponse(visible(tenant, made, claims, shows_clients=True), 201)

    async def read(request: Request) -> Response:
        claims = require(request, "read:connections")
        choice = chosen_fields(request, FIELDS)
        return JSONResponse(_narrowed(visible(tenant, _connection(tenant, request).body, claims), choice))

    async def update(request: Request) -> Response:
        claims = require(request, "update:connections")
        changes = await json_body(request, UPDATE)
        if "options" in changes and not has_scope(claims, "update:connections_options"):
            if tenant.switches.options_without_scope == "refused":
                message = "Insufficient scope, expected any of: update:connections_options"
                raise ApiError(403, message, "insufficient_scope")
            del changes["options"]
        with tenant.transaction() as db:
            found = _connection(tenant, request)
            body = _changed(tenant, found.body, changes)
            TABLE.replace(db, found.row, body)
        return JSONResponse(visible(tenant, body, claims))

    async def delete(request: Request) -> Response:
        require(request, "delete:connections")
        connection_id = request.path_params["id"]
        settle(tenant)
        if TABLE.find(tenant.db, id=connection_id) is None:
            return Response(status_code=204)
        with tenant.transaction() as db:
            db.execute("insert or ignore into deleted_connections values (?, ?)", (connection_id, tenant.clock.now()))
        row = tenant.db.execute("select deleted_at from deleted_connections where id = ?", (connection_id,)).fetchone()
        return JSONResponse({"deleted_at": tenant.now_iso(row[0])}, 202)

    async def status(request: Request) -> Response:
        require(request, "read:connections")
        _connection(tenant, request)
        raise ApiError(400, "The connection's strategy does not support status checks", "operation_not_supported")

    async def delete_user(request: Request) -> Response:
        require(request, "delete:users")
        email = query(request, {"email": text()}).get("email")
        if not email:
            raise invalid_query("Missing required property: email")
        found = tenant.connection(request.path_params["id"])
        if found is None:
            return Response(status_code=204)  # this endpoint knows no 404
        if not found.is_database:
            raise ApiError(400, "Connection must be a database connection.", "invalid_connection")
        with tenant.transaction():
            users.delete_user_by_email(tenant, found.id, email)
        return Response(status_code=204)

    async def of_client(request: Request) -> Response:
        claims = require(request, "read:connections", "read:clients", "read:client_summary")
        connection_clients.refuse_unknown_client(tenant, request.path_params["id"])
        window = checkpoint_window(request, always=True) or Window(checkpoint=True)
        chosen_fields(request, FIELDS - {"enabled_clients"})
        where, values = _condition(request)
        mine = "id in (select connection_id from connection_clients where client_id = ?)"
        return _listed(tenant, request, claims, window, f"{mine} and {where}", [request.path_params["id"], *values])

    base = "/api/v2/connections"
    return [
        Route(base, list_connections, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base + "/{id}", read, methods=["GET"]),
        Route(base + "/{id}", update, methods=["PATCH"]),
        Route(base + "/{id}", delete, methods=["DELETE"]),
        Route(base + "/{id}/status", status, methods=["GET"]),
        Route(base + "/{id}/users", delete_user, methods=["DELETE"]),
        Route("/api/v2/clients/{id}/connections", of_client, methods=["GET"]),
        *connection_clients.routes(tenant),
    ]


def settle(tenant: PracticeTenant) -> None:
    """Finish the deletions whose time is over: users, enabled clients, the connection itself."""
    due = tenant.clock.now() - tenant.switches.connection_deleting_seconds
    rows = tenant.db.execute("select id from deleted_connections where deleted_at <= ?", (due,)).fetchall()
    if not rows:
        return
    with tenant.transaction() as db:
        for (connection_id,) in rows:
            users.delete_users(tenant, connection_id)
            db.execute("delete from connection_clients where connection_id = ?", (connection_id,))
            TABLE.delete(db, id=connection_id)
            db.execute("delete from deleted_connections where id = ?", (connection_id,))


def add_connection(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    """Store a connection with what the server adds, and return it.

    Raises:
        ApiError: 400 for options that exclude each other, 409 for a name or realm that is taken.
    """
    _refuse_taken(tenant, given)
    body = {
        "id": tenant.new_id("con"),
        "options": _created_options(tenant, given),
        "strategy": given["strategy"],
        "name": given["name"],
        "is_domain_connection": given.get("is_domain_connection", False),
        "authentication": given.get("authentication", {"active": True}),
        "connected_accounts": given.get("connected_accounts", {"active": False}),
        "realms": given.get("realms") or [given["name"]],
    }
    _refuse_scriptless_import(tenant, body)
    body |= {name: given[name] for name in ("display_name", "show_as_button", "metadata") if name in given}
    TABLE.add(tenant.db, body, id=body["id"], name=body["name"], strategy=body["strategy"])
    connection_clients.enable_at_creation(tenant, body["id"], given.get("enabled_clients"))
    return body


def _created_options(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    options = given.get("options", {})
    if given["strategy"] == "auth0":
        return connection_options.created(tenant, options)
    return connection_options.created_elsewhere(options)


def visible(
    tenant: PracticeTenant, body: dict[str, Any], claims: dict[str, Any], *, shows_clients: bool = False
) -> dict[str, Any]:
    """The part of a connection that a token with these claims may see."""
    shown = dict(body)
    if not has_scope(claims, "read:connections_options"):
        shown.pop("options", None)
    if shows_clients or tenant.switches.enabled_clients_in_answers:
        shown["enabled_clients"] = tenant.enabled_clients(body["id"])
    return shown


def _listed(
    tenant: PracticeTenant,
    request: Request,
    claims: dict[str, Any],
    window: Window,
    where: str,
    values: list[Any],
) -> Response:
    fields = chosen_fields(request, FIELDS)
    page = TABLE.page(tenant.db, window, where, values)
    shown = [_narrowed(visible(tenant, document.body, claims), fields) for document in page.documents]
    return listing(window, "connections", shown, page.total, page.last_row)


def _narrowed(body: dict[str, Any], choice: tuple[frozenset[str], bool] | None) -> dict[str, Any]:
    """Keep (or drop) the chosen fields, but for those that are always shown."""
    if choice is None:
        return body
    names, include = choice
    return narrowed(body, (names | ALWAYS_SHOWN | {"id"} if include else names - ALWAYS_SHOWN, include))


def _condition(request: Request) -> tuple[str, list[Any]]:
    wanted = query(request, {"name": text(), "strategy": many(choice(*STRATEGIES, "auth0-adldap"))})
    conditions, values = ["id not in (select id from deleted_connections)"], []
    if "name" in wanted:
        conditions.append("name = ?")
        values.append(wanted["name"])
    if "strategy" in wanted:
        conditions.append(f"strategy in ({','.join('?' * len(wanted['strategy']))})")
        values += wanted["strategy"]
    return " and ".join(conditions), values


def _connection(tenant: PracticeTenant, request: Request) -> Document:
    found = TABLE.find(tenant.db, id=request.path_params["id"])
    if found is None or tenant.connection(request.path_params["id"]) is None:
        raise missing("connection")
    return found


def _refuse_taken(tenant: PracticeTenant, given: dict[str, Any]) -> None:
    code = tenant.switches.connection_conflict_code
    if TABLE.find(tenant.db, name=given["name"]) is not None:
        gone = tenant.connection_named(given["name"]) is None
        state = "is being deleted, try again later" if gone else "already exists"
        raise ApiError(409, f"A connection with the same name {state}", code)
    _refuse_taken_realms(tenant, given.get("realms") or [given["name"]], "")
    where = "strategy = ? and json_extract(body, '$.is_domain_connection')"
    if given.get("is_domain_connection") and TABLE.count(tenant.db, where, [given["strategy"]]):
        raise ApiError(409, "There is already a domain connection enabled for strategy", code)


def _refuse_taken_realms(tenant: PracticeTenant, realms: list[str], own_id: str) -> None:
    taken = tenant.db.execute(
        "select 1 from connections c, json_each(c.body, '$.realms') r where c.id <> ? and r.value in "
        "(select value from json_each(?)) limit 1",
        (own_id, json.dumps(realms)),
    ).fetchone()
    if taken is not None:
        message = 'There is already another connection with some realms from "realms" parameter'
        raise ApiError(409, message, tenant.switches.connection_conflict_code)


def _changed(tenant: PracticeTenant, old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    connection_clients.take_from_patch(tenant, old["id"], changes)
    body = old | {name: part for name, part in changes.items() if name != "options"}
    if "realms" in changes:
        _refuse_taken_realms(tenant, changes["realms"], old["id"])
    if changes.get("options") is not None:
        given = changes["options"]
        if old["strategy"] == "auth0":
            body["options"] = connection_options.patched(tenant, old["options"], given)
        else:
            body["options"] = connection_options.patched_elsewhere(given)
        _refuse_customization_change(tenant, old, body)
        _refuse_scriptless_import(tenant, body)
    return body


def _refuse_customization_change(tenant: PracticeTenant, old: dict[str, Any], new: dict[str, Any]) -> None:
    key = "enabledDatabaseCustomization"
    changes = bool(old["options"].get(key)) != bool(new["options"].get(key))
    if changes and users.has_users(tenant, old["id"]):
        raise ApiError(400, f'This database contains users. You cannot change "options.{key}" setting.', "invalid_body")


def _refuse_scriptless_import(tenant: PracticeTenant, body: dict[str, Any]) -> None:
    options = body["options"]
    scripts = options.get("customScripts") or {}
    needed = tenant.switches.import_mode_needs_scripts and options.get("import_mode")
    if needed and not {"login", "get_user"} <= set(scripts):
        raise ApiError(400, "import_mode requires the login and get_user scripts", "invalid_body")
