"""How an application proves at /oauth/token that it is the one it says.

Source: Auth0 docs, "Authenticate with Private Key JWT", and "Application Credentials".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jwt
from starlette.requests import Request

from wizard.practice.errors import AuthError
from wizard.practice.management.client_credentials import usable_keys
from wizard.practice.management.client_store import client_with_id

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LARGEST_ASSERTION = 2048
LONGEST_CLAIM = 64
LONGEST_ALG = 16
LIFE = 300
SKEW = 10
LATEST = 1e12


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists used_assertions "
        "(client_id text, jti text, until real, primary key (client_id, jti)) without rowid"
    )


def authenticate(tenant: PracticeTenant, request: Request, given: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
    """Return the application and whether it proved itself; public ones need no proof.

    Raises:
        AuthError: 400 when nothing says which application it is, 401 when the proof is missing or wrong.
    """
    if "client_assertion" in given or "client_assertion_type" in given:
        return _by_assertion(tenant, request, given), True
    client_id, secret = _basic(request) or (given.get("client_id"), given.get("client_secret"))
    if not client_id:
        raise AuthError(400, "invalid_request", "Missing required parameter: client_id")
    client = client_with_id(tenant, client_id)
    if client is None or client.get("client_authentication_methods"):
        raise AuthError(401, "access_denied", "Unauthorized")
    public = client.get("token_endpoint_auth_method") == "none"
    if secret is None and public:
        return client, False
    if secret is None or not hmac.compare_digest(secret.encode(), str(client["client_secret"]).encode()):
        raise AuthError(401, "access_denied", "Unauthorized")
    return client, True


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise AuthError(400, "invalid_request", "Malformed Authorization header") from None
    return unquote(name), unquote(secret)


def _refusal(reason: str) -> AuthError:
    return AuthError(401, "invalid_client", f"Client authentication failed: {reason}")


def _by_assertion(tenant: PracticeTenant, request: Request, given: Mapping[str, str]) -> dict[str, Any]:
    if given.get("client_assertion_type") != ASSERTION_TYPE:
        raise AuthError(400, "invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
    if "client_secret" in given or _basic(request):
        raise AuthError(400, "invalid_request", "Only one way of client authentication may be used")
    assertion = given.get("client_assertion", "")
    if len(assertion) > LARGEST_ASSERTION:
        raise _refusal(f"the assertion is larger than {LARGEST_ASSERTION} bytes")
    try:
        header = jwt.get_unverified_header(assertion)
        named = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        raise _refusal("the assertion is not a JWT") from None
    client_id = named.get("sub")
    if (
        not isinstance(client_id, str)
        or named.get("iss") != client_id
        or given.get("client_id", client_id) != client_id
    ):
        raise _refusal("iss and sub must both be the client_id")
    client = client_with_id(tenant, client_id)
    if client is None:
        raise _refusal("unknown client")
    _verify_signature(tenant, client, assertion, header)
    _verify_claims(tenant, request, client_id, named)
    return client


def _verify_signature(tenant: PracticeTenant, client: dict[str, Any], assertion: str, header: dict[str, Any]) -> None:
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or len(algorithm) > LONGEST_ALG:
        raise _refusal("alg is missing or too long")
    keys = [key for key in usable_keys(tenant, client) if kid in {None, key[0]}]
    if not keys:
        raise _refusal("the client has no such credential")
    if not any(alg == algorithm for _, alg, _ in keys):
        raise _refusal("alg is not that of the registered credential")
    for _, alg, pem in keys:
        try:
            jwt.decode(
                assertion,
                pem,
                algorithms=[alg],
                options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError:
            continue
        return
    raise _refusal("invalid signature")


def _verify_claims(tenant: PracticeTenant, request: Request, client_id: str, claims: dict[str, Any]) -> None:
    now = tenant.clock.now()
    host = request.headers.get("host", "")
    if claims.get("aud") not in (tenant.issuer, f"http://{host}/", f"https://{host}/"):
        raise _refusal(f"aud must be the string {tenant.issuer}")
    for name in ("iss", "sub", "jti"):
        value = claims.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CLAIM:
            raise _refusal(f"{name} must be a string of 1 to {LONGEST_CLAIM} characters")
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    for name, value in times.items():
        if (value is not None or name == "exp") and not _is_time(value):
            raise _refusal(f"{name} must be a number of seconds")
    end = float(claims["exp"])
    if end <= now - SKEW:
        raise _refusal("the assertion has expired")
    if end > now + LIFE + SKEW:
        raise _refusal(f"exp may be at most {LIFE // 60} minutes ahead")
    if any(value is not None and value > now + SKEW for value in (times["iat"], times["nbf"])):
        raise _refusal("the assertion is not valid yet")
    _spend(tenant, client_id, claims["jti"], end + SKEW)


def _is_time(value: Any) -> bool:
    """Whether this is a number, neither NaN nor larger than any clock goes."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LATEST < value < LATEST


def _spend(tenant: PracticeTenant, client_id: str, jti: str, until: float) -> None:
    with tenant.transaction() as db:
        db.execute("delete from used_assertions where until < ?", (tenant.clock.now(),))
        try:
            db.execute("insert into used_assertions values (?, ?, ?)", (client_id, jti, until))
        except sqlite3.IntegrityError:
            raise _refusal("jti was used before") from None
