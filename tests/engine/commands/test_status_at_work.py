"""What `status` says of a run that a process works on right now."""

import json
from pathlib import Path
from typing import Any

import pytest
from rehearsal import Rehearsal, person

from wizard.__main__ import main
from wizard.events import Event, JobSubmitted, StepStarted, UsersRemoved


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 13)])
    return stage


class Onlooker:
    """Asks `status` once, when something happens in the run."""

    def __init__(self, stage: Rehearsal, kind: type[Event], capsys: pytest.CaptureFixture[str]) -> None:
        self.stage, self.kind, self.capsys = stage, kind, capsys
        self.text = ""
        self.answer: dict[str, Any] = {}
        self.code: str | int | None = None

    def __call__(self, event: Event) -> None:
        if self.text or not isinstance(event, self.kind):
            return
        for more in ((), ("--json",)):
            with pytest.raises(SystemExit) as ended:
                main(["status", self.stage.run.id, "--runs", str(self.stage.runs.folder), *more])
            told = self.capsys.readouterr().out
            self.code = ended.value.code
            if more:
                self.answer = json.loads(told.splitlines()[-1])
            else:
                self.text = told


def test_a_run_that_is_worked_on_is_not_called_waiting(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    look = Onlooker(stage, JobSubmitted, capsys)
    stage.apply(watch=look)
    assert look.text.startswith(f"AT WORK: run {stage.run.id}\n  step upload is under way\n  uploading: ")
    assert (look.code, look.answer["verdict"]) == (6, "waiting"), "for scripts it is as documented"


def test_before_the_first_step_of_a_resume_the_step_it_stopped_at_is_not_told(
    stage: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.apply_until(lambda event: isinstance(event, StepStarted) and event.step == "upload")
    look = Onlooker(stage, Event, capsys)
    stage.resume(watch=look)
    assert look.text.startswith(f"AT WORK: run {stage.run.id}\n  looking at store and tenant before it goes on\n")


def test_an_undo_under_way_is_told_as_one(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    stage.apply()
    look = Onlooker(stage, UsersRemoved, capsys)
    stage.undo(users=True, watch=look)
    assert look.text.startswith(f"AT WORK: run {stage.run.id}\n  an undo of it is under way\n")
