"""Find users who share what must be unique, exactly, in memory that does not grow with their number.

Each worker scatters the keys of its users over buckets by a checksum; equal keys meet in one bucket. A bucket is then
read on its own: first for keys that occur twice, and only if there are any once more for the records that have them.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from zlib import crc32

from wizard.bulk.files import Opened, private, read_at, write_at
from wizard.mapping.preference import preferred

USERS_PER_BUCKET = 1 << 15
HELD = 1 << 14
"""Keys of one kind that a worker holds before it writes them."""

NAMED = 4
"""Members of a group that are kept to be named; a reject names at most all but one of them."""

RANGE = 1 << 16
"""Records whose collisions lie in one file."""

_row = Struct("<IBII4I")  # record, kind, size of the group, the preferred record, the first members
_place = Struct("<QQQQ")  # where keys and numbers of a bucket begin, and those of the next


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


def buckets_for(users: int) -> int:
    """How many buckets keep each small: a power of two."""
    return 1 << max(3, (max(users, 1) // USERS_PER_BUCKET).bit_length())


class KeySpool:
    """The keys of one kind from one worker.

    Args:
        path: Beginning of the names of its three files: keys, numbers of records, and where each bucket lies.
    """

    def __init__(self, path: Path, buckets: int) -> None:
        self._files = [private(path.with_name(f"{path.name}.{part}")) for part in ("keys", "numbers", "index")]
        self._mask = buckets - 1
        self._keys: list[list[bytes]] = [[] for _ in range(buckets)]
        self._numbers = [array("I") for _ in range(buckets)]
        self._hold = [keys.append for keys in self._keys]  # bound once, as they are called for every key
        self._count = [numbers.append for numbers in self._numbers]
        self._held = 0
        self._places = (0, 0)

    def add(self, keys: Sequence[bytes], first: int) -> None:
        """Remember the keys of consecutive records, b"" for none, the first of which has this number."""
        hold, count, mask = self._hold, self._count, self._mask
        for number, key, check in zip(range(first, first + len(keys)), keys, map(crc32, keys), strict=True):
            if key:
                bucket = check & mask
                hold[bucket](key)
                count[bucket](number)
        self._held += len(keys)
        if self._held >= HELD:
            self._flush()

    def close(self) -> None:
        """Write what is held, once."""
        with ExitStack() as closing:
            for file in self._files:
                closing.callback(file.close)
            if self._held:
                self._flush()

    def _flush(self) -> None:
        keys_at, numbers_at = self._places
        places = array("Q")
        blobs, numbers = [], array("I")
        for bucket, held in enumerate(self._keys):
            places.extend((keys_at, numbers_at))
            blob = b"\n".join(held)
            blobs.append(blob)
            numbers.extend(self._numbers[bucket])
            keys_at += len(blob)
            numbers_at += len(held)
            held.clear()
            del self._numbers[bucket][:]
        places.extend((keys_at, numbers_at))
        keys_file, numbers_file, index_file = self._files
        keys_file.write(b"".join(blobs))
        numbers_file.write(numbers)
        index_file.write(places)
        self._places, self._held = (keys_at, numbers_at), 0


class Bucket:
    """All keys of one kind and bucket, from all workers, in parts."""

    def __init__(self, paths: Sequence[Path], opened: Opened, buckets: int, bucket: int) -> None:
        self._parts: list[tuple[int, int, int, int, int, int]] = []
        stride = (buckets + 1) * 16
        for path in paths:
            keys, numbers, index = (
                opened(path.with_name(f"{path.name}.{part}")) for part in ("keys", "numbers", "index")
            )
            for row in range(os.fstat(index).st_size // stride):
                place = read_at(index, 32, row * stride + bucket * 16)
                keys_at, numbers_at, keys_end, numbers_end = _place.unpack(place)
                if numbers_end > numbers_at:
                    self._parts.append(
                        (keys, keys_at, keys_end - keys_at, numbers, numbers_at, numbers_end - numbers_at)
                    )

    def keys(self) -> Iterator[list[bytes]]:
        for keys, at, size, _, _, _ in self._parts:
            yield read_at(keys, size, at).split(b"\n")

    def numbered(self) -> Iterator[tuple[bytes, int]]:
        for (_, _, _, numbers, at, count), keys in zip(self._parts, self.keys(), strict=True):
            yield from zip(keys, array("I", read_at(numbers, count * 4, at * 4)), strict=True)

    def repeated(self) -> set[bytes]:
        """The keys that occur more than once."""
        seen: set[bytes] = set()
        twice: set[bytes] = set()
        for keys in self.keys():
            fresh = set(keys)
            if len(fresh) < len(keys):
                twice.update(key for key, count in Counter(keys).items() if count > 1)
            if not seen.isdisjoint(fresh):
                twice |= seen & fresh
            seen |= fresh
        return twice


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


def find(bucket: Bucket, ranks: Ranks | None = None) -> Iterator[Found]:
    """Yield each record that collides, but for those that were left out before."""
    repeated = bucket.repeated()
    if not repeated:
        return
    sizes: Counter[bytes] = Counter()
    members: dict[bytes, list[int]] = {key: [] for key in repeated}
    for key, number in bucket.numbered():
        if key in members and not (ranks and ranks.is_left_out(number)):
            sizes[key] += 1
            first = members[key]
            first.append(number)
            if len(first) > NAMED:  # the smallest stay: workers finish blocks in any order
                first.remove(max(first))
    for key, number in bucket.numbered():
        if key in members and sizes[key] > 1 and not (ranks and ranks.is_left_out(number)):
            yield number, sizes[key], tuple(sorted(members[key])), 0


def prefer(bucket: Bucket, ranks: Ranks) -> Iterator[Found]:
    """The same where one of each group may be preferred; that one is not yielded."""
    repeated = bucket.repeated()
    groups: dict[bytes, list[int]] = {key: [] for key in repeated}
    if repeated:
        for key, number in bucket.numbered():
            if key in groups:
                groups[key].append(number)
    for numbers in groups.values():
        first, kept = tuple(sorted(numbers)[:NAMED]), ranks.prefer(numbers)
        for number in numbers:
            if number != kept:
                yield number, len(numbers), first, kept


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
