"""At the question whether a plan is carried out, a signal ends the command at once, with nothing changed."""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no such terminals", allow_module_level=True)

import pty

from kill_stage import Command, Served, serving, template, write_store
from rehearsal import Rehearsal, person

from wizard.commands.output import NotAnswered, Output
from wizard.commands.running import confirmed
from wizard.events import Event, JobSubmitted
from wizard.identity import progress_of

SECONDS = 8.0
"""A command ends within this time of a signal, also on a machine that is busy."""


class Asked:
    """`apply` on a terminal, that has come to its question."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wizard", "apply", "answers.toml", "--runs", "runs"],
            cwd=folder,
            env={**os.environ, "PRACTICE_SECRET": served.tenant.client_secret, "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.told = ""
        while "Carry this out?" not in self.told:
            self.told += self._more()

    def _more(self) -> str:
        try:
            return os.read(self.terminal, 4096).decode()
        except OSError:  # the other end is closed
            assert "Carry this out?" in self.told, self.told
            return ""

    def end(self) -> int:
        """Its exit code, once it has ended."""
        try:
            status = self.process.wait(timeout=SECONDS)
        finally:
            self.process.kill()
        while more := self._more():
            self.told += more
        os.close(self.terminal)
        return status


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_question_ends_it_at_once_and_nothing_is_changed(tmp_path: Path, name: signal.Signals) -> None:
    state = template(tmp_path / "template")
    with serving(state, tmp_path / "run") as served:
        write_store(tmp_path / "run", served)
        asked = Asked(tmp_path / "run", served)
        began = time.monotonic()
        asked.process.send_signal(name)
        assert asked.end() == 130, asked.told
        assert time.monotonic() - began < SECONDS
        written = [
            one
            for one in served.guillotine.requests
            if one.split()[0] not in ("GET", "HEAD") and "/oauth/token" not in one
        ]
    assert written == []
    assert "Nothing was changed." in asked.told.split("Carry this out?")[1]
    assert "Traceback" not in asked.told
    assert not list((tmp_path / "run" / "runs").glob("*/journal.db"))


def test_ctrl_d_at_the_question_ends_it_like_a_signal(tmp_path: Path) -> None:
    state = template(tmp_path / "template")
    with serving(state, tmp_path / "run") as served:
        write_store(tmp_path / "run", served)
        asked = Asked(tmp_path / "run", served)
        os.write(asked.terminal, b"\x04")
        assert asked.end() == 130, asked.told
    assert "Nothing was changed." in asked.told.split("Carry this out?")[1]
    assert not list((tmp_path / "run" / "runs").glob("*/journal.db"))


def test_a_run_that_was_killed_at_the_question_is_approved_as_the_resume_without_approval_says(tmp_path: Path) -> None:
    state, folder = template(tmp_path / "template"), tmp_path / "run"
    with serving(state, folder) as served:
        write_store(folder, served)
        asked = Asked(folder, served)
        asked.process.kill()
        asked.end()
        refused = Command(folder, "resume", "latest", "--runs", "runs", secret=served.tenant.client_secret).end()
        assert refused.code == 5, refused.err
        remedy = re.search(r"`auth0-migrate (resume [^`]+ --yes [^`]+)`", refused.err)
        assert remedy, refused.err
        approved = Command(folder, *shlex.split(remedy[1]), secret=served.tenant.client_secret).end()
    assert approved.code == 0, approved.err


def submitted(event: Event) -> bool:
    return isinstance(event, JobSubmitted)


def test_no_answer_is_no_failure_of_a_run_that_was_approved_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 9)])
    stage.apply_until(submitted)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(NotAnswered):
        stage.apply("verify.repair_at_most=2", approve=lambda plan: confirmed("Carry this out?"))
    now = progress_of(stage.run)
    assert (now.error, now.interrupted, now.stopped) == ("", True, True)


def test_every_prompt_that_gets_no_answer_says_that_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: input(prompt))
    monkeypatch.setattr(Output, "interactive", True)
    output = Output(as_json=False, quiet=True)
    for ask in (output.confirm, output.ask_hidden):
        with pytest.raises(NotAnswered, match="Nothing was changed"):
            ask("Delete it", without_terminal="add --yes")
