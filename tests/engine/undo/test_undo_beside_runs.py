"""Undoing one of several runs into the same connection: what the others rely on stays, and is told with the run it is for."""

from pathlib import Path

import pytest
from phases_stage import stage_of
from rehearsal import Rehearsal, person, whereabouts

from wizard.doorway.scripts import is_closed
from wizard.identity import progress_of
from wizard.runs import RunFolder


def enabled(stage: Rehearsal) -> list[str]:
    """The applications that may use the connection, by name."""
    return list(whereabouts(stage.tenant)["enabled"].get("acme-users", []))


def two_runs(stage: Rehearsal) -> tuple[RunFolder, RunFolder]:
    """The older and the newer of two runs: people were added to the store in between."""
    stage.write_people([person(number) for number in range(1, 5)])
    stage.apply()
    stage.write_people([person(number) for number in range(1, 8)])
    stage.apply()
    newer, older = stage.runs.all()
    return older, newer


def test_what_a_newer_run_into_the_same_connection_relies_on_stays(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    older, newer = two_runs(stage)
    undone = stage.undo(run=older)
    assert enabled(stage) == ["Web shop"]
    assert undone.changes == 0
    told = [one for one in undone.left if "Web shop" in one]
    assert told == [
        f"enable the application Web shop for acme-users: run {newer.id} relies on it; undo that one first to take it back"
    ]
    stage.undo(run=newer)
    assert stage.undo(run=older).changes == 1
    assert enabled(stage) == []


def test_a_newer_run_that_names_no_application_relies_on_those_that_were_enabled(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1)])
    stage.apply()
    stage.apply("applications.enable=[]")
    stage.undo(run=stage.runs.all()[1])
    assert enabled(stage) == ["Web shop"]


def test_what_no_other_run_has_asked_for_is_taken_back(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.ask("POST", "clients", json={"name": "Support desk", "app_type": "regular_web"})
    stage.write_people([person(1)])
    stage.apply('applications.enable=["Support desk", "Web shop"]')
    stage.apply()
    stage.undo(run=stage.runs.all()[1])
    assert enabled(stage) == ["Web shop"]


@pytest.mark.parametrize("undone", ["older", "newer"])
def test_the_door_stays_open_for_a_run_whose_users_move_at_login(tmp_path: Path, undone: str) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.apply("prepare.max_file_bytes=3000")
    runs = dict(zip(("newer", "older"), stage.runs.all(), strict=True))
    stage.undo(run=runs[undone])
    options = stage.options()
    assert options["enabledDatabaseCustomization"] is True
    assert not is_closed(options["customScripts"])
    assert len(stage.memory) == 1
    assert any(row["name"].startswith("Auth0 migration") for row in stage.ask("GET", "clients"))
    assert len(stage.ask("GET", "actions/actions")["actions"]) > 1


def test_all_stays_for_a_run_whose_answers_cannot_be_read(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    older, newer = two_runs(stage)
    text = newer.answers.read_text(encoding="utf-8")
    newer.answers.write_text(text.replace("[connection]", "[connection]\nof_a_later_version = 1", 1), encoding="utf-8")
    undone = stage.undo(run=older)
    assert undone.changes == 0
    assert enabled(stage) == ["Web shop"]
    assert [one for one in undone.left if f"run {newer.id} may rely on it, as its answers cannot be read" in one]


def test_nothing_stays_for_a_run_into_another_connection(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1)])
    stage.apply()
    stage.apply("connection.name=other-users")
    stage.undo(run=stage.runs.all()[1])
    assert enabled(stage) == []


def test_two_runs_that_rely_on_each_other_can_be_undone_one_after_the_other(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 2, "automatic")
    stage.apply()
    stage.apply("verify.sample=6")
    newer, older = stage.runs.all()
    assert stage.undo(run=older).changes == 0
    stage.undo(run=newer)
    assert progress_of(older).was_undone
    assert progress_of(newer).was_undone
    assert stage.undo(run=older).left == ()
    assert enabled(stage) == []
    assert stage.ask("GET", "connections", params={"name": "acme-users"}) == []
