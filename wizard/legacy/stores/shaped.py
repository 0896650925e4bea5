"""A source seen as a store known by name: its columns under the names that store gives them, and those worked out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wizard.legacy.source import BadRecord, LegacySource, Record, SourceFacts, WrappedBlock
from wizard.legacy.stores import STORES, columns_named
from wizard.legacy.stores.hashes import Hashes
from wizard.legacy.stores.store import DeletedUser, NotAUser, Seen, Store

VERSION = 2
"""Raised when the same records begin to be seen in another way, so that files prepared before are not taken for the same."""

NOT_A_USER = BadRecord("not_a_user", "it is a record of something other than a user of this store")
DELETED = BadRecord("deleted", "the store keeps the user, but marked as deleted")
ODD = BadRecord("record_invalid", "it is not built as records of this store are")


@dataclass(frozen=True)
class ShapedBlock(WrappedBlock):
    """A block whose rows go on with empty cells for absent columns and with the columns that the store makes."""

    store: str
    columns: tuple[str, ...]
    absent: tuple[str, ...]
    made: tuple[str, ...]
    hashes: Hashes | None = field(default=None, repr=False)
    only: tuple[str, str] | None = None
    copied: tuple[tuple[int, str], ...] = ()

    def rows(self) -> Iterator[Sequence[Any] | BadRecord]:
        rows = self._longer()
        if self.hashes is None:
            return rows
        return self.hashes.merged(rows, (*self.columns, *self._copies, *self.absent, *self.made))

    @property
    def _copies(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.copied)

    def _longer(self) -> Iterator[Sequence[Any] | BadRecord]:
        make, made, nothing = STORES[self.store].make, self.made, (None,) * len(self.absent)
        columns = (*self.columns, *self._copies)
        unwrap = [
            (self.columns.index(name), call) for name, call in STORES[self.store].unwrap.items() if name in self.columns
        ]
        for row in self.block.rows():
            if isinstance(row, BadRecord):
                yield row
                continue
            if unwrap or self.copied:
                row = self._read(row, unwrap)
            cells = dict(zip(columns, row, strict=False))
            if self.only is not None and cells.get(self.only[0]) != self.only[1]:
                yield NOT_A_USER
                continue
            try:
                more = make(cells)
            except NotAUser:
                yield NOT_A_USER
                continue
            except DeletedUser:
                yield DELETED
                continue
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
                yield ODD
                continue
            yield (*row, *nothing, *[more.get(name) for name in made])

    def _read(self, row: Sequence[Any], unwrap: Sequence[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
        """The cells as they are meant, and those that are named otherwise once more at the end."""
        cells = list(row)
        for place, call in unwrap:
            cells[place] = call(cells[place])
        return [*cells, *(cells[place] for place, _ in self.copied)]


@dataclass(frozen=True)
class ShapedSource:
    """The columns of a source, renamed if it has no header; then those that are absent; then those that are made."""

    source: LegacySource
    store: str
    inner: tuple[str, ...]
    absent: tuple[str, ...]
    made: tuple[str, ...]
    hashes: Hashes | None = None
    seen: Seen = field(default_factory=Seen)
    copied: tuple[tuple[int, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.inner, *(name for _, name in self.copied), *self.absent, *self.made)

    def facts(self) -> SourceFacts:
        facts = self.source.facts()
        details = {"store": STORES[self.store].title, **self.seen.details, **facts.details}
        warnings = (*facts.warnings, *self.seen.warnings)
        mixed = self._mixed(facts.fingerprint)
        return replace(facts, columns=self.columns, fingerprint=mixed, details=details, warnings=warnings)

    def blocks(self, *, expect: str | None = None) -> Iterator[ShapedBlock]:
        """See `LegacySource.blocks`."""
        if self.hashes is not None:
            self.hashes.check()
        for block in self.source.blocks(expect=expect and self._mixed(expect)):
            yield ShapedBlock(
                block, self.store, self.inner, self.absent, self.made, self.hashes, self.seen.only, self.copied
            )

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first records."""
        found: list[Record] = []
        for block in self.blocks():
            for record in block.records():
                if len(found) == count:
                    return found
                found.append(record)
        return found

    def _mixed(self, fingerprint: str) -> str:
        """The other source's fingerprint with this way of seeing it mixed in; the same again gives it back."""
        way = repr((VERSION, self.store, self.columns, self.seen.only, self.hashes and self.hashes.fingerprint))
        mask = hashlib.sha256(way.encode("utf-8", "surrogatepass")).digest()
        return f"{int(fingerprint, 16) ^ int.from_bytes(mask, 'big'):064x}"


def shaped(source: LegacySource, store: Store, *, headless: bool, hashes: Hashes | None) -> ShapedSource:
    """See the source as this store.

    Args:
        headless: It has no names of columns; the store's own are used.
        hashes: Password hashes that come in a file of their own.
    """
    inner = tuple(source.columns)
    if headless and store.headless:
        inner = (*store.headless[: len(inner)], *inner[len(store.headless) :])
    copied = tuple(
        (place, store.aliases[name])
        for place, name in enumerate(inner)
        if name in store.aliases and store.aliases[name] not in inner
    )
    there = {*inner, *(name for _, name in copied)}
    made = tuple(name for name in store.made if name not in there)
    absent = tuple(name for name in columns_named(store) if name not in there and name not in made)
    return ShapedSource(source, store.key, inner, absent, made, hashes, store.look(source), copied)
