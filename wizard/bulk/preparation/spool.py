"""The work of one worker: map blocks to users in spool files of its own, find collisions, and write files to import."""

from __future__ import annotations

import contextlib
import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import orjson

from wizard.bulk.files import Opened, private, read_into
from wizard.bulk.preparation.chunks import Chunk
from wizard.bulk.preparation.collisions import CollisionFiles, Ranks, find, prefer
from wizard.bulk.preparation.keys import Keys, KeySpool
from wizard.bulk.verification.residents import Residents
from wizard.legacy.source import Block
from wizard.mapping.compiled import MappedRows, Mapping
from wizard.mapping.moments import Unread
from wizard.mapping.preference import Preference
from wizard.mapping.table import Table
from wizard.rejects import NOT_LOGGED_IN, REASONS, Reject

MOVED = "migrated"
"""Stands among the codes of rejects for a user who is in the connection already, and is none."""

MOVED_MARK = b'"code":"migrated"'
"""What only the line of such a user holds: a quote inside a value is escaped."""

EMAIL = "email"

SPOOLED = ("users", "sizes", "rejects", "positions", "noted")
"""The files of a worker; what is known of a block stands in each."""


class Place(NamedTuple):
    """Where all that became of one block lies, in the files of the worker that mapped it.

    Of `sizes` there is one of four bytes for each record read: the bytes of its user with the comma, 0 for a reject.
    """

    first: int
    records: int
    spool: int
    users_at: int
    sizes_at: int
    rejects_at: int
    rejects_bytes: int
    positions_at: int
    positions_bytes: int
    noted_at: int
    noted_bytes: int


class Mapped(NamedTuple):
    """What became of one block; quick to send."""

    place: Place
    reasons: Counter[str]
    notes: Counter[str]


@dataclass(frozen=True)
class Job:
    """What all workers of one preparation have in common; picklable.

    Args:
        folder: Of the spool files.
        out: Of the files to import.
        mapping: From records to users.
        largest_user: Bytes of a user that just fits into a file.
        skip: Codes that the operator decided to leave behind.
        buckets: For keys that must be unique.
        spools: How many workers write spool files.
        there: The index of who is in the connection already, who are not prepared; None where that is not asked.
        nobody: Whether nobody is to be imported: who is not in the connection has not logged in.
    """

    folder: Path
    out: Path
    mapping: Mapping
    largest_user: int
    skip: frozenset[str]
    buckets: int
    spools: int
    there: Path | None = None
    nobody: bool = False

    def __call__(self, number: int) -> Worker:
        """Begin the work of the worker with this number."""
        return Worker(self, number)


class Worker:
    """Does one task after the other; its methods are the kinds of tasks."""

    def __init__(self, job: Job, number: int) -> None:
        self._job = job
        self._number = number
        self._files = [private(job.folder / f"{name}.{number}") for name in SPOOLED]
        self._users, self._sizes, self._rejects, self._positions, self._noted = self._files
        self._spooled = {key: KeySpool(job.folder / f"{key}.{number}", job.buckets) for key in job.mapping.keys}
        self._keys: dict[str, Keys] = {}
        self._ranks = Ranks(job.folder) if job.mapping.preference else None
        self._collisions = CollisionFiles(job.folder, number)
        self._opened = Opened()
        self._chunk = (
            bytearray()
        )  # used again for each file, as memory from the system costs more than what is done in it
        self._there = Residents(job.there) if job.there is not None else None

    def map_block(self, block: Block) -> Mapped:
        """Map all records of the block."""
        mapping = self._job.mapping
        table = Table.of(block, len(mapping.columns))
        mapped = mapping.map_table(table, self._job.largest_user)
        unread: Counter[str] = Counter()
        if self._ranks and mapping.preference:
            ranks = mapping.preference.ranks(table, mapped)
            self._ranks.write(block.first, ranks)
            unread = unread_of(mapping.preference, table, ranks).notes
        moved = self._leave_out(mapped) if self._there is not None else {}
        users_at, sizes_at, rejects_at, positions_at, noted_at = (file.tell() for file in self._files)
        sizes = array("I", [size and size + 1 for size in map(len, mapped.users)])
        some_left_out = mapped.refused or moved
        present = [user for user in mapped.users if user] if some_left_out else mapped.users
        if present:
            self._users.write(b",".join(present))
            self._users.write(b",")
        self._sizes.write(sizes)
        positions = positions_of(block, len(sizes))
        self._positions.write(positions)
        rejects = self._reject_lines(block.first, mapped, Positions(positions)) + _moved_lines(block.first, moved)
        self._rejects.write(rejects)
        noted = orjson.dumps(mapped.noted) if mapped.noted else b""
        self._noted.write(noted)
        for kind, keys in mapped.keys.items():
            self._spooled[kind].add(keys, block.first)
        place = Place(
            first=block.first,
            records=len(sizes),
            spool=self._number,
            users_at=users_at,
            sizes_at=sizes_at,
            rejects_at=rejects_at,
            rejects_bytes=len(rejects),
            positions_at=positions_at,
            positions_bytes=len(positions),
            noted_at=noted_at,
            noted_bytes=len(noted),
        )
        reasons = Counter(why.code for _, why, _ in mapped.refused) + Counter({MOVED: len(moved)})
        return Mapped(place, reasons, mapped.notes + unread)

    def _leave_out(self, mapped: MappedRows) -> dict[int, str]:
        """Take out who is in the connection already, also those who would be rejected; returns their ids by index.

        Their keys stay: nobody else can have the same.
        Where nobody is to be imported, all others become rejects: a password that could not travel is no reason then.
        """
        there, refused = self._there, {index: (why, user_id) for index, why, user_id in mapped.refused}
        ids = {index: key.decode() for index, key in enumerate(mapped.keys["user_id"]) if key}
        ids |= {index: user_id for index, (_, user_id) in refused.items() if user_id}
        moved = {index: user_id for index, user_id in sorted(ids.items()) if there and user_id.encode() in there}
        waiting = Reject(NOT_LOGGED_IN, REASONS[NOT_LOGGED_IN].message)
        left_out = [*moved, *(index for index in ids if self._job.nobody and index not in moved)]
        for index in left_out:
            mapped.users[index] = b""
            if index in moved:
                refused.pop(index, None)
            elif index not in refused or refused[index][0].code.startswith("password_"):
                refused[index] = (waiting, ids[index])
        if self._job.nobody:  # then nobody collides
            mapped.keys.update({key: [b""] * len(listed) for key, listed in mapped.keys.items()})
        gone = set(left_out)
        for indices in mapped.noted.values():
            indices[:] = [index for index in indices if index not in gone]
        mapped.refused[:] = [(index, *refused[index]) for index in sorted(refused)]
        return moved

    def _reject_lines(self, first: int, mapped: MappedRows, positions: Positions) -> bytes:
        skip = self._job.skip
        return b"".join(
            reject_line(positions[index], first + index, user_id, why, skip) for index, why, user_id in mapped.refused
        )

    def end_mapping(self, _: None) -> None:
        """Write out what is held; other workers read it next."""
        for file in self._files:
            file.close()
        for spool in self._spooled.values():
            spool.show()

    def settle_keys(self, _: None) -> None:
        """Write out all that is needed to find collisions, once all workers have ended mapping."""
        for key, spool in self._spooled.items():
            spool.settle(self._paths(key))

    def find_collisions(self, task: tuple[int, Sequence[int]]) -> int:
        """Find the collisions of one kind of key in some buckets, and say how many records they concern.

        Where one of several records with an e-mail address is preferred, addresses come before all other keys.
        """
        kind, buckets = task
        key = self._job.mapping.keys[kind]
        if key not in self._keys:
            self._keys = {key: Keys(self._paths(key), self._opened)}
        groups = self._keys[key].shared(buckets, self._job.buckets)
        count = 0
        for found in prefer(groups, self._ranks) if self._ranks and key == EMAIL else find(groups, self._ranks):
            self._collisions.add(kind, found)
            count += 1
        return count

    def _paths(self, key: str) -> list[Path]:
        return [self._job.folder / f"{key}.{number}" for number in range(self._job.spools)]

    def remove_users(self, _: None) -> None:
        """Remove the spooled users, who are in files to import now; each worker its own, as it takes a while.

        Where the system removes no file that another process has open, it goes with the folder.
        """
        self._opened.close()
        with contextlib.suppress(PermissionError):
            (self._job.folder / f"users.{self._number}").unlink()

    def close(self) -> None:
        """Close what is open; what could not be written any more is of no use to anybody."""
        self._opened.close()
        if self._ranks:
            self._ranks.close()
        if self._there is not None:
            self._there.close()
        for close in (*(file.close for file in self._files), *(spool.close for spool in self._spooled.values())):
            with contextlib.suppress(OSError):
                close()

    def end_collisions(self, _: None) -> None:
        self._collisions.flush()

    def write_chunk(self, chunk: Chunk) -> tuple[int, str]:
        """Write one file to import; return its number and the SHA-256 of its bytes in hex."""
        if len(self._chunk) < chunk.bytes:
            self._chunk = bytearray(chunk.bytes)
        data, end = memoryview(self._chunk)[: chunk.bytes], 1
        for spool, offset, size in chunk.pieces:
            end += read_into(self._opened(self._job.folder / f"users.{spool}"), data[end : end + size], offset)
        if end != chunk.bytes:
            raise OSError(5, "spool files are shorter than what was written to them")
        data[:1], data[-1:] = b"[", b"]"
        with private(self._job.out / file_name(chunk.number)) as file:
            file.write(data)
        return chunk.number, hashlib.sha256(data).hexdigest()


def unread_of(preference: Preference, table: Table, ranks: Sequence[int]) -> Unread:
    """What is not read of the column that decides; whatever has a rank was."""
    cells = table.cells[preference.column] if preference.column is not None else ()
    return preference.unread(cell for cell, rank in zip(cells, ranks, strict=False) if not rank)


def file_name(number: int) -> str:
    """The name of the file to import with this number."""
    return f"{number:05}.json"


def reject_line(position: str, record: int, user_id: str | None, why: Reject, skip: Iterable[str]) -> bytes:
    """One line of rejects.ndjson. A user_id that may be an e-mail address is left out."""
    shown = None if user_id is None or "@" in user_id else user_id.encode("utf-8", "replace").decode()
    line = {
        "position": position,
        "record": record,
        "user_id": shown,
        "code": why.code,
        "message": why.message,
        "decision": "skip" if why.code in skip else None,
    }
    return orjson.dumps(line) + b"\n"


def _moved_lines(first: int, moved: dict[int, str]) -> bytes:
    """One line for each record whose user is in the connection already."""
    lines = ({"record": first + index, "user_id": user_id, "code": MOVED} for index, user_id in moved.items())
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def positions_of(block: Block, count: int) -> bytes:
    """Where the records of a block are found: the number of the first one, if the others follow it one by one, else all."""
    if not count:
        return b""
    first, last = block.position(0), block.position(count - 1)
    word, _, start = first.rpartition(" ")
    numbers = array("Q", [int(start)])
    if last != f"{word} {int(start) + count - 1}":  # numbers only grow, so none is skipped between where it is the same
        numbers.extend(int(block.position(index).rpartition(" ")[2]) for index in range(1, count))
    return word.encode() + b"\n" + numbers.tobytes()


class Positions:
    """What `positions_of` wrote."""

    def __init__(self, written: bytes) -> None:
        word, _, numbers = written.partition(b"\n")
        self._word = word.decode()
        self._numbers = array("Q", numbers)

    def __getitem__(self, index: int) -> str:
        numbers = self._numbers
        return f"{self._word} {numbers[0] + index if len(numbers) == 1 else numbers[index]}"
