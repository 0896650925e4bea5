"""Import mode that a run has turned on: an undo turns it off, unless users are in Auth0 who could not log in then."""

from pathlib import Path
from typing import Any

import pytest
from phases_stage import PhasesStage
from rehearsal import person

from wizard.commands.undo import plan_text
from wizard.practice.switches import Switches

SCRIPTS = {
    "login": "function login(email, password, callback) { callback(new Error('no')); }",
    "get_user": "function getByEmail(email, callback) { callback(null); }",
    "create": "function create(user, callback) { callback(null); }",
}


def adopting(
    folder: Path, scripts: dict[str, str] = SCRIPTS, plan: str = "enterprise-production", **settings: Any
) -> PhasesStage:
    """A run in its automatic phase, in a connection that had used its own database without import mode."""
    stage = PhasesStage(folder, plan=plan, settings=settings)
    stage.write_people([person(number) for number in range(1, 5)])
    options = {"enabledDatabaseCustomization": True, "import_mode": False, "customScripts": scripts}
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    stage.apply("cutover.confirm=")
    assert stage.options()["import_mode"] is True
    stage.pass_days(1)
    return stage


@pytest.mark.parametrize("placeholders", [False, True])
def test_import_mode_stays_on_for_those_who_have_come_since_and_the_rest_is_put_back(
    tmp_path: Path, placeholders: bool
) -> None:
    scripts = {"create": SCRIPTS["create"]} if placeholders else SCRIPTS
    stage = adopting(tmp_path, scripts)
    stage.log_in([1])
    stage.sign_up("new", "new@example.org")
    told = "Import mode of acme-users stays on: 2 users have come to Auth0 since the run turned it on"
    undone = stage.undo()
    assert f"stays          {told}" in plan_text(stage.undo_plans[-1])
    [left] = undone.left
    assert left.startswith(told)
    options = stage.options()
    assert (options["import_mode"], options["customScripts"]) == (True, scripts)
    assert not options.get("configuration")
    for user_id in ("1", "new"):
        stage.ask("DELETE", f"users/auth0%7C{user_id}")
    assert stage.undo().left == ()
    assert stage.options()["import_mode"] is False


def test_where_nobody_has_come_import_mode_goes_off_again(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    assert stage.undo().left == ()
    assert (stage.options()["import_mode"], stage.options()["customScripts"]) == (False, SCRIPTS)
    assert stage.undo_plans[-1].stays == ()


def test_users_that_the_undo_deletes_keep_import_mode_on_for_nobody(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    assert stage.resume("trickle.go_on=true").imported == 4
    assert stage.undo(users=True, in_use="delete").left == ()
    assert stage.options()["import_mode"] is False
    assert not any("Import mode" in told for told in stage.undo_plans[-1].stays)


def test_users_that_the_run_has_imported_and_that_stay_keep_it_on(tmp_path: Path) -> None:
    stage = adopting(tmp_path)
    stage.resume("trickle.go_on=true")
    [left] = stage.undo().left
    assert "4 users have come to Auth0" in left
    assert stage.options()["import_mode"] is True


def test_where_the_subscription_has_no_exports_a_search_tells_who_has_come(tmp_path: Path) -> None:
    stage = adopting(tmp_path, plan="free", switches=Switches(free_plan_exports="refused"))
    stage.sign_up("new", "new@example.org")
    stage.pass_days(1)
    [left] = stage.undo().left
    assert "1 user has come to Auth0" in left
    assert stage.options()["import_mode"] is True
