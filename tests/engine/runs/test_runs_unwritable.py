"""Runs in folders that this account may read and not write."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.identity import forget_if_unapproved
from wizard.journal import Journal
from wizard.runs import RunFolder, Runs


def unlockable(path: Path) -> Path:
    """A folder at the place of a lock: like a folder without write permission, and so also for root."""
    path.mkdir(parents=True)
    return path


def test_a_folder_of_runs_that_cannot_be_written_to_is_named_with_the_way_out(tmp_path: Path) -> None:
    unlockable(tmp_path / "runs" / ".lock")
    with pytest.raises(WizardError, match="cannot be written to") as caught, Runs(tmp_path / "runs").creating():
        pass
    assert str(tmp_path / "runs") in caught.value.what
    assert "--runs DIR" in caught.value.remedy


def test_a_run_that_cannot_be_locked_says_that_its_folder_is_not_writable(tmp_path: Path) -> None:
    unlockable(tmp_path / "lock")
    with pytest.raises(WizardError, match="cannot be written to") as caught, RunFolder(tmp_path).locked():
        pass
    assert str(tmp_path) in caught.value.what
    assert "Nothing was done" in caught.value.state


def test_a_run_that_cannot_be_locked_is_held_by_nobody(tmp_path: Path) -> None:
    unlockable(tmp_path / "lock")
    assert RunFolder(tmp_path).is_held is False


def test_of_two_runs_made_in_one_second_the_later_is_the_latest(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    made = [runs.create(name, lambda run: (run.path / "journal.db").touch(), now=1_800_000_000.5) for name in "ba" * 4]
    assert [run.id for run in runs.all()] == [run.id for run in reversed(made)]
    assert runs.find("latest").id == made[-1].id


def test_a_run_made_after_the_clock_was_set_back_is_the_latest(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    moments = (1_800_000_000.0, 1_799_990_000.0, 1_799_990_100.0, 1_800_000_001.0, 1_900_000_000.0)
    made = [runs.create("acme", lambda run: (run.path / "journal.db").touch(), now=now).id for now in moments]
    assert [run.id for run in runs.all()] == made[::-1]
    assert made[-1].startswith("20300317-174640-")


def test_only_runs_that_were_never_whole_are_cleared_away_from_a_folder_of_other_things(tmp_path: Path) -> None:
    half_made = tmp_path / ".20270115-080000-acme-users-01ab"
    others = [tmp_path / name for name in (".an-editors-folder", ".20270115-080000-acme-users-01abc", ".keys-of-mine")]
    for folder in (half_made, *others):
        folder.mkdir()
        (folder / "kept").touch()
    with Runs(tmp_path).creating():
        assert not half_made.exists()
    assert all((other / "kept").is_file() for other in others)


def a_run_with_users(folder: Path) -> RunFolder:
    def fill(run: RunFolder) -> None:
        Journal(run.journal, now=lambda: 1_800_000_000.0).close()
        (run.path / "users").mkdir()
        (run.path / "users" / "00001.json").write_text("[]", encoding="utf-8")

    return Runs(folder).create("acme", fill, now=1_800_000_000.0)


def test_users_that_lie_where_a_link_leads_are_not_called_gone(tmp_path: Path) -> None:
    run = a_run_with_users(tmp_path / "runs")
    moved = (run.path / "users").rename(tmp_path / "larger-disk")
    (run.path / "users").symlink_to(moved, target_is_directory=True)
    with pytest.raises(WizardError, match="not all be deleted") as caught:
        run.purge_users()
    assert str(run.path / "users") in caught.value.why
    assert (moved / "00001.json").exists(), "what lies elsewhere is nobody's to delete but its owner's"


def test_users_that_cannot_be_deleted_are_not_called_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run_with_users(tmp_path / "runs")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", denied)
    with pytest.raises(WizardError, match="not all be deleted") as caught:
        run.purge_users()
    assert str(run.path / "users") in caught.value.why


def test_a_run_that_another_process_approves_meanwhile_is_not_forgotten(tmp_path: Path) -> None:
    run = a_run_with_users(tmp_path / "runs")
    with ThreadPoolExecutor(1) as other:
        with run.locked():
            forgotten = other.submit(forget_if_unapproved, run)
            with pytest.raises(TimeoutError):
                forgotten.result(timeout=0.3)  # it waits for the lock
            journal = Journal(run.journal, now=lambda: 1_800_000_000.0)
            journal.remember("approval", "abc")
            journal.close()
        assert forgotten.result() is False
    assert (run.path / "users" / "00001.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_folders_above_a_new_run_are_private_too_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run = a_run_with_users(tmp_path / "state" / "wizard" / "runs")
    finally:
        os.umask(before)
    made = [run.path, *list(run.path.parents)[:3]]
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 4
