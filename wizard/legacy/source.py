"""What every legacy store looks like to the rest of the engine: facts, and records in blocks.

A block is a run of consecutive records that can be pickled: the parent process only reads, and whoever gets the block
(a worker or the parent itself) decodes and parses it. Records keep their position for rejects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Value = Any
"""A cell: text from a file; from a database also None, bool, int, float, Decimal, bytes, date, datetime, UUID, list, dict."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be read as a row: `code` and `message` become the reject; neither quotes a cell."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the store.

    `number` counts records from 1 in store order; `position` says where an operator finds it ("line 17", "row 17").
    `values` follow the columns of the source; a row that could not be read has `bad` instead.
    """

    number: int
    position: str
    values: Sequence[Value]
    bad: BadRecord | None = None


class Block(Protocol):
    """Consecutive records; picklable, cheap to send to another process."""

    @property
    def first(self) -> int:
        """Number of the first record, from 1."""

    @property
    def count(self) -> int:
        """How many records `rows()` and `records()` yield, bad ones included; known without parsing."""

    def records(self) -> Iterator[Record]:
        """Parse and yield the records, lazily, in order."""

    def rows(self) -> Iterator[Sequence[Value] | BadRecord]:
        """The same, without positions: the fast path of `prepare`."""

    def position(self, index: int) -> str:
        """Where the record with this index in the block (from 0) is found: a word and a number that grows ("line 17").

        May parse again, as rejects are few.
        """


@dataclass(frozen=True)
class WrappedBlock:
    """A block whose rows are made of those of another; what it is says `rows`."""

    block: Block

    @property
    def first(self) -> int:
        return self.block.first

    @property
    def count(self) -> int:
        return self.block.count

    def rows(self) -> Iterator[Sequence[Value] | BadRecord]:
        raise NotImplementedError

    def records(self) -> Iterator[Record]:
        for index, row in enumerate(self.rows()):
            number, position = self.first + index, self.position(index)
            if isinstance(row, BadRecord):
                yield Record(number, position, (), row)
            else:
                yield Record(number, position, row)

    def position(self, index: int) -> str:
        return self.block.position(index)


DATABASE = "sql"
"""The kind of facts of a database, which tells its columns by their names whoever writes to it."""


@dataclass(frozen=True)
class SourceFacts:
    """What was found out about a store by looking once through it.

    `fingerprint` changes whenever the data or the way of reading it changes: SHA-256 in hex.
    `records` counts data records (not the header); `details` are words for the operator: encoding, dialect, table.
    """

    kind: str
    columns: tuple[str, ...]
    records: int
    fingerprint: str
    details: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def is_database(self) -> bool:
        """Whether it may be in use, and written to, while it is read."""
        return self.kind == DATABASE


class LegacySource(Protocol):
    """A legacy store that can be read again and again, from the start, as a stream."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def facts(self) -> SourceFacts:
        """Count and fingerprint the store in bounded memory.

        Raises:
            SourceError: the store cannot be read; names the place and the remedy.
        """

    def blocks(self, *, expect: str | None = None) -> Iterator[Block]:
        """Yield all records in a stable order.

        Args:
            expect: The fingerprint that `facts()` gave. What is read is then fingerprinted on the way, and the iterator
                raises after its last block if the store is no longer the one that was looked at.

        Raises:
            SourceError: the store went away or changed while it was read.
        """

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first records, for suggestions and previews."""
