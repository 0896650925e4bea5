"""Guards of the migration at every login, as Actions and as Rules: nobody but its own application calls the legacy API,
missing metadata is fetched, and who has moved is marked in the legacy store.

Source: Auth0 docs, "Actions Triggers: post-login" and "Migrate from Rules to Actions".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from wizard.doorway.templates import GUARD_BUDGET_MS, SETTINGS, rendered

if TYPE_CHECKING:
    from wizard.profile import ProfileAnswers

Guard = Literal["deny_audience", "fetch_metadata", "mark_migrated"]
GUARDS: tuple[Guard, ...] = get_args(Guard)
"""In the order in which they run: the one that denies comes first."""

METADATA_FLAG = "migration_metadata"
MARK_FLAG = "migration_marked"
FLAGS = (METADATA_FLAG, MARK_FLAG)
"""Keys of app_metadata by which the guards remember what they have done; no part of a user's profile."""

TITLES: dict[Guard, str] = {
    "deny_audience": "keep end users from the legacy API",
    "fetch_metadata": "fetch missing metadata",
    "mark_migrated": "mark as migrated",
}


@dataclass(frozen=True)
class GuardSource:
    """A guard as it is deployed: its name on the tenant, its code, and the names of the values it needs."""

    guard: Guard
    name: str
    code: str
    settings: tuple[str, ...]


def guard_name(guard: Guard, connection: str) -> str:
    """The name of a guard's Action or Rule, by which it is found again."""
    return f"Migration of {connection} - {TITLES[guard]}"


def is_guard(name: str) -> bool:
    """Whether an Action of this name is the guard of a migration, into any connection."""
    return name.startswith("Migration of ") and name.endswith(tuple(f" - {title}" for title in TITLES.values()))


def as_action(guard: Guard, *, connection: str, audience: str, profile: ProfileAnswers) -> GuardSource:
    """A guard as a post-login Action for Node 22."""
    return _source("actions", guard, connection, audience, profile)


def as_rule(guard: Guard, *, connection: str, audience: str, profile: ProfileAnswers) -> GuardSource:
    """The same as a Rule, for tenants that still run them."""
    return _source("rules", guard, connection, audience, profile)


def feeds_metadata(profile: ProfileAnswers) -> bool:
    """Whether the mapping feeds metadata at all; otherwise none can be missing."""
    return bool(profile.app_metadata) or bool(profile.user_metadata)


def expected_keys(profile: ProfileAnswers) -> dict[str, list[str]] | None:
    """The top keys of metadata that the mapping feeds; None where a column holds all of it, so that keys vary."""
    from wizard.profile import FieldRule

    if isinstance(profile.app_metadata, FieldRule) or isinstance(profile.user_metadata, FieldRule):
        return None
    return {"app_metadata": sorted(profile.app_metadata), "user_metadata": sorted(profile.user_metadata)}


def _source(kind: str, guard: Guard, connection: str, audience: str, profile: ProfileAnswers) -> GuardSource:
    # Names this migration in keys of a cache that others share, which have 64 bytes at most.
    migration = hashlib.sha256(connection.encode()).hexdigest()[:16]
    values: dict[str, Any] = {"connection": connection, "migration": migration}
    if guard == "deny_audience":
        values = {"audience": audience}
    elif guard == "fetch_metadata":
        values |= {"flag": METADATA_FLAG, "expected": expected_keys(profile)}
    else:
        values |= {"flag": MARK_FLAG}
    code = rendered(f"{kind}/{guard}", budget_ms=GUARD_BUDGET_MS, **values)
    return GuardSource(guard, guard_name(guard, connection), code, () if guard == "deny_audience" else SETTINGS)
