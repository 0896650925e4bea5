"""The profile that a login or get user script gives: what Auth0 takes of it, what it drops, and what it refuses.

Source: Auth0 docs, "Login Script Templates" and "Identify Users".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.practice.jobs.user_schema import UserSchema
from wizard.practice.jobs.usernames import username_rules

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

TAKEN = frozenset(
    {
        *("user_id", "email", "email_verified", "username", "phone_number", "phone_verified", "nickname", "name"),
        *("given_name", "family_name", "picture", "user_metadata", "app_metadata", "mfa_factors", "blocked"),
    }
)
FACTORS_REFUSED = "Unable to import MFA factors."


class ProfileRefused(Exception):
    """Auth0 cannot make a user of it; `factors` when the MFA factors are what is wrong."""

    def __init__(self, message: str, *, factors: bool = False) -> None:
        super().__init__(message)
        self.factors = factors


@dataclass(frozen=True, slots=True)
class ScriptProfile:
    """A profile as it is stored, and the names of the members that were dropped."""

    user: dict[str, Any]
    dropped: tuple[str, ...]


def script_profile(tenant: PracticeTenant, connection: Connection, given: Any, script: str) -> ScriptProfile:
    """Check what a script gave as the profile.

    Raises:
        ProfileRefused: it is no object, has no user_id, or has a member that a user cannot have.
    """
    if not isinstance(given, dict):
        raise ProfileRefused(f"The {script} script did not return a profile")
    kept = TAKEN if connection.allows_username else TAKEN - {"username"}
    user = {name: value for name, value in given.items() if name in kept and value is not None}
    if isinstance(user.get("user_id"), int) and not isinstance(user["user_id"], bool):
        user["user_id"] = str(user["user_id"])
    if not user.get("user_id"):
        if tenant.switches.profile_without_user_id == "refused":
            raise ProfileRefused(f"The {script} script returned a profile without user_id")
        user.pop("user_id", None)
    _refuse_problems(tenant, connection, user, script)
    return ScriptProfile(user, tuple(sorted(name for name in given if name not in kept)))


def _refuse_problems(tenant: PracticeTenant, connection: Connection, user: dict[str, Any], script: str) -> None:
    other_names = "username" in user or "phone_number" in user
    for problem in UserSchema(username_rules(connection), tenant.switches).problems(user):
        if problem.path.startswith("mfa_factors"):
            raise ProfileRefused(FACTORS_REFUSED, factors=True)
        if problem.message.endswith(": email") and "email" not in user and other_names:
            continue
        raise ProfileRefused(f"The {script} script returned a profile that is not valid: {problem.message}")
