"""Signing up: POST /dbconnections/signup.

Source: Auth0 docs, Authentication API, "Signup"; "Configure Automatic Migration from Your Database".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.database_scripts import ScriptFailed, looked_up
from wizard.practice.authentication.password_login import bcrypt_hash
from wizard.practice.authentication.password_policy import weakness
from wizard.practice.errors import ApiError
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.usernames import username_rules
from wizard.practice.management import settings
from wizard.practice.management.client_store import client_with_id
from wizard.practice.requests.reading import json_body
from wizard.practice.users import table as user_table
from wizard.practice.users.bodies import check_sign_up
from wizard.practice.users.creation import UserExists, add_user

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

PROFILE = ("username", "given_name", "family_name", "name", "nickname", "picture", "user_metadata", "phone_number")


class SignUpRefused(Exception):
    """A refusal in the words of this endpoint: `{"name","code","description","statusCode"}`."""

    def __init__(self, code: str, description: str, name: str = "BadRequestError", status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"name": name, "code": code, "description": description, "statusCode": status}


def routes(tenant: PracticeTenant) -> list[Route]:
    async def sign_up(request: Request) -> Response:
        try:
            given = await _given(request)
            user = await _signed_up(tenant, given)
        except SignUpRefused as refused:
            with tenant.transaction():
                tenant.log("fs", str(refused))
            return JSONResponse(refused.body, refused.status)
        return JSONResponse(user)

    return [Route("/dbconnections/signup", sign_up, methods=["POST"])]


async def _given(request: Request) -> dict[str, Any]:
    try:
        body = await json_body(request)
    except ApiError as malformed:
        raise SignUpRefused("invalid_request", malformed.message, status=malformed.status) from None
    if not isinstance(body, dict):
        raise SignUpRefused("invalid_request", "The body must be a JSON object")
    for name in ("client_id", "connection", "email", "password"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise SignUpRefused("bad.request", f"{name} is required")
    if not is_email(body["email"]):
        raise SignUpRefused("bad.request", "email is not valid")
    return body


async def _signed_up(tenant: PracticeTenant, given: dict[str, Any]) -> dict[str, Any]:
    """Make the user in the store; with import mode only one that the source does not know either."""
    connection = _connection(tenant, given)
    try:
        check_sign_up(connection, given)
    except ApiError as refused:
        raise SignUpRefused("bad.request", refused.message) from None
    weak = weakness(connection, given["password"])
    if weak is not None:
        raise SignUpRefused("invalid_password", f"Password is too weak: {weak}", "PasswordStrengthError")
    if user_table.find_by(tenant, connection.id, "email", given["email"].lower()) is not None:
        raise _exists(tenant)
    if connection.uses_own_database and connection.import_mode:
        try:
            known = await looked_up(tenant, connection, given["email"])
        except ScriptFailed as failed:
            raise SignUpRefused("internal_error", str(failed), "InternalServerError", 500) from None
        if known is not None:
            raise _exists(tenant)
    elif connection.uses_own_database:
        raise SignUpRefused("not_supported", "Without import mode, the practice tenant makes nobody in the source")
    secret = await asyncio.to_thread(bcrypt_hash, given["password"])
    user = {"email": given["email"]} | {name: given[name] for name in PROFILE if name in given}
    if username_rules(connection) is None:
        user.pop("username", None)
    try:
        with tenant.transaction():
            row = add_user(tenant, connection, user, secret)
            tenant.log("ss", "", connection=connection.name, user_id=f"auth0|{row['id']}", client_id=given["client_id"])
    except UserExists:
        raise _exists(tenant) from None
    verified = orjson.loads(row["profile"]).get("email_verified", False)
    shown = {"_id": row["id"], "email": row["email"], "email_verified": verified}
    return shown | ({"username": row["username"]} if row["username"] else {})


def _connection(tenant: PracticeTenant, given: dict[str, Any]) -> Connection:
    connection = tenant.connection_named(given["connection"])
    if client_with_id(tenant, given["client_id"]) is None:
        raise SignUpRefused("invalid_request", "Unknown client")
    if connection is None or not connection.is_database:
        raise SignUpRefused("not_found", "connection not found", status=404)
    if given["client_id"] not in tenant.enabled_clients(connection.id):
        raise SignUpRefused("connection_disabled", "the connection is not enabled for the client")
    if connection.options.get("disable_signup"):
        raise SignUpRefused("public_signup_disabled", "Public signup is disabled")
    return connection


def _exists(tenant: PracticeTenant) -> SignUpRefused:
    """Say that the user is there, or only that it did not work, as the tenant's flag says."""
    if settings.current(tenant)["flags"].get("enable_public_signup_user_exists_error"):
        return SignUpRefused("user_exists", "The user already exists.")
    return SignUpRefused("invalid_signup", "Invalid sign up")
