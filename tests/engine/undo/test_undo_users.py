"""Undo with users: it deletes whom the run has made, nobody else, and those who are in use only when that was decided."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from rehearsal import PASSWORD, CountingTransport, CutShapes, Rehearsal, person
from undo_stage import connection_for_the_shop, stopped_undo

from wizard.__main__ import main
from wizard.auth0.errors import InsufficientScope
from wizard.auth0.limits import Limiter
from wizard.errors import PlanStale, UsageError
from wizard.events import ChangeUndone, JobEnded, RequestSent, SubmissionInDoubt
from wizard.identity import progress_of
from wizard.practice.samples import add_samples
from wizard.practice.users.endpoints import plant_half_made_user

HOUR = 3600.0


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 13)])
    return stage


def ids(stage: Rehearsal) -> set[str]:
    return {user["user_id"].removeprefix("auth0|") for user in stage.users()}


def plant(stage: Rehearsal, connection: str, *numbers: int) -> None:
    for number in numbers:
        who = person(number)
        plant_half_made_user(stage.tenant, connection, user_id=who["id"], email=who["mail"])


def add_by_hand(stage: Rehearsal, number: int) -> None:
    user = {"connection": "acme-users", "user_id": str(number), "email": person(number)["mail"]}
    stage.ask("POST", "users", json=user | {"password": "Another-Passw0rd-0f-Theirs"})


def log_in(stage: Rehearsal, *numbers: int) -> None:
    """Let these log in with the password that was imported, an hour later."""
    stage.clock.time += HOUR
    samples = add_samples(stage.tenant)
    [connection] = stage.ask("GET", "connections", params={"name": "acme-users"})
    enable = [{"client_id": samples.login_client_id, "status": True}]
    stage.ask("PATCH", f"connections/{connection['id']}/clients", json=enable)
    form = {
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "realm": "acme-users",
        "client_id": samples.login_client_id,
        "client_secret": samples.login_client_secret,
        "password": PASSWORD,
    }

    async def each() -> None:
        async with httpx.AsyncClient(transport=stage.tenant.transport(), base_url=stage.tenant.issuer) as client:
            for number in numbers:
                answer = await client.post("/oauth/token", data={**form, "username": person(number)["mail"]})
                assert answer.status_code == 200, answer.text

    asyncio.run(each())


def change_password(stage: Rehearsal, number: int) -> None:
    stage.clock.time += HOUR
    stage.ask("PATCH", f"users/auth0%7C{number}", json={"password": "Another-Passw0rd-0f-Theirs"})


def test_users_that_a_repair_has_imported_are_of_the_run(stage: Rehearsal) -> None:
    connection = connection_for_the_shop(stage)
    add_by_hand(stage, 4)
    plant(stage, connection, 3)
    stage.apply()
    stage.resume("verify.repair_at_most=1", approve=lambda plan: True)
    stage.ask("DELETE", "users/auth0%7C4")
    plant(stage, connection, 4)
    stage.verify()
    stage.resume("verify.repair_at_most=2", approve=lambda plan: True)
    assert len(ids(stage)) == 12
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (12, ())
    assert ids(stage) == set()


def test_a_user_that_was_repaired_twice_is_one_user(stage: Rehearsal) -> None:
    connection = connection_for_the_shop(stage)
    add_by_hand(stage, 4)
    plant(stage, connection, 3)
    stage.apply()
    stage.resume("verify.repair_at_most=1", approve=lambda plan: True)
    stage.ask("DELETE", "users/auth0%7C3")
    plant(stage, connection, 3)
    stage.verify()
    progress = stage.resume("verify.repair_at_most=2", approve=lambda plan: True)
    assert (progress.imported, progress.already_there) == (11, 1)
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (11, ())
    assert ids(stage) == {"4"}
    progress = progress_of(stage.run)
    assert (progress.removed, progress.imported, progress.already_there, progress.adds_up) == (11, 0, 1, True)


def test_a_user_that_the_import_had_made_and_a_repair_made_again_is_one_user(stage: Rehearsal) -> None:
    connection = connection_for_the_shop(stage)
    add_by_hand(stage, 4)
    stage.apply()
    stage.ask("DELETE", "users/auth0%7C3")
    plant(stage, connection, 3)
    stage.verify()
    progress = stage.resume("verify.repair_at_most=1", approve=lambda plan: True)
    assert (progress.imported, progress.already_there) == (11, 1)
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (11, ())
    assert (ids(stage), progress_of(stage.run).removed) == ({"4"}, 11)


def test_a_user_that_one_run_was_refused_belongs_to_the_run_that_imported_it(stage: Rehearsal) -> None:
    plant(stage, connection_for_the_shop(stage), 3)
    stage.apply()
    [first] = stage.runs.all()
    stage.apply("verify.repair_at_most=1", fresh=True)
    [second] = [run for run in stage.runs.all() if run.id != first.id]
    stage.undo(users=True, run=first)
    assert ids(stage) == {"3"}
    stage.undo(users=True, run=second)
    assert ids(stage) == set()


def test_a_user_that_was_made_anew_after_the_import_stays_and_is_told(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    stage.ask("DELETE", "users/auth0%7C3")
    stage.clock.time += 24 * HOUR
    add_by_hand(stage, 3)
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (11, ("1 user with an id of this run: made anew after its import",))
    assert ids(stage) == {"3"}
    assert stage.undo(users=True).left == (), "the one that it had imported is gone"


def test_of_a_run_of_an_earlier_version_too_a_user_that_was_made_anew_stays_and_is_told(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    stage.apply()
    as_of_an_earlier_version(stage)
    stage.ask("DELETE", "users/auth0%7C3")
    stage.clock.time += 48 * HOUR
    add_by_hand(stage, 3)
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (11, ("1 user with an id of this run: made anew after its import",))
    assert ids(stage) == {"3"}


def test_a_run_of_an_earlier_version_knows_its_users_though_the_clock_here_was_behind(stage: Rehearsal) -> None:
    stage.apply()
    as_of_an_earlier_version(stage, behind=12 * HOUR)
    assert stage.undo(users=True).users == 12
    assert ids(stage) == set()


def as_of_an_earlier_version(stage: Rehearsal, *, behind: float = 0.0) -> None:
    """Take out of the journal what earlier versions did not write: when a job was made, and exports, by Auth0's clock."""
    with closing(sqlite3.connect(stage.run.journal)) as journal, journal:
        for number, written in journal.execute(
            "select id, facts from intents where subject like 'import:%'"
        ).fetchall():
            facts = json.loads(written)
            del facts["created"]
            facts["accepted_at"] -= behind
            journal.execute("update intents set facts = ? where id = ?", (json.dumps(facts), number))
        journal.execute("delete from facts where key = 'exported'")


def test_a_user_that_went_and_was_imported_again_belongs_to_the_later_run(stage: Rehearsal) -> None:
    stage.apply()
    [first] = stage.runs.all()
    stage.ask("DELETE", "users/auth0%7C3")
    progress = stage.apply(fresh=True)
    assert (progress.imported, progress.already_there) == (1, 11)
    [second] = [run for run in stage.runs.all() if run.id != first.id]
    assert stage.undo(users=True, run=first).users == 11
    assert ids(stage) == {"3"}
    assert stage.undo(users=True, run=second).users == 1
    assert ids(stage) == set()


def test_with_upsert_users_that_the_import_has_made_go_and_those_it_has_overwritten_stay(stage: Rehearsal) -> None:
    connection_for_the_shop(stage)
    for number in (3, 4):
        add_by_hand(stage, number)
    stage.clock.time += HOUR
    stage.apply("upload.upsert=true", "upload.overwrite_at_most=2")
    undone = stage.undo(users=True)
    assert undone.users == 10
    assert undone.left == ("2 users who were there before: what upsert has overwritten of them",)
    assert ids(stage) == {"3", "4"}


def test_with_upsert_users_of_a_submission_whose_answer_was_lost_stay_and_are_counted(stage: Rehearsal) -> None:
    stage.transport = CutShapes(stage.tenant.transport(), "after", ["POST /api/v2/jobs/users-imports"])
    stage.apply("upload.upsert=true")
    undone = stage.undo(users=True)
    assert len(ids(stage)) == 12 - undone.users > 0
    assert undone.left[0].startswith(f"{12 - undone.users} users of files of which Auth0 did not tell")


def test_users_of_a_job_that_a_stopped_run_has_left_running_are_of_the_run(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    stage.apply_until(lambda event: isinstance(event, JobEnded))
    submitted = stage.count_requests()
    undone = stage.undo(users=True)
    assert (undone.users > 9, undone.left) == (True, ())
    assert not any(path.endswith("users-imports") for _, path in submitted.requests)
    stage.let_jobs_end()
    assert stage.ask("GET", "users") == []


def test_whose_files_were_purged_before_a_job_was_followed_is_not_known_any_more(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    stage.apply_until(lambda event: isinstance(event, JobEnded))
    stage.undo()
    stage.run.purge_users()
    with pytest.raises(UsageError, match="The files of users of this run were purged") as refused:
        stage.undo(users=True)
    assert "No further user was deleted." in str(refused.value)
    assert refused.value.remedy.startswith("Undo without --users")


def test_users_of_a_submission_that_nobody_knows_of_are_told(stage: Rehearsal) -> None:
    stage.transport = CutShapes(stage.tenant.transport(), "after", ["POST /api/v2/jobs/users-imports"])
    stage.apply_until(lambda event: isinstance(event, SubmissionInDoubt))
    stage.transport = stage.tenant.transport()
    stage.let_jobs_end()
    undone = stage.undo(users=True)
    told = f"at most {len(ids(stage))} users of files of which Auth0 never told what it took; look for them in the Dashboard"
    assert told in undone.left


def test_an_undo_with_users_ends_well_where_the_connection_is_gone(stage: Rehearsal) -> None:
    stage.apply()
    stage.remove_connection("acme-users")
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (0, ())
    assert progress_of(stage.run).removed == 12


def test_users_in_use_are_deleted_only_when_that_was_decided(stage: Rehearsal) -> None:
    stage.apply()
    log_in(stage, 1, 2)
    change_password(stage, 3)
    before = stage.users()
    with pytest.raises(PlanStale) as refused:
        stage.undo(users=True)
    assert "3 of 12 users to be deleted have logged in or changed since the import" in str(refused.value)
    assert "Nothing was changed." in str(refused.value)
    assert "--users --in-use=keep" in refused.value.remedy
    assert stage.users() == before
    assert not any(isinstance(event, ChangeUndone) for event in stage.events)
    kept = stage.undo(users=True, in_use="keep")
    assert kept.users == 9
    assert "3 users who have logged in or changed since the import" in kept.left
    assert ids(stage) == {"1", "2", "3"}
    assert (progress_of(stage.run).removed, progress_of(stage.run).imported) == (9, 3)
    with pytest.raises(PlanStale, match="3 of 3 users"):
        stage.undo(users=True)
    deleted = stage.undo(users=True, in_use="delete")
    assert (deleted.users, deleted.left) == (3, ())
    looks = [(plan.look.there, plan.look.logged_in, plan.look.changed) for plan in stage.undo_plans if plan.look]
    assert looks == [(12, 2, 1), (3, 2, 1)]


def test_nothing_is_decided_where_nobody_has_logged_in_or_changed(stage: Rehearsal) -> None:
    stage.apply()
    assert stage.undo(users=True).users == 12
    [plan] = stage.undo_plans
    assert plan.look is not None and plan.look.in_use == 0


def test_an_undo_that_goes_on_tells_of_those_who_are_left(stage: Rehearsal) -> None:
    stage.apply()
    stopped_undo(stage, 5)
    change_password(stage, 11)
    log_in(stage, 12)
    with pytest.raises(PlanStale, match="2 of 7 users"):
        stage.undo(users=True)
    assert stage.undo(users=True, in_use="delete").users == 7
    assert ids(stage) == set()


def test_whoever_logs_in_while_users_are_deleted_stays_and_is_told(stage: Rehearsal) -> None:
    stage.apply()

    def watch(event: object) -> None:
        if isinstance(event, RequestSent) and event.method == "DELETE":
            stage.tenant.db.execute("update users set logins_count = 1 where id = '12'")

    undone = stage.undo(users=True, watch=watch)
    assert undone.users == 11
    assert "1 user who has logged in or changed since the import" in undone.left
    assert ids(stage) == {"12"}


class HalfACharacter(CountingTransport):
    """Answers as a tenant where JavaScript has cut the metadata of a user amid a character."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        whole = (await response.aread()).replace(b"CUT-HERE", rb"\ud83d")
        headers = {"content-type": response.headers.get("content-type", "")}
        return httpx.Response(response.status_code, headers=headers, content=whole)


def test_half_of_a_character_in_the_profile_of_a_user_does_not_stop_deleting(stage: Rehearsal) -> None:
    stage.apply()
    stage.ask("PATCH", "users/auth0%7C5", json={"user_metadata": {"nick": "CUT-HERE"}})
    stage.transport = HalfACharacter(stage.tenant.transport())
    assert stage.undo(users=True, in_use="delete").users == 12
    assert ids(stage) == set()


def test_an_undo_that_may_not_delete_users_says_so_before_anything_is_put_back(stage: Rehearsal) -> None:
    stage.apply()
    [grant] = stage.ask("GET", "client-grants", params={"client_id": stage.tenant.client_id})
    stage.limit_scopes([scope for scope in grant["scope"] if scope != "delete:users"])
    with pytest.raises(InsufficientScope, match="lacks 1 scope"):
        stage.undo(users=True)
    assert not any(isinstance(event, ChangeUndone) for event in stage.events)


def ran(stage: Rehearsal, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["undo", stage.run.id, "--runs", str(stage.runs.folder), "--users", *words])
    told = capsys.readouterr()
    return ended.value.code, told.out + told.err


def test_the_command_tells_who_is_in_use_and_how_long_it_takes_before_it_asks(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)
    stage.apply()
    log_in(stage, 1)
    change_password(stage, 2)
    status, told = ran(stage, capsys, "--yes")
    assert status == 5
    assert "delete 12 users that this run imported, about" in told
    assert "since the import 1 user has logged in and 1 user has changed without a login" in told
    assert "2 of 12 users to be deleted have logged in or changed" in told
    assert "\nUndo " not in told, "there is nothing to approve before that is decided"
    status, told = ran(stage, capsys, "--in-use=keep")
    assert status == 2
    assert "delete 10 users that this run imported" in told
    [approved] = [line.removeprefix("Undo ") for line in told.splitlines() if line.startswith("Undo ")]
    status, told = ran(stage, capsys, "--in-use=delete", f"--approve={approved}")
    assert status == 5, "who approved to keep users in use has not approved to delete them"
    assert len(ids(stage)) == 12
    status, told = ran(stage, capsys, "--in-use=keep", "--yes", "--json")
    assert status == 3
    assert json.loads(told.splitlines()[0])["undone"]["users"] == 10


def test_the_command_tells_of_no_deleting_where_nobody_would_be_deleted(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)
    stage.apply()
    for number in range(1, 13):
        log_in(stage, number)
    _, told = ran(stage, capsys, "--in-use=keep")
    assert "  delete nobody: of the users that this run imported 12 are there\n" in told
    assert "delete 0" not in told
    assert "since the import 12 users have logged in: they stay" in told


def test_the_command_calls_nobody_gone_who_is_there_and_stays(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)
    connection_for_the_shop(stage)
    for number in (3, 4):
        add_by_hand(stage, number)
    stage.clock.time += HOUR
    stage.apply("upload.upsert=true", "upload.overwrite_at_most=2")
    for number in (5, 6):
        stage.ask("DELETE", f"users/auth0%7C{number}")
    stage.clock.time += 24 * HOUR
    add_by_hand(stage, 5)
    _, told = ran(stage, capsys, "--yes")
    [line] = [line for line in told.splitlines() if line.startswith("  delete ")]
    assert line.startswith("  delete 8 users that this run imported, about ")
    assert line.endswith("; 1 of 12 is gone already; 2 were there before and stay; 1 was made anew since and stays")


@pytest.mark.parametrize(("typed", "left"), [("y\ny\n", set()), ("n\ny\n", {"1"}), ("y\nn\n", None)])
def test_on_a_terminal_it_is_asked_what_becomes_of_those_in_use(
    stage: Rehearsal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    left: set[str] | None,
) -> None:
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)
    stage.apply()
    log_in(stage, 1)
    answers = iter([line == "y" for line in typed.split()])
    asked: list[str] = []

    def confirmed(question: str) -> bool:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("wizard.commands.undo.confirmed", confirmed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    ran(stage, capsys)
    assert asked == ["Delete this user too? No keeps it.", "Put this back?"]
    assert ids(stage) == ({str(number) for number in range(1, 13)} if left is None else left)


def test_the_decision_about_users_in_use_needs_users(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["undo", "latest", "--in-use=keep"])
    assert ended.value.code == 2
    assert "--in-use says nothing without --users" in capsys.readouterr().err


@pytest.mark.parametrize(("plan", "least", "most"), [("essentials", 190, 250), ("enterprise-production", 75, 100)])
def test_the_time_for_requests_is_that_of_the_narrowest_bucket(plan: str, least: float, most: float) -> None:
    from rehearsal import JumpClock

    limiter = Limiter(plan, clock=JumpClock(), emit=lambda event: None)
    seconds = limiter.seconds_for({"read_users": 560, "delete_users": 560})
    assert least <= seconds <= most
    assert limiter.seconds_for({}) == 0.0
