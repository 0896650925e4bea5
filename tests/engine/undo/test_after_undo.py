"""What is known of a run after it was undone: that it was, what is left of it, and how to go on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from phases_stage import stage_of
from rehearsal import Rehearsal, person
from test_undo_users import change_password
from undo_stage import connection_for_the_shop, stopped_undo

from wizard.__main__ import main
from wizard.commands.reporting import run_report
from wizard.commands.running import summary
from wizard.errors import Exit, Interrupted, PlanStale, RunMismatch, WizardError
from wizard.events import ChangeUndone, CheckFailed, JobSubmitted, UndoStarted, UsersPrepared
from wizard.fates import words_of_rest
from wizard.identity import progress_of
from wizard.journal import Journal
from wizard.practice.switches import Switches
from wizard.progress import Progress
from wizard.report import Report, headline, next_steps
from wizard.tools import Stop
from wizard.undo.plan import undo_plan


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 13)])
    return stage


def status(stage: Rehearsal) -> str:
    return summary(progress_of(stage.run), stage.run, None)


def reported(stage: Rehearsal) -> Report:
    return run_report(stage.run, stage.answers(), progress_of(stage.run))


def findings(stage: Rehearsal) -> Sequence[str]:
    stage.events.clear()
    stage.verify()
    return [event.detail for event in stage.events if hasattr(event, "detail")]


def test_what_is_left_as_it_is_is_no_change_that_was_put_back(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    undone = stage.undo(users=True)
    assert (undone.changes, undone.users) == (0, 12)
    assert progress_of(stage.run).undone == 0
    assert progress_of(stage.run).taken_back
    assert not any(isinstance(event, ChangeUndone) for event in stage.events)


def test_after_a_whole_undo_the_missing_connection_is_no_surprise(stage: Rehearsal) -> None:
    stage.apply()
    stage.undo(users=True)
    assert findings(stage) == ["the connection is gone, as this run had made it and was undone"]
    now = progress_of(stage.run)
    assert (now.verdict, now.failed_checks) == ("attention", {})
    assert "undo has put back what could be of it; a new run of the same answers" in status(stage)


def test_a_connection_that_went_without_an_undo_is_one(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    stage.undo()
    stage.remove_connection("acme-users")
    stage.verify()
    assert progress_of(stage.run).failed_checks == {"connection": "the connection is gone, and this run was undone"}


def test_of_users_that_an_undo_has_deleted_none_is_called_missing_by_surprise(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    stage.undo(users=True)
    assert findings(stage) == ["the connection acme-users is there, without the users that undo has deleted"]
    assert progress_of(stage.run).failed_checks == {}


def test_users_that_an_undo_has_left_are_compared_still(stage: Rehearsal) -> None:
    stage.apply()
    stage.clock.time += 3600
    stage.ask("PATCH", "users/auth0%7C4", json={"password": "Another-Passw0rd-0f-Theirs"})
    stage.undo(users=True, in_use="keep")
    assert "12 users compared: 11 missing, 0 different; undo has deleted 11" in findings(stage)
    assert progress_of(stage.run).failed_checks == {}
    stage.ask("DELETE", "users/auth0%7C4")
    stage.verify()
    assert "export" in progress_of(stage.run).failed_checks


def test_an_undo_that_was_broken_off_is_told_with_the_way_to_its_end(stage: Rehearsal) -> None:
    stage.apply()
    stopped_undo(stage, 5)
    told = status(stage)
    assert "an undo of it was stopped half-way; `auth0-migrate undo" in told
    assert "--users" in told
    stage.undo(users=True)
    assert "stopped half-way" not in status(stage)


def test_an_undo_that_was_killed_while_it_deleted_users_leaves_no_complete_run(stage: Rehearsal) -> None:
    """A kill comes before anything is told of the users that are deleted already."""
    stage.apply()
    requests = stage.count_requests()

    def kill(number: int) -> None:
        if ("DELETE", "/api/v2/users/auth0|4") in requests.requests:
            raise KeyboardInterrupt

    requests.after = kill
    with pytest.raises(KeyboardInterrupt):
        stage.undo(users=True)
    now = progress_of(stage.run)
    assert (now.verdict, now.removed) == ("attention", 0)
    assert f"`auth0-migrate undo {stage.run.id} --users" in status(stage)


def undo_without_network(stage: Rehearsal) -> None:
    """An undo with users that loses the network after three of them."""
    requests = stage.count_requests()

    def cut(number: int) -> None:
        if ("DELETE", "/api/v2/users/auth0|4") in requests.requests:
            raise httpx.ConnectError("cut")

    requests.before = cut
    with pytest.raises(WizardError, match="No connection"):
        stage.undo(users=True)
    stage.transport = stage.tenant.transport()
    stage.clock.time += 60


def killed_undo(stage: Rehearsal) -> None:
    """An undo with users that is killed after four of them, before it could tell of any."""
    requests = stage.count_requests()

    def kill(number: int) -> None:
        if ("DELETE", "/api/v2/users/auth0|4") in requests.requests:
            raise KeyboardInterrupt

    requests.after = kill
    with pytest.raises(KeyboardInterrupt):
        stage.undo(users=True)
    stage.transport = stage.tenant.transport()


@pytest.mark.parametrize("broken", [undo_without_network, killed_undo])
def test_a_run_whose_users_are_half_deleted_goes_on_by_no_command(
    stage: Rehearsal, broken: Callable[[Rehearsal], None]
) -> None:
    stage.apply()
    broken(stage)
    for go_on in (stage.resume, stage.apply):
        with pytest.raises(RunMismatch, match="cannot go on"):
            go_on()
        assert progress_of(stage.run).verdict == "attention"
    assert f"`auth0-migrate undo {stage.run.id} --users" in status(stage)
    assert stage.undo(users=True).left == ()
    assert (progress_of(stage.run).removed, progress_of(stage.run).imported) == (12, 0)


@pytest.mark.parametrize("broken", [undo_without_network, killed_undo])
def test_an_undo_without_users_does_not_make_good_one_that_has_begun_to_delete_them(
    stage: Rehearsal, broken: Callable[[Rehearsal], None]
) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    broken(stage)
    stage.undo()
    assert "`auth0-migrate apply ANSWERS --new`" in status(stage)
    assert "its users are deleted in part" in status(stage)
    assert f"`auth0-migrate undo {stage.run.id} --users" in status(stage)
    with pytest.raises(RunMismatch, match="cannot go on"):
        stage.resume(approve=lambda plan: True)
    assert progress_of(stage.run).verdict == "attention"


def test_a_run_all_whose_users_an_undo_has_kept_goes_on(stage: Rehearsal) -> None:
    stage.apply()
    for number in range(1, 13):
        change_password(stage, number)
    assert stage.undo(users=True, in_use="keep").users == 0
    assert "would do it again" in status(stage)
    assert stage.resume(approve=lambda plan: True).verdict == "complete"


def test_what_was_proven_before_an_undo_is_looked_at_again_after_it(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    stage.undo()
    stage.ask("DELETE", "users/auth0%7C4")
    stage.clock.time += 60
    assert stage.resume(approve=lambda plan: True).failed_checks.keys() >= {"export"}


def test_users_that_an_undo_has_deleted_are_told_whatever_ends_it(stage: Rehearsal) -> None:
    stage.apply()
    undo_without_network(stage)
    assert (progress_of(stage.run).removed, progress_of(stage.run).imported) == (3, 9)


def test_a_lost_network_ends_an_undo_and_leaves_nothing_behind_as_impossible(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    requests = stage.count_requests()

    def cut(number: int) -> None:
        if requests.writes:
            raise httpx.ConnectError("cut")

    requests.before = cut
    with pytest.raises(WizardError, match="No connection"):
        stage.undo()
    assert not progress_of(stage.run).taken_back
    stage.transport = stage.tenant.transport()
    assert stage.undo().left == ()


def test_a_run_whose_configuration_is_half_put_back_is_not_complete(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.pass_days(1)
    assert stage.resume("trickle.go_on=true").verdict == "complete"
    stop = Stop()
    with pytest.raises(Interrupted):
        stage.undo(watch=lambda event: stop.request() if isinstance(event, ChangeUndone) else None, stop=stop)
    now = progress_of(stage.run)
    assert (now.verdict, now.undoing) == ("attention", UndoStarted(users=False))
    assert f"`auth0-migrate undo {stage.run.id} --runs" in status(stage)


def test_a_refused_resume_leaves_a_waiting_run_as_undone_as_it_was(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    assert stage.apply().verdict == "waiting"
    stage.undo()
    before = status(stage)
    stage.clock.time += 60
    with pytest.raises(PlanStale, match="was put back, and is not approved any more"):
        stage.resume()
    now = progress_of(stage.run)
    assert (now.verdict, now.taken_back, now.error) == ("attention", True, "")
    assert status(stage) == before
    assert stage.resume(approve=lambda plan: True).verdict == "waiting"
    assert not progress_of(stage.run).was_undone


def test_a_refused_resume_leaves_the_way_to_the_end_of_an_undo(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stop = Stop()
    with pytest.raises(Interrupted):
        stage.undo(watch=lambda event: stop.request() if isinstance(event, ChangeUndone) else None, stop=stop)
    before = status(stage)
    with pytest.raises(PlanStale):
        stage.resume()
    assert "an undo of it was stopped half-way" in before
    assert status(stage) == before


def test_a_resume_of_an_undone_run_that_fails_later_is_told(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.undo()
    stage.clock.time += 60
    requests = stage.count_requests()

    def cut(number: int) -> None:
        if requests.writes:
            raise httpx.ConnectError("cut")

    requests.before = cut
    with pytest.raises(WizardError, match="No connection"):
        stage.resume(approve=lambda plan: True)
    now = progress_of(stage.run)
    assert (now.verdict, now.was_undone) == ("failed", False)
    assert "No connection" in now.error


def left_to_undo(stage: Rehearsal) -> Sequence[object]:
    """The changes that an undo would put back by the journal as it is now."""
    journal = Journal(stage.run.journal, now=stage.clock.now)
    try:
        return undo_plan(journal, (), users=False, only=None).changes
    finally:
        journal.close()


@pytest.mark.parametrize("users", [True, False])
def test_an_undo_that_was_killed_after_its_last_change_is_ended_by_the_next(stage: Rehearsal, users: bool) -> None:
    stage.apply()
    for number in () if users else range(1, 13):
        stage.ask("DELETE", f"users/auth0%7C{number}")

    def kill(event: object) -> None:
        if isinstance(event, ChangeUndone) and not left_to_undo(stage):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.undo(users=users, watch=kill)
    assert "stopped half-way" in status(stage)
    undone = stage.undo(users=users)
    assert (undone.changes, undone.users) == (0, 0)
    assert progress_of(stage.run).taken_back
    assert "undo has put back what could be of it" in status(stage)


def test_an_undo_without_users_does_not_end_one_with_users(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    stage.undo()
    undo_without_network(stage)
    assert stage.undo().changes == 0
    assert f"`auth0-migrate undo {stage.run.id} --users" in status(stage)
    stage.undo(users=True)
    assert "stopped half-way" not in status(stage)


def test_a_run_whose_first_upload_never_got_through_is_done_again_after_its_undo(stage: Rehearsal) -> None:
    requests = stage.count_requests()

    def cut(number: int) -> None:
        if requests.requests[-1] == ("POST", "/api/v2/jobs/users-imports"):
            raise httpx.ConnectError("cut")

    requests.before = cut
    with pytest.raises(WizardError, match="No connection"):
        stage.apply()
    stage.transport = stage.tenant.transport()
    stage.clock.time += 60
    assert stage.undo().left == ()
    told = status(stage)
    assert "would do it again" in told
    assert "No connection" not in told
    stage.clock.time += 60
    assert stage.resume(approve=lambda plan: True).verdict == "complete"


def test_a_run_that_had_imported_nobody_makes_its_connection_again(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    assert stage.undo().left == ()
    told = status(stage)
    assert "would do it again" in told
    assert "it waits for" not in told
    stage.verify()
    stage.clock.time += 60
    assert stage.resume(approve=lambda plan: True).verdict == "waiting"
    assert stage.options()["import_mode"] is True


def test_a_run_whose_connection_is_gone_with_its_users_names_a_new_run(stage: Rehearsal) -> None:
    stage.apply()
    for number in range(1, 13):
        stage.ask("DELETE", f"users/auth0%7C{number}")
    assert stage.undo().left == ()
    assert "`auth0-migrate apply ANSWERS --new`" in status(stage)
    stage.clock.time += 60
    with pytest.raises(RunMismatch, match="there is none"):
        stage.resume(approve=lambda plan: True)
    assert stage.apply(fresh=True).verdict == "complete"


def test_a_run_that_was_undone_before_it_was_finished_is_not_verified(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 13)])
    stage.apply_until(lambda event: isinstance(event, JobSubmitted))
    stage.let_jobs_end()
    stage.undo()
    with pytest.raises(WizardError, match="was undone before it was finished"):
        stage.verify()


def test_the_files_of_users_of_a_run_that_was_undone_can_be_purged(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.undo()
    with pytest.raises(SystemExit) as ended:
        main(["runs", "--purge", stage.run.id, "--runs", str(stage.runs.folder)])
    assert ended.value.code == 0


def test_a_connection_that_was_made_again_is_no_longer_one_that_undo_has_deleted(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.undo()
    stage.clock.time += 60
    stage.resume(approve=lambda plan: True)
    stage.pass_days(1)
    assert stage.resume("trickle.go_on=true").imported == 4
    stage.undo()
    assert "would do it again" in status(stage)
    stage.remove_connection("acme-users")
    stage.verify()
    assert progress_of(stage.run).failed_checks == {"connection": "the connection is gone, and this run was undone"}


def test_users_who_had_moved_at_login_are_looked_for_after_an_undo_that_deleted_all_imported_ones(
    tmp_path: Path,
) -> None:
    stage = stage_of(tmp_path, 6)
    stage.apply()
    stage.log_in([1, 2])
    stage.pass_days(1)
    now = stage.resume("trickle.go_on=true")
    assert (now.imported, now.migrated) == (4, 2)
    stage.undo(users=True)
    stage.verify()
    assert progress_of(stage.run).failed_checks == {}
    stage.ask("DELETE", "users/auth0%7C1")
    stage.verify()
    assert "export" in progress_of(stage.run).failed_checks


def test_what_was_checked_before_an_undo_is_not_told_after_it(stage: Rehearsal) -> None:
    stage.apply()
    stage.ask("DELETE", "users/auth0%7C4")
    assert "export" in stage.verify().failed_checks
    stopped_undo(stage, 5)
    stage.verify()
    stage.undo(users=True)
    now = progress_of(stage.run)
    assert now.failed_checks == {}
    report = reported(stage)
    assert (report.checks, report.compared) == ([], None)


def test_an_undone_run_is_called_that_wherever_it_is_told(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    stage.undo()
    now, report = progress_of(stage.run), reported(stage)
    assert "not moved yet" not in status(stage)
    assert (report.phases, words_of_rest(now)) == ([], "not moved")
    assert next(step.text for step in next_steps(report)).endswith("would do it again.")
    assert headline(report).startswith("An undo has put back")


def test_a_run_whose_undo_was_stopped_is_called_that_wherever_it_is_told(stage: Rehearsal) -> None:
    stage.apply()
    stopped_undo(stage, 5)
    now, report = progress_of(stage.run), reported(stage)
    assert headline(report) == "An undo of the run was stopped half-way."
    [step] = next_steps(report)
    assert step.text.startswith(f"auth0-migrate undo {stage.run.id} --users ")
    assert step.text.endswith(" goes on with it.")
    assert now.failed_checks == {}


def test_a_run_that_was_interrupted_and_undone_ends_as_one_that_needs_a_look(stage: Rehearsal) -> None:
    stage.apply_until(lambda event: isinstance(event, UsersPrepared))
    assert progress_of(stage.run).exit == Exit.INTERRUPTED
    stage.undo()
    assert progress_of(stage.run).exit == Exit.ATTENTION


def test_users_whom_an_upload_that_is_over_has_lost_are_not_called_still_to_do() -> None:
    now = Progress(read=12, accounted=True, steps_done=("prepare", "upload"), waiting="3 users are not accounted for")
    assert words_of_rest(now) == "not accounted for"
    assert words_of_rest(replace(now, steps_done=("prepare",))) == "still to do"


def test_where_the_subscription_has_no_exports_an_undone_run_is_verified_without_advice_to_resume_it(
    tmp_path: Path,
) -> None:
    stage = Rehearsal(tmp_path, plan="free", settings={"switches": Switches(free_plan_exports="refused")})
    stage.write_people([person(number) for number in range(1, 4)])
    stage.apply("verify.depth=sample")
    stage.undo()
    now = stage.verify(stage.answers())
    assert now.failed_checks == {"export": "who was left was not compared, as Auth0 refused an export"}
    remedies = [event.remedy for event in stage.events if isinstance(event, CheckFailed)]
    assert remedies[-1] == "Look at the users of acme-users in the tenant."
