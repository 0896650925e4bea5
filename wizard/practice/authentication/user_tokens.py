"""The tokens of an end user: which scopes go into them, and what they say of the user.

Source: Auth0 docs, "OpenID Connect Scopes", "Access Token Profiles" and "Use Refresh Tokens".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jwt

from wizard.practice.authentication.granting import dialect

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

DEFAULT_SCOPE = "openid profile email address phone"
OFFLINE = "offline_access"
ID_TOKEN_SECONDS = 36_000
USERINFO_SECONDS = 86_400
CLAIMS_BY_SCOPE = {
    "profile": ("name", "nickname", "given_name", "family_name", "picture", "updated_at"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number",),
}


def given_scopes(client: dict[str, Any], api: dict[str, Any] | None, asked: Sequence[str]) -> list[str]:
    """Return which of the scopes that were asked for a user gets; the others are left out without a word.

    Args:
        api: The API the tokens are for; None for /userinfo.
    """
    # The Management API gives end users none of its scopes here.
    defined = [scope["value"] for scope in (api or {}).get("scopes", [])] if not (api or {}).get("is_system") else []
    known = [*DEFAULT_SCOPE.split(), *defined]
    if "refresh_token" in client.get("grant_types", []) and (api is None or api.get("allow_offline_access")):
        known.append(OFFLINE)
    return [scope for scope in asked if scope in known]


def user_tokens(
    tenant: PracticeTenant,
    client: dict[str, Any],
    user: dict[str, Any],
    api: dict[str, Any] | None,
    scopes: Sequence[str],
    custom: Mapping[str, dict[str, Any]],
    grant: str,
) -> dict[str, Any]:
    """Return the answer of /oauth/token: an access token and, with openid, an ID token.

    Args:
        custom: The claims that Actions and Rules add, by the token they go into.
        grant: What `gty` says.
    """
    userinfo = f"{tenant.issuer}userinfo"
    audiences = [api["identifier"]] if api else []
    audiences += [userinfo] if "openid" in scopes or not api else []
    lifetime = api["token_lifetime"] if api else USERINFO_SECONDS
    claims = custom["accessToken"] | {
        "sub": user["user_id"],
        "aud": audiences if len(audiences) > 1 else audiences[0],
        "scope": " ".join(scopes),
    }
    token = tenant.tokens.issue(claims | dialect(tenant, api or {}, client["client_id"], grant), lifetime)
    answer = {"access_token": token, "expires_in": lifetime, "token_type": "Bearer", "scope": " ".join(scopes)}
    if "openid" in scopes:
        answer["id_token"] = _id_token(tenant, client, user, scopes, custom["idToken"])
    return answer


def _id_token(
    tenant: PracticeTenant,
    client: dict[str, Any],
    user: dict[str, Any],
    scopes: Sequence[str],
    custom: dict[str, Any],
) -> str:
    settings_of_client = client.get("jwt_configuration", {})
    lifetime = settings_of_client.get("lifetime_in_seconds", ID_TOKEN_SECONDS)
    claims = custom | profile_claims(user, scopes) | {"sub": user["user_id"], "aud": client["client_id"]}
    if settings_of_client.get("alg") != "HS256":
        return tenant.tokens.issue(claims, lifetime)
    now = int(tenant.clock.now())
    whole = {"iss": tenant.issuer} | claims | {"iat": now, "exp": now + lifetime}
    return jwt.encode(whole, client["client_secret"], algorithm="HS256")


def profile_claims(user: dict[str, Any], scopes: Sequence[str]) -> dict[str, Any]:
    """Return what the scopes let an application know about a user."""
    names = [name for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())]
    return {name: user[name] for name in names if name in user}
