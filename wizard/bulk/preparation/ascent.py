"""Keys that come in order, as ids of most exports do: no two are the same, so that none needs a look of its own.

In order means by length, and by bytes among those of one length: numbers without leading zeros come in the order of counting.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from operator import lt
from pathlib import Path

from wizard.bulk.files import private

Rank = tuple[int, bytes]
"""A key as it is ordered: its length comes first."""

Span = tuple[Rank, Rank]
"""The first and the last of some keys that are in order."""


class Ascent:
    """Watches the keys of one worker for as long as each follows the one before it.

    Args:
        path: New file for the first and last key of each block.
    """

    def __init__(self, path: Path) -> None:
        self._file = private(path)
        self._last: Rank = (0, b"")
        self.unbroken = True

    def follows(self, keys: Sequence[bytes]) -> bool:
        """Whether these, of which none is b"", are in order and come after all that were there before.

        Once they are not, none does any more.
        """
        self.unbroken = self.unbroken and self._goes_on(keys)
        return self.unbroken

    def _goes_on(self, keys: Sequence[bytes]) -> bool:
        first, last = (len(keys[0]), keys[0]), (len(keys[-1]), keys[-1])
        if not (self._last < first and (len(keys) == 1 or first < last) and _ascend(keys)):
            self._file.truncate(0)
            return False
        self._last = last
        self._file.write(b"%b\n%b\n" % (keys[0], keys[-1]))
        return True

    def flush(self) -> None:
        """Let other processes read it."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def apart(paths: Sequence[Path]) -> bool:
    """Whether the keys of all workers are in order and no block has keys between those of another.

    Args:
        paths: Files of workers that had any keys.
    """
    if any(path.stat().st_size == 0 for path in paths):
        return False
    spans = heapq.merge(*map(_spans, paths))
    return all(last < first for (_, last), (first, _) in pairwise(spans))


def _ascend(keys: Sequence[bytes]) -> bool:
    if len(keys[0]) == len(keys[-1]) and len(set(map(len, keys))) == 1:
        return all(map(lt, keys, islice(keys, 1, None)))
    ranks = list(zip(map(len, keys), keys, strict=True))
    return all(map(lt, ranks, islice(ranks, 1, None)))


def _spans(path: Path) -> Iterator[Span]:
    with path.open("rb") as file:
        for first in file:
            last = next(file)
            yield (len(first) - 1, first[:-1]), (len(last) - 1, last[:-1])
