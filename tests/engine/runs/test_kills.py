"""A wizard process that is killed at any instant leaves a run that the next one completes, as if nothing had happened.

By default some of the instants are tried; KILLS in the environment says how many random ones, PROOFS=all tries every
request.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("processes are killed the POSIX way", allow_module_level=True)

from kill_stage import USERS, Command, Outcome, Trial, Warm, kill, template, trial, write_people
from rehearsal import ANSWERS

KILLS = int(os.environ.get("KILLS", "4"))
EVERY = 1 if os.environ.get("PROOFS") == "all" else 9
"""Of the requests of a run, at each so-manieth a process is killed."""
MOST = 60
"""No run sends so many requests."""


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    starter = Warm()
    yield starter
    starter.close()


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves that nothing disturbs, what it asks for, and how long it takes."""

    state: Path
    tenant: dict[str, Any]
    requests: list[str]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    state = template(folder)
    with trial(state, folder / "first", warm) as first:
        first.begin("apply")
        check(first.end())
    with trial(state, folder / "second", warm) as stage:
        began = time.monotonic()
        stage.begin("apply")
        check(stage.end())
        seconds = time.monotonic() - began
        requests = list(stage.served.guillotine.requests)
        assert len(requests) < MOST
        return Undisturbed(state, stage.served.close(), requests, seconds)


def check(outcome: Outcome) -> None:
    """The process ended well and its account is exact."""
    assert outcome.code == 0, outcome.err
    answer = outcome.answer
    users = answer["users"]
    assert answer["verdict"] == "complete"
    assert users["read"] == USERS == users["imported"] + users["already_there"]
    assert [users[key] for key in ("rejected", "skipped", "missing", "different", "extra")] == [0] * 5


def finish(stage: Trial, undisturbed: Undisturbed, *, command: str) -> None:
    """Complete the run with one more process, at once; then nothing is left of any."""
    stage.served.guillotine.at = None
    stage.begin(command)
    outcome = stage.end()
    if command == "resume" and outcome.code in (2, 5):
        # The kill came before there was a run, or before its plan was approved: there is nothing to resume.
        assert "There are no runs" in outcome.err or "was not approved yet" in outcome.err
        stage.begin("apply")
        outcome = stage.end()
    check(outcome)
    assert stage.orphans() == []
    assert sorted(path.name for path in (stage.folder / "runs").iterdir() if not path.name.startswith(".")) == [
        outcome.answer["run"]
    ]
    assert stage.served.close() == undisturbed.tenant


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_kill_at_a_random_instant_loses_and_doubles_nobody(
    tmp_path: Path, undisturbed: Undisturbed, warm: Warm, seed: int
) -> None:
    with trial(undisturbed.state, tmp_path, warm) as stage:
        pid = stage.begin("apply")
        time.sleep(Random(seed).uniform(0, undisturbed.seconds))
        kill(pid)
        stage.end()
        finish(stage, undisturbed, command="resume" if seed % 2 else "apply")


@pytest.mark.parametrize("at", range(1, MOST, EVERY))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_request_loses_and_doubles_nobody(
    tmp_path: Path, undisturbed: Undisturbed, warm: Warm, when: str, at: int
) -> None:
    if at > len(undisturbed.requests):
        pytest.skip("the run sends fewer requests")
    with trial(undisturbed.state, tmp_path, warm) as stage:
        stage.served.guillotine.at, stage.served.guillotine.when = at, when
        stage.served.guillotine.kill = stage.kill
        stage.begin("apply")
        assert stage.end().code == -9 or len(stage.served.guillotine.requests) < at, "not all runs ask as often"
        finish(stage, undisturbed, command="resume" if at % 2 else "apply")


# The command line itself.

SUBMITS = "POST /api/v2/jobs/users-imports"


@pytest.mark.parametrize(
    ("name", "at", "everyone"),
    [
        (signal.SIGTERM, SUBMITS, False),
        (signal.SIGHUP, SUBMITS, True),
        (signal.SIGINT, "POST /api/v2/jobs/users-exports", True),
    ],
)
def test_ctrl_c_sigterm_and_a_lost_terminal_end_a_run_that_resume_completes(
    tmp_path: Path, undisturbed: Undisturbed, warm: Warm, name: signal.Signals, at: str, everyone: bool
) -> None:
    with trial(undisturbed.state, tmp_path, warm) as stage:
        secret = stage.served.tenant.client_secret
        gate = stage.served.guillotine
        gate.at, gate.when = at, "meanwhile"
        began = time.monotonic()
        stopped = Command(tmp_path, "apply", "answers.toml", "--yes", "--json", "--runs", "runs", secret=secret)
        gate.kill = lambda: stopped.send(name, everyone=everyone)
        outcome = stopped.end()
        assert outcome.code == 130, outcome.err
        assert outcome.answer["verdict"] == "failed"
        assert f"auth0-migrate resume {outcome.answer['run']}" in outcome.err
        assert stopped.orphans() == []
        assert time.monotonic() - began < 30, "it does not wait for jobs to end"
        gate.at = None
        resumed = Command(tmp_path, "resume", "latest", "--yes", "--json", "--runs", "runs", secret=secret)
        check(resumed.end())
        assert resumed.orphans() == []
        assert stage.served.close() == undisturbed.tenant


@pytest.mark.parametrize(("name", "workers"), [(signal.SIGKILL, 0), (signal.SIGKILL, 2), (signal.SIGINT, 2)])
def test_preparing_that_is_ended_amid_its_work_leaves_nothing_running_and_can_be_done_again(
    tmp_path: Path, name: signal.Signals, workers: int
) -> None:
    write_people(tmp_path, 8_000)
    (tmp_path / "answers.toml").write_text(ANSWERS.format(client_id="x", plan="auto", file_bytes=100_000))
    arguments = ["prepare", "answers.toml", "--out", "out", "--json", "--set", f"prepare.workers={workers}"]
    ended = Command(tmp_path, *arguments)
    out = tmp_path / "out"
    while not any(out.glob(".working-*/spool/*")):
        time.sleep(0.002)
    ended.send(name, everyone=name == signal.SIGINT)
    outcome = ended.end()
    assert outcome.code == (-9 if name == signal.SIGKILL else 130)
    again = Command(tmp_path, *arguments)
    answer = again.end().answer
    assert ended.orphans() == []
    assert again.orphans() == []
    assert answer["users"] == {"read": 8_000, "prepared": 8_000, "rejected": 0}
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "rejects.ndjson", "users"]
    assert len(list((out / "users").iterdir())) == answer["chunks"]
