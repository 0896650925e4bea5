"""Checks of the import schema over a column at once: one pattern runs over all its lines, in C.

They may call a good value odd, which costs time only. They never pass what the compiled function would refuse or change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from wizard.mapping.memo import Memo
from wizard.mapping.phones import MARK
from wizard.mapping.table import Odd
from wizard.mapping.words import EMAIL, PICTURE, USERNAME
from wizard.passwords.bcrypt import PASSWORD_HASH

E164 = re.compile(r"\+[1-9][0-9]{5,14}")


class Lines:
    """A pattern of ASCII that each of many values must match whole; picklable."""

    def __init__(self, one: re.Pattern[str]) -> None:
        self._one = one
        self._all = re.compile(b"(?:(?:%b)?\n)*+" % one.pattern.encode())

    def __reduce__(self) -> tuple[type[Lines], tuple[re.Pattern[str]]]:
        return Lines, (self._one,)

    def failing(self, values: Sequence[bytes], odd: Odd) -> None:
        """Add the indices of values that are not empty and do not match. No value holds a line break."""
        odd.update(self._failing(values))

    def exceptions(self, values: Sequence[bytes], most: int) -> Sequence[int] | None:
        """The same indices in order; None if there are more than `most`, found out without looking at the others."""
        found = list(islice(self._failing(values), most + 1))
        return found if len(found) <= most else None

    def _failing(self, values: Sequence[bytes]) -> Iterator[int]:
        joined = b"\n".join(values) + b"\n"
        index, counted, at = 0, 0, self._end(joined, 0)
        while at < len(joined):
            index, counted = index + joined.count(b"\n", counted, at), at
            yield index
            at = self._end(joined, joined.index(b"\n", at) + 1)

    def _end(self, joined: bytes, start: int) -> int:
        found = self._all.match(joined, start)
        return found.end() if found else start


EMAILS, USERNAMES, PICTURES, NUMBERS, HASHES = map(Lines, (EMAIL, USERNAME, PICTURE, E164, PASSWORD_HASH))


def user_ids(prefix: bytes, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    joined = b"".join(values)
    if not joined.isascii() or b" " in joined or b"\x7f" in joined or b"auth0|" in joined:
        odd.update(
            index for index, value in enumerate(values) if not value.isascii() or b" " in value or b"\x7f" in value
        )
        odd.update(index for index, value in enumerate(values) if value.startswith(b"auth0|"))
    if b"E+" in joined or b"e+" in joined:
        odd.update(index for index, value in enumerate(values) if b"E+" in value or b"e+" in value)
    at_most(255 - len(prefix), values, odd)
    return [prefix + value if value else b"" for value in values] if prefix else values


def emails(values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    lower = list(map(bytes.lower, values))
    at_most(64, lower, odd)
    EMAILS.failing(lower, odd)
    return lower


def phones(lengths: Memo, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    NUMBERS.failing(values, odd)
    odd.update(index for index, value in enumerate(values) if value and len(value) not in lengths[value[:MARK]])
    return values


def usernames(shortest: int, longest: int, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    lower = list(map(bytes.lower, values))
    joined = b"".join(lower)
    if not joined.isalnum():
        USERNAMES.failing(lower, odd)
    if b"@" in joined:
        odd.update(index for index, value in enumerate(lower) if b"@" in value)
    sizes = set(map(len, lower)) - {0}
    if sizes and not shortest <= min(sizes) <= max(sizes) <= longest:
        odd.update(index for index, value in enumerate(lower) if value and not shortest <= len(value) <= longest)
    return lower


def at_most(size: int, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    """Bytes, which are never fewer than characters."""
    if max(map(len, values), default=0) > size:
        odd.update(index for index, value in enumerate(values) if len(value) > size)
    return values


def pictures(values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    PICTURES.failing(values, odd)
    return values
