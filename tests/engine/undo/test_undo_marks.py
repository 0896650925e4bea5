"""The legacy API's marks of users whom an undo deletes: without them they can move again, and their addresses are theirs."""

from pathlib import Path

import pytest
from phases_stage import PhasesStage, stage_of

from wizard.errors import WizardError


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    """A finished import of 28 users with an open door, after two others had moved; four of the 28 have logged in since."""
    stage = stage_of(tmp_path)
    stage.answer('confirm = "acme-users"', 'confirm = ""')
    stage.apply()
    stage.log_in([1, 2])
    stage.pass_days(1)
    assert stage.resume("trickle.go_on=true").imported == 28
    stage.marked |= {"5", "6", "7", "8"}
    return stage


def test_whom_an_undo_deletes_is_not_marked_any_more(stage: PhasesStage) -> None:
    undone = stage.undo(users=True, in_use="delete")
    assert undone.users == 28
    assert stage.marked == {"1", "2"}
    assert not [one for one in undone.left if "marks" in one]


def test_a_mark_that_is_not_taken_away_ends_the_undo_before_its_user_is_deleted(stage: PhasesStage) -> None:
    stage.refuses_unmarks = True
    with pytest.raises(WizardError, match="did not forget the mark") as failed:
        stage.undo(users=True, in_use="delete")
    assert "5" not in str(failed.value)
    assert {"5", "6", "7", "8"} <= {user["user_id"].removeprefix("auth0|") for user in stage.users()}
    stage.refuses_unmarks = False
    stage.undo(users=True, in_use="delete")
    assert stage.marked == {"1", "2"}
    assert len(stage.users()) == 2


def test_marks_that_nobody_can_ask_for_are_told(stage: PhasesStage) -> None:
    stage.is_gone = True
    undone = stage.undo(users=True, in_use="delete")
    assert undone.users == 28
    assert "marks of deleted users in the legacy API, which cannot be asked: whoever has one cannot move again" in (
        undone.left
    )
