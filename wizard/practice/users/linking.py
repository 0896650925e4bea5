"""Linking users: POST /users/{id}/identities and DELETE /users/{id}/identities/{provider}/{user_id}.

The secondary stays a row of its own, with its names and its password, but is no user any more: it points at its primary,
which keeps what is shown of it.
Source: Auth0 docs, "User Account Linking", "Unlink User Accounts"; the OpenAPI document of the Management API.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.tokens import BadToken
from wizard.practice.errors import ApiError, invalid_body, invalid_uri, missing
from wizard.practice.management.access import has_scope, require
from wizard.practice.requests.reading import json_body
from wizard.practice.requests.schema import Shape, choice, obj, problems, text
from wizard.practice.users import table as user_table
from wizard.practice.users.shape import connection_names, shown

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

SCOPES = ("update:users", "update:current_user_identities")
PROVIDER = choice(
    "ad", "adfs", "amazon", "apple", "dropbox", "bitbucket", "auth0-oidc", "auth0", "baidu", "bitly", "box", "custom",
    "daccount", "dwolla", "email", "evernote-sandbox", "evernote", "exact", "facebook", "fitbit", "github",
    "google-apps", "google-oauth2", "instagram", "ip", "line", "linkedin", "oauth1", "oauth2", "office365", "oidc",
    "okta", "paypal", "paypal-sandbox", "pingfederate", "planningcenter", "salesforce-community", "salesforce-sandbox",
    "salesforce", "samlp", "sharepoint", "shopify", "shop", "sms", "soundcloud", "thirtysevensignals", "twitter",
    "untappd", "vkontakte", "waad", "weibo", "windowslive", "wordpress", "yahoo", "yandex",
)  # fmt: skip
_USER_ID: Shape = {"type": ["string", "integer"], "minLength": 1}
LINK = obj(
    {
        "provider": PROVIDER,
        "user_id": _USER_ID,
        "connection_id": text(pattern=r"^con_[A-Za-z0-9]{16}$"),
        "link_with": text(),
    }
)
PROFILE_DATA = frozenset(
    [
        "email",
        "email_verified",
        "family_name",
        "given_name",
        "name",
        "nickname",
        "phone_number",
        "phone_verified",
        "picture",
        "username",
    ]
)
"""What of a secondary is shown beside its identity."""


def routes(tenant: PracticeTenant) -> list[Route]:
    async def link(request: Request) -> Response:
        claims = require(request, *SCOPES)
        given = await json_body(request, LINK)
        primary = _primary(tenant, request, claims)
        secondary = _by_token(tenant, claims, given) if "link_with" in given else _by_name(tenant, given)
        _refuse(primary, secondary)
        with tenant.transaction():
            make_one(tenant, primary, secondary)
        return JSONResponse(_identities(tenant, request), 201)

    async def unlink(request: Request) -> Response:
        claims = require(request, *SCOPES)
        for problem in problems(request.path_params["provider"], PROVIDER):
            raise invalid_uri(problem.message, "provider")
        primary = _primary(tenant, request, claims)
        secondary = _named(tenant, request, primary)
        with tenant.transaction():
            user_table.part(tenant, primary, secondary)
            fresh = {"created_ms": user_table.now_ms(tenant), "last_login_ms": None, "logins_count": None}
            user_table.change(tenant, secondary, {"linked_to": None} | fresh)
        return JSONResponse(_identities(tenant, request))

    path = "/api/v2/users/{id}/identities"
    return [
        Route(path, link, methods=["POST"]),
        Route(path + "/{provider}/{user_id}", unlink, methods=["DELETE"]),
    ]


def _primary(tenant: PracticeTenant, request: Request, claims: dict[str, Any]) -> sqlite3.Row:
    user_id = request.path_params["id"]
    if not has_scope(claims, "update:users") and claims.get("sub") != user_id:
        raise ApiError(403, "User to be acted on does not match subject in bearer token.")
    row = user_table.find(tenant, user_id)
    if row is None:
        raise missing("user")
    return row


def _by_name(tenant: PracticeTenant, given: dict[str, Any]) -> sqlite3.Row:
    for name in ("provider", "user_id"):
        if name not in given:
            raise invalid_body(f"Missing required property: {name}")
    connection = tenant.connection(given["connection_id"]) if "connection_id" in given else None
    if given["provider"] != "auth0" or (connection is None and "connection_id" in given):
        raise ApiError(400, "The provider/connection is not configured.")
    plain = str(given["user_id"])
    if connection is not None:
        row = user_table.find_by(tenant, connection.id, "id", plain)
    else:
        asked = "select * from users where id = ? order by linked_to is not null, seq limit 1"
        row = tenant.db.execute(asked, (plain,)).fetchone()
    if row is None:
        raise ApiError(400, "Provided secondary account not found.")
    return row


def _by_token(tenant: PracticeTenant, claims: dict[str, Any], given: dict[str, Any]) -> sqlite3.Row:
    """Find the account that a token was given to, which has to be one for the calling application."""
    try:
        found = tenant.tokens.verify(given["link_with"])
    except BadToken:
        raise ApiError(400, "Invalid token (link_with).") from None
    audience = found.get("aud")
    if claims.get("azp") not in (audience if isinstance(audience, list) else [audience]):
        words = "JWT (link_with) must have an aud claim that matches that of the calling token's azp."
        raise ApiError(400, words)
    if not found.get("sub"):
        raise ApiError(400, "JWT (link_with) must contains sub claim.")
    row = user_table.find(tenant, str(found["sub"]))
    if row is None:
        raise ApiError(400, "JWT (link_with) contains an invalid sub claim.")
    return row


def _refuse(primary: sqlite3.Row, secondary: sqlite3.Row) -> None:
    if primary["seq"] == secondary["seq"]:
        raise ApiError(400, "Main identity and the new one are the same.")
    if secondary["linked_to"] is not None:
        raise ApiError(409, "Specified identity already exists.")
    if secondary["linked"] is not None:
        raise ApiError(400, "Unable to link with the secondary account.")


def make_one(tenant: PracticeTenant, primary: sqlite3.Row, secondary: sqlite3.Row) -> None:
    """Make the secondary an identity of the primary, without its metadata."""
    profile = shown(secondary, connection_names(tenant))
    identity = {
        "connection_id": secondary["connection_id"],
        "user_id": secondary["id"],
        "provider": "auth0",
        "isSocial": False,
        "profileData": {name: part for name, part in profile.items() if name in PROFILE_DATA},
    }
    kept = orjson.loads(secondary["profile"])
    for discarded in ("app_metadata", "user_metadata"):
        kept.pop(discarded, None)
    changes = {"linked_to": primary["seq"], "profile": orjson.dumps(kept).decode()}
    user_table.change(tenant, secondary, changes)
    linked = [*orjson.loads(primary["linked"] or "[]"), identity]
    user_table.change(tenant, primary, {"linked": orjson.dumps(linked).decode()})


def _named(tenant: PracticeTenant, request: Request, primary: sqlite3.Row) -> sqlite3.Row:
    """Find the secondary that the path names; its connection may stand before its id.

    Raises:
        ApiError: 400 for the primary's own identity, and for one it does not have.
    """
    provider, named = request.path_params["provider"], request.path_params["user_id"]
    names = connection_names(tenant)
    rows = tenant.db.execute("select * from users where linked_to = ? order by seq", (primary["seq"],)).fetchall()
    for row in [*rows, primary]:
        if provider == "auth0" and named in {row["id"], f"{names.get(row['connection_id'])}|{row['id']}"}:
            if row["linked_to"] is None:
                raise ApiError(400, "Main identity cannot be removed.")
            found: sqlite3.Row = row
            return found
    raise invalid_uri("The user has no such identity", "user_id")


def _identities(tenant: PracticeTenant, request: Request) -> list[dict[str, Any]]:
    row = user_table.find(tenant, request.path_params["id"])
    assert row is not None  # noqa: S101 - written above
    identities: list[dict[str, Any]] = shown(row, connection_names(tenant))["identities"]
    return identities
