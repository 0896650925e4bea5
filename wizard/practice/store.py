"""SQLite for the practice tenant: one connection, durable, with transactions that nest."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from wizard.errors import UsageError

VERSION = 1
"""Of the tables; kept in the file as SQLite's user_version."""


class Store:
    """The database behind a practice tenant; every write goes through `transaction`.

    Raises:
        UsageError: the file cannot be opened, or is not a practice tenant's of this version.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            self.db = _opened(path)
        except (OSError, sqlite3.Error) as mistake:
            raise UsageError(
                f"The practice tenant's state {path} cannot be used.",
                why=str(mistake),
                remedy="Name a file that a practice tenant made, or one that does not exist yet.",
            ) from None
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit at the end, undo on an exception; inside another transaction it is a savepoint of it."""
        name = f"level_{self._depth}"
        self.db.execute(f"savepoint {name}" if self._depth else "begin immediate")
        self._depth += 1
        try:
            yield self.db
        except BaseException:
            self._depth -= 1
            self.db.execute(f"rollback to {name}" if self._depth else "rollback")
            if self._depth:
                self.db.execute(f"release {name}")
            raise
        self._depth -= 1
        self.db.execute(f"release {name}" if self._depth else "commit")

    def close(self) -> None:
        self.db.close()


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        # Users and secrets live in it: it is the owner's alone from its first moment.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # The server may run in another thread than the one that built the tenant, but only ever in one.
    db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        db.row_factory = sqlite3.Row
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = normal")
        db.execute("pragma temp_store = memory")
        version = db.execute("pragma user_version").fetchone()[0]
        tables = db.execute("select count(*) from sqlite_master").fetchone()[0]
        if version != VERSION and (version or tables):
            raise sqlite3.DatabaseError(f"its tables are of version {version}, not {VERSION}")
        db.execute(f"pragma user_version = {VERSION}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def last_moment(path: Path) -> float:
    """UNIX time of the last thing that a tenant's state tells of; its clock goes on from there. 0 for no state."""
    if not path.is_file():
        return 0.0
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as db:
            return float(db.execute("select max(at) from logs").fetchone()[0] or 0.0)
    except sqlite3.Error:
        return 0.0  # what is wrong with it is told when it is opened
