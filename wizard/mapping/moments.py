"""Moments as stores write them, read where there is one way to read them; what is left unread is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal, get_args

from wizard.counts import counted
from wizard.mapping.words import ISO, NO_MOMENT, NOTHING_WORDS

Order = Literal["day", "month"]
"""What comes first in dates such as 05/06/2023."""

ORDERS: tuple[Order, Order] = ("day", "month")

Kind = Literal["day", "month", "either", "other"]
"""What would read a value that is not read: an order that it shows itself, one that it does not show, or none."""

NOTE = "unread "
"""Begins the note on values of a column that decides between users and that are not read; column and `Kind` follow."""

_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?", re.ASCII)
_GENERALISED = re.compile(r"(\d{14})(?:[.,](\d+))?(?:Z|([+-]\d\d)(\d\d)?)?", re.ASCII)
_OF_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC?|[+-]\d{4})(?: \([A-Z]+\))?",
    re.ASCII,
)
_WRITTEN = re.compile(
    r"(?:(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})|(?P<a>\d{1,2})(?P<t>[-/.])(?P<b>\d{1,2})(?P=t)(?P<c>\d{4}))"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?(?: ?(?P<half>[AP])M)?"
    r"(?: ?(?:Z|UTC|GMT|(?P<zone>[+-]\d\d:?\d\d)(?: UTC)?))?)?",
    re.ASCII | re.IGNORECASE,
)
_NOTHING = re.compile("|".join(("", *map(re.escape, NOTHING_WORDS), NO_MOMENT)))
_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(value: Any, order: Order | None = None) -> datetime | None:
    """A moment as stores write it; where it has no zone it is taken for UTC.

    ISO, year first or dots between (24.12.2023 17:30), that of mails and HTTP (RFC 5322), LDAP's with seconds (RFC 4517,
    3.3.13), seconds or milliseconds since 1970, Windows' since 1601.

    Args:
        order: How dates with slashes or dashes are read that do not begin with the year; None reads none of them.

    Returns:
        None for nothing, for what stands for it, such as zero, and for what can be read in several ways or not at all.
    """
    try:
        if isinstance(value, datetime):
            return _in_utc(value)
        if isinstance(value, date):
            return _in_utc(datetime(value.year, value.month, value.day, tzinfo=UTC))
        text = _text(value)
        if text[4:5] == "-" and ISO.fullmatch(text):
            with suppress(ValueError):
                return _in_utc(datetime.fromisoformat(text))
        if found := _GENERALISED.fullmatch(text):
            return _generalised(*found.groups())
        if _NUMBER.fullmatch(text):
            return _of_number(text)
        if _OF_MAIL.fullmatch(text):
            from email.utils import parsedate_to_datetime

            return _in_utc(parsedate_to_datetime(text))
        if found := _WRITTEN.fullmatch(text):
            return _of_parts(found, order)
        return _in_utc(datetime.fromisoformat(text)) if ISO.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def is_nothing(value: Any) -> bool:
    """Whether there is no value, or one that stands for none: then no moment is expected of it."""
    return value is None or _NOTHING.fullmatch(_text(value).lower()) is not None


def why_unread(value: Any, order: Order | None = None) -> Kind | None:
    """What would read a value that `moment_of` does not; None where it does or nothing is there."""
    if is_nothing(value) or moment_of(value, order) is not None:
        return None
    if order is not None:
        return "other"
    day, month = (moment_of(value, first) is not None for first in ORDERS)
    return "either" if day and month else "day" if day else "month" if month else "other"


def unread(column: str, values: Iterable[Any], order: Order | None = None) -> Unread:
    """What is left unread of a column."""
    return Unread(column, Counter(kind for value in values if (kind := why_unread(value, order))))


def _text(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def _in_utc(moment: datetime) -> datetime | None:
    if moment.year == 1:  # .NET's first moment, which stands for none
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _generalised(second: str, fraction: str | None, hours: str | None, minutes: str | None) -> datetime | None:
    moment = datetime.strptime(second, "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone follows
    zone = _zone(f"{hours}{minutes or '00'}" if hours else None)
    return _in_utc(moment.replace(microsecond=int(f"{fraction or '':0<6}"[:6]), tzinfo=zone))


def _of_number(text: str) -> datetime | None:
    """By its size, where only one count makes of it a moment between 1973 and 2286; eight digits are year, month and day."""
    if len(text) == 8 and text[:2] in ("19", "20"):
        return _in_utc(datetime.fromisoformat(text))
    number = float(text)
    if 10**8 <= number < 10**10:
        return _1970 + timedelta(seconds=number)
    may_be_a_minute = number < 10**12 and text[:2] in ("19", "20")  # 202312241730
    if 10**11 <= number < 10**13 and not may_be_a_minute:
        return _1970 + timedelta(milliseconds=number)
    return _1601 + timedelta(microseconds=number / 10) if 10**17 <= number < 2 * 10**17 else None


def _of_parts(found: re.Match[str], order: Order | None) -> datetime | None:
    part = found.groupdict()
    if part["y"]:
        year, month, day = part["y"], part["m"], part["d"]
    elif part["t"] == ".":
        day, month, year = part["a"], part["b"], part["c"]
    elif order is None:
        return None
    else:
        year = part["c"]
        day, month = (part["a"], part["b"]) if order == "day" else (part["b"], part["a"])
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (part["half"] in "pP")
    microsecond = int(f"{part['part'] or '':0<6}"[:6])
    zone = _zone(part["zone"])
    return _in_utc(datetime(int(year), int(month), int(day), hour, minute, second, microsecond, tzinfo=zone))


def _zone(words: str | None) -> timezone:
    if words is None:
        return UTC
    away = timedelta(hours=int(words[1:3]), minutes=int(words[-2:]))
    return timezone(-away if words[0] == "-" else away)


@dataclass(frozen=True)
class Unread:
    """Values of a column that are not read as moments, by what would read them."""

    column: str
    kinds: Mapping[Kind, int]

    @property
    def values(self) -> int:
        return sum(self.kinds.values())

    @property
    def notes(self) -> Counter[str]:
        """The same as notes, from which `Unread.of` makes it again."""
        return Counter({f"{NOTE}{self.column} {kind}": values for kind, values in self.kinds.items()})

    @classmethod
    def of(cls, notes: Mapping[str, int]) -> Sequence[Unread]:
        """What notes tell of each column."""
        found: dict[str, Counter[Any]] = {}
        for note, values in notes.items():
            if note.startswith(NOTE):
                column, _, kind = note.removeprefix(NOTE).rpartition(" ")
                found.setdefault(column, Counter())[kind] += values
        return [cls(column, kinds) for column, kinds in found.items()]

    @property
    def order(self) -> Order | None:
        """What comes first, where dates with a part above 12 show it and none shows the contrary."""
        day, month = self.kinds.get("day", 0), self.kinds.get("month", 0)
        return "day" if day and not month else "month" if month and not day else None

    def order_told(self) -> str:
        """What shows which comes first, or why nothing does."""
        day, month, either = (self.kinds.get(kind, 0) for kind in ("day", "month", "either"))
        if self.order is not None:
            dates = f"{counted(day or month, 'date')} of {day + month + either:,} in {self.column}"
            return f"{dates} can only begin with the {self.order}, as a part above 12 shows; none begins otherwise."
        if day:
            return f"In {self.column} {counted(day, 'date')} can only begin with the day and {month:,} only with the month."
        return f"Nothing in {counted(either, 'date')} of {self.column} shows which comes first, as no part is above 12."

    def __str__(self) -> str:
        return self.told()

    def told(self, key: str = "date_order in [profile]") -> str:
        """How many there are, and the one thing that helps with most of them.

        Args:
            key: What the reader calls the answer that decides the order.
        """
        day, month, either, other = (self.kinds.get(kind, 0) for kind in get_args(Kind))
        remedy = f"Set {key} to day or month; nothing shows which comes first."
        if (day and month) or other > day + month + either:
            remedy = "Have the store write them as ISO 8601: 2023-12-24T17:30:00Z."
        elif day or month:
            first = "day" if day else "month"
            remedy = f"Set {key} to {first}; dates with a part above 12 show that it comes first."
        return f"{counted(self.values, 'value')} of {self.column} cannot be read as a moment. {remedy}"
