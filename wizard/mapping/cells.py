"""What a declared transform does to a cell: each function here makes one that is picklable and raises only Refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from math import isfinite
from typing import Any

from wizard.mapping.values import check_json
from wizard.mapping.words import FALSE_WORDS, ISO, MOMENT, NO_MOMENT, NOTHING_WORDS, TRUE_WORDS
from wizard.rejects import Refused, Reject

Call = Callable[[str], Any]
Text = Callable[[str], str]
BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"
"""The control characters that are white space."""
_BREAKS = re.compile(f"[{BREAKS}]+")
CONTROLS: dict[int, None] = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - set(map(ord, BREAKS)))
"""The others."""
_ABSENT = frozenset((*NOTHING_WORDS, *FALSE_WORDS))
_NO_MOMENT, _MOMENT = re.compile(NO_MOMENT), re.compile(MOMENT)
_ISO_DAY = (
    "[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_ISO_TIME = "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
ISO_DAY, ISO_MOMENT, ISO_MOMENT_IN_UTC = map(
    re.compile, (_ISO_DAY, f"{_ISO_DAY}{_ISO_TIME}Z?", f"{_ISO_DAY}{_ISO_TIME}Z")
)
"""Most texts of dates and moments that are ISO's already; a leap day is not among them."""
DIRECTIVES = {
    "Y": r"(\d{4})",
    "m": r"(\d{1,2})",
    "d": r"(\d{1,2})",
    "H": r"(\d{1,2})",
    "M": r"(\d{1,2})",
    "S": r"(\d{1,2})",
}


def spaces(reject: Reject) -> Text:
    """One space for each run of white space, none at the ends."""
    return _single_spaces


def _single_spaces(text: str) -> str:
    return " ".join(text.split())


def printable(reject: Reject) -> Text:
    """Without control characters; tabs and line ends part words, so that a space stays where they were."""
    return _without_controls


def _without_controls(text: str) -> str:
    return _BREAKS.sub(" ", text.translate(CONTROLS).strip(BREAKS))


def truncate(reject: Reject, length: int) -> Text:
    """The first characters."""
    if not isinstance(length, int) or length < 1:
        raise ValueError("it takes a number of characters from 1")
    return partial(_first, length)


def _first(length: int, text: str) -> str:
    return text[:length]


def replace(reject: Reject, old: str, new: str) -> Text:
    return partial(_replaced, _some(old), _text(new))


def _replaced(old: str, new: str, text: str) -> str:
    return text.replace(old, new)


def remove_prefix(reject: Reject, prefix: str) -> Text:
    return partial(_unprefixed, _some(prefix))


def _unprefixed(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def remove_suffix(reject: Reject, suffix: str) -> Text:
    return partial(_unsuffixed, _some(suffix))


def _unsuffixed(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


def before(reject: Reject, mark: str) -> Text:
    """What comes before the first mark; all of it where there is none."""
    return partial(_part, _some(mark), 0)


def after(reject: Reject, mark: str) -> Text:
    """What comes after the first mark; nothing where there is none."""
    return partial(_part, _some(mark), 2)


def _part(mark: str, index: int, text: str) -> str:
    return text.partition(mark)[index]


def boolean(
    reject: Reject, true: str | tuple[str, ...] = TRUE_WORDS, false: str | tuple[str, ...] = FALSE_WORDS
) -> Callable[[str], bool]:
    """One of the words, in any case of letters."""
    words: dict[str, bool] = {}
    for meaning, listed in ((True, true), (False, false)):
        for word in (listed,) if isinstance(listed, str) else listed:
            if words.setdefault(str(word).strip().lower(), meaning) is not meaning:
                raise ValueError(f"{word!r} cannot mean both true and false")
    return partial(_boolean, words, reject)


def _boolean(words: dict[str, bool], reject: Reject, text: str) -> bool:
    found = words.get(text)
    if found is None:
        found = words.get(text.strip().lower())
        if found is None:
            raise Refused(reject)
    return found


def present(reject: Reject) -> Callable[[str], bool]:
    """True of a moment or a true word, for columns such as email_verified_at; false of nothing, zero and false words."""
    return partial(_is_there, reject)


def _is_there(reject: Reject, text: str) -> bool:
    word = text.strip().lower()
    if not word or word in _ABSENT or _NO_MOMENT.fullmatch(word):
        return False
    if word in TRUE_WORDS or _MOMENT.fullmatch(word):
        return True
    raise Refused(reject)


def integer(reject: Reject) -> Callable[[str], int]:
    return partial(_integer, reject)


def _integer(reject: Reject, text: str) -> int:
    if len(text) <= 20 and text.isascii() and (text.isdecimal() or text.lstrip("+-").isdecimal()):
        try:
            return int(text)
        except ValueError:
            pass
    raise Refused(reject)


def real(reject: Reject) -> Callable[[str], float]:
    return partial(_real, reject)


def _real(reject: Reject, text: str) -> float:
    try:
        number = float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        raise Refused(reject) from None
    if not isfinite(number):
        raise Refused(reject)
    return number


def from_json(reject: Reject) -> Call:
    """The value that the text is JSON of; null counts as empty."""
    return partial(_from_json, reject)


def _from_json(reject: Reject, text: str) -> Any:
    import orjson

    try:
        value = orjson.loads(text)
    except ValueError:
        raise Refused(reject) from None
    check_json(value)
    return value


def split(reject: Reject, separator: str) -> Callable[[str], list[str] | None]:
    """The parts without white space around them; empty ones are left out."""
    return partial(_split, _some(separator))


def _split(separator: str, text: str) -> list[str] | None:
    return [part for part in map(str.strip, text.split(separator)) if part] or None


def day(reject: Reject, *formats: str) -> Text:
    """ISO date of a text in one of the formats of strptime; without any, of ISO dates and moments."""
    return partial(_day, reject, tuple(map(_reader, formats)))


def _day(reject: Reject, readers: tuple[Reader, ...], text: str) -> str:
    return _read(reject, readers, text).date().isoformat()


def moment(reject: Reject, *formats: str, zone: str | None = None) -> Text:
    """ISO moment, in UTC if the text or `zone` says where it was; without formats of ISO moments."""
    return partial(_moment, reject, tuple(map(_reader, formats)), _zone(zone))


def _moment(reject: Reject, readers: tuple[Reader, ...], zone: tzinfo | None, text: str) -> str:
    found = _read(reject, readers, text)
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=zone)
    if found.tzinfo is None:
        return found.isoformat()
    try:
        return found.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        raise Refused(reject) from None


def epoch(reject: Reject, unit: str = "s") -> Text:
    """ISO moment in UTC of seconds ("s") or milliseconds ("ms") since 1970."""
    if unit not in {"s", "ms"}:
        raise ValueError('the unit is "s" or "ms"')
    return partial(_epoch, reject, 1 if unit == "s" else 1000)


def _epoch(reject: Reject, divisor: int, text: str) -> str:
    try:
        found = datetime.fromtimestamp(0, UTC) + timedelta(seconds=_real(reject, text) / divisor)
    except OverflowError:
        raise Refused(reject) from None
    return found.replace(tzinfo=None).isoformat() + "Z"


Reader = tuple[re.Pattern[str] | None, tuple[str, ...], str]


def _reader(form: str) -> Reader:
    """A format of plain numbers becomes one pattern, five times faster than strptime; the others stay as they are."""
    parts = re.split(r"%(.)", _some(form))
    letters = tuple(parts[1::2])
    _strptime(datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC).strftime(form), form)  # an unknown directive raises here
    if not {"Y", "m", "d"} <= set(letters) <= set(DIRECTIVES) or len(set(letters)) != len(letters):
        return None, (), form
    pattern = "".join(re.escape(part) if index % 2 == 0 else DIRECTIVES[part] for index, part in enumerate(parts))
    return re.compile(pattern, re.ASCII), letters, form


def _read(reject: Reject, readers: tuple[Reader, ...], text: str) -> datetime:
    try:
        if not readers:
            read = datetime.fromisoformat(text)
            if text[10:11] not in "T " and ISO.fullmatch(text) is None:
                raise Refused(reject)
            return read
    except ValueError:
        raise Refused(reject) from None
    for pattern, letters, form in readers:
        try:
            if pattern is None:
                return _strptime(text, form)
            if found := pattern.fullmatch(text):
                number = dict(zip(letters, map(int, found.groups()), strict=True))
                clock = (number.get("H", 0), number.get("M", 0), number.get("S", 0))
                return datetime(number["Y"], number["m"], number["d"], *clock, tzinfo=UTC).replace(tzinfo=None)
        except ValueError:
            continue
    raise Refused(reject)


def _strptime(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - whether there is a zone is for the caller


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _some(text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError("it takes a text in quotes that is not empty")
    return text


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("it takes a text in quotes")
    return text
