"""Half-made users in the automatic phase and after it: found, explained, and cured only after approval."""

from pathlib import Path

import pytest
from phases_stage import PhasesStage, plant, stage_of
from rehearsal import CutShapes, known_hash, person

from wizard.errors import PlanStale
from wizard.events import CheckFailed
from wizard.practice.users.creation import add_user


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path)


def test_half_made_users_are_found_and_explained_but_not_touched_unasked(stage: PhasesStage) -> None:
    stage.apply()
    plant(stage, [5, 6])
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.already_there, progress.unfound, progress.missing) == ("attention", 0, 2, 2)
    assert (progress.adds_up, progress.to_json(report=None)["users"]["rejected"]) == (True, 2)
    [told] = [event for event in stage.events if isinstance(event, CheckFailed) and event.name == "half-made"]
    assert told.detail.startswith("2 users are half-made")
    assert "--set verify.repair_at_most=2 --yes" in told.remedy
    with pytest.raises(PlanStale, match="world has changed"):
        stage.resume("verify.repair_at_most=2")


def test_half_made_users_are_repaired_after_approval_and_imported_anew(stage: PhasesStage) -> None:
    stage.apply()
    plant(stage, [5, 6])
    stage.resume("trickle.go_on=true")
    before = stage.users()
    progress = stage.resume("verify.repair_at_most=2", approve=lambda plan: True)
    assert (progress.verdict, progress.imported, progress.already_there, progress.missing) == ("complete", 30, 0, 0)
    assert (progress.unfound, progress.adds_up) == (0, True)
    after = stage.users()
    assert [user for user in after if user in before] == before, "nobody else was touched"
    assert len(after) == 30
    stage.ask("DELETE", "users/auth0|5")
    progress = stage.verify()
    assert (progress.missing, progress.unfound, progress.imported, progress.adds_up) == (1, 0, 30, True)


def test_an_id_that_is_somebodys_in_another_connection_hides_no_half_made_user(stage: PhasesStage) -> None:
    """Auth0 does not enforce that ids are unique over connections; deleting by id would take the other one."""
    stage.make_connection("another-company")
    other = stage.tenant.connection_named("another-company")
    assert other is not None
    stage.apply("verify.repair_at_most=2")
    for number in (5, 6):
        who = person(number)
        add_user(stage.tenant, other, {"user_id": who["id"], "email": who["mail"]}, secret=known_hash())
    plant(stage, [5, 6])
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.imported, progress.missing) == ("complete", 30, 0)
    left = stage.tenant.db.execute("select id from users where connection_id = ? order by id", (other.id,))
    assert [row["id"] for row in left] == ["5", "6"]


def test_more_half_made_users_than_agreed_to_stop_the_run(stage: PhasesStage) -> None:
    stage.apply("verify.repair_at_most=1")
    plant(stage, [5, 6])
    with pytest.raises(PlanStale, match="There are 2 half-made users"):
        stage.resume("trickle.go_on=true")


def test_a_repair_agreed_to_beforehand_happens_in_the_same_run(stage: PhasesStage) -> None:
    stage.apply("verify.repair_at_most=5")
    plant(stage, [5, 6])
    stage.log_in([1])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.migrated, progress.imported, progress.already_there) == ("complete", 1, 29, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_repair_and_a_cutover_whose_requests_are_lost_end_as_if_none_was(stage: PhasesStage, when: str) -> None:
    stage.apply("verify.repair_at_most=5")
    plant(stage, [5, 6])
    stage.log_in([1])
    stage.pass_days(1)
    shapes = [
        "DELETE /api/v2/connections/{id}/users",
        "PATCH /api/v2/connections/{id}",
        "POST /api/v2/jobs/users-imports",
    ]
    stage.transport = cable = CutShapes(stage.transport, when, shapes)
    progress = stage.resume("trickle.go_on=true")
    assert sorted(cable.lost) == sorted(shapes)
    assert (progress.verdict, progress.migrated, progress.missing) == ("complete", 1, 0)
    assert progress.adds_up
    assert len(stage.users()) == 30
