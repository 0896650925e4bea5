"""Users that an upload with upsert overwrites: only those that were foreseen, and none who may be moving at login."""

from pathlib import Path

import pytest
from phases_stage import stage_of
from rehearsal import Rehearsal, kept, known_hash, person
from undo_stage import connection_for_the_shop

from wizard.errors import Interrupted, PlanStale, UsageError
from wizard.events import CheckPassed, Event, OverwritesForeseen
from wizard.practice.users.creation import add_user
from wizard.tools import Stop


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    return stage


def test_whom_upsert_has_met_beyond_those_foreseen_is_told(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    connection = stage.tenant.connection_named("acme-users")
    assert connection is not None
    for number in (1, 2):
        add_user(stage.tenant, connection, kept(number), secret=known_hash())

    def sign_up_meanwhile(event: Event) -> None:
        if isinstance(event, OverwritesForeseen):
            add_user(stage.tenant, connection, kept(30), secret=known_hash())

    progress = stage.apply("upload.upsert=true", "upload.overwrite_at_most=2", watch=sign_up_meanwhile)
    assert (progress.verdict, progress.imported) == ("attention", 30)
    assert progress.failed_checks == {"overwrites": "upsert has met 3 users of at most 2 foreseen"}


def test_after_a_stop_before_the_first_file_it_is_looked_anew_who_would_be_overwritten(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    connection = stage.tenant.connection_named("acme-users")
    assert connection is not None
    stop = Stop()

    def hear(event: Event) -> None:
        if isinstance(event, OverwritesForeseen):
            stop.request()

    with pytest.raises(Interrupted):
        stage.apply("upload.upsert=true", watch=hear, stop=stop)
    for number in (1, 2):
        add_user(stage.tenant, connection, kept(number) | {"given_name": "Own"}, secret=known_hash())
    with pytest.raises(PlanStale, match="would change 2 users"):
        stage.resume()
    assert {user["given_name"] for user in stage.users()} == {"Own"}
    assert stage.apply("upload.upsert=true", "upload.overwrite_at_most=2", fresh=True).imported == 30


def test_an_upsert_that_meets_only_those_foreseen_says_so(stage: Rehearsal) -> None:
    stage.apply()
    stage.apply("upload.upsert=true", fresh=True)
    told = [event.detail for event in stage.events if isinstance(event, CheckPassed) and event.name == "overwrites"]
    assert told[-1] == "upsert has met 30 users of at most 30 foreseen"


@pytest.mark.parametrize("way", ["two-phase", "bulk"])
def test_nobody_is_overwritten_while_users_move_at_login(tmp_path: Path, way: str) -> None:
    stage = stage_of(tmp_path, 4, way)
    if way == "bulk":
        scripts = {"login": "function login(a, b, cb) { cb(); }", "get_user": "function get(a, cb) { cb(); }"}
        options = {"enabledDatabaseCustomization": True, "import_mode": True, "customScripts": scripts}
        stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    requests = stage.count_requests()
    with pytest.raises(UsageError, match="may be overwritten while users move there at login") as refused:
        stage.apply("upload.upsert=true")
    assert refused.value.exit == 2
    assert requests.writes == []


def test_after_a_cutover_a_bulk_run_may_overwrite(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 4)
    stage.apply()
    assert stage.resume("trickle.go_on=true").ended
    stage.write_people([person(number) | {"first": "New"} for number in range(1, 5)])
    flags = ('strategy.way="bulk"', "upload.upsert=true", "upload.overwrite_at_most=4")
    assert stage.apply(*flags, fresh=True).imported == 4
    assert {user["given_name"] for user in stage.users()} == {"New"}
