"""A pattern over a column at once: it runs over all its lines in C."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice


class Lines:
    """A pattern of ASCII that each of many values must match whole; picklable."""

    def __init__(self, one: re.Pattern[str]) -> None:
        self._one = one
        # No group is possessive: until Python 3.11.5 such a group could fail to match (its issues 101955 and 106052).
        self._full = re.compile(b"(?:(?:%b)\n)*" % one.pattern.encode())  # a fifth faster, and ends where nothing is
        self._all = re.compile(b"(?:(?:%b)?\n)*" % one.pattern.encode())

    def __reduce__(self) -> tuple[type[Lines], tuple[re.Pattern[str]]]:
        return Lines, (self._one,)

    def failing(self, lines: bytes, odd: set[int]) -> None:
        """Add the indices of lines that are not empty and do not match."""
        odd.update(self._failing(lines))

    def exceptions(self, values: Sequence[bytes], most: int) -> Sequence[int] | None:
        """The same indices of values in order; None if more than `most`, found out without looking at the others.

        No value holds a line break.
        """
        found = list(islice(self._failing(b"\n".join(values)), most + 1))
        return found if len(found) <= most else None

    def _failing(self, lines: bytes) -> Iterator[int]:
        lines += b"\n"
        index, counted, at = 0, 0, _end(self._full, lines, 0)
        if at < len(lines):
            at = _end(self._all, lines, at)
        while at < len(lines):
            index, counted = index + lines.count(b"\n", counted, at), at
            yield index
            at = _end(self._all, lines, lines.index(b"\n", at) + 1)


def _end(pattern: re.Pattern[bytes], lines: bytes, start: int) -> int:
    found = pattern.match(lines, start)
    return found.end() if found else start
