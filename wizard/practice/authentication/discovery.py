"""What clients look up: OpenID configuration, public keys, and the profile behind a token.

Source: Auth0 docs, "JSON Web Key Sets" and Authentication API, "Get User Info".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.tokens import BadToken
from wizard.practice.authentication.user_tokens import profile_claims
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit, plan_named
from wizard.practice.users import endpoints as users

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


REMEMBERED = 10_000


def routes(tenant: PracticeTenant) -> list[Route]:
    limit = plan_named(tenant.plan).userinfo
    buckets: dict[str, Bucket] = {}

    def spend(limit: Limit, user_id: str) -> None:
        now = tenant.clock.now()
        if len(buckets) > REMEMBERED:
            buckets.clear()
        taken = buckets.setdefault(user_id, Bucket(limit, "gradual", now)).take(now)
        if not taken.granted:
            headers = taken.headers if tenant.switches.rate_limit_headers else None
            raise AuthError(429, "too_many_requests", "Rate limit exceeded.", headers=headers)

    async def configuration(request: Request) -> Response:
        # The issuer is the one in tokens; the rest has to be where this client can reach it, also on loopback.
        base = tenant.origin(request.url.scheme, request.url.netloc) + "/"
        return JSONResponse(
            {
                "issuer": tenant.issuer,
                "authorization_endpoint": f"{base}authorize",
                "token_endpoint": f"{base}oauth/token",
                "userinfo_endpoint": f"{base}userinfo",
                "revocation_endpoint": f"{base}oauth/revoke",
                "jwks_uri": f"{base}.well-known/jwks.json",
                "scopes_supported": ["openid", "profile", "offline_access", "email", "phone", "address"],
                "response_types_supported": ["code", "token", "id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["HS256", "RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "private_key_jwt",
                    "none",
                ],
                "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
            }
        )

    async def jwks(request: Request) -> Response:
        return JSONResponse(tenant.keys.jwks())

    async def userinfo(request: Request) -> Response:
        try:
            claims = tenant.tokens.verify(_bearer_token(request))
        except BadToken:
            claims = {}
        audience = claims.get("aud", [])
        audiences = [audience] if isinstance(audience, str) else audience
        user = users.user_profile(tenant, claims.get("sub", "")) if f"{tenant.issuer}userinfo" in audiences else None
        if user is None:
            return PlainTextResponse("Unauthorized", 401)
        if limit is not None:
            spend(limit, claims["sub"])
        return JSONResponse({"sub": claims["sub"]} | profile_claims(user, claims["scope"].split()))

    return [
        Route("/.well-known/openid-configuration", configuration, methods=["GET"]),
        Route("/.well-known/jwks.json", jwks, methods=["GET"]),
        Route("/userinfo", userinfo, methods=["GET", "POST"]),
    ]


def _bearer_token(request: Request) -> str:
    """Return the token of the header, or of the query where there is no header; empty for none.

    Source: passport-auth0 1.4.5, which asks for a profile with `?access_token=`.
    """
    header = request.headers.get("authorization")
    if header is None:
        return request.query_params.get("access_token", "")
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
