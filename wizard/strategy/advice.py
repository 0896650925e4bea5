"""Which way to migrate, from what was measured in the legacy store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wizard.counts import counted

if TYPE_CHECKING:
    from wizard.passwords.census import HashGroup
    from wizard.strategy.activity import Activity

Way = Literal["automatic", "bulk", "two-phase"]

MOSTLY = 0.995
"""From this share of passwords that travel on, the few that do not are not worth a second way."""


@dataclass(frozen=True)
class Recommendation:
    """A way to migrate and the reasons for it, in the operator's words."""

    strategy: Way
    why: tuple[str, ...]


def recommend(
    groups: Sequence[HashGroup], *, activity: Activity | None = None, withheld: bool = False
) -> Recommendation:
    """Recommend a way from the census of password hashes.

    Bulk moves everybody at once and is enough where the hashes travel; users whose hash cannot travel keep their
    password only by logging in through the legacy store.

    Args:
        activity: When users last logged in, if the store says.
        withheld: The store or its export gives no hashes away, though users have passwords.
    """
    useless = sum(group.users for group in groups if group.carried_by == "none" and not _is_checked(group))
    users = sum(group.users for group in groups) - useless
    carried = sum(group.users for group in groups if group.carried_by != "none")
    keep_all = "users who log in through the legacy store keep their password whatever its hash"
    if users == 0 and withheld:
        return Recommendation(
            "automatic",
            ("the store, or this export of it, gives no password hashes away", keep_all, *_active(activity)),
        )
    if users == 0:
        return Recommendation("bulk", ("there are no password hashes to carry; users get a password reset",))
    bare = (
        (f"{counted(useless, 'other user')} {_have(useless)} no password that a login could check",) if useless else ()
    )
    unknown = sum(group.users for group in groups if group.code == "password_undeclared")
    if unknown:
        keep_all = f"{keep_all}, once it is known how {counted(unknown, 'hash', 'hashes')} {_were(unknown)} made (passwords prove)"
    share = carried / users
    kept = f"{carried:,} of {counted(users, 'password')} ({share:.1%}) {'travels' if users == 1 else 'travel'} in an import"
    untried = sum(group.users for group in groups if group.needs_proof)
    if untried:
        kept += f", {untried:,} of them only if a description that nobody has tried is right"
    figures = (kept, *bare)
    lost = f"{counted(users - carried, 'password')} would stay behind, or be set anew by {_whose(users - carried)}"
    if share >= MOSTLY:
        reasons = (*figures, "nothing has to run in front of the legacy store")
        return Recommendation("bulk", (*reasons, *(() if carried == users else (lost,))))
    if share == 0:
        return Recommendation("automatic", (*figures, keep_all, *_active(activity)))
    return Recommendation("two-phase", (*figures, f"in bulk alone {lost}", keep_all, *_active(activity)))


def _whose(number: int) -> str:
    return "its user" if number == 1 else "their users"


def _is_checked(group: HashGroup) -> bool:
    """Whether a login at the legacy store can check these; a group without a code is taken for one."""
    from wizard.rejects import CHECKED_AT_LOGIN

    return not group.code or group.code in CHECKED_AT_LOGIN


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _active(activity: Activity | None) -> tuple[str, ...]:
    if activity is None or not activity.within(365):
        return ()
    quarter = activity.within(90)
    return (
        f"{quarter:,} of {counted(activity.total, 'user')} ({quarter / activity.total:.0%}) logged in within 90 days and would move at the next login",
    )
