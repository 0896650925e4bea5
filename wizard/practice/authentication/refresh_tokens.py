"""Refresh tokens as they are kept: only their digests, each with its family and its times.

With rotation each exchange gives a successor of the same family. Without it a token stays the same, a family of one.
Source: Auth0 docs, "Refresh Token Rotation", "Configure Refresh Token Rotation", "Configure Refresh Token Expiration".
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

LIFETIME = 2_592_000
"""Seconds of either lifetime where the application's settings give none."""
AT_MOST = 200
"""Usable tokens of one user and application; the oldest go first."""


@dataclass(frozen=True)
class RefreshToken:
    """A token that was given out.

    Args:
        family: Shared by a token and all its successors.
        parent: Digest of the token it succeeds.
        user_id: Without `auth0|`.
        audience: Identifier of an API; None for /userinfo.
        scope: What its login got; a narrower exchange leaves it as it is.
        began_ms: When the user logged in.
        used: When it was given out, or exchanged last.
        expires: When it ends however much it is used; None for never.
        superseded: When it was exchanged for a successor first.
    """

    digest: str
    family: str
    parent: str | None
    client_id: str
    connection_id: str
    user_id: str
    audience: str | None
    scope: str
    rotating: bool
    began_ms: int
    used: float
    expires: float | None
    superseded: float | None


_COLUMNS = [field.name for field in fields(RefreshToken)]
_INSERT = f"insert into refresh_tokens ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - constants


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists refresh_tokens (row integer primary key, digest text not null unique, "
        "family text not null, parent text, client_id text not null, connection_id text not null, "
        "user_id text not null, audience text, scope text not null, rotating integer not null, "
        "began_ms integer not null, used real not null, expires real, superseded real)"
    )
    db.execute("create index if not exists refresh_tokens_of_user on refresh_tokens (user_id, client_id)")
    db.execute("create index if not exists refresh_tokens_family on refresh_tokens (family)")


def issue(
    tenant: PracticeTenant,
    client: dict[str, Any],
    *,
    connection_id: str,
    user_id: str,
    audience: str | None,
    scope: str,
) -> str:
    """Give out the first token of a login."""
    now = tenant.clock.now()
    first = RefreshToken(
        digest="",
        family=tenant.new_id("", 32),
        parent=None,
        client_id=client["client_id"],
        connection_id=connection_id,
        user_id=user_id,
        audience=audience,
        scope=scope,
        rotating=_rotates(client),
        began_ms=user_table.now_ms(tenant),
        used=now,
        expires=_end(client, now),
        superseded=None,
    )
    return _added(tenant, first)


def find(tenant: PracticeTenant, client: dict[str, Any], token: str) -> RefreshToken | None:
    """Find a token of the application that is not over, used up ones of a family included."""
    found = named(tenant, token)
    if found is None or found.client_id != client["client_id"] or _is_over(tenant, client, found):
        return None
    return found


def named(tenant: PracticeTenant, token: str) -> RefreshToken | None:
    """Find a token, whosever it is."""
    row = tenant.db.execute("select * from refresh_tokens where digest = ?", (_digest(token),)).fetchone()
    return None if row is None else RefreshToken(**{name: row[name] for name in _COLUMNS})


def is_reuse(tenant: PracticeTenant, client: dict[str, Any], token: RefreshToken) -> bool:
    """Say whether a token comes back that was used up, other than the last but one within the leeway."""
    if token.superseded is None:
        return False
    leeway = _settings(client).get("leeway") or 0
    if tenant.clock.now() >= token.superseded + leeway:
        return True
    asked = "select 1 from refresh_tokens where parent = ? and superseded is not null limit 1"
    return tenant.db.execute(asked, (token.digest,)).fetchone() is not None


def exchange(tenant: PracticeTenant, client: dict[str, Any], token: RefreshToken) -> str | None:
    """Use a token, and return the one that takes its place; None when it stays.

    Where rotation was turned on or off since, the tokens of the other kind for the same user, application and API end.
    """
    now = tenant.clock.now()
    rotates = _rotates(client)
    # What never ended ends after the lifetime that is set now; what has an end keeps it.
    expires = _end(client, now) if token.expires is None else token.expires
    if not rotates and not token.rotating:
        with tenant.transaction() as db:
            db.execute("update refresh_tokens set used = ?, expires = ? where digest = ?", (now, expires, token.digest))
        return None
    family = token.family if rotates == token.rotating else tenant.new_id("", 32)
    with tenant.transaction() as db:
        if rotates == token.rotating:
            asked = "update refresh_tokens set superseded = coalesce(superseded, ?) where digest = ?"
            db.execute(asked, (now, token.digest))
        else:
            _end_all(tenant, token, rotating=token.rotating)
        changed: dict[str, Any] = {
            "family": family,
            "parent": token.digest,
            "rotating": rotates,
            "used": now,
            "expires": expires,
            "superseded": None,
        }
        return _added(tenant, RefreshToken(**(vars(token) | changed)))


def revoke(tenant: PracticeTenant, token: RefreshToken) -> None:
    """End a token and its whole family."""
    with tenant.transaction() as db:
        db.execute("delete from refresh_tokens where family = ?", (token.family,))


def revoke_grant(tenant: PracticeTenant, token: RefreshToken) -> None:
    """End all tokens of the same user, application and API."""
    with tenant.transaction():
        for rotating in (False, True):
            _end_all(tenant, token, rotating=rotating)


def _added(tenant: PracticeTenant, token: RefreshToken) -> str:
    plain = tenant.new_secret()
    values = vars(token) | {"digest": _digest(plain)}
    with tenant.transaction() as db:
        db.execute("delete from refresh_tokens where expires <= ?", (tenant.clock.now(),))
        db.execute(_INSERT, [values[name] for name in _COLUMNS])
        db.execute(
            "delete from refresh_tokens where row in (select row from refresh_tokens where user_id = ? and "
            "client_id = ? and connection_id = ? and superseded is null order by row desc limit -1 offset ?)",
            (token.user_id, token.client_id, token.connection_id, AT_MOST),
        )
    return plain


def _end_all(tenant: PracticeTenant, token: RefreshToken, *, rotating: bool) -> None:
    tenant.db.execute(
        "delete from refresh_tokens where user_id = ? and client_id = ? and connection_id = ? and audience is ? "
        "and rotating = ?",
        (token.user_id, token.client_id, token.connection_id, token.audience, rotating),
    )


def _is_over(tenant: PracticeTenant, client: dict[str, Any], token: RefreshToken) -> bool:
    """Say whether either lifetime is over: the end it was given, and the idle time of the settings as they are now."""
    now = tenant.clock.now()
    if token.expires is not None and now >= token.expires:
        return True
    settings = _settings(client)
    if settings.get("expiration_type") != "expiring" or settings.get("infinite_idle_token_lifetime"):
        return False
    return bool(now >= token.used + settings.get("idle_token_lifetime", LIFETIME))


def _end(client: dict[str, Any], now: float) -> float | None:
    settings = _settings(client)
    if settings.get("expiration_type") != "expiring" or settings.get("infinite_token_lifetime"):
        return None
    return float(now + settings.get("token_lifetime", LIFETIME))


def _rotates(client: dict[str, Any]) -> bool:
    return _settings(client).get("rotation_type") == "rotating"


def _settings(client: dict[str, Any]) -> dict[str, Any]:
    return client.get("refresh_token") or {}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
