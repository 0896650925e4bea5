"""What holds up a cutover: users who were added, have changed, are missing, or were brought back by the import."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import person

from wizard.doorway.scripts import is_closed
from wizard.events import CheckPassed, Event, RequestSent, WorldAwaited


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PhasesStage]:
    stage = stage_of(tmp_path, 8)
    yield stage
    stage.tenant.close()


def test_users_added_after_preparing_hold_up_the_cutover_until_that_is_decided(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    assert "waits for the connection's name" in stage.resume("trickle.go_on=true").waiting
    stage.write_people([person(number) for number in range(1, 11)])
    waiting = stage.resume("cutover.confirm=acme-users").waiting
    assert waiting.startswith("2 users were added to the legacy store after it was prepared")
    before, told = (one.until for one in stage.events if isinstance(one, WorldAwaited) and one.step == "cutover")
    assert before == "--set cutover.confirm=acme-users"
    assert told.endswith("--set cutover.leave_added=true; the confirmation is kept")
    assert not is_closed(stage.options()["customScripts"])
    assert stage.resume("cutover.leave_added=true").verdict == "complete"
    assert is_closed(stage.options()["customScripts"])


def test_who_changes_after_the_import_holds_up_the_cutover_until_that_is_decided(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.ask("PATCH", "users/auth0%7C3", json={"given_name": "Renamed"})
    waiting = stage.resume("cutover.confirm=acme-users").waiting
    assert waiting.startswith("1 user is in Auth0 otherwise than prepared")
    assert not is_closed(stage.options()["customScripts"])
    progress = stage.resume("cutover.leave_different=true")
    assert (progress.verdict, progress.different, progress.ended) == ("attention", 1, True)
    assert is_closed(stage.options()["customScripts"])


def test_who_has_another_address_by_now_is_different_and_not_missing_from_the_sample(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=", "verify.sample=8")
    stage.resume("trickle.go_on=true")
    nobody = httpx.MockTransport(lambda request: httpx.Response(404, json={"error": "unknown_user"}))
    stage.tenant.outside["legacy.example.com"] = nobody  # Auth0 asks whose the new address is
    stage.ask("PATCH", "users/auth0%7C3", json={"email": "another-name@example.com"})
    waiting = stage.resume("cutover.confirm=acme-users").waiting
    assert waiting.startswith("1 user is in Auth0 otherwise than prepared")
    assert stage.resume("cutover.leave_different=true").ended
    [told] = [one for one in stage.events if isinstance(one, CheckPassed) and one.name == "sample"][-1:]
    assert told.detail == "7 of 8 sampled users found by e-mail, 1 by id with another e-mail address by now"


def test_who_deleted_the_account_and_was_brought_back_by_the_import_holds_up_the_cutover(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.marked.add("5")  # moved and deleted between preparing and the import, which has made the user anew
    waiting = stage.resume("cutover.confirm=acme-users").waiting
    assert "returned" in waiting
    lines = [json.loads(line) for line in stage.runs.all()[0].verify.read_text().splitlines()]
    assert [(line["user_id"], line["status"]) for line in lines] == [("5", "returned")]
    stage.ask("DELETE", "users/auth0%7C5")
    assert "returned" not in stage.resume().waiting


def test_who_logs_in_after_the_import_is_not_taken_for_one_who_came_back(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.marked.add("5")
    stage.ask("PATCH", "users/auth0%7C5", json={"app_metadata": {"migration_marked": "marked"}})
    assert "returned" not in stage.resume("cutover.confirm=acme-users", "cutover.leave_different=true").waiting


def test_a_login_after_the_import_that_left_a_mark_and_no_note_is_nobody_who_came_back(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.marked.add("5")
    assert stage.tenant.db.execute("update users set logins_count = 1 where id = '5'").rowcount == 1
    assert "returned" not in stage.resume("cutover.confirm=acme-users").waiting


def test_who_logs_in_while_the_export_is_made_is_nobody_who_came_back(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")

    def log_in_meanwhile(event: Event) -> None:
        if isinstance(event, RequestSent) and event.path.endswith("/jobs/users-exports"):
            stage.marked.add("5")  # the export was made just before that login

    assert "returned" not in stage.resume("cutover.confirm=acme-users", watch=log_in_meanwhile).waiting
    assert "5" in stage.marked


def test_what_a_kill_left_of_the_evidence_is_in_nobodys_way(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.log_in([1])
    stage.resume("trickle.go_on=true")
    for name in ("export.marked", "export.marked.000"):
        (stage.run.path / name).write_bytes(b"half")
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"
    assert not list(stage.run.path.glob("export.marked*"))


def test_who_is_missing_holds_up_the_cutover_whatever_was_decided(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.ask("PATCH", "users/auth0%7C3", json={"given_name": "Renamed"})
    stage.ask("DELETE", "users/auth0%7C4")
    assert "not good enough" in stage.resume("cutover.leave_different=true", "cutover.confirm=acme-users").waiting
    assert not is_closed(stage.options()["customScripts"])


def test_a_file_of_users_that_was_replaced_holds_up_the_cutover(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    stage.resume("trickle.go_on=true")
    stage.write_people([person(number) for number in range(2, 10)])
    assert "the file of users was replaced" in stage.resume("cutover.confirm=acme-users").waiting
    stage.write_people([person(number) for number in range(1, 9)])
    assert stage.resume().verdict == "complete"
