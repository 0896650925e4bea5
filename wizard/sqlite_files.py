"""SQLite files that are only read, also where SQLite cannot make the files that it keeps beside them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

NO_FILES = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
"""Errors that tell of such a place; one that another program holds is no such place."""

BESIDE = ("-wal", "-shm", "-journal")
"""What a writer has beside the file while it is at work, or leaves when it is killed: without it the file is not all."""


def opened_to_read(path: Path, **options: Any) -> sqlite3.Connection:
    """A connection that cannot write.

    A database in write-ahead mode needs files beside it even to be read, and makes them. Where it cannot, as on a full disk
    or one that may only be read, and no writer has any there, the file alone is all there is.
    Source: SQLite docs, "Write-Ahead Logging", read-only databases, and "Uniform Resource Identifiers", immutable.

    Args:
        options: Of `sqlite3.connect`.

    Raises:
        sqlite3.Error: it cannot be opened, or what lies beside it is needed and cannot be read.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection: sqlite3.Connection = sqlite3.connect(address, uri=True, **options)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        left = [path.with_name(path.name + ending) for ending in BESIDE]
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in NO_FILES or any(
            one.exists() and one.stat().st_size for one in left
        ):
            raise
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, **options)
    return connection
