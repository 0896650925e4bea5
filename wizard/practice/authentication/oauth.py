"""Tokens: POST /oauth/token.

Source: Auth0 docs, Authentication API, "Get Token", and "Access Token Profiles".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.actions.events import credentials_exchange_event
from wizard.practice.actions.execution import run_trigger
from wizard.practice.authentication import client_auth, logins, refresh_tokens, refreshing
from wizard.practice.authentication.granting import (
    PASSWORD,
    PASSWORD_REALM,
    api_for,
    audience_of,
    dialect,
    parameters,
    refuse_ungranted,
)
from wizard.practice.authentication.password_login import Caller
from wizard.practice.errors import AuthError
from wizard.practice.management import grants

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

STATUS_OF_DENIAL = {"invalid_scope": 400, "invalid_request": 400, "server_error": 500}
LOGGED_FAILURES = {
    "client_credentials": "feccft",
    "authorization_code": "feacft",
    "refresh_token": "fertft",
    PASSWORD: "fepft",
    PASSWORD_REALM: "fepft",
}
"""The grants there are, each with its event in the log when an exchange fails."""
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


def create_tables(db: sqlite3.Connection) -> None:
    client_auth.create_tables(db)
    refresh_tokens.create_tables(db)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def token(request: Request) -> Response:
        given = await parameters(request)
        grant_type = given.get("grant_type")
        if not grant_type:
            raise AuthError(400, "invalid_request", "Missing required parameter: grant_type")
        if grant_type not in LOGGED_FAILURES:
            raise AuthError(400, "unsupported_grant_type", f"Unsupported grant type: {grant_type}")
        try:
            client, proven = _client(tenant, request, given, grant_type)
        except AuthError as refusal:
            caller = Caller(request.client.host if request.client else "", given.get("client_id", ""))
            tenant.log(LOGGED_FAILURES[grant_type], refusal.error_description, **caller.logged)
            raise
        if grant_type == "client_credentials":
            answer = await _machine_token(tenant, request, client, proven, given)
        elif grant_type in {PASSWORD, PASSWORD_REALM}:
            answer = await logins.login(tenant, request, client, proven, given)
        elif grant_type == "refresh_token":
            answer = await refreshing.refresh(tenant, request, client, given)
        else:
            # No code is ever given out here, so none is good.
            raise AuthError(403, "invalid_grant", "Invalid authorization code")
        return JSONResponse(answer, headers=NO_STORE)

    return [Route("/oauth/token", token, methods=["POST"]), *refreshing.routes(tenant)]


def _client(
    tenant: PracticeTenant, request: Request, given: Mapping[str, str], grant_type: str
) -> tuple[dict[str, Any], bool]:
    """Return the application that asks, and whether it proved itself.

    Raises:
        AuthError: 400 or 401 as `client_auth.authenticate` has it, 403 for a grant that it does not have.
    """
    client, proven = client_auth.authenticate(tenant, request, given)
    if grant_type not in client.get("grant_types", []):
        description = f"Grant type '{grant_type}' not allowed for the client."
        raise AuthError(403, "unauthorized_client", description)
    return client, proven


async def _machine_token(
    tenant: PracticeTenant, request: Request, client: dict[str, Any], proven: bool, given: Mapping[str, str]
) -> dict[str, Any]:
    client_id = str(client["client_id"])
    about = {"client_id": client_id, "ip": request.client.host if request.client else ""}
    try:
        if not proven:
            raise AuthError(401, "access_denied", "Unauthorized")
        audience = audience_of(tenant, request, given)
        scope = _granted_scope(tenant, client_id, audience, given.get("scope"))
        custom = await _exchanged(tenant, request, client, given, str(audience), scope)
        answer = _grant_to_machine(tenant, client_id, str(audience), scope, custom)
    except AuthError as refusal:
        tenant.log("feccft", refusal.error_description, **about)
        raise
    tenant.log("seccft", "", **about, audience=audience, scope=scope)
    return answer


def _granted_scope(tenant: PracticeTenant, client_id: str, audience: str | None, asked: str | None) -> str:
    """Return the scopes a machine gets for an API.

    Raises:
        AuthError: 403 without a grant, or for a scope outside it.
    """
    if audience is None:
        raise AuthError(403, "access_denied", "Non-global clients are not allowed access to APIv1")
    api = api_for(tenant, audience)
    grant = grants.grant_of(tenant, client_id, audience, "client")
    if grant is None or api["subject_type_authorization"]["client"]["policy"] == "deny_all":
        raise refuse_ungranted(client_id, audience)
    defined = [scope["value"] for scope in api.get("scopes", [])]
    granted = defined if grant.get("allow_all_scopes") else grant["scope"]
    if not api.get("is_system"):
        granted = [scope for scope in granted if scope in defined]
    wanted = (asked or "").split()
    surplus = [scope for scope in wanted if scope not in granted]
    if surplus:
        raise AuthError(403, "access_denied", f"Client has not been granted scopes: {', '.join(surplus)}")
    return " ".join(wanted or granted)


async def _exchanged(
    tenant: PracticeTenant,
    request: Request,
    client: dict[str, Any],
    given: Mapping[str, str],
    audience: str,
    scope: str,
) -> dict[str, Any]:
    """Run the credentials-exchange Actions and return the claims they add; the system's own API knows none.

    Raises:
        AuthError: one of them denied the exchange, or failed.
    """
    if audience == tenant.audience:
        return {}
    event = credentials_exchange_event(tenant, request, given, client=client, audience=audience, scope=scope)
    asked = await run_trigger(tenant, "credentials-exchange", event)
    if asked.denied is not None:
        code, reason = asked.denied
        raise AuthError(STATUS_OF_DENIAL.get(code, 400), code, reason)
    if asked.failed is not None:
        raise AuthError(500, "server_error", asked.failed)
    return asked.claims["accessToken"]


def _grant_to_machine(
    tenant: PracticeTenant, client_id: str, audience: str, scope: str, custom: dict[str, Any]
) -> dict[str, Any]:
    api = api_for(tenant, audience)
    claims = custom | {"sub": f"{client_id}@clients", "aud": audience}
    claims |= dialect(tenant, api, client_id, "client-credentials")
    if scope:
        claims["scope"] = scope
    if str(api.get("token_dialect", "")).endswith("_authz"):
        claims["permissions"] = scope.split()
    token = tenant.tokens.issue(claims, api["token_lifetime"])
    answer = {"access_token": token, "expires_in": api["token_lifetime"], "token_type": "Bearer"}
    return answer | ({"scope": scope} if scope else {})
