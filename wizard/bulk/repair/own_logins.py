"""Logins of the wizard's own canaries: whose account has no other since the import is not in use by anybody.

Of each canary the account is looked at just before and just after the login, by what Auth0 shows at once. Only where it was
not in use before, and this login alone was counted, is its state after that noted; an account that is as it was noted then
has been used by nobody else. Whatever is not as noted counts as used: a login or a change beside or after it, one whose
answer was lost, a canary that is not found by its e-mail address. Only a change without a login in the second between the
looks is taken for the login's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.auth0.dates import moment

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, User
    from wizard.journal import Journal
    from wizard.tools import Tools

OWN_LOGINS = "own_logins"
"""Journal fact: by full id of each canary that nobody else has used, its `State` after the last login of this run."""

State = tuple[int, float, float]
"""How often somebody has logged in, and UNIX times of Auth0's of the last login and of the last change."""


@dataclass(frozen=True)
class OwnLogins:
    """Accounts that canaries of the run alone have used, as they were left."""

    states: Mapping[str, State]

    @classmethod
    def of(cls, journal: Journal) -> OwnLogins:
        return cls({user_id: (state[0], state[1], state[2]) for user_id, state in _known(journal).items()})

    def are_all(self, user_id: str, logins_count: object, last_login: object, updated_at: object) -> bool:
        """Whether the account of this full id is as the last login of a canary left it."""
        state = _state(logins_count, last_login, updated_at)
        return state is not None and self.states.get(user_id) == state


def _known(journal: Journal) -> dict[str, Any]:
    return journal.recall(OWN_LOGINS) or {}


def _state(logins_count: object, last_login: object, updated_at: object) -> State | None:
    """None where Auth0 does not tell all of it."""
    login, change = moment(last_login), moment(updated_at)
    return (logins_count, login, change) if isinstance(logins_count, int) and login and change else None


async def canary_of(connection: Connection, login: str, tools: Tools) -> User | None:
    """Whose e-mail address this is; None where no one account of the connection has it."""
    if "@" not in login:
        return None
    found = [one for one in await tools.tenant.users_by_email(login) if one.is_in(connection.name)]
    return found[0] if len(found) == 1 and not found[0].is_linked else None


def note_login(before: User | None, after: User | None, journal: Journal) -> None:
    """Write down how an accepted login has left a canary's account, if nobody else has used it.

    Args:
        before: As it was just before; None where it was not found.
        after: As it is just after.
    """
    from wizard.bulk.repair.removal import facts_of, use_of

    if after is None:
        return
    states, own = _known(journal), OwnLogins.of(journal)
    state = _state(after.logins_count, after.last_login, after.updated_at)
    alone = (
        before is not None
        and before.user_id == after.user_id
        and before.created_at == after.created_at
        and after.logins_count == before.logins_count + 1
        and not use_of(*facts_of(before), own)
    )
    if alone and state is not None:
        journal.remember(OWN_LOGINS, {**states, after.user_id: state})
    elif after.user_id in states:
        journal.remember(OWN_LOGINS, {user_id: one for user_id, one in states.items() if user_id != after.user_id})
