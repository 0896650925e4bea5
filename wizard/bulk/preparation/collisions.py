"""Who shares what must be unique: which of them is preferred, and the files that say so until all rejects are written."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from wizard.bulk.files import private, read_at, write_at
from wizard.mapping.preference import preferred

NAMED = 4
"""Members of a group that are kept to be named; a reject names at most all but one of them."""

RANGE = 1 << 16
"""Records whose collisions lie in one file."""

_row = Struct("<IBII4I")  # record, kind, size of the group, the preferred record, the first members


@dataclass(frozen=True, slots=True)
class Collision:
    """A record in a group of records with the same key.

    Args:
        kind: Index into the kinds of keys.
        group: How many records share the key, this one included.
        members: Numbers of the first of them.
        preferred: The number of the one that is imported, as the answers decide; 0 for none.
    """

    kind: int
    group: int
    members: tuple[int, ...]
    preferred: int = 0


class Ranks:
    """A rank a record in one file, by record number; every worker writes those of its own blocks.

    The highest of a group is preferred, and the others are left out before other keys are compared.
    """

    LEFT_OUT = (1 << 64) - 1

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "ranks", os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)

    def write(self, first: int, ranks: Sequence[int]) -> None:
        """The ranks of consecutive records, the first of which has this number."""
        write_at(self._file, array("Q", ranks), first * 8)

    def rank(self, number: int) -> int:
        return int.from_bytes(read_at(self._file, 8, number * 8), sys.byteorder)

    def prefer(self, numbers: Sequence[int]) -> int:
        """Decide a group: the one that is preferred, after leaving out the others; 0 if there is no such one."""
        found = preferred([self.rank(number) for number in numbers])
        if found is None:
            return 0
        for number in numbers:
            if number != numbers[found]:
                self.write(number, (self.LEFT_OUT,))
        return numbers[found]

    def is_left_out(self, number: int) -> bool:
        return self.rank(number) == self.LEFT_OUT

    def close(self) -> None:
        os.close(self._file)


Found = tuple[int, int, tuple[int, ...], int]
"""A record that shares its key with others: its number, the size of the group, its first members, the preferred one."""


def find(groups: Iterable[Sequence[int]], ranks: Ranks | None = None) -> Iterator[Found]:
    """Yield each record of a group, but for those that were left out before."""
    for numbers in groups:
        left = numbers if ranks is None else [number for number in numbers if not ranks.is_left_out(number)]
        if len(left) > 1:
            first = tuple(left[:NAMED])
            yield from ((number, len(left), first, 0) for number in left)


def prefer(groups: Iterable[Sequence[int]], ranks: Ranks) -> Iterator[Found]:
    """The same where one of each group may be preferred; that one is not yielded."""
    for numbers in groups:
        first, kept = tuple(numbers[:NAMED]), ranks.prefer(numbers)
        yield from ((number, len(numbers), first, kept) for number in numbers if number != kept)


class CollisionFiles:
    """Where one worker puts the collisions it found, by ranges of records."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._folder = folder
        self._worker = worker
        self._held: dict[int, bytearray] = {}
        self._bytes = 0

    def add(self, kind: int, found: Found) -> None:
        number, size, members, preferred = found
        named = (*members, *(0,) * (NAMED - len(members)))
        self._held.setdefault(number // RANGE, bytearray()).extend(_row.pack(number, kind, size, preferred, *named))
        self._bytes += _row.size
        if self._bytes > 1 << 20:
            self.flush()

    def flush(self) -> None:
        for part, rows in self._held.items():
            with private(self._folder / f"collisions.{part}.{self._worker}", append=True) as file:
                file.write(rows)
        self._held, self._bytes = {}, 0


class Collisions:
    """All collisions, looked up by record; holds one range in memory."""

    def __init__(self, folder: Path) -> None:
        self._paths: dict[int, list[Path]] = {}
        for path in sorted(folder.glob("collisions.*")):
            self._paths.setdefault(int(path.name.split(".")[1]), []).append(path)
        self._range = -1
        self._found: dict[int, list[Collision]] = {}

    def between(self, first: int, end: int) -> dict[int, list[Collision]]:
        """Those of the records from `first` to before `end`, which must not decrease from call to call."""
        found: dict[int, list[Collision]] = {}
        for part in range(first // RANGE, (end - 1) // RANGE + 1):
            if part in self._paths:
                rows = self._load(part)
                found.update((number, rows[number]) for number in range(first, end) if number in rows)
        return found

    def _load(self, part: int) -> dict[int, list[Collision]]:
        if part != self._range:
            self._range, self._found = part, {}
            for path in self._paths[part]:
                for number, kind, size, preferred, *members in _row.iter_unpack(path.read_bytes()):
                    named = tuple(member for member in members if member)
                    self._found.setdefault(number, []).append(Collision(kind, size, named, preferred))
            for listed in self._found.values():
                listed.sort(key=lambda collision: collision.kind)
        return self._found
