"""Password hashes in a file of their own, merged into the users by their id without holding either in memory.

Auth0's support gives hashes apart from the export of users. They go into a private index on disk, which every process
that maps users reads, and which is removed when this process ends.
"""

from __future__ import annotations

import atexit
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from wizard.errors import SourceError
from wizard.legacy.opened import Identity, changed, identity
from wizard.legacy.source import BadRecord, LegacySource
from wizard.scratch import open_scratch

COLUMN = "passwordHash"
AT_ONCE = 500

_indices: dict[tuple[Path, Identity], Hashes] = {}
"""Those that this process has made: a store is opened many times."""


@dataclass(frozen=True)
class Hashes:
    """An index of hashes by user id; picklable."""

    index: Path
    file: Path
    seen: Identity
    fingerprint: str

    def check(self) -> None:
        """Raises:
        SourceError: the file of hashes is no longer the one that was read.
        """
        if identity(self.file) != self.seen:
            raise changed(self.file)

    def merged(
        self, rows: Iterator[Sequence[Any] | BadRecord], columns: Sequence[str]
    ) -> Iterator[Sequence[Any] | BadRecord]:
        """The rows, with the hash of the user where they have none."""
        at, ids = columns.index(COLUMN), columns.index("id")
        while some := list(islice(rows, AT_ONCE)):
            wanted = [str(row[ids]) for row in some if not isinstance(row, BadRecord)]
            marks = ",".join("?" * len(wanted))
            query = f"SELECT id, hash FROM hashes WHERE id IN ({marks})"  # noqa: S608 - only question marks are put in
            found = dict(_opened(self.index).execute(query, wanted).fetchall())
            for row in some:
                if isinstance(row, BadRecord) or row[at]:
                    yield row
                else:
                    yield (*row[:at], found.get(str(row[ids])), *row[at + 1 :])


@lru_cache(maxsize=4)
def _opened(index: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{index.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def indexed(source: LegacySource, file: Path) -> Hashes:
    """Read all hashes into an index, once for as long as the file stays the same.

    Args:
        source: The hashes seen as an Auth0 store, so that it has the columns id and passwordHash.

    Raises:
        SourceError: the file has no hashes, or two for one user.
    """
    seen = identity(file)
    kept = _indices.get((file, seen))
    if kept is not None and kept.index.exists():
        return kept
    if COLUMN not in source.columns or "id" not in source.columns:
        raise SourceError(
            f"{file.name} has no column {COLUMN}",
            remedy="name in hashes of [source] the file of password hashes from Auth0's support, unpacked from PGP.",
        )
    ids, hashes = source.columns.index("id"), source.columns.index(COLUMN)
    folder = open_scratch("hashes")
    atexit.register(folder.close)
    index = folder.path / "hashes.db"
    index.touch(mode=0o600)
    facts = source.facts()
    with sqlite3.connect(index) as connection:
        connection.execute("CREATE TABLE hashes (id TEXT PRIMARY KEY, hash TEXT) WITHOUT ROWID")
        try:
            for block in source.blocks(expect=facts.fingerprint):
                rows = (row for row in block.rows() if not isinstance(row, BadRecord))
                pairs = [(str(row[ids]), str(row[hashes])) for row in rows if row[ids] and row[hashes]]
                connection.executemany("INSERT INTO hashes VALUES (?, ?)", pairs)
        except sqlite3.IntegrityError:
            raise SourceError(
                f"{file.name} has two hashes for one user",
                remedy="if it holds several connections, keep the lines of the one that you migrate.",
            ) from None
    connection.close()
    _indices[file, seen] = Hashes(index, file, seen, facts.fingerprint)
    return _indices[file, seen]
