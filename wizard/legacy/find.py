"""Finding single users in a legacy store: by e-mail address, username or user_id, as Auth0 will have them.

A database is asked each time, so that it may change. A file is read once into a private index on disk.
"""

from __future__ import annotations

import pickle
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from wizard.errors import SourceError, UsageError
from wizard.legacy.source import LegacySource, Record
from wizard.scratch import Scratch, open_scratch

Key = Literal["user_id", "email", "username"]
MOST = 2
"""Records that one look-up gives: one is the user, two are one too many."""


@dataclass(frozen=True)
class Sought:
    """How a key is had from a record; picklable.

    Args:
        of: The key of a record as Auth0 will have it (prefix included, folded); None if it has none or not a valid one.
        column: The column that holds it but for white space and case; None if it is worked out in another way.
        folded: Whether case does not count.
        prefix: What stands before what the column holds.
    """

    of: Callable[[Sequence[Any]], str | None]
    column: str | None
    folded: bool
    prefix: str = ""


class Finder(Protocol):
    """Finds users; may be called from several threads, and sent to another process."""

    def find(self, key: Key, value: str, most: int = MOST) -> Sequence[Record]:
        """At most so many records whose key is this value, already stripped and folded.

        Raises:
            SourceError: the store cannot be reached or read now.
        """

    def check(self) -> None:
        """Reach for the store.

        Raises:
            SourceError: it cannot be reached or read now.
        """

    def close(self) -> None:
        """Let go of connections."""


def open_finder(source: LegacySource, sought: Mapping[Key, Sought], *, seconds: float, threads: int) -> Finder:
    """A finder for this source.

    Args:
        sought: The keys that users are sought by.
        seconds: How long the store may take to connect, and to answer.
        threads: How many look-ups there are at once; so many connections are kept.

    Raises:
        UsageError: users of a database cannot be sought by a key that is no plain column.
        SourceError: the store cannot be read.
    """
    from wizard.legacy.sql import SqlSource
    from wizard.legacy.stores.shaped import ShapedSource

    inner = source.source if isinstance(source, ShapedSource) else source
    if not isinstance(inner, SqlSource):
        return indexed(source, sought)
    from wizard.legacy.find_sql import SqlFinder

    for key, how in sought.items():
        if how.column is None or how.column not in inner.columns:
            raise UsageError(
                f"Users of this database cannot be looked up by {key}",
                why=f"{key} in [profile] is not one column of it as it is (strip and lower do no harm)",
                state="Nothing is served.",
                remedy=f"set query in [source] to a SELECT that works {key} out as a column of its own, and map that column.",
            )
    shape = source if isinstance(source, ShapedSource) else None
    return SqlFinder(inner, sought, shape, seconds, threads)


@dataclass(frozen=True)
class IndexFinder:
    """An index of all records of a file; picklable, while the file of the index is there."""

    path: Path
    folder: Scratch | None = field(default=None, repr=False, compare=False)
    local: Any = field(default_factory=threading.local, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[IndexFinder], tuple[Path]]:
        return IndexFinder, (self.path,)

    def find(self, key: Key, value: str, most: int = MOST) -> Sequence[Record]:
        """See `Finder.find`."""
        query = (
            "SELECT record FROM keys JOIN records USING (number) WHERE name = ? AND value = ? ORDER BY number LIMIT ?"
        )
        try:
            found = self._connection().execute(query, (key, value, most)).fetchall()
        except sqlite3.Error as error:
            raise _broken(error) from None
        return [pickle.loads(record) for (record,) in found]  # noqa: S301 - this program wrote it, in a private folder

    def check(self) -> None:
        """See `Finder.check`."""
        try:
            self._connection().execute("SELECT 1 FROM keys LIMIT 1").fetchall()
        except sqlite3.Error as error:
            raise _broken(error) from None

    def close(self) -> None:
        """Remove the index, if this process made it."""
        if self.folder is not None:
            self.folder.close()

    def _connection(self) -> sqlite3.Connection:
        """One for each thread."""
        if not hasattr(self.local, "connection"):
            self.local.connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True)
        connection: sqlite3.Connection = self.local.connection
        return connection


def indexed(source: LegacySource, sought: Mapping[Key, Sought]) -> IndexFinder:
    """Read the whole source into an index, in a folder that only this user may enter."""
    folder = open_scratch("index")
    path = folder.path / "users.db"
    path.touch(mode=0o600)
    try:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("CREATE TABLE records (number INTEGER PRIMARY KEY, record BLOB)")
            connection.execute("CREATE TABLE keys (name TEXT, value TEXT, number INTEGER)")
            for block in source.blocks():
                records = [record for record in block.records() if record.bad is None]
                connection.executemany(
                    "INSERT INTO records VALUES (?, ?)",
                    ((record.number, pickle.dumps(record)) for record in records),
                )
                connection.executemany("INSERT INTO keys VALUES (?, ?, ?)", _keys(records, sought))
            connection.execute("CREATE INDEX by_key ON keys (name, value)")
        connection.close()
    except BaseException:
        folder.close()
        raise
    return IndexFinder(path, folder)


def _keys(records: Sequence[Record], sought: Mapping[Key, Sought]) -> Iterator[tuple[Key, str, int]]:
    for record in records:
        for key, how in sought.items():
            value = how.of(record.values)
            if value is not None:
                with suppress(UnicodeEncodeError):  # half a surrogate pair, which nobody can ask for
                    value.encode()
                    yield key, value, record.number


def _broken(error: sqlite3.Error) -> SourceError:
    return SourceError(
        "The index of users cannot be read",
        why=type(error).__name__,
        remedy="start the service again to build it anew.",
    )
