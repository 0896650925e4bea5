"""An SQLite store on a disk that may only be read."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rights import without_rights

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.find import Sought, open_finder
from wizard.legacy.source import LegacySource

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")


@pytest.fixture
def store() -> Iterator[Path]:
    """A database in write-ahead mode, in a folder that any account may read."""
    folder = Path(tempfile.mkdtemp())
    with sqlite3.connect(folder / "legacy.db") as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)")
        database.execute("INSERT INTO users VALUES (1, 'ann@example.com')")
    database.close()
    folder.chmod(0o555)
    yield folder / "legacy.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def source_of(store: Path) -> LegacySource:
    return open_source(SourceAnswers(path=str(store), table="users"), secret=None, base=store.parent)


def test_it_is_read(store: Path) -> None:
    assert without_rights(lambda: [row for block in source_of(store).blocks() for row in block.rows()]) == (
        "[(1, 'ann@example.com')]"
    )


def test_its_users_are_found(store: Path) -> None:
    def find() -> Any:
        finder = open_finder(
            source_of(store), {"email": Sought(lambda values: str(values[1]), "email", True)}, seconds=5, threads=1
        )
        return [record.values for record in finder.find("email", "ann@example.com")]

    assert without_rights(find) == "[(1, 'ann@example.com')]"


def test_what_a_writer_left_beside_it_is_not_passed_over(store: Path) -> None:
    store.parent.chmod(0o755)
    writer = sqlite3.connect(store)
    writer.execute("INSERT INTO users VALUES (2, 'bob@example.com')")
    writer.commit()
    copy = Path(tempfile.mkdtemp())
    try:
        for ending in ("", "-wal"):
            shutil.copy(f"{store}{ending}", copy / f"legacy.db{ending}")
        writer.close()
        copy.chmod(0o555)
        told = without_rights(lambda: source_of(copy / "legacy.db").facts().records)
        assert told == "2" or told.startswith("SourceError")
    finally:
        copy.chmod(0o755)
        shutil.rmtree(copy)
