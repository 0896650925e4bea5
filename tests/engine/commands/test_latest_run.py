"""Which run `latest` is where rehearsals lie among real ones, and how the list of runs tells them apart."""

import json
from pathlib import Path

import pytest
from rehearsal import Rehearsal, person

from wizard.__main__ import main
from wizard.runs import RunFolder


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    """A real run, and a newer one that rehearses with the wizard's own practice tenant."""
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1)])
    stage.apply("tenant.environment=development")
    stage.answer("env:PRACTICE_SECRET", "env:PRACTICE_CLIENT_SECRET")
    stage.apply("tenant.environment=practice", "connection.name=rehearsed")
    return stage


def told(*words: str, stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The JSON that a command ends with."""
    with pytest.raises(SystemExit):
        main([*words, "--runs", str(stage.runs.folder), "--json"])
    answer: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def test_the_latest_run_is_none_that_the_wizard_rehearsed(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    rehearsed, real = stage.runs.all()
    assert stage.runs.find("latest") == real
    assert told("status", stage=stage, capsys=capsys)["run"] == real.id
    assert stage.runs.find(rehearsed.id) == rehearsed


def test_where_there_are_rehearsals_alone_the_latest_is_one(stage: Rehearsal) -> None:
    rehearsed, real = stage.runs.all()
    real.path.rename(stage.folder / "elsewhere")
    assert stage.runs.find("latest") == rehearsed


def test_the_list_of_runs_marks_rehearsals(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    listed = told("runs", stage=stage, capsys=capsys)["runs"]
    assert isinstance(listed, list)
    assert [row["rehearsal"] for row in listed] == [True, False]
    with pytest.raises(SystemExit):
        main(["runs", "--runs", str(stage.runs.folder)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("  rehearsal") for line in lines] == [True, False]


def test_a_run_on_a_practice_tenant_that_was_applied_from_a_shell_may_be_the_latest(stage: Rehearsal) -> None:
    stage.answer("env:PRACTICE_CLIENT_SECRET", "env:PRACTICE_SECRET")
    stage.apply("tenant.environment=practice", "connection.name=served")
    latest = stage.runs.all()[0]
    assert stage.runs.find("latest") == RunFolder(latest.path)
