"""A connection whose door an undo or an earlier cutover has closed: a run that has let nobody move yet opens it again."""

from pathlib import Path

import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import person
from undo_stage import finished

from wizard.doorway.scripts import closed, is_closed
from wizard.runner import Plan

SHARE = ("trickle.until=share", "trickle.share=60")


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path, 8)


class Approval:
    """Approves everything, and keeps what that was."""

    def __init__(self) -> None:
        self.summaries: list[str] = []

    def __call__(self, plan: Plan) -> bool:
        self.summaries += [one.change.summary for one in plan.changes]
        return True

    @property
    def scripts(self) -> str:
        [found] = [one for one in self.summaries if one.startswith("set the scripts")]
        return found


def is_open(stage: PhasesStage) -> bool:
    return not is_closed(stage.options()["customScripts"])


def test_after_an_undo_with_a_moved_user_a_new_run_lets_people_move_again(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1])
    stage.undo()
    assert not is_open(stage)
    approve = Approval()
    assert stage.apply(*SHARE, fresh=True, approve=approve).verdict == "waiting"
    assert approve.scripts.endswith(": its door was closed, and users can move again")
    assert [one for one in approve.summaries if one.startswith("end the migration")], "the cutover is approved with it"
    assert is_open(stage)
    stage.pass_days(1)
    stage.log_in([2, 3, 4, 5])
    progress = stage.apply(*SHARE)
    assert (progress.verdict, progress.migrated, progress.imported) == ("complete", 5, 3)
    assert not is_open(stage)


def test_after_an_undo_with_a_moved_user_the_same_run_lets_people_move_again(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1])
    stage.undo()
    approve = Approval()
    assert stage.resume(approve=approve).verdict == "waiting"
    assert is_open(stage)
    assert [one for one in approve.summaries if one.startswith("create the API https://legacy.example.com/api")]


def test_after_a_finished_cutover_a_new_run_opens_the_door_for_those_who_came_later(stage: PhasesStage) -> None:
    finished(stage)
    assert not is_open(stage)
    stage.marked |= {str(number) for number in range(1, 9)}
    stage.write_people([person(number) for number in range(1, 13)])
    stage.pass_days(1)
    assert stage.apply("trickle.until=share", "trickle.share=80", fresh=True).verdict == "waiting"
    assert is_open(stage)
    stage.log_in([9, 10])
    stage.pass_days(1)
    progress = stage.apply("trickle.until=share", "trickle.share=80")
    assert (progress.verdict, progress.migrated, progress.imported) == ("complete", 10, 2)
    assert not is_open(stage)


def test_a_run_whose_door_somebody_else_closes_does_not_open_it_again(stage: PhasesStage) -> None:
    stage.apply()
    [connection] = stage.ask("GET", "connections", params={"name": "acme-users"})
    options = connection["options"] | {"customScripts": closed().custom_scripts()}
    options.pop("passwordPolicy", None) if "password_options" in options else None
    stage.ask("PATCH", f"connections/{connection['id']}", json={"options": options})
    stage.pass_days(1)
    assert stage.resume().verdict == "waiting"
    assert not is_open(stage)
