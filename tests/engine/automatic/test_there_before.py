"""A connection that held users before a run could let anybody move: only who is known to have moved counts as moved."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import kept

from wizard.commands.running import plan_text
from wizard.doorway.scripts import is_closed
from wizard.engine import plan_for
from wizard.practice.users.creation import add_user
from wizard.practice.users.table import ELSEWHERE

SCRIPTS = {
    "login": "function login(email, password, callback) { callback(new Error('no')); }",
    "get_user": "function getByEmail(email, callback) { callback(null); }",
}
LOGGED_IN_BEFORE = (1, 2, 3)


def adopting(folder: Path, way: str = "two-phase", *, import_mode: bool = False) -> PhasesStage:
    """Six people, three of whom have logged in through the connection as it was before the run."""
    stage = stage_of(folder, 6, way)
    options = {"enabledDatabaseCustomization": True, "import_mode": import_mode, "customScripts": SCRIPTS}
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    connection = stage.tenant.connection_named("acme-users")
    assert connection is not None
    for number in LOGGED_IN_BEFORE:
        add_user(stage.tenant, connection, kept(number), secret=ELSEWHERE, logins_count=1)
    stage.pass_days(30)
    return stage


def uses_again(stage: PhasesStage, number: int, moment: str = "last_login_ms", *, marked: bool = True) -> None:
    """This person logs in once import mode is on, or sets a new password."""
    now = int(stage.clock.now() * 1000)
    changed = stage.tenant.db.execute(f"update users set {moment} = {now} where id = ?", (str(number),))
    assert changed.rowcount == 1
    if marked:
        stage.marked.add(str(number))


def rejected(stage: PhasesStage) -> list[str]:
    lines = (stage.run.path / "rejects.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["user_id"] for line in lines]


def found(stage: PhasesStage, status: str) -> list[str]:
    lines = (json.loads(line) for line in stage.run.verify.read_text(encoding="utf-8").splitlines())
    return [line["user_id"] for line in lines if line["status"] == status]


def plan(stage: PhasesStage) -> str:
    return plan_text(asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world)))


def test_who_had_logged_in_while_import_mode_was_off_has_not_moved_by_that(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    assert "3 users are in acme-users already, and Auth0 has no passwords of who has logged in" in plan(stage)
    stage.apply()
    stage.pass_days(1)
    uses_again(stage, 1)
    uses_again(stage, 2, "last_password_reset_ms", marked=False)
    assert stage.resume().waiting.startswith("2 of 6 users have moved")
    progress = stage.resume("trickle.go_on=true")
    assert (progress.migrated, progress.already_there, progress.imported, progress.adds_up) == (2, 1, 3, True)
    assert stage.marked == {"1", "2"}, "nobody else is marked as moved"
    assert found(stage, "password_elsewhere") == ["3"]
    assert progress.verdict == "attention"
    assert "1 user has not logged in since import mode is on, and could not log in any more" in progress.waiting
    assert not is_closed(stage.options()["customScripts"])


def test_who_logs_in_before_the_cutover_does_not_hold_it_up_any_more(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    stage.apply()
    stage.pass_days(1)
    for number in (1, 2):
        uses_again(stage, number)
    assert stage.resume("trickle.go_on=true").waiting
    uses_again(stage, 3)
    progress = stage.resume()
    assert (progress.verdict, progress.failed_checks) == ("complete", {})


def test_a_cutover_may_leave_them_behind_by_decision_and_is_not_complete_then(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    stage.apply()
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true", "cutover.leave_unmoved=true")
    assert (progress.verdict, progress.ended, set(progress.failed_checks)) == ("attention", True, {"passwords"})
    assert is_closed(stage.options()["customScripts"])


def test_the_automatic_way_names_them_as_not_logged_in_until_they_are(tmp_path: Path) -> None:
    stage = adopting(tmp_path, "automatic")
    stage.apply()
    stage.pass_days(1)
    uses_again(stage, 1)
    stage.log_in([4])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.migrated, progress.rejected, progress.verdict) == (2, 4, "waiting")
    assert rejected(stage) == ["2", "3", "5", "6"]
    progress = stage.verify()
    assert (progress.migrated, progress.rejected, progress.extra) == (2, 4, 0)
    uses_again(stage, 2)
    stage.pass_days(1)
    progress = stage.verify()
    assert (progress.migrated, progress.rejected, progress.adds_up) == (3, 3, True)


def test_where_import_mode_was_on_before_only_marks_and_logins_tell_who_has_moved(tmp_path: Path) -> None:
    stage = adopting(tmp_path, import_mode=True)
    stage.marked.add("1")  # by an earlier run
    assert "3 users are in acme-users already. Whom the legacy API has marked counts as moved" in plan(stage)
    stage.apply()
    stage.pass_days(1)
    stage.log_in([4])
    progress = stage.resume("trickle.go_on=true")
    assert (progress.migrated, progress.already_there, progress.imported) == (2, 2, 2)
    assert stage.marked == {"1", "4"}
    assert "2 users have not logged in since this run began: they were there before" in progress.waiting
    assert found(stage, "password_unknown") == ["2", "3"]
    assert not is_closed(stage.options()["customScripts"])
    uses_again(stage, 2, marked=False)
    assert "1 user has not logged in since this run began" in stage.resume().waiting
    progress = stage.resume("cutover.leave_unmoved=true")
    assert (progress.verdict, progress.failed_checks) == ("complete", {})


def test_a_linked_account_has_not_moved_by_a_login_with_another_of_its_identities(tmp_path: Path) -> None:
    from wizard.bulk.verification.moved import moved_only

    has_moved = moved_only(100.0, None)
    assert has_moved is not None
    user: dict[str, Any] = {"created_at": "1970-01-01T00:00:10.000Z", "last_login": "1970-01-01T00:02:00.000Z"}
    assert has_moved(user | {"identities": [{}]}, b"1")
    assert not has_moved(user | {"identities": [{}, {}]}, b"1")
    assert not has_moved({"created_at": user["created_at"], "identities": [{}]}, b"1")
    assert has_moved({"created_at": user["last_login"], "identities": [{}, {}]}, b"1")


@pytest.mark.parametrize("way", ["two-phase", "automatic"])
def test_users_of_a_connection_that_nobody_was_in_count_as_ever(tmp_path: Path, way: str) -> None:
    stage = stage_of(tmp_path, 4, way)
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0"})
    stage.apply("cutover.leave_rejected=true")
    stage.log_in([1])
    stage.pass_days(1)
    assert stage.resume("trickle.go_on=true").migrated == 1
