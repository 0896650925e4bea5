"""What an application does with a refresh token: exchange it at /oauth/token, and revoke it at /oauth/revoke.

Source: Auth0 docs, "Use Refresh Tokens" and "Revoke Refresh Tokens"; Authentication API, "Revoke a Refresh Token"; the
refusals as Auth0's SDKs for Android, Swift and single-page applications know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wizard.practice.authentication import client_auth, refresh_tokens
from wizard.practice.authentication.after_login import run_post_login
from wizard.practice.authentication.granting import api_for, parameters, refuse_end_users
from wizard.practice.authentication.user_tokens import given_scopes, user_tokens
from wizard.practice.errors import AuthError
from wizard.practice.management import settings
from wizard.practice.users import table as user_table
from wizard.practice.users.shape import connection_names, shown

if TYPE_CHECKING:
    from wizard.practice.authentication.refresh_tokens import RefreshToken
    from wizard.practice.tenant import Connection, PracticeTenant

UNKNOWN = "Unknown or invalid refresh token."
GONE = "The refresh_token was generated for a user who doesn't exist anymore."


class Reused(AuthError):
    """A token that was used up came back: somebody may have stolen it."""

    def __init__(self, token: RefreshToken) -> None:
        super().__init__(403, "invalid_grant", UNKNOWN)
        self.token = token


def routes(tenant: PracticeTenant) -> list[Route]:
    async def revoke(request: Request) -> Response:
        given = await parameters(request)
        client, _ = client_auth.authenticate(tenant, request, given)
        if not given.get("token"):
            raise AuthError(400, "invalid_request", "Missing required parameter: token")
        token = refresh_tokens.named(tenant, given["token"])
        if token is not None and token.client_id != client["client_id"]:
            refused: bool = tenant.switches.foreign_token_revocation == "refused"  # noqa: S105 - no password
            if refused:
                raise AuthError(400, "invalid_grant", "The refresh token was issued to another client.")
            token = None
        if token is not None:
            _revoke(tenant, request, token)
        return Response()

    return [Route("/oauth/revoke", revoke, methods=["POST"])]


async def refresh(
    tenant: PracticeTenant, request: Request, client: dict[str, Any], given: Mapping[str, str]
) -> dict[str, Any]:
    """Exchange a refresh token for new tokens.

    Raises:
        AuthError: as Auth0 answers it.
    """
    if not given.get("refresh_token"):
        raise AuthError(400, "invalid_request", "Missing required parameter: refresh_token")
    about: dict[str, Any] = {"client_id": client["client_id"], "ip": _address(request)}
    try:
        token = _usable(tenant, client, given["refresh_token"])
        about |= {"user_id": f"auth0|{token.user_id}"} | ({"audience": token.audience} if token.audience else {})
        connection, user = _user(tenant, token)
        about["connection"] = connection.name
        answer = await _renewed(tenant, request, given, client, connection, user, token)
        token = _usable(tenant, client, given["refresh_token"])  # it may have been used or revoked meanwhile
    except AuthError as refusal:
        with tenant.transaction():
            if isinstance(refusal, Reused):
                refresh_tokens.revoke(tenant, refusal.token)
                about["user_id"] = f"auth0|{refusal.token.user_id}"
            kind = "ferrt" if isinstance(refusal, Reused) else "fertft"
            tenant.log(kind, refusal.error_description, **about)
        raise
    with tenant.transaction():
        successor = refresh_tokens.exchange(tenant, client, token)
        tenant.log("sertft", "", **about, scope=answer["scope"])
    return answer | ({} if successor is None else {"refresh_token": successor})


async def _renewed(
    tenant: PracticeTenant,
    request: Request,
    given: Mapping[str, str],
    client: dict[str, Any],
    connection: Connection,
    user: dict[str, Any],
    token: RefreshToken,
) -> dict[str, Any]:
    """Run Rules and Actions, and return the new access and ID tokens."""
    api = None if token.audience is None else api_for(tenant, token.audience)
    if api is not None:
        refuse_end_users(tenant, client, api)
    about: dict[str, Any] = {"client": client, "connection": connection, "audience": token.audience}
    about |= {"ip": _address(request), "protocol": "oauth2-refresh-token", "logged_in": token.began_ms / 1000}
    user, asked = await run_post_login(tenant, request, given, user, **about)
    had = token.scope.split()
    wanted = [scope for scope in given.get("scope", "").split() if scope in had] if given.get("scope") else had
    scopes = given_scopes(client, api, wanted)
    return user_tokens(tenant, client, user, api, scopes, asked.claims, "refresh_token")


def _usable(tenant: PracticeTenant, client: dict[str, Any], token: str) -> RefreshToken:
    """Return the token if the application may exchange it now.

    Raises:
        AuthError: 403 invalid_grant; a Reused when it was used up before.
    """
    found = refresh_tokens.find(tenant, client, token)
    if found is None:
        raise AuthError(403, "invalid_grant", UNKNOWN)
    if refresh_tokens.is_reuse(tenant, client, found):
        raise Reused(found)
    return found


def _user(tenant: PracticeTenant, token: RefreshToken) -> tuple[Connection, dict[str, Any]]:
    """Return whose token it is.

    Raises:
        AuthError: 403 invalid_grant for a user who is blocked, or deleted since.
    """
    connection = tenant.connection(token.connection_id)
    row = user_table.find_by(tenant, token.connection_id, "id", token.user_id)
    # The id may be that of an identity now, or of somebody who came later.
    if connection is None or row is None or row["linked_to"] is not None or row["created_ms"] > token.began_ms:
        raise AuthError(403, "invalid_grant", GONE)
    user = shown(row, connection_names(tenant))
    if user.get("blocked"):
        raise AuthError(403, "invalid_grant", "user is blocked")
    return connection, user


def _revoke(tenant: PracticeTenant, request: Request, token: RefreshToken) -> None:
    """End the token, and with the tenant's flag all those of its grant."""
    whole_grant = settings.current(tenant)["flags"].get("revoke_refresh_token_grant")
    connection = tenant.connection(token.connection_id)
    about = {"connection": connection.name} if connection else {}
    with tenant.transaction():
        (refresh_tokens.revoke_grant if whole_grant else refresh_tokens.revoke)(tenant, token)
        about |= {"client_id": token.client_id, "user_id": f"auth0|{token.user_id}", "ip": _address(request)}
        tenant.log("srrt", "", **about)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
