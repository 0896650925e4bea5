"""Logins at a connection that uses its own database: lazy migration with import mode, the source alone without it.

Source: Auth0 docs, "Configure Automatic Migration from Your Database" and "Custom Database Connections".
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.authentication.database_scripts import ScriptFailed, looked_up, run_script
from wizard.practice.authentication.password_login import (
    WRONG,
    Caller,
    bcrypt_hash,
    find_user,
    noted_login,
    password_login_aside,
    wrong,
)
from wizard.practice.authentication.password_policy import weakness
from wizard.practice.errors import AuthError
from wizard.practice.sandbox.outcome import Outcome, ScriptError
from wizard.practice.users import half_made
from wizard.practice.users import table as user_table
from wizard.practice.users.creation import UserExists, add_user
from wizard.practice.users.script_profile import ProfileRefused, ScriptProfile, script_profile

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

INTERRUPTED = "The user could not be created."


async def login(
    tenant: PracticeTenant, connection: Connection, username: str, password: str, caller: Caller
) -> dict[str, Any]:
    """Log a user in wherever the password is, and return the profile as the Management API shows it.

    Without its own database, and for users whom import mode has brought already, the store decides. Otherwise the login
    script does: with import mode its profile becomes a user with the typed password, without it only the profile is kept.

    Raises:
        AuthError: 403 invalid_grant for a wrong password or an unknown user; another error when a script fails.
        UsageError: there is no Node on this machine.
    """
    row = find_user(tenant, connection, username) if connection.uses_own_database else None
    if not connection.uses_own_database or (connection.import_mode and _in_store(row)):
        return await password_login_aside(tenant, connection, username, password, caller)
    attempt = Attempt(tenant, connection, username, caller)
    try:
        if connection.import_mode and tenant.switches.get_user_on_login:
            await looked_up(tenant, connection, username)
        profile = attempt.profile(await run_script(tenant, connection, "login", username, password))
        if not connection.import_mode:
            return attempt.remembered(profile)
        if tenant.switches.lazy_password_policy and weakness(connection, password) is not None:
            raise ScriptFailed(ScriptError("Error", "Password is too weak"))
        secret = await asyncio.to_thread(bcrypt_hash, password)
        if _in_store(find_user(tenant, connection, username)):  # another login was quicker
            return await password_login_aside(tenant, connection, username, password, caller)
        return attempt.migrated(profile, secret)
    except ScriptFailed as failed:
        attempt.log("f", str(failed))
        raise failed.auth_error(tenant) from None


def _in_store(row: sqlite3.Row | None) -> bool:
    """Say whether the store has this user with a password of its own."""
    return row is not None and row["secret"] != user_table.ELSEWHERE


class Attempt:
    """One login that the source decides."""

    def __init__(self, tenant: PracticeTenant, connection: Connection, username: str, caller: Caller) -> None:
        self._tenant = tenant
        self._connection = connection
        self._username = username
        self._caller = caller

    def log(self, kind: str, description: str, **details: Any) -> None:
        about = {"connection": self._connection.name, "user_name": self._username} | self._caller.logged
        with self._tenant.transaction():
            self._tenant.log(kind, description, **about, **details)

    def profile(self, outcome: Outcome) -> ScriptProfile:
        """Take what the login script said.

        Raises:
            AuthError: it said that the password is wrong, or the user unknown.
            ScriptFailed: it said neither that nor who it is.
        """
        error = outcome.error
        if error is not None and error.kind == "WrongUsernameOrPasswordError":
            known = error.subject is not None
            subject = f"auth0|{error.subject}" if known else ""
            self.log("fp" if known else "fu", error.message or WRONG, user_id=subject)
            raise wrong(self._tenant)
        if error is not None:
            raise ScriptFailed(error)
        if outcome.result is None or outcome.result is False:
            self.log("fu", WRONG, user_id="")
            raise wrong(self._tenant)
        try:
            profile = script_profile(self._tenant, self._connection, outcome.result, "login")
        except ProfileRefused as refused:
            if not refused.factors:
                raise ScriptFailed(ScriptError("Error", str(refused))) from None
            self.log("fu", str(refused))
            raise AuthError(self._tenant.switches.script_error_status, "server_error", str(refused)) from None
        if profile.dropped:
            self.log("w", f"Not kept of the profile: {', '.join(profile.dropped)}")
        return profile

    def migrated(self, profile: ScriptProfile, secret: str) -> dict[str, Any]:
        """Make the user with the typed password, or complete the one whose password was elsewhere."""
        tenant, connection = self._tenant, self._connection
        if tenant.faults.interrupts_lazy_creation(connection.name, tenant.clock.now()):
            self._leave_half(profile.user)
            raise ScriptFailed(ScriptError("Error", INTERRUPTED))
        return self._stored(profile, secret)

    def remembered(self, profile: ScriptProfile) -> dict[str, Any]:
        """Keep the profile without the password, as every login without import mode does."""
        return self._stored(profile, user_table.ELSEWHERE)

    def _stored(self, profile: ScriptProfile, secret: str) -> dict[str, Any]:
        tenant, connection = self._tenant, self._connection
        known = user_table.find_by(tenant, connection.id, "id", profile.user.get("user_id", ""))
        with tenant.transaction():
            if known is None:
                known = self._added(profile.user, secret)
            elif user_table.ELSEWHERE not in {known["secret"], secret}:
                # Moved already, under another address: the source has no say over this user any more.
                raise ScriptFailed(ScriptError("Error", str(UserExists())))
            else:
                kept = known["secret"] if secret == user_table.ELSEWHERE else secret
                self._refreshed(known, profile.user, kept)
            row = user_table.find_by(tenant, connection.id, "id", known["id"])
            assert row is not None  # noqa: S101 - written above
            user = noted_login(tenant, row, self._caller.ip)
            blocked = bool(user.get("blocked"))
            text = "user is blocked" if blocked else "Success"
            self.log("f" if blocked else "s", text, user_id=user["user_id"])
        if blocked:
            raise AuthError(401, "unauthorized", "user is blocked")
        return user

    def _added(self, user: dict[str, Any], secret: str) -> sqlite3.Row:
        try:
            return add_user(self._tenant, self._connection, user, secret)
        except UserExists as exists:
            raise ScriptFailed(ScriptError("Error", str(exists))) from None

    def _refreshed(self, row: sqlite3.Row, user: dict[str, Any], secret: str) -> None:
        fresh = user_table.row_of(user, secret=secret)
        fresh["profile"] = orjson.dumps(orjson.loads(row["profile"]) | orjson.loads(fresh["profile"])).decode()
        try:
            user_table.change(self._tenant, row, fresh)
        except sqlite3.IntegrityError:
            raise ScriptFailed(ScriptError("Error", str(UserExists()))) from None

    def _leave_half(self, user: dict[str, Any]) -> None:
        half_made.plant_half_made_user(
            self._tenant,
            self._connection.id,
            email=user.get("email"),
            user_id=user.get("user_id"),
            username=user.get("username"),
            phone_number=user.get("phone_number"),
        )
