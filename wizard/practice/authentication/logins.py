"""Password logins of end users, and the protection against guessing.

Source: Auth0 docs, "Resource Owner Password Flow" and "Brute-Force Protection".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from wizard.practice.authentication import own_database, refresh_tokens
from wizard.practice.authentication.after_login import run_post_login
from wizard.practice.authentication.granting import PASSWORD, audience_of, refuse_end_users
from wizard.practice.authentication.password_login import Caller
from wizard.practice.authentication.user_tokens import DEFAULT_SCOPE, OFFLINE, given_scopes, user_tokens
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit
from wizard.practice.management import apis, settings
from wizard.practice.users import blocks

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

ATTEMPTS = Limit(20, 10, 60)
"""Logins from one address to one account, good or bad."""
REMEMBERED = 10_000
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
    api = _api(tenant, request, audience_of(tenant, request, given))
    if api is not None:
        refuse_end_users(tenant, client, api)
    ip = _address(request, client, proven)
    guard = Guard(tenant, connection, ip, given["username"])
    guard.enter()
    about = {"client_id": client["client_id"], "connection": connection.name, "user_name": given["username"], "ip": ip}
    caller = Caller(ip, client["client_id"])
    try:
        user = await own_database.login(tenant, connection, given["username"], given["password"], caller)
    except AuthError as refusal:
        tenant.log("fepft", refusal.error_description, **about)
        if refusal.error in COUNTED:
            guard.failed()
        raise
    guard.succeeded()
    identifier = None if api is None else str(api["identifier"])
    event = {"client": client, "connection": connection, "audience": identifier, "ip": ip}
    try:
        user, asked = await run_post_login(tenant, request, given, user, **event)
    except AuthError as refusal:
        tenant.log("fepft", refusal.error_description, **about)
        raise
    scopes = given_scopes(client, api, (given.get("scope") or DEFAULT_SCOPE).split())
    answer = user_tokens(tenant, client, user, api, scopes, asked.claims, "password")
    with tenant.transaction():
        tenant.log("sepft", "", **about, user_id=user["user_id"])
        if OFFLINE in scopes:
            home = tenant.connection_named(user["identities"][0]["connection"]) or connection
            whose = {"connection_id": home.id, "user_id": user["user_id"].removeprefix("auth0|")}
            answer["refresh_token"] = refresh_tokens.issue(
                tenant, client, **whose, audience=identifier, scope=" ".join(scopes)
            )
    return answer


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


def _api(tenant: PracticeTenant, request: Request, audience: str | None) -> dict[str, Any] | None:
    """Return the API a login is for, if it is for one.

    Raises:
        AuthError: 400 for one that is not there; machines are told so in other words.
    Source: recording of ruby-auth0, 2021.
    """
    if not audience or _is_userinfo(tenant, request, audience):
        return None
    api = apis.api_named(tenant, audience)
    if api is None:
        raise AuthError(400, "invalid_request", "invalid audience specified for password grant exchange")
    return api


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
