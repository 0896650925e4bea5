"""Users who have moved at login and were linked then: they have moved, though no export shows them any more."""

import json
from pathlib import Path

import pytest
from linked_stage import EXPORTS, Searches, link, told
from phases_stage import PhasesStage
from phases_stage import stage_of as phases_of

from wizard.bulk.verification import linked
from wizard.practice.switches import Switches

GO_ON = ("trickle.go_on=true", "cutover.leave_rejected=true")


def stage_of(folder: Path, way: str, users: int = 10, exports: str = "left out") -> PhasesStage:
    """A run in its automatic phase."""
    stage = phases_of(folder, users, way)
    stage.tenant.switches = Switches.model_validate({"linked_users_in_exports": exports})
    stage.make_connection("staff")
    stage.apply("cutover.confirm=")
    return stage


def left_out(stage: PhasesStage) -> dict[str, str]:
    lines = (stage.run.path / "rejects.ndjson").read_text(encoding="utf-8").splitlines()
    return {found["user_id"]: found["code"] for found in map(json.loads, lines)}


@EXPORTS
def test_who_has_moved_and_was_linked_before_the_store_was_prepared_has_moved(tmp_path: Path, exports: str) -> None:
    stage = stage_of(tmp_path, "automatic", exports=exports)
    stage.log_in([1, 2, 3, 4])
    link(stage, "3")
    stage.pass_days(1)
    progress = stage.resume(*GO_ON)
    assert (progress.migrated, progress.rejected, progress.missing) == (4, 6, 0)
    assert set(left_out(stage)) == {"5", "6", "7", "8", "9", "10"}


@EXPORTS
@pytest.mark.parametrize("marked", [True, False])
def test_who_moves_after_that_and_is_linked_is_not_told_as_not_logged_in(
    tmp_path: Path, exports: str, marked: bool
) -> None:
    stage = stage_of(tmp_path, "automatic", exports=exports)
    stage.log_in([1, 2, 3, 4])
    stage.pass_days(1)
    assert stage.resume(*GO_ON).migrated == 4
    stage.log_in([5, 6])
    link(stage, "5")
    stage.marked -= set() if marked else {"5"}
    stage.pass_days(1)
    for progress in (stage.verify(), stage.verify()):
        assert (progress.migrated, progress.rejected, progress.missing) == (6, 4, 0)
        assert (progress.adds_up, progress.moved_codes) == (True, {"not_logged_in": 2})


def test_a_figure_of_moved_users_stays_when_one_is_linked_later_and_it_is_told(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "two-phase")
    stage.log_in([1, 2])
    link(stage, "2")
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.migrated, progress.imported, progress.already_there) == (2, 8, 0)
    link(stage, "1", to="another")
    stage.pass_days(1)
    progress = stage.verify()
    assert (progress.migrated, progress.imported, progress.missing) == (2, 8, 0)
    assert "2 linked to other accounts" in told(stage, "export").detail


def test_a_count_that_falls_during_the_automatic_phase_is_explained(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "two-phase")
    stage.log_in([1, 2, 3])
    stage.pass_days(1)
    assert "fewer" not in stage.resume().waiting
    link(stage, "2", to="1")
    stage.pass_days(1)
    waiting = stage.resume().waiting
    assert "2 of 10 users have moved at login (20.0 %)" in waiting
    assert (
        "1 fewer than counted before: users who are linked to one another count as one, and who was deleted, or turned out to have signed up, no more"
        in waiting
    )


def test_those_who_have_not_moved_are_searched_for_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "IN_VAIN", 100)
    stage = stage_of(tmp_path, "automatic", users=400)
    stage.log_in([1])
    stage.pass_days(1)
    stage.resume(*GO_ON)
    stage.transport = searches = Searches(stage.tenant.transport())
    stage.verify()
    assert len(searches.queries) == 2, "two times fifty"
