"""What must be unique, of all users: written by the workers as they map, and read again to find who shares it.

Each worker writes its keys in the order of the records. Unless they ascend, in which case no two are the same, it scatters
checksums of them over buckets: equal keys meet in one bucket. A bucket is read on its own, in memory that does not grow
with the number of users; only where a checksum occurs twice are the keys themselves read again, so that what is found is
exact.
"""

from __future__ import annotations

import errno
import heapq
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import compress
from pathlib import Path
from struct import Struct
from zlib import crc32

from wizard.bulk.files import Opened, private, read_at
from wizard.bulk.preparation.ascent import Ascent, apart

USERS_PER_BUCKET = 1 << 14
"""Up to four million users; a bucket grows beyond that, as there are never more buckets than a byte can name."""
MOST_BUCKETS = 1 << 8
TOGETHER = 8
"""Buckets that are looked through as one task, so that blocks with suspects are read again once for all of them."""
MOST_SUSPECTS = 1 << 16
"""Records with checksums that others have too, whose keys are held at once."""
HELD = 1 << 16
"""Checksums of one kind that a worker holds before it writes them."""

_block = Struct("<IIIQ")  # number of the first record, how many keys, their bytes, and where they begin
_place = Struct("<QQ")  # where the pairs of a bucket begin, and those of the next


def buckets_for(users: int) -> int:
    """How many buckets keep each small: a power of two, 256 at most."""
    return min(MOST_BUCKETS, 1 << max(3, (max(users, 1) // USERS_PER_BUCKET).bit_length()))


def batches(buckets: int) -> Iterator[range]:
    """All buckets, those together that are looked through as one task."""
    return (range(first, min(first + TOGETHER, buckets)) for first in range(0, buckets, TOGETHER))


class KeySpool:
    """The keys of one kind from one worker.

    Args:
        path: Beginning of the names of its files: keys and where those of each block lie; checksums with the numbers of
            their records, and where those of each bucket lie.
    """

    FILES = ("keys", "blocks", "checks", "numbers", "index")

    def __init__(self, path: Path, buckets: int) -> None:
        self._path = path
        self._ascent = Ascent(_named(path, "ascent"))
        self._files = [private(_named(path, part)) for part in self.FILES]
        self._keys, self._blocks, self._checks, self._numbers, self._index = self._files
        self._bucket_of = bytes(low & (buckets - 1) for low in range(256))
        self._held_checks = [array("I") for _ in range(buckets)]
        self._held_numbers = [array("I") for _ in range(buckets)]
        self._hold = [held.append for held in self._held_checks]  # bound once, as they are called for every key
        self._count = [held.append for held in self._held_numbers]
        self._held = self._keys_at = self._pairs_at = 0

    def add(self, keys: Sequence[bytes], first: int) -> None:
        """Remember the keys of consecutive records, b"" for none, the first of which has this number."""
        if not keys:
            return
        if (
            self._ascent.unbroken
            and any(keys)
            and not self._ascent.follows(keys if all(keys) else [*filter(None, keys)])
        ):
            self._scatter_all()
        data = b"\n".join(keys)
        self._keys.write(data)
        self._blocks.write(_block.pack(first, len(keys), len(data), self._keys_at))
        self._keys_at += len(data)
        if not self._ascent.unbroken:
            self._scatter(keys, first)

    def show(self) -> None:
        """Let other workers read what was written."""
        for file in (self._keys, self._blocks, self._ascent):
            file.flush()

    def settle(self, paths: Sequence[Path]) -> None:
        """Scatter what ascends here but not with what other workers have, whose keys are at `paths`; then close."""
        if self._ascent.unbroken:
            some = [path for path in paths if _named(path, "blocks").stat().st_size]
            if not apart([_named(path, "ascent") for path in some]):
                self._scatter_all()
        self.close()

    def _scatter_all(self) -> None:
        """Scatter what was only written while it ascended."""
        self.show()
        opened = Opened()
        for first, keys in Keys([self._path], opened).blocks():
            self._scatter(keys, first)
        opened.close()

    def _scatter(self, keys: Sequence[bytes], first: int) -> None:
        numbers: Sequence[int] = range(first, first + len(keys))
        if not all(keys):
            numbers, keys = list(compress(numbers, keys)), list(filter(None, keys))
        checks = array("I", map(crc32, keys))
        hold, count = self._hold, self._count
        buckets = checks.tobytes()[:: checks.itemsize].translate(self._bucket_of)
        for number, bucket, check in zip(numbers, buckets, checks, strict=True):
            hold[bucket](check)
            count[bucket](number)
        self._held += len(checks)
        if self._held >= HELD:
            self._flush()

    def close(self) -> None:
        """Write what is held, once."""
        with ExitStack() as closing:
            closing.callback(self._ascent.close)
            for file in self._files:
                closing.callback(file.close)
            if self._held:
                self._flush()

    def _flush(self) -> None:
        places = array("Q", [self._pairs_at])
        for checks, numbers in zip(self._held_checks, self._held_numbers, strict=True):
            self._checks.write(checks)
            self._numbers.write(numbers)
            self._pairs_at += len(checks)
            places.append(self._pairs_at)
            del checks[:], numbers[:]
        self._index.write(places)
        self._held = 0


class Keys:
    """All keys of one kind, from all workers, by the numbers of records."""

    def __init__(self, paths: Sequence[Path], opened: Opened) -> None:
        self._opened = opened
        self._paths = paths
        rows = sorted(
            (first, at, size, worker, count)
            for worker, path in enumerate(paths)
            for first, count, size, at in _block.iter_unpack(_named(path, "blocks").read_bytes())
        )
        self._firsts = array("I", [row[0] for row in rows])
        self._places = array("Q", [row[1] for row in rows])
        self._sizes = array("I", [row[2] for row in rows])
        self._workers = array("I", [row[3] for row in rows])
        self._counts = array("I", [row[4] for row in rows])
        self._first = 0
        self._listed: list[bytes] = []

    def __getitem__(self, number: int) -> bytes:
        """The key of the record; quick where one number follows the other."""
        if not self._first <= number < self._first + len(self._listed):
            self._load(bisect_right(self._firsts, number) - 1)
        return self._listed[number - self._first]

    def blocks(self) -> Iterator[tuple[int, list[bytes]]]:
        """The keys of each block with the number of its first record, in order."""
        for block in range(len(self._firsts)):
            self._load(block)
            yield self._first, self._listed

    def _load(self, block: int) -> None:
        file = self._opened(_named(self._paths[self._workers[block]], "keys"))
        self._first = self._firsts[block]
        self._listed = read_at(file, self._sizes[block], self._places[block]).split(b"\n")
        if len(self._listed) != self._counts[block]:
            raise OSError(errno.EIO, "reading it again gave other bytes than were written")

    def shared(self, some: Iterable[int], buckets: int) -> Iterator[Sequence[int]]:
        """The numbers of all records with the same key, in order, for each key of these buckets that several have."""
        suspects: list[array[int]] = []
        for bucket in some:
            suspects.append(self._suspects(bucket, buckets))
            if sum(map(len, suspects)) > MOST_SUSPECTS:
                yield from self._groups(suspects)
                suspects = []
        yield from self._groups(suspects)

    def _groups(self, suspects: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
        groups: dict[bytes, array[int]] = {}
        for number in heapq.merge(*suspects):
            groups.setdefault(self[number], array("I")).append(number)
        yield from (numbers for numbers in groups.values() if len(numbers) > 1)

    def _suspects(self, bucket: int, buckets: int) -> array[int]:
        """The records of a bucket whose checksum others have too, in order."""
        parts = [self._gathered(path, bucket, buckets) for path in self._paths]
        seen: set[int] = set()
        see = seen.add
        twice = {check for checks, _ in parts for check in checks if check in seen or see(check)}
        if not twice:
            return array("I")
        suspects = (compress(numbers, map(twice.__contains__, checks)) for checks, numbers in parts)
        return array("I", heapq.merge(*suspects))

    def _gathered(self, path: Path, bucket: int, buckets: int) -> tuple[array[int], array[int]]:
        """The checksums of a worker in this bucket and the numbers of their records, which increase."""
        checks, numbers = array("I"), array("I")
        index = self._opened(_named(path, "index"))
        stride = (buckets + 1) * 8
        for row in range(os.fstat(index).st_size // stride):
            start, end = _place.unpack(read_at(index, 16, row * stride + bucket * 8))
            for pairs, part in ((checks, "checks"), (numbers, "numbers")):
                pairs.frombytes(read_at(self._opened(_named(path, part)), (end - start) * 4, start * 4))
        return checks, numbers


def _named(path: Path, part: str) -> Path:
    return path.with_name(f"{path.name}.{part}")
