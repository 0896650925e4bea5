"""Who has moved is marked in the legacy store before the rest is prepared."""

from pathlib import Path

import httpx
import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import person

from wizard.errors import WizardError


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path)


def test_marks_of_users_who_were_deleted_after_they_had_moved_hold_up_nothing(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in(range(1, 11))
    for number in range(1, 7):
        stage.ask("DELETE", f"users/auth0|{number}")
    stage.write_people([person(number) for number in range(7, 31)])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.read, progress.migrated, progress.imported) == ("complete", 24, 4, 20)
    assert progress.failed_checks == {}


def test_who_moved_without_being_marked_is_marked_when_the_rest_is_prepared(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in(range(1, 11))
    stage.marked -= {"1", "2", "3", "4"}
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.migrated) == ("complete", 10)
    assert stage.marked == {str(number) for number in range(1, 11)}
    assert "/users/7/migrated" not in [path for method, path in stage.calls if method == "POST"]


def test_marks_that_the_legacy_api_does_not_take_hold_the_run_up_until_it_does(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in(range(1, 11))
    stage.marked -= {"1", "2"}
    stage.refuses_marks = True
    stage.pass_days(1)
    with pytest.raises(WizardError, match=r"did not mark.*0 of 2 marks"):
        stage.resume("trickle.go_on=true")
    stage.refuses_marks = False
    assert stage.resume().verdict == "complete"
    assert {"1", "2"} <= stage.marked


def test_marks_that_nobody_could_be_asked_for_are_set_once_the_legacy_api_is_back(
    stage: PhasesStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.apply("cutover.confirm=")
    stage.log_in(range(1, 11))
    stage.marked -= {"1", "2", "3", "4"}
    stage.pass_days(1)

    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with monkeypatch.context() as down:
        down.setattr(stage, "_legacy_api", refused)
        assert stage.resume("trickle.go_on=true").migrated == 10
    assert "1" not in stage.marked
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"
    assert {"1", "2", "3", "4"} <= stage.marked


def test_moved_users_whom_the_legacy_api_cannot_mark_are_told_of(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in(range(1, 11))
    stage.unknown = {"1", "2", "3", "4"}
    stage.marked -= stage.unknown
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert set(progress.failed_checks) == {"marks"}


def test_who_signs_up_in_auth0_meanwhile_is_nobody_to_be_marked(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in(range(1, 4))
    for number in range(8):
        stage.sign_up(f"new{number}", f"new-{number}@example.org")
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert "marks" not in progress.failed_checks
    assert stage.marked == {"1", "2", "3"}
