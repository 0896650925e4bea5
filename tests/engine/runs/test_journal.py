"""The journal keeps what happened, through any kind of end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.events import Event, JobEnded, UsersPrepared, UsersRead
from wizard.journal import Journal, JournalFailed, Refusal

PREPARED = UsersPrepared(read=10, prepared=8, rejected=1, skipped=1, files=1, bytes=900)
ENDED = JobEnded("users/00001.json", "job_1", "completed", imported=7, already_there=1, rejected=0, seconds=2.0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", now=lambda: 1000.0)
    yield journal
    journal.close()


@contextmanager
def reopened(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", now=lambda: 0.0)
    yield journal
    journal.close()


def test_events_come_back_in_order(journal: Journal, tmp_path: Path) -> None:
    journal.emit(PREPARED)
    journal.emit(ENDED)
    with reopened(tmp_path) as again:
        assert list(again.events()) == [PREPARED, ENDED]


def test_gauge_events_reach_watchers_but_not_the_file(journal: Journal) -> None:
    heard: list[Event] = []
    journal.watchers.append(heard.append)
    journal.emit(UsersRead(read=1, rejected=0, total=None))
    assert heard and not list(journal.events())


def test_the_file_hears_before_the_watchers(journal: Journal) -> None:
    def watch(event: Event) -> None:
        assert list(journal.events()) == [event]

    journal.watchers.append(watch)
    journal.emit(PREPARED)


def test_an_intent_without_an_outcome_is_in_doubt_after_reopening(journal: Journal, tmp_path: Path) -> None:
    journal.begin("upload:00001", {"sha256": "ab"})
    with reopened(tmp_path) as again:
        [intent] = again.intents("upload:")
    assert intent.outcome is None
    assert intent.facts == {"sha256": "ab"}


def test_an_open_intent_learns_more(journal: Journal) -> None:
    intent = journal.begin("upload:00001", {"sha256": "ab"})
    journal.update(intent, {"job": "job_1"})
    assert journal.intents("upload:")[0].facts == {"sha256": "ab", "job": "job_1"}


def test_settling_keeps_outcome_events_and_refusals_together(journal: Journal) -> None:
    heard: list[Event] = []
    journal.watchers.append(heard.append)
    intent = journal.begin("upload:00001", {})
    refusal = Refusal("users/00001.json", "17", "FORMAT", "Error in email property")
    journal.settle(intent, "done", {"imported": 7}, events=[ENDED], refusals=[refusal])
    assert journal.intents("upload:")[0].outcome == "done"
    assert list(journal.refusals()) == [refusal]
    assert heard == [ENDED] == list(journal.events())


def test_a_settlement_that_fails_half_way_leaves_nothing(journal: Journal) -> None:
    intent = journal.begin("upload:00001", {})
    broken = Refusal("users/00001.json", "17", "FORMAT", None)  # type: ignore[arg-type]
    with pytest.raises(JournalFailed, match="NOT NULL"):
        journal.settle(intent, "done", {}, events=[ENDED], refusals=[broken])
    assert journal.intents("upload:")[0].outcome is None
    assert not list(journal.events())


def test_facts_are_remembered_and_the_last_one_wins(journal: Journal) -> None:
    journal.remember("uploaded", "a")
    journal.remember("uploaded", {"b": [1]})
    assert journal.recall("uploaded") == {"b": [1]}
    assert journal.recall("never") is None


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file modes are POSIX")
def test_what_was_committed_survives_sigkill(tmp_path: Path) -> None:
    script = f"""
import os, signal, pathlib
from wizard.journal import Journal
journal = Journal(pathlib.Path({str(tmp_path / "journal.db")!r}), now=lambda: 0.0)
journal.begin("upload:00001", {{}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [intent.subject for intent in Journal(tmp_path / "journal.db", now=lambda: 0.0).intents()] == [
        "upload:00001"
    ]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file modes are POSIX")
def test_the_file_is_readable_by_its_owner_only(journal: Journal, tmp_path: Path) -> None:
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="cannot be opened"):
        Journal(tmp_path / "nowhere" / "journal.db", now=lambda: 0.0)


def test_a_journal_that_cannot_be_written_says_what_to_do(journal: Journal) -> None:
    journal._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(JournalFailed, match="Make room"):
        for _ in range(1000):
            journal.begin("upload:00001", {"padding": "x" * 1000})
