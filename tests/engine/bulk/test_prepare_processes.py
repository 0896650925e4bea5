"""Preparing with worker processes: killed, stopped, dying; and from an event loop."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from prepare_stage import DeadlySource, ListSource, all_bytes, mapping, person, prepared_users

from wizard.bulk.manifest import read_file, read_manifest
from wizard.bulk.preparation.prepare import prepare, prepare_async
from wizard.errors import Interrupted, SourceError, WizardError
from wizard.events import Event, UsersPrepared
from wizard.practice.people.benchmark import write_benchmark_csv

ROWS = tuple(person(number) for number in range(3000))
MAPPING = mapping()
SCRIPT = """
import sys
from pathlib import Path
from prepare_stage import EndlessSource, ListSource, mapping, person
from wizard.bulk.preparation.prepare import prepare

if __name__ == "__main__":
    kind = EndlessSource if "endless" in sys.argv else ListSource
    source = kind(tuple(person(number) for number in range(6000)), size=20)
    print("ready", flush=True)
    prepare(source, source.facts(), mapping(), Path(sys.argv[1]), workers=int(sys.argv[2]), max_file_bytes=20_000)
"""


def children() -> list[psutil.Process]:
    return [
        each for each in psutil.Process().children(recursive=True) if "resource_tracker" not in " ".join(each.cmdline())
    ]


def started(tmp_path: Path, workers: int, *kind: str) -> subprocess.Popen[str]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    paths = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[3])])
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "out"), str(workers), *kind],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def require_nothing_or_all(out: Path) -> bool:
    manifest = read_manifest(out)
    if manifest is not None:
        assert sum(file.users for file in manifest.files) == 6000
        for file in manifest.files:
            read_file(out, file)
    return manifest is not None


@pytest.mark.parametrize("workers", [0, 2])
def test_a_kill_at_any_time_leaves_nothing_valid_or_the_whole(workers: int, tmp_path: Path) -> None:
    chance = random.Random(workers)
    for _ in range(3):
        process = started(tmp_path, workers)
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        time.sleep(chance.uniform(0, 1.2))
        process.kill()
        process.wait()
        require_nothing_or_all(tmp_path / "out")
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, family))
    process = started(tmp_path, workers)
    assert process.wait(60) == 0
    assert require_nothing_or_all(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "rejects.ndjson", "users"]


def test_ctrl_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    process = started(tmp_path, 2, "endless")
    deadline = time.monotonic() + 20
    while len(psutil.Process(process.pid).children()) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    psutil.wait_procs(family, timeout=10)
    assert not any(child.is_running() for child in family)
    assert not require_nothing_or_all(tmp_path / "out")
    assert all_bytes(tmp_path / "out") == {}


ANSWERS = """version = 1
[source]
path = "users.csv"
[passwords]
column = "password_hash"
[prepare]
workers = 2
[profile]
user_id = "id"
email = "email"
"""


@pytest.mark.skipif(os.name != "posix", reason="groups of processes")
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_whole_group_stops_the_command_as_one_to_it_alone_does(name: int, tmp_path: Path) -> None:
    write_benchmark_csv(tmp_path / "users.csv", 200_000)
    (tmp_path / "answers.toml").write_text(ANSWERS)
    words = [sys.executable, "-m", "wizard", "prepare", "answers.toml", "--out", "out", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, text=True, start_new_session=True, stdout=-1, stderr=-1
    ) as command:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("out/.working-*/spool/users.1")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(command.pid, name)
        told, complained = command.communicate(timeout=30)
    assert command.returncode == 130, complained
    assert json.loads(told)["error"]["what"] == "Preparing users was stopped"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="nohup")
def test_what_nohup_starts_outlives_its_terminal(tmp_path: Path) -> None:
    write_benchmark_csv(tmp_path / "users.csv", 20_000)
    (tmp_path / "answers.toml").write_text(ANSWERS)
    words = ["nohup", sys.executable, "-m", "wizard", "prepare", "answers.toml", "--out", "out", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, text=True, start_new_session=True, stdout=-1, stderr=-1
    ) as command:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("out/.working-*/spool/users.1")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(command.pid, signal.SIGHUP)
        told, complained = command.communicate(timeout=60)
    assert command.returncode == 3, complained  # some are rejected
    assert json.loads(told)["users"]["read"] == 20_000


def test_a_worker_that_dies_is_a_clear_error(tmp_path: Path) -> None:
    source = DeadlySource(ROWS[:30])
    with pytest.raises(WizardError, match="worker process") as caught:
        prepare(source, source.facts(), MAPPING, tmp_path / "out", workers=2)
    assert "SIGKILL" in str(caught.value)
    assert all_bytes(tmp_path / "out") == {}
    assert children() == []


async def test_an_event_loop_stays_free_and_hears_of_progress(tmp_path: Path) -> None:
    source = ListSource(ROWS, size=50)
    events: list[Event] = []
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(beat())
    prepared = await prepare_async(source, source.facts(), MAPPING, tmp_path / "out", emit=events.append)
    beating.cancel()
    assert prepared.prepared == len(prepared_users(tmp_path / "out")) == 3000
    assert isinstance(events[-1], UsersPrepared)
    assert beats > 5
    assert children() == []


async def test_stopping_from_an_event_loop_leaves_nothing(tmp_path: Path) -> None:
    source = ListSource(ROWS, size=1)
    with pytest.raises(Interrupted):
        await prepare_async(source, source.facts(), MAPPING, tmp_path / "out", stop=lambda: True)
    assert all_bytes(tmp_path / "out") == {}


async def test_cancelling_ends_the_processes(tmp_path: Path) -> None:
    source = ListSource(ROWS * 10, size=5)
    task = asyncio.create_task(prepare_async(source, source.facts(), MAPPING, tmp_path / "out", workers=1))
    while not list((tmp_path / "out").glob(".working-*")):
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == []
    assert all_bytes(tmp_path / "out") == {}


async def test_errors_come_back_from_the_other_process_as_they_were(tmp_path: Path) -> None:
    source = ListSource(ROWS[:10], changed=True)
    with pytest.raises(SourceError, match="The list changed") as caught:
        await prepare_async(source, source.facts(), MAPPING, tmp_path / "out")
    assert caught.value.remedy == "leave it alone."


async def test_a_process_that_dies_is_a_clear_error(tmp_path: Path) -> None:
    source = DeadlySource(ROWS[:30])
    with pytest.raises(WizardError, match="ended on its own"):
        await prepare_async(source, source.facts(), MAPPING, tmp_path / "out", workers=0)
    assert read_manifest(tmp_path / "out") is None


def test_processes_start_where_standard_error_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a full-screen application it has the descriptor -1."""

    class Screen:
        def fileno(self) -> int:
            return -1

        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            pass

    from multiprocessing import resource_tracker

    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stderr", Screen())
    source = ListSource(ROWS[:100])
    assert prepare(source, source.facts(), MAPPING, tmp_path / "out", workers=1).prepared == 100


@pytest.mark.parametrize("source", ["csv", "json", "ldif", "sql"])
def test_the_process_that_prepares_starts_without_the_models_of_the_answers_and_an_event_loop(source: str) -> None:
    unneeded = {"asyncio", "pydantic", "wizard.answers", "sqlalchemy", "email_validator", "phonenumbers"}
    code = f"import sys, wizard.bulk.preparation.child, wizard.legacy.{source}; print(*{unneeded} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
