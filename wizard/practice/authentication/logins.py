"""Password logins of end users, and the protection against guessing.

Source: Auth0 docs, "Resource Owner Password Flow" and "Brute-Force Protection".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt
from starlette.requests import Request

from wizard.practice.actions.events import post_login_event
from wizard.practice.actions.execution import Asked, run_trigger
from wizard.practice.authentication import own_database
from wizard.practice.authentication.after_login import settle_actions
from wizard.practice.authentication.granting import PASSWORD, api_for, audience_of, dialect, refuse_ungranted
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit
from wizard.practice.management import grants, settings
from wizard.practice.management.running_rules import run_rules
from wizard.practice.users import blocks
from wizard.practice.users import endpoints as users

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

ATTEMPTS = Limit(20, 10, 60)
"""Logins from one address to one account, good or bad."""
REMEMBERED = 10_000
DEFAULT_SCOPE = "openid profile email address phone"
ID_TOKEN_SECONDS = 36_000
USERINFO_SECONDS = 86_400
CLAIMS_BY_SCOPE = {
    "profile": ("name", "nickname", "given_name", "family_name", "picture", "updated_at"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number",),
}
COUNTED = {"invalid_grant", "invalid_user_password"}


async def login(
    tenant: PracticeTenant, request: Request, client: dict[str, Any], proven: bool, given: Mapping[str, str]
) -> dict[str, Any]:
    """Check a user's password and return the tokens.

    Raises:
        AuthError: as Auth0 answers it.
    """
    for name in ("username", "password"):
        if not given.get(name):
            raise AuthError(400, "invalid_request", f"Missing required parameter: {name}")
    connection = _connection(tenant, client, given)
    audience = audience_of(tenant, request, given)
    api = None if not audience or _is_userinfo(tenant, request, audience) else api_for(tenant, audience)
    if api is not None:
        _refuse_end_users(tenant, client, api)
    ip = _address(request, client, proven)
    guard = Guard(tenant, connection, ip, given["username"])
    guard.enter()
    about = {"client_id": client["client_id"], "connection": connection.name, "user_name": given["username"], "ip": ip}
    try:
        user = await own_database.login(tenant, connection, given["username"], given["password"], ip)
    except AuthError as refusal:
        tenant.log("fepft", refusal.error_description, **about)
        if refusal.error in COUNTED:
            guard.failed()
        raise
    guard.succeeded()
    try:
        user, asked = await _after_password(tenant, request, given, client, connection, user, api, ip)
    except AuthError as refusal:
        tenant.log("fepft", refusal.error_description, **about)
        raise
    tenant.log("sepft", "", **about, user_id=user["user_id"])
    return _tokens(tenant, client, user, api, given, asked.claims)


async def _after_password(
    tenant: PracticeTenant,
    request: Request,
    given: Mapping[str, str],
    client: dict[str, Any],
    connection: Connection,
    user: dict[str, Any],
    api: dict[str, Any] | None,
    ip: str,
) -> tuple[dict[str, Any], Asked]:
    """Run the post-login Actions; return the user as they left it, and what they asked for.

    Raises:
        AuthError: one of them denied access or failed.
    """
    audience = None if api is None else api["identifier"]
    about: dict[str, Any] = {"client": client, "connection": connection, "audience": audience, "ip": ip}
    # While both existed, Rules ran first.
    claims = await run_rules(tenant, post_login_event(tenant, request, given, user=user, **about), user)
    user = users.user_profile(tenant, user["user_id"]) or user
    event = post_login_event(tenant, request, given, user=user, **about)
    asked = await run_trigger(tenant, "post-login", event)
    asked.claims = {name: part | asked.claims[name] for name, part in claims.items()}
    named = {"connection": connection.name, "connection_id": connection.id, "client_id": client["client_id"], "ip": ip}
    return settle_actions(tenant, user, asked, **named), asked


class Guard:
    """Counts the attempts at one account from one address."""

    def __init__(self, tenant: PracticeTenant, connection: Connection, ip: str, username: str) -> None:
        self._tenant = tenant
        self._protects = connection.options.get("brute_force_protection", True)
        self._key = (ip, blocks.account(connection.id, username))

    def enter(self) -> None:
        """Refuse when there were too many attempts, or too many failures."""
        buckets = _attempts(self._tenant)
        now = self._tenant.clock.now()
        bucket = buckets.setdefault(self._key, Bucket(ATTEMPTS, "gradual", now))
        buckets.move_to_end(self._key)
        if len(buckets) > REMEMBERED:
            buckets.popitem(last=False)
        if not bucket.take(now).granted:
            raise AuthError(429, "too_many_requests", "Too many login attempts for this account.")
        if self._protects and blocks.failures(self._tenant, *self._key) >= blocks.FAILURES:
            self._tenant.log("limit_wc", "Blocked account", ip=self._key[0])
            raise AuthError(429, "too_many_attempts", self._tenant.switches.brute_force_text)

    def failed(self) -> None:
        blocks.count_failure(self._tenant, *self._key)

    def succeeded(self) -> None:
        blocks.forget_failures(self._tenant, *self._key)


def _is_userinfo(tenant: PracticeTenant, request: Request, audience: str) -> bool:
    """Say whether the audience means /userinfo, which every tenant has and which is none of its APIs."""
    host = request.headers.get("host", "")
    return audience in {f"{tenant.issuer}userinfo", f"http://{host}/userinfo", f"https://{host}/userinfo"}


def _attempts(tenant: PracticeTenant) -> OrderedDict[tuple[str, str], Bucket]:
    return tenant.login_attempts


def _address(request: Request, client: dict[str, Any], proven: bool) -> str:
    """The end user's address: the caller's, or the one a trusted confidential application passes on."""
    forwarded = request.headers.get("auth0-forwarded-for", "").partition(",")[0].strip()
    if forwarded and proven and client.get("is_token_endpoint_ip_header_trusted"):
        return forwarded
    return request.client.host if request.client else ""


def _connection(tenant: PracticeTenant, client: dict[str, Any], given: Mapping[str, str]) -> Connection:
    if given["grant_type"] == PASSWORD:
        realm = settings.current(tenant).get("default_directory")
        if not realm:
            raise AuthError(403, "server_error", "Authorization server not configured with default connection.")
    else:
        realm = given.get("realm")
        if not realm:
            raise AuthError(400, "invalid_request", "Missing required parameter: realm")
    connection = tenant.connection_named(realm) or _with_realm(tenant, realm)
    if connection is None or not connection.is_database:
        raise AuthError(403, "invalid_request", f"the connection was not found: {realm}")
    if client["client_id"] not in tenant.enabled_clients(connection.id):
        raise AuthError(403, "unauthorized_client", "the connection is not enabled for the client")
    return connection


def _with_realm(tenant: PracticeTenant, realm: str) -> Connection | None:
    row = tenant.db.execute(
        "select c.id from connections c, json_each(c.body, '$.realms') r where r.value = ? limit 1", (realm,)
    ).fetchone()
    return None if row is None else tenant.connection(row["id"])


def _refuse_end_users(tenant: PracticeTenant, client: dict[str, Any], api: dict[str, Any]) -> None:
    policy = api["subject_type_authorization"]["user"]["policy"]
    grant = grants.grant_of(tenant, client["client_id"], api["identifier"], "user")
    if policy == "deny_all" or (policy == "require_client_grant" and grant is None):
        refusal = refuse_ungranted(client["client_id"], api["identifier"])
        raise AuthError(tenant.switches.user_deny_all_status, refusal.error, refusal.error_description)


def _tokens(
    tenant: PracticeTenant,
    client: dict[str, Any],
    user: dict[str, Any],
    api: dict[str, Any] | None,
    given: Mapping[str, str],
    custom: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    asked = (given.get("scope") or DEFAULT_SCOPE).split()
    # The Management API gives end users none of its scopes here.
    defined = [scope["value"] for scope in (api or {}).get("scopes", [])] if not (api or {}).get("is_system") else []
    scopes = [scope for scope in asked if scope in defined or scope in DEFAULT_SCOPE.split()]
    userinfo = f"{tenant.issuer}userinfo"
    audiences = [api["identifier"]] if api else []
    audiences += [userinfo] if "openid" in scopes or not api else []
    lifetime = api["token_lifetime"] if api else USERINFO_SECONDS
    claims = custom["accessToken"] | {
        "sub": user["user_id"],
        "aud": audiences if len(audiences) > 1 else audiences[0],
        "scope": " ".join(scopes),
    }
    token = tenant.tokens.issue(claims | dialect(tenant, api or {}, client["client_id"], "password"), lifetime)
    answer = {"access_token": token, "expires_in": lifetime, "token_type": "Bearer", "scope": " ".join(scopes)}
    if "openid" in scopes:
        answer["id_token"] = _id_token(tenant, client, user, scopes, custom["idToken"])
    return answer


def _id_token(
    tenant: PracticeTenant, client: dict[str, Any], user: dict[str, Any], scopes: list[str], custom: dict[str, Any]
) -> str:
    settings_of_client = client.get("jwt_configuration", {})
    lifetime = settings_of_client.get("lifetime_in_seconds", ID_TOKEN_SECONDS)
    claims = custom | profile_claims(user, scopes) | {"sub": user["user_id"], "aud": client["client_id"]}
    if settings_of_client.get("alg") != "HS256":
        return tenant.tokens.issue(claims, lifetime)
    now = int(tenant.clock.now())
    whole = {"iss": tenant.issuer} | claims | {"iat": now, "exp": now + lifetime}
    return jwt.encode(whole, client["client_secret"], algorithm="HS256")


def profile_claims(user: dict[str, Any], scopes: list[str]) -> dict[str, Any]:
    """Return what the scopes let an application know about a user."""
    names = [name for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())]
    return {name: user[name] for name in names if name in user}
