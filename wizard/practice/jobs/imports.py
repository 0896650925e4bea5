"""One import job at work: each user of its file is inserted, updated or refused, in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wizard.javascript_json import well_formed
from wizard.practice.jobs.import_errors import redacted
from wizard.practice.jobs.problems import Problem
from wizard.practice.jobs.user_schema import UserSchema
from wizard.practice.jobs.usernames import username_rules
from wizard.practice.users import half_made
from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

UPSERTABLE = ("email_verified", "given_name", "family_name", "name", "nickname", "picture")
METADATA = ("user_metadata", "app_metadata")

DUPLICATED = Problem("DUPLICATED_USER", "The user already exist and upsert parameter is false")
IN_FILE = "A user with this [email|username|user_id] was already provided."
CONNECTION_GONE = Problem("CONNECTION_NOT_FOUND", "The connection does not exist.")
NO_FACTORS = Problem("MFA_FACTORS_FAILED", "Unable to import factors", "mfa_factors")
HAS_PASSWORD = Problem(
    "CONFLICT", "A custom_password_hash was provided, but the user already has password hash defined."
)

_MATCH = """
    select * from users where email = ?1 and connection_id = ?2
    union all select * from users where id = ?3 and connection_id = ?2
    union all select * from users where username = ?4 and connection_id = ?2
    union all select * from users where phone_number = ?5 and connection_id = ?2
    limit 1
"""


def parse_users(raw: bytes) -> list[Any] | None:
    """Read the users file; None for anything but one JSON array."""
    try:
        users = well_formed(raw)
    except (ValueError, RecursionError):
        return None
    return users if isinstance(users, list) else None


@dataclass
class Import:
    """What an import job remembers between two looks at it.

    Args:
        connection: Where the users go; None once it has been deleted.
        users: The users of its file, in order.
        done: How many of them have been dealt with; `inserted`, `updated` and `failed` add up to it.
    """

    tenant: PracticeTenant
    job_id: str
    connection: Connection | None
    users: list[Any]
    upsert: bool
    done: int = 0
    inserted: int = 0
    updated: int = 0
    failed: int = 0
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        rules = username_rules(self.connection) if self.connection else None
        self._schema = UserSchema(rules, self.tenant.switches)
        for user in self.users[: self.done]:  # a restart of the tenant lost what was seen
            if not self._schema.problems(user) and self._seen.isdisjoint(names := _names(user)):
                self._seen.update(names)

    def take_next(self, at_ms: int) -> None:
        """Deal with the next user at that time."""
        user = self.users[self.done]
        problems = self._schema.problems(user) or self._take(user, at_ms)
        self.done += 1
        if problems:
            self.failed += 1
            self._keep_errors(user, problems)

    def _take(self, user: dict[str, Any], at_ms: int) -> list[Problem]:
        if self.connection is None:
            return [CONNECTION_GONE]
        names = _names(user)
        if not self._seen.isdisjoint(names):
            return [Problem(self.tenant.switches.in_file_duplicate_code, IN_FILE)]
        self._seen.update(names)
        row = user_table.row_of(user, secret=_secret(user))
        oversize = self._oversize(user, row["profile"])
        if oversize:
            return oversize
        user_id = user.get("user_id")
        match = self.tenant.db.execute(
            _MATCH, (row["email"], self.connection.id, user_id, row["username"], row["phone_number"])
        ).fetchone()
        if match is None:
            return self._insert(self.connection.id, row, user_id, at_ms)
        if not self.upsert:
            return [DUPLICATED]
        if match["email"] != row["email"]:
            return [_conflict(match, user_id, row["username"])]
        return self._update(match, user, at_ms)

    def _oversize(self, user: dict[str, Any], profile: str) -> list[Problem]:
        switches = self.tenant.switches
        if len(profile) <= switches.oversize_bytes // 4 or len(profile.encode()) <= switches.oversize_bytes:
            return []
        if switches.oversize_profile == "fails":
            return [Problem("MAX_LENGTH", f"The user profile exceeds {switches.oversize_bytes} bytes")]
        self.tenant.log("w", "User profile exceeds the size limit", user_id=user.get("user_id"))
        return []

    def _insert(self, connection_id: str, row: dict[str, Any], user_id: str | None, at_ms: int) -> list[Problem]:
        names = (user_id, row["email"], row["username"], row["phone_number"])
        if half_made.is_half_made(self.tenant, connection_id, *names):
            return [DUPLICATED]
        row["id"] = user_id or user_table.new_user_id(self.tenant)
        row["connection_id"] = connection_id
        row["created_ms"] = row["updated_ms"] = at_ms
        row["visible_ms"] = at_ms + user_table.search_lag_ms(self.tenant)
        without_factors = self._without_factors(row)
        user_table.insert(self.tenant.db, row)
        self.inserted += not without_factors
        return without_factors

    def _without_factors(self, row: dict[str, Any]) -> list[Problem]:
        """Take MFA factors that cannot be imported out of the row: the user's other data goes in all the same."""
        if row.get("factors") is None or self.tenant.switches.mfa_factors == "imported":
            return []
        del row["factors"]
        return [NO_FACTORS]

    def _update(self, row: sqlite3.Row, user: dict[str, Any], at_ms: int) -> list[Problem]:
        """Overwrite the fields an upsert may change; metadata whole, never merged."""
        changes: dict[str, Any] = {}
        if "custom_password_hash" in user:
            if not (row["secret"] or "").startswith("{"):
                return [HAS_PASSWORD]
            changes["secret"] = _secret(user)
        profile = orjson.loads(row["profile"])
        profile |= {key: user[key] for key in (*UPSERTABLE, *METADATA) if key in user}
        if self.tenant.switches.upsert_missing_metadata == "cleared":
            profile = {key: value for key, value in profile.items() if key in user or key not in METADATA}
        changes["profile"] = orjson.dumps(profile).decode()
        if "mfa_factors" in user:
            changes["factors"] = orjson.dumps(user["mfa_factors"]).decode()
        without_factors = self._without_factors(changes)
        user_table.change(self.tenant, row, changes, at_ms)
        self.updated += not without_factors
        return without_factors

    def _keep_errors(self, user: Any, problems: list[Problem]) -> None:
        errors = [problem.body for problem in problems]
        try:
            body = orjson.dumps({"user": redacted(user), "errors": errors})
        except (RecursionError, orjson.JSONEncodeError):  # nests too deeply to be shown
            body = orjson.dumps({"user": {}, "errors": errors})
        self.tenant.db.execute(
            "insert into job_errors (job_id, position, body) values (?, ?, ?)", (self.job_id, self.done, body.decode())
        )


def _names(user: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what makes a user the same as another in a file."""
    names = [("email", user["email"].lower())]
    if "username" in user:
        names.append(("username", user["username"].lower()))
    if "user_id" in user:
        names.append(("user_id", user["user_id"]))
    return names


def _secret(user: Mapping[str, Any]) -> str | None:
    if "custom_password_hash" in user:
        return orjson.dumps(user["custom_password_hash"]).decode()
    return user.get("password_hash")


def _conflict(match: sqlite3.Row, user_id: str | None, username: str | None) -> Problem:
    """Name what another user holds; upsert matches on e-mail only."""
    if match["id"] != user_id and match["username"] == username is not None:
        return Problem("CONFLICT_USERNAME", "The username provided is in use already.", "username")
    held = "user_id" if match["id"] == user_id else "phone_number"
    return Problem("CONFLICT", f"The {held} provided is in use already.", held)
