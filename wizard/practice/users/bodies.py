"""The bodies of POST and PATCH /users, checked as Auth0's OpenAPI document says and turned into what they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.practice.authentication.password_policy import weakness
from wizard.practice.errors import ApiError, invalid_body
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.problems import Problem
from wizard.practice.jobs.user_schema import PHONE, forbidden_in_app_metadata, metadata
from wizard.practice.jobs.usernames import username_rules
from wizard.practice.requests import schema

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection

_TEXTS: dict[str, schema.Shape] = {
    "email": schema.text(),
    "family_name": schema.text(1, 150),
    "given_name": schema.text(1, 150),
    "name": schema.text(1, 300),
    "nickname": schema.text(1, 300),
    "password": schema.text(1),
    "phone_number": schema.text(pattern=PHONE),
    "picture": schema.text(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"),
    "username": schema.text(1, 128),
}
_OTHERS: dict[str, schema.Shape] = {
    "app_metadata": schema.OPEN,
    "user_metadata": schema.OPEN,
    "blocked": schema.FLAG,
    "email_verified": schema.FLAG,
    "phone_verified": schema.FLAG,
    "verify_email": schema.FLAG,
    "connection": schema.text(1),
}
CREATE = schema.obj(_TEXTS | _OTHERS | {"user_id": schema.text(0, 255, pattern=r"^\S*$")}, "connection")
UPDATE = schema.obj(
    {name: schema.nullable(shape) for name, shape in _TEXTS.items()}
    | _OTHERS
    | {"client_id": schema.text(1), "verify_phone_number": schema.FLAG},
    more=True,
)

_PROFILE = ("username", "given_name", "family_name", "name", "nickname", "picture", "phone_number", "email")
SIGN_UP = schema.obj({name: _TEXTS[name] for name in _PROFILE} | {"user_metadata": schema.OPEN})
"""What somebody may say of themselves."""

TOGETHER = (
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
)
"""Pairs that one PATCH may not change."""


def check_create(body: Any) -> None:
    """Refuse a POST body.

    Raises:
        ApiError: 400 invalid_body.
    """
    _check(body, CREATE)


def check_update(body: Any) -> None:
    """Refuse a PATCH body, or a pair of changes that cannot be made together; members it does not know pass unread.

    Raises:
        ApiError: 400.
    """
    _check(body, UPDATE)
    for first, second in TOGETHER:
        if first in body and second in body:
            raise ApiError(400, f"Cannot update {first} and {second} simultaneously.")


def _check(body: Any, shape: schema.Shape) -> None:
    for wrong in schema.problems(body, shape):
        raise invalid_body(wrong.message, wrong.path)
    if isinstance(body.get("email"), str) and not is_email(body["email"]):
        raise invalid_body(
            f"Object didn't pass validation for format email: {body['email']}", "email (The user's email)"
        )
    found: list[Problem] = []
    for name in ("user_metadata", "app_metadata"):
        if name in body:
            metadata(name, body[name], found)
    for key in forbidden_in_app_metadata(body.get("app_metadata", {})):
        raise invalid_body(f"Property not allowed: {key}", "app_metadata")
    for problem in found:
        raise invalid_body(problem.reason, problem.path)


def check_username(connection: Connection, username: str | None) -> None:
    """Refuse a username that the connection does not take.

    Raises:
        ApiError: 400.
    """
    if username is None:
        return
    rules = username_rules(connection)
    if rules is None:
        raise ApiError(400, "Cannot set username for connection without requires_username.")
    for problem in rules.problems(username):
        raise invalid_body(problem.reason, "username")


def check_password(connection: Connection, password: str | None) -> None:
    """Refuse a new password that is weaker than the connection asks for; unlike a sign-up, without saying in what.

    Raises:
        ApiError: 400.
    """
    if password is not None and weakness(connection, password) is not None:
        raise ApiError(400, "PasswordStrengthError: Password is too weak")


def check_sign_up(connection: Connection, body: Mapping[str, Any]) -> None:
    """Refuse a profile that POST /users would refuse too.

    Raises:
        ApiError: 400 invalid_body.
    """
    given = {name: body[name] for name in SIGN_UP["properties"] if name in body}
    _check(given, SIGN_UP)
    rules = username_rules(connection)
    if rules is not None and connection.options.get("requires_username") and not given.get("username"):
        raise invalid_body("Missing required property: username")
    if rules is not None:
        check_username(connection, given.get("username"))


def check_identity(connection: Connection, body: Mapping[str, Any]) -> None:
    """Refuse a new user without a password, or without an identifier that the connection knows.

    Raises:
        ApiError: 400 invalid_body.
    """
    flexible = connection.options.get("attributes") or {}
    if "email" not in body and not any(name in flexible and name in body for name in ("username", "phone_number")):
        raise invalid_body("Missing required property: email")
    if "password" not in body:
        raise invalid_body("Missing required property: password")


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Merge metadata at its first level: null removes a key, an empty object removes all."""
    if not new:
        return {}
    return {key: value for key, value in {**old, **new}.items() if value is not None}
