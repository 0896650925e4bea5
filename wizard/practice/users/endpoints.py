"""The user endpoints: list and search, by id, by e-mail, create, change, delete."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.database_scripts import ScriptFailed, looked_up
from wizard.practice.authentication.password_login import bcrypt_hash, password_login
from wizard.practice.errors import ApiError, missing
from wizard.practice.management.access import has_scope, require
from wizard.practice.requests.reading import chosen_fields, json_body, narrowed, query
from wizard.practice.requests.schema import text
from wizard.practice.users import blocks, factors, half_made, linking, search_functions, tickets
from wizard.practice.users import bodies as user_bodies
from wizard.practice.users import table as user_table
from wizard.practice.users.creation import UserExists, add_user
from wizard.practice.users.half_made import plant_half_made_user
from wizard.practice.users.listing import list_users
from wizard.practice.users.shape import connection_names, shown

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

__all__ = [
    "create_tables",
    "delete_user_by_email",
    "delete_users",
    "has_users",
    "password_login",
    "plant_half_made_user",
    "routes",
    "user_profile",
]

USERS = "/api/v2/users"
FIELDS = frozenset([
    "app_metadata", "blocked", "created_at", "email", "email_verified", "family_name", "given_name",
    "identities", "last_ip", "last_login", "logins_count", "name", "nickname", "phone_number", "picture",
    "updated_at", "user_id", "user_metadata", "username",
])  # fmt: skip
"""Fields that may be chosen."""


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables, and give the connection the functions that search needs."""
    user_table.create_tables(db)
    tickets.create_tables(db)
    search_functions.register(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    return [
        Route(USERS, list_users(tenant), methods=["GET"]),
        Route(USERS, _create(tenant), methods=["POST"]),
        Route("/api/v2/users-by-email", _by_email(tenant), methods=["GET"]),
        Route(f"{USERS}/{{id}}", _get(tenant), methods=["GET"]),
        Route(f"{USERS}/{{id}}", _update(tenant), methods=["PATCH"]),
        Route(f"{USERS}/{{id}}", _delete(tenant), methods=["DELETE"]),
        *blocks.routes(tenant),
        *factors.routes(tenant),
        *linking.routes(tenant),
        *tickets.routes(tenant),
    ]


def has_users(tenant: PracticeTenant, connection_id: str) -> bool:
    row = tenant.db.execute("select 1 from users where connection_id = ? limit 1", (connection_id,)).fetchone()
    return row is not None


def delete_users(tenant: PracticeTenant, connection_id: str) -> None:
    """Delete all users of a connection at once, in search too; with them go their identities elsewhere."""
    asked = "select seq from users where connection_id = ? and (linked_to is not null or linked is not null)"
    user_table.remove(tenant, [row["seq"] for row in tenant.db.execute(asked, (connection_id,)).fetchall()])
    for table in ("users", "former_users", "half_made_users"):
        tenant.db.execute(f"delete from {table} where connection_id = ?", (connection_id,))  # noqa: S608 - constants


def delete_user_by_email(tenant: PracticeTenant, connection_id: str, email: str) -> None:
    """Delete the connection's user of that e-mail, half-made ones too; no error when there is none."""
    row = user_table.find_by(tenant, connection_id, "email", email.lower())
    if row is not None:
        user_table.remove(tenant, [row["seq"]])
    half_made.cure_by_email(tenant, connection_id, email)


def user_profile(tenant: PracticeTenant, user_id: str) -> dict[str, Any] | None:
    """Return a user as GET /users/{id} shows it; `user_id` with `auth0|`."""
    row = user_table.find(tenant, user_id)
    return None if row is None else shown(row, connection_names(tenant))


def _get(tenant: PracticeTenant) -> Any:
    async def get_user(request: Request) -> Response:
        require(request, "read:users")
        choice = chosen_fields(request, FIELDS)
        profile = user_profile(tenant, request.path_params["id"])
        if profile is None:
            raise missing("user")
        return JSONResponse(narrowed(profile, choice))

    return get_user


def _by_email(tenant: PracticeTenant) -> Any:
    async def users_by_email(request: Request) -> Response:
        require(request, "read:users")
        choice = chosen_fields(request, FIELDS)
        asked = query(request, {"email": text(1)})
        if "email" not in asked:
            raise ApiError(400, "Query validation error: 'Missing required property: email'.", "invalid_query_string")
        # Exact: addresses are stored in lower case, so one asked for in capitals is not found.
        found = "select * from users where email = ? and linked_to is null order by seq"
        rows = tenant.db.execute(found, (asked["email"],)).fetchall()
        names = connection_names(tenant)
        return JSONResponse([narrowed(shown(row, names), choice) for row in rows])

    return users_by_email


def _create(tenant: PracticeTenant) -> Any:
    async def create_user(request: Request) -> Response:
        require(request, "create:users")
        body = await json_body(request, form=user_bodies.CREATE)
        user_bodies.check_create(body)
        connection = tenant.connection_named(body["connection"])
        if connection is None:
            raise ApiError(400, "Connection does not exist.")
        if not connection.is_database:
            raise ApiError(
                400,
                "Connection does not support user creation through the API. "
                "It must either be a database or passwordless connection.",
            )
        if not tenant.enabled_clients(connection.id):
            raise ApiError(400, "Connection is disabled.")
        user_bodies.check_username(connection, body.get("username"))
        user_bodies.check_identity(connection, body)
        if tenant.switches.management_password_policy:
            user_bodies.check_password(connection, body["password"])
        if await _source_knows(tenant, connection, body.get("email")):
            raise ApiError(409, str(UserExists()), "auth0_idp_error")
        return JSONResponse(_created(tenant, connection, body), 201)

    return create_user


async def _source_knows(tenant: PracticeTenant, connection: Connection, email: str | None) -> bool:
    """Ask get user whether the source of a connection in import mode has this address.

    Raises:
        ApiError: 400 in the script's words, when it fails.
    """
    if email is None or not (connection.uses_own_database and connection.import_mode):
        return False
    try:
        return await looked_up(tenant, connection, email) is not None
    except ScriptFailed as failed:
        raise ApiError(400, str(failed), "auth0_idp_error") from None


def _created(tenant: PracticeTenant, connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
    try:
        made = add_user(tenant, connection, body, bcrypt_hash(body["password"]))
    except UserExists as exists:
        raise ApiError(409, str(exists), "auth0_idp_error") from None
    return shown(made, connection_names(tenant))


def _update(tenant: PracticeTenant) -> Any:
    async def update_user(request: Request) -> Response:
        claims = require(request, "update:users", "update:users_app_metadata")
        body = await json_body(request, form=user_bodies.UPDATE)
        if not has_scope(claims, "update:users") and isinstance(body, dict) and body.keys() - {"app_metadata"}:
            require(request, "update:users")
        user_bodies.check_update(body)
        row = user_table.find(tenant, request.path_params["id"])
        if row is None:
            raise missing("user")
        if "connection" in body and tenant.connection_named(body["connection"]) is None:
            raise ApiError(400, "Connection does not exist.")
        _check_change(tenant, row, body)
        email = body.get("email")
        moves = isinstance(email, str) and email.lower() != row["email"]
        connection = tenant.connection(row["connection_id"])
        if connection is not None and moves and await _source_knows(tenant, connection, email):
            raise ApiError(400, "The specified new email already exists", "auth0_idp_error")
        row = user_table.find(tenant, request.path_params["id"])
        if row is None:
            raise missing("user")
        with tenant.transaction():
            try:
                user_table.change(tenant, row, _changes(tenant, row, body))
            except sqlite3.IntegrityError as taken:
                name = next((key for key in ("email", "username", "phone_number") if key in str(taken)), "user_id")
                raise ApiError(400, f"The specified new {name} already exists", "auth0_idp_error") from None
        return JSONResponse(user_profile(tenant, request.path_params["id"]))

    return update_user


def _check_change(tenant: PracticeTenant, row: sqlite3.Row, body: dict[str, Any]) -> None:
    connection = tenant.connection(row["connection_id"])
    if connection is None:
        raise ApiError(400, "Connection does not exist.")
    if {"email", "password"} & body.keys() and not tenant.enabled_clients(connection.id):
        raise ApiError(400, "Cannot change email or password for users in a disabled connection.")
    if tenant.switches.management_password_policy:
        user_bodies.check_password(connection, body.get("password"))
    user_bodies.check_username(connection, body.get("username"))


def _changes(tenant: PracticeTenant, row: sqlite3.Row, body: dict[str, Any]) -> dict[str, Any]:
    """Turn a PATCH body into columns: metadata is merged, other fields are replaced, null removes."""
    profile: dict[str, Any] = orjson.loads(row["profile"])
    changes: dict[str, Any] = {}
    for name in ("email", "username", "phone_number"):
        if name in body:
            value = body[name]
            changes[name] = value.lower() if isinstance(value, str) else None
    if changes.get("email", row["email"]) != row["email"]:
        profile["email_verified"] = False
    for key in user_table.PROFILE:
        if key in ("user_metadata", "app_metadata"):
            if key in body:
                profile[key] = user_bodies.merged(profile.get(key, {}), body[key])
                if key == "app_metadata" and not body[key]:
                    # Gone as a whole, while emptied user_metadata stays (recording of the Terraform provider).
                    del profile[key]
        elif key in body and body[key] is None:
            profile.pop(key, None)
        elif key in body:
            profile[key] = body[key]
    if body.get("password") is not None:
        changes["secret"] = bcrypt_hash(body["password"])
        changes["last_password_reset_ms"] = user_table.now_ms(tenant)
    return {**changes, "profile": orjson.dumps(profile).decode()}


def _delete(tenant: PracticeTenant) -> Any:
    async def delete_user(request: Request) -> Response:
        require(request, "delete:users")
        user_id = request.path_params["id"]
        with tenant.transaction():
            row = user_table.find(tenant, user_id)
            if row is not None:
                user_table.remove(tenant, [row["seq"]])
            half_made.cure_by_id(tenant, user_id)
        return Response(status_code=204)

    return delete_user
