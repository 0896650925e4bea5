"""Private folders that go with their process, or with the next one where it was killed."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.runs import Runs
from wizard.scratch import LOCK, open_scratch, scratch

HOLDER = """
import sys, time
from wizard.scratch import open_scratch
folder = open_scratch("index")
(folder.path / "users.db").write_text("somebody")
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.glob("auth0-migrate-*"))


def test_it_is_private_and_gone_afterwards_however_the_block_ends(place: Path) -> None:
    with pytest.raises(KeyError), scratch("plan") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.name.startswith("auth0-migrate-plan-")
        (folder / "users.ndjson").write_text("somebody")
        raise KeyError
    assert folders(place) == []


def test_what_a_killed_process_left_goes_when_the_next_is_made_and_what_is_held_stays(place: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(2)
    ]
    try:
        left, held = (Path(process.stdout.readline().strip()) for process in processes if process.stdout)
        processes[0].kill()
        processes[0].wait()
        assert (left / "users.db").exists()
        with scratch("survey"):
            assert not left.exists()
            assert (held / "users.db").exists()
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_link_that_somebody_put_there_is_not_followed(place: Path) -> None:
    target = place / "elsewhere"
    target.mkdir()
    (target / LOCK).write_text("kept")
    (place / "auth0-migrate-index-link").symlink_to(target)
    with scratch("survey"):
        assert (target / LOCK).read_text() == "kept"


def test_runs_that_are_kept_in_the_place_for_temporary_files_stay(place: Path) -> None:
    runs = Runs(place / "auth0-migrate-runs")
    with runs.creating():
        run = runs.create("acme", lambda run: (run.path / "journal.db").touch(), now=1_800_000_000.0)
    with scratch("survey"):
        assert run.journal.is_file()


def test_others_may_clear_away_a_folder_before_it_is_held(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = tempfile.mkdtemp

    def swept_at_once(prefix: str) -> str:
        made.append(make(prefix=prefix))
        if len(made) == 1:
            monkeypatch.setattr("filelock.FileLock.acquire", _acquired_once_gone(Path(made[0])))
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept_at_once)
    folder = open_scratch("index")
    assert (len(made), str(folder.path)) == (2, made[1])
    assert (folder.path / LOCK).exists()
    folder.close()
    assert not folder.path.exists()


def _acquired_once_gone(folder: Path) -> object:
    from filelock import FileLock

    acquire = FileLock.acquire

    def acquired(lock: FileLock) -> object:
        result = acquire(lock)
        if Path(lock.lock_file).parent == folder:
            (folder / LOCK).unlink()
        return result

    return acquired


def test_hashes_from_support_are_indexed_once_and_go_with_the_process(place: Path) -> None:
    (place / "users.ndjson").write_text('{"user_id":"auth0|1","email":"a@example.com"}\n')
    (place / "hashes.ndjson").write_text('{"_id":{"$oid":"1"},"passwordHash":"x"}\n')
    answers = SourceAnswers(path="users.ndjson", store="auth0", hashes="hashes.ndjson")
    for _ in range(2):
        open_source(answers, secret=lambda name: "", base=place)
    [index] = place.glob("auth0-migrate-hashes-*/hashes.db")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (index, index.parent)] == [0o600, 0o700]
    (place / "hashes.ndjson").write_text('{"_id":{"$oid":"1"},"passwordHash":"another"}\n')
    open_source(answers, secret=lambda name: "", base=place)
    assert len(list(place.glob("auth0-migrate-hashes-*/hashes.db"))) == 2
