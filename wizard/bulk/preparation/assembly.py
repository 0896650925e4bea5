"""What the workers made of all blocks, put together again in source order: runs of users to cut, and rejects."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from wizard.bulk.files import Opened, private, read_at
from wizard.bulk.preparation.chunks import Run
from wizard.bulk.preparation.collisions import NAMED, Collision, Collisions
from wizard.bulk.preparation.spool import MOVED, MOVED_MARK, Mapped, Place, Positions, reject_line
from wizard.rejects import NOT_PREFERRED, REASONS, Reject

CODES = {
    "user_id": "duplicate_user_id",
    "email": "duplicate_email",
    "username": "duplicate_username",
    "phone_number": "duplicate_phone",
}
"""The code for users who share this member of the profile."""

BLOCKS_HELD = 256
"""Blocks whose positions are held in memory: some megabytes."""


class Assembly:
    """Gathers what became of the blocks, in the order in which workers finish them.

    Args:
        spool: Folder of the spool files.
        keys: Members of a profile that must be unique, in the order of the kinds of collisions.
        skip: Codes that the operator decided to leave behind.
    """

    def __init__(self, spool: Path, keys: tuple[str, ...], skip: frozenset[str]) -> None:
        self._spool = spool
        self._keys = keys
        self._skip = skip | {NOT_PREFERRED}  # who is left out by a decision is no reject
        self._places = array("Q")
        """Of each block; of all that is known about users, these numbers alone stay in memory."""
        self.reasons: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.read = 0
        self.rejects: dict[str, Any] = {}

    def add(self, mapped: Mapped) -> None:
        """Remember where the block lies."""
        self._places.extend(mapped.place)
        self.read += mapped.place.records
        self.reasons.update(mapped.reasons)
        self.notes.update(mapped.notes)

    @property
    def skipped(self) -> int:
        return sum(count for code, count in self.reasons.items() if code in self._skip)

    @property
    def migrated(self) -> int:
        """Users who are in the connection already."""
        return self.reasons[MOVED]

    @property
    def rejected(self) -> int:
        return self.reasons.total() - self.skipped - self.migrated

    def runs(self, rejects: Path, migrated: Path) -> Iterator[Run]:
        """Yield the users that collide with no other, in source order, and write all rejects on the way.

        Who is in the connection already goes into `migrated`. Afterwards the notes are of the users that were yielded.
        """
        found = Collisions(self._spool)
        opened = Opened()
        places = self._in_order()
        where = _Whereabouts(self._spool, places, opened)
        digest, size, lines = hashlib.sha256(), 0, 0
        try:
            with private(rejects) as file, private(migrated) as moved:
                for place in places:
                    users = _Users(self._spool, place, opened)
                    colliding = {
                        number: collisions
                        for number, collisions in found.between(users.first, users.first + len(users.sizes)).items()
                        if users.sizes[number - users.first]  # a reject has its reason already
                    }
                    written = self._merged(users, colliding, where) if colliding else users.rejects
                    if MOVED_MARK in written:
                        listed = written.splitlines(keepends=True)
                        moved.write(b"".join(line for line in listed if MOVED_MARK in line))
                        written = b"".join(line for line in listed if MOVED_MARK not in line)
                    file.write(written)
                    digest.update(written)
                    size, lines = size + len(written), lines + written.count(b"\n")
                    yield from users.runs(colliding)
        finally:
            opened.close()
        self.rejects = {"name": rejects.name, "lines": lines, "bytes": size, "sha256": digest.hexdigest()}

    def _in_order(self) -> _Places:
        numbers = len(Place._fields)
        return _Places(self._places, sorted(range(0, len(self._places), numbers), key=self._places.__getitem__))

    def _merged(self, users: _Users, colliding: dict[int, list[Collision]], where: _Whereabouts) -> bytes:
        """The rejects of a block, those of collisions among them, by record."""
        lines = {orjson.loads(line)["record"]: line for line in users.rejects.splitlines(keepends=True)}
        for note, indices in users.noted.items():
            self.notes[note] -= sum(users.first + index in colliding for index in indices)
        for number, collisions in colliding.items():
            why = self._reject(number, collisions, where)
            self.reasons[why.code] += 1
            index = number - users.first
            lines[number] = reject_line(where(number), number, users.profile(index)["user_id"], why, self._skip)
        return b"".join(lines[number] for number in sorted(lines))

    def _reject(self, number: int, collisions: list[Collision], where: _Whereabouts) -> Reject:
        """Coded by the first key that is shared; the message says all of them and where the other records are found."""
        for collision in collisions:
            if collision.preferred:
                return Reject(NOT_PREFERRED, f"{REASONS[NOT_PREFERRED].message}: {where(collision.preferred)}")
        codes = [CODES[self._keys[collision.kind]] for collision in collisions]
        parts = [
            f"{REASONS[code].message}: {_others(number, each, where)}"
            for code, each in zip(codes, collisions, strict=True)
        ]
        return Reject(codes[0], "; ".join(parts))


def _others(number: int, collision: Collision, where: _Whereabouts) -> str:
    named = [where(member) for member in collision.members if member != number][: NAMED - 1]
    more = collision.group - 1 - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


class _Places:
    """The places of all blocks in source order, as numbers side by side."""

    def __init__(self, numbers: array[int], order: Sequence[int]) -> None:
        self._numbers = numbers
        self._order = order

    def __iter__(self) -> Iterator[Place]:
        return map(self.at, range(len(self._order)))

    def at(self, index: int) -> Place:
        start = self._order[index]
        return Place(*self._numbers[start : start + len(Place._fields)])

    def of(self, number: int) -> int:
        """The index of the block that holds the record with this number."""
        return bisect_right(self._order, number, key=self._numbers.__getitem__) - 1


class _Whereabouts:
    """Where an operator finds any record, by its number; read again from the spool, but for a few blocks."""

    def __init__(self, spool: Path, places: _Places, opened: Opened) -> None:
        self._spool = spool
        self._places = places
        self._opened = opened
        self._of_block = lru_cache(BLOCKS_HELD)(self._read)

    def __call__(self, number: int) -> str:
        first, positions = self._of_block(self._places.of(number))
        return positions[number - first]

    def _read(self, block: int) -> tuple[int, Positions]:
        place = self._places.at(block)
        descriptor = self._opened(self._spool / f"positions.{place.spool}")
        return place.first, Positions(read_at(descriptor, place.positions_bytes, place.positions_at))


class _Users:
    """One block as it lies in the spool."""

    def __init__(self, spool: Path, place: Place, opened: Opened) -> None:
        self._spool = spool
        self._place = place
        self._opened = opened
        self.first = place.first
        self.sizes = array("I", self._read("sizes", place.records * 4, place.sizes_at))
        self.rejects = self._read("rejects", place.rejects_bytes, place.rejects_at) if place.rejects_bytes else b""

    def _read(self, name: str, size: int, offset: int) -> bytes:
        return read_at(self._opened(self._spool / f"{name}.{self._place.spool}"), size, offset)

    @property
    def noted(self) -> dict[str, list[int]]:
        """Indices in the block of the users who are noted, by note."""
        size = self._place.noted_bytes
        noted: dict[str, list[int]] = orjson.loads(self._read("noted", size, self._place.noted_at)) if size else {}
        return noted

    def profile(self, index: int) -> dict[str, Any]:
        """The user of the record with this index in the block."""
        offset = self._place.users_at + sum(self.sizes[:index])
        profile: dict[str, Any] = orjson.loads(self._read("users", self.sizes[index] - 1, offset))
        return profile

    def runs(self, colliding: dict[int, list[Collision]]) -> Iterator[Run]:
        """Users without those that collide."""
        start, offset = 0, self._place.users_at
        for stop in [*(number - self.first for number in sorted(colliding)), len(self.sizes)]:
            sizes = [size for size in self.sizes[start:stop] if size]
            if sizes:
                yield Run(self._place.spool, offset, sizes)
            offset += sum(sizes) + (self.sizes[stop] if stop < len(self.sizes) else 0)
            start = stop + 1
