"""Looking at a run where nothing can be written: a full disk, or a copy on one that may only be read."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rights import without_rights

from wizard.errors import WizardError
from wizard.events import RunStarted, StepStarted
from wizard.identity import facts_of, progress_of
from wizard.journal import Journal
from wizard.runs import RunFolder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")


@pytest.fixture
def run() -> Iterator[RunFolder]:
    """A run in a folder that any account may read."""
    folder = Path(tempfile.mkdtemp())
    journal = Journal(folder / "journal.db", now=lambda: 1_800_000_000.0)
    journal.emit(RunStarted("20270115-080000-acme-users-01ab", "bulk", resumed=False))
    journal.emit(StepStarted("upload"))
    journal.remember("approval", ["abc"])
    journal.close()
    (folder / "journal.db").chmod(0o644)
    folder.chmod(0o555)
    yield RunFolder(folder)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_run_in_a_folder_that_may_only_be_read_says_where_it_stands(run: RunFolder) -> None:
    assert without_rights(lambda: (progress_of(run).step, facts_of(run)["approval"])) == "('upload', ['abc'])"
    assert [path.name for path in run.path.iterdir()] == ["journal.db"]


def test_whoever_wants_to_write_there_is_told(run: RunFolder) -> None:
    told = without_rights(lambda: Journal(run.journal, now=lambda: 0.0))
    assert told.startswith("WizardError: The journal ")
    assert "free space" in told


def test_what_a_killed_process_left_beside_the_journal_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, now=lambda: 1_800_000_000.0)
    journal.emit(StepStarted("upload"))
    copy = tmp_path / "copy"
    copy.mkdir()
    for each in tmp_path.glob("journal.db*"):
        shutil.copy(each, copy / each.name)
    journal.close()
    assert (copy / "journal.db-wal").stat().st_size
    assert progress_of(RunFolder(copy)).step == "upload"


def test_looking_makes_no_journal(tmp_path: Path) -> None:
    assert progress_of(RunFolder(tmp_path)).step == ""
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_a_process_was_killed_in_making_is_an_empty_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
    assert (tmp_path / "journal.db").stat().st_size
    assert progress_of(RunFolder(tmp_path)).step == ""
    assert facts_of(RunFolder(tmp_path))["approval"] is None
    Journal(tmp_path / "journal.db", now=lambda: 0.0).close()
    assert progress_of(RunFolder(tmp_path)).step == ""


def test_a_damaged_journal_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no journal, but long enough to be taken for one" * 40)
    for look in (lambda: progress_of(RunFolder(tmp_path)), lambda: Journal(tmp_path / "journal.db", now=lambda: 0.0)):
        with pytest.raises(WizardError, match="is damaged") as error:
            look()
        assert "from a copy" in error.value.remedy


def test_looking_writes_nothing_into_a_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.db", now=lambda: 0.0).close()
    assert stat.S_IMODE((tmp_path / "journal.db").stat().st_mode) == 0o600
    journal = Journal(tmp_path / "journal.db", now=lambda: 0.0, only_read=True)
    with pytest.raises(WizardError, match="cannot be written"):
        journal.remember("approval", [])
    journal.close()
