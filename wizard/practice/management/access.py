"""Who may do what: the bearer token of a Management API request and its scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from starlette.requests import Request

from wizard.practice.authentication.tokens import BadToken
from wizard.practice.errors import ApiError

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def tenant_of(request: Request) -> PracticeTenant:
    return cast("PracticeTenant", request.app.state.tenant)


def require(request: Request, *scopes: str) -> dict[str, Any]:
    """Return the verified claims of the request's token if it has any one of the scopes.

    Raises:
        ApiError: 400 for a malformed header, 401 for a bad token, 403 for missing scopes, as Auth0 words them.
    """
    claims = _claims(request)
    if not any(has_scope(claims, scope) for scope in scopes):
        message = f"Insufficient scope, expected any of: {','.join(scopes)}"
        raise ApiError(403, message, "insufficient_scope")
    return claims


def has_scope(claims: dict[str, Any], scope: str) -> bool:
    return scope in str(claims.get("scope", "")).split()


def is_management_audience(tenant: PracticeTenant, audience: str, host: str) -> bool:
    """Say whether the audience means this tenant's Management API, also by the address it is served at."""
    return audience in {tenant.audience, f"http://{host}/api/v2/", f"https://{host}/api/v2/"}


def _claims(request: Request) -> dict[str, Any]:
    token = _bearer(request)
    tenant = tenant_of(request)
    try:
        claims = tenant.tokens.verify(token)
    except BadToken as bad:
        raise unauthorized(str(bad)) from None
    audiences = claims.get("aud", [])
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if not any(is_management_audience(tenant, each, request.headers.get("host", "")) for each in audiences):
        raise unauthorized(f"Bad audience: {','.join(audiences)}. Expected: {tenant.audience}")
    return claims


def _bearer(request: Request) -> str:
    header = request.headers.get("authorization")
    if header is None:
        raise unauthorized("Missing authentication")
    kind, _, token = header.partition(" ")
    token = token.strip()
    if not token or " " in token:
        raise ApiError(400, "Bad HTTP authentication header format", "Bearer")
    if kind.lower() != "bearer":
        raise unauthorized("Missing authentication")
    return token


def unauthorized(message: str) -> ApiError:
    return ApiError(
        401,
        message,
        extra={"attributes": {"error": message}},
        headers={"www-authenticate": f'Bearer error="{message}"'},
    )
