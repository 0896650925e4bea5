"""When users last logged in, counted by age: what an automatic migration can hope for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.mapping.moments import Kind, Unread

AGES = (("30 days", 30), ("90 days", 90), ("a year", 365))
"""How long ago, in words and in days; then come older moments, and users who never logged in."""

OLDER, NEVER = "longer ago", "never, or not known"

_CALLED = (
    "lastlogin lastloginat lastlogindate lastlogintime lastsignin lastsigninat lastsignedinat currentsigninat lastseen "
    "lastseenat lastactive lastactiveat lastactivity lastactivityat lastaccess lastlogintimestamp lastlogon "
    "lastloginon lastvisit authtimestamp krblastsuccessfulauth wclastactive letzteanmeldung letzterlogin"
)
COLUMNS = frozenset(_CALLED.split())
"""Names of such columns without case, spaces and punctuation."""


@dataclass(frozen=True)
class Activity:
    """Users by the age of their last login, in the order of `AGES`, then `OLDER` and `NEVER`.

    Those whose last login cannot be read are among the latter, and `unread`.
    """

    column: str
    users: Mapping[str, int]
    unread: Unread

    @property
    def total(self) -> int:
        return sum(self.users.values())

    def within(self, days: int) -> int:
        """Users who logged in during the last so many days, one of `AGES`."""
        return sum(self.users.get(words, 0) for words, age in AGES if age <= days)


def column_of_activity(columns: Sequence[str]) -> str | None:
    """The column that is called like a last login."""
    from wizard.mapping.names import last

    return next((column for column in columns if last(column) in COLUMNS), None)


def activity(column: str, values: Iterable[Any], now: datetime) -> Activity:
    """Count moments by age; consumed once."""
    from wizard.mapping.moments import Unread, moment_of, why_unread

    counts: Counter[str] = Counter()
    kinds: Counter[Kind] = Counter()
    for value in values:
        moment = moment_of(value)
        counts[age_of(moment, now)] += 1
        if moment is None and (kind := why_unread(value)):
            kinds[kind] += 1
    ordered = (*(words for words, _ in AGES), OLDER, NEVER)
    return Activity(column, {words: counts[words] for words in ordered}, Unread(column, kinds))


def age_of(moment: datetime | None, now: datetime) -> str:
    """The group that a moment belongs to."""
    if moment is None:
        return NEVER
    return next((words for words, days in AGES if now - moment <= timedelta(days=days)), OLDER)


def age_in_words(age: str) -> str:
    """A group as part of a sentence: `within 30 days`, `longer ago`."""
    return f"within {age}" if age in (words for words, _ in AGES) else age
