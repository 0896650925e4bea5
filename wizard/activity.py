"""When users last logged in, counted by age: what an automatic migration can hope for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

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

_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?", re.ASCII)
_GENERALISED = re.compile(r"(\d{14})(?:\.\d+)?Z", re.ASCII)
_OF_HTTP = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})", re.ASCII)
_FILETIME_FROM = 10**16
_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Activity:
    """Users by the age of their last login, in the order of `AGES`, then `OLDER` and `NEVER`."""

    column: str
    users: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.users.values())

    def within(self, days: int) -> int:
        """Users who logged in during the last so many days, one of `AGES`."""
        return sum(self.users.get(words, 0) for words, age in AGES if age <= days)


def column_of_activity(columns: Sequence[str]) -> str | None:
    """The column that is called like a last login."""
    from wizard.mapping.names import simple

    return next((column for column in columns if simple(column.rpartition(".")[2]) in COLUMNS), None)


def activity(column: str, values: Iterable[Any], now: datetime) -> Activity:
    """Count moments by age; consumed once."""
    counts: Counter[str] = Counter()
    for value in values:
        counts[age_of(moment_of(value), now)] += 1
    ordered = (*(words for words, _ in AGES), OLDER, NEVER)
    return Activity(column, {words: counts[words] for words in ordered})


def age_of(moment: datetime | None, now: datetime) -> str:
    """The group that a moment belongs to."""
    if moment is None:
        return NEVER
    return next((words for words, days in AGES if now - moment <= timedelta(days=days)), OLDER)


def age_in_words(age: str) -> str:
    """A group as part of a sentence: `within 30 days`, `longer ago`."""
    return f"within {age}" if age in (words for words, _ in AGES) else age


def moment_of(value: Any) -> datetime | None:
    """A moment as stores write them: ISO, HTTP's (RFC 9110), seconds or milliseconds since 1970, LDAP's, Windows' since 1601.

    None for nothing, for zero (which stands for never), and for what is no moment.
    """
    try:
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, bool) or value is None:
            return None
        text = str(value).strip()
        if _NUMBER.fullmatch(text):
            return _of_number(float(text)) if not _GENERALISED.fullmatch(text + "Z") else _generalised(text)
        if found := _GENERALISED.fullmatch(text):
            return _generalised(found[1])
        if _OF_HTTP.fullmatch(text):
            from email.utils import parsedate_to_datetime

            return parsedate_to_datetime(text).astimezone(UTC)
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _of_number(number: float) -> datetime | None:
    if number <= 0:
        return None
    if number >= _FILETIME_FROM:
        return _1601 + timedelta(microseconds=number / 10)
    return _1970 + timedelta(seconds=number / 1000 if number >= 10**11 else number)


def _generalised(digits: str) -> datetime:
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
