"""A login with a password: against the bcrypt hash of the store, or an imported hash that it then replaces."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.errors import AuthError
from wizard.practice.hashes.known_good import remember
from wizard.practice.hashes.verify import UnsupportedHash, transcoded, verify
from wizard.practice.users import table as user_table
from wizard.practice.users.shape import connection_names, shown

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

COST = 10
WRONG = "Wrong email or password."
CUSTOM_FAILED = "Verification failed for the provided custom_password_hash"


@dataclass(frozen=True)
class Caller:
    """Where a login comes from: the end user's address, and the application that asks; "" when none does."""

    ip: str
    client_id: str = ""

    @property
    def logged(self) -> dict[str, str]:
        """What events of the log tell of it."""
        return {"ip": self.ip} | ({"client_id": self.client_id} if self.client_id else {})


def password_login(
    tenant: PracticeTenant, connection: Connection, username: str, password: str, ip: str = "127.0.0.1"
) -> dict[str, Any]:
    """Log a user in and return the profile as the Management API shows it.

    The first good login against a custom_password_hash replaces it by bcrypt of cost 10. Tenant logs: s for a login, fp
    for a wrong password, fu for an unknown user.

    Raises:
        AuthError: 403 invalid_grant for a wrong password or an unknown user, 401 unauthorized for a blocked user.
    """
    row = find_user(tenant, connection, username)
    why = None if row is None else refusal(row["secret"], password)
    return settled(tenant, connection, row, why, username, password, Caller(ip))


async def password_login_aside(
    tenant: PracticeTenant, connection: Connection, username: str, password: str, caller: Caller
) -> dict[str, Any]:
    """The same, with the hash checked in a thread, so that other requests are answered meanwhile."""
    row = find_user(tenant, connection, username)
    why = None if row is None else await asyncio.to_thread(refusal, row["secret"], password)
    if row is not None:  # it may have changed meanwhile, or gone
        row = user_table.find_by(tenant, connection.id, "id", row["id"])
    return settled(tenant, connection, row, why, username, password, caller)


def settled(
    tenant: PracticeTenant,
    connection: Connection,
    row: sqlite3.Row | None,
    why: str | None,
    username: str,
    password: str,
    caller: Caller,
) -> dict[str, Any]:
    """Log what came of a login and count it; `why` is the refusal of the password, None when it is good.

    Raises:
        AuthError: as for `password_login`.
    """
    if row is None:
        with tenant.transaction():
            tenant.log("fu", WRONG, connection=connection.name, user_name=username, **caller.logged)
        raise wrong(tenant)
    with tenant.transaction():
        primary = user_table.primary_of(tenant, row)
        about = {
            "connection": connection.name,
            "connection_id": connection.id,
            "user_id": f"auth0|{primary['id']}",
            **caller.logged,
        }
        if why is not None:
            description = WRONG if why == WRONG else "Password change required"
            tenant.log("fp", description, reason=why, **about)
        else:
            if row["secret"].startswith("{"):  # an imported hash moves to bcrypt
                user_table.change(tenant, row, {"secret": bcrypt_hash(password)})
            profile = noted_login(tenant, row, caller.ip)
            blocked = bool(profile.get("blocked"))
            tenant.log("f" if blocked else "s", "user is blocked" if blocked else "Success", **about)
    if why is not None:
        raise wrong(tenant)
    if blocked:
        raise AuthError(401, "unauthorized", "user is blocked")
    return profile


def bcrypt_hash(password: str) -> str:
    """Hash a new password as the store keeps it; bytes beyond the 72nd do not count."""
    import bcrypt

    counted = transcoded(password, "utf8")[:72]
    made = bcrypt.hashpw(counted, bcrypt.gensalt(COST)).decode()
    remember(counted, made)
    return made


def find_user(tenant: PracticeTenant, connection: Connection, username: str) -> sqlite3.Row | None:
    """Find the user by e-mail, then by username and phone number where the connection has them."""
    name = username.strip().lower()
    row = user_table.find_by(tenant, connection.id, "email", name)
    if row is None and connection.allows_username:
        row = user_table.find_by(tenant, connection.id, "username", name)
    if row is None and "phone_number" in (connection.options.get("attributes") or {}):
        row = user_table.find_by(tenant, connection.id, "phone_number", name)
    return row


def refusal(secret: str | None, password: str) -> str | None:
    """Say why the password is not the user's; None when it is."""
    if secret is None:
        return WRONG
    custom = secret.startswith("{")
    try:
        good = verify(password, orjson.loads(secret) if custom else secret)
    except UnsupportedHash as cannot:
        return f"{CUSTOM_FAILED}: not checked, {cannot}"
    if good:
        return None
    return CUSTOM_FAILED if custom else WRONG


def noted_login(tenant: PracticeTenant, row: sqlite3.Row, ip: str) -> dict[str, Any]:
    """Count a login, blocked ones too, and return whose it was; one with a linked identity is its primary's."""
    at = user_table.now_ms(tenant)
    primary = user_table.primary_of(tenant, row)
    merged = orjson.loads(primary["profile"]) | {"last_ip": ip}
    logins = {"last_login_ms": at, "logins_count": (primary["logins_count"] or 0) + 1}
    user_table.change(tenant, primary, logins | {"profile": orjson.dumps(merged).decode()}, at)
    written = user_table.find_by(tenant, primary["connection_id"], "id", primary["id"])
    assert written is not None  # noqa: S101 - written above
    return shown(written, connection_names(tenant))


def wrong(tenant: PracticeTenant) -> AuthError:
    """The answer for a wrong password and for an unknown user alike."""
    return AuthError(403, tenant.switches.wrong_password_error, WRONG)
