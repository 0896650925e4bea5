"""Cutover and undo: what closes the door, what opens it again, and what leaves the tenant as it was."""

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from phases_stage import PhasesStage, stage_of
from rehearsal import CountingTransport, CutShapes, Rehearsal, person
from undo_stage import finished, stopped_undo

from wizard.__main__ import main
from wizard.bulk.manifest import PreparedFile
from wizard.bulk.repair.removal import InUse
from wizard.commands.undo import plan_text
from wizard.doorway.scripts import is_closed
from wizard.errors import CredentialsError, PlanStale, RunMismatch, WizardError
from wizard.events import ChangeUndone
from wizard.identity import decided_since, facts_of, progress_of
from wizard.journal import Journal
from wizard.progress import Progress
from wizard.undo.plan import undo_plan


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path, 8)


def configuration(stage: Rehearsal) -> dict[str, Any]:
    """All that a run may have changed of the tenant's configuration, as it is stored."""
    tables = {}
    for table in ("connections", "clients", "client_grants", "resource_servers", "connection_clients"):
        rows = stage.tenant.db.execute(f"select * from {table}").fetchall()
        tables[table] = sorted(json.dumps({key: row[key] for key in row.keys()}) for row in rows)  # noqa: SIM118
    return tables | {"actions": stage.ask("GET", "actions/actions")["actions"]}


def test_a_cutover_closes_the_door_and_leaves_import_mode_on(stage: PhasesStage) -> None:
    finished(stage)
    now = stage.options()
    assert is_closed(now["customScripts"])
    assert now["import_mode"] is True
    assert now["enabledDatabaseCustomization"] is True
    assert not now.get("configuration")
    assert stage.ask("GET", "actions/actions")["actions"] == []
    assert not any(row["name"].startswith("Auth0 migration") for row in stage.ask("GET", "clients"))
    assert stage.memory == {}


def test_a_cutover_waits_for_the_name_of_the_connection(stage: PhasesStage) -> None:
    stage.apply("cutover.confirm=")
    progress = stage.resume("trickle.go_on=true")
    assert progress.verdict == "waiting"
    assert "waits for the connection's name" in progress.waiting
    assert "“acme” is not it" in stage.resume("cutover.confirm=acme").waiting
    assert not is_closed(stage.options()["customScripts"])
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"


def values(stage: PhasesStage) -> dict[str, str]:
    """The configuration values of the scripts in plain text, which only the tenant itself knows."""
    return {name: stage.tenant.keys.unseal(value) for name, value in stage.options().get("configuration", {}).items()}


def is_open(stage: PhasesStage) -> bool:
    """Whether the scripts have all they need to move a user at login."""
    ours = [row for row in stage.ask("GET", "clients") if row["name"].startswith("Auth0 migration")]
    if is_closed(stage.options()["customScripts"]) or len(ours) != 1:
        return False
    [client_id] = [row["client_id"] for row in ours]
    grants = stage.ask("GET", "client-grants", params={"client_id": client_id})
    [secret] = [kept.reveal() for kept in stage.memory.values()]
    given = {values(stage).get(name) for name in ("LEGACY_API_CLIENT_ID", "LEGACY_API_CLIENT_SECRET")}
    names = [row["name"] for row in stage.ask("GET", "actions/actions")["actions"]]
    return len(grants) == 1 and given == {client_id, secret} and len(names) > 1


def test_undoing_the_cutover_lets_users_move_at_login_at_once(stage: PhasesStage) -> None:
    stage.apply()
    assert is_open(stage)
    finished(stage)
    assert not is_open(stage)
    undone = stage.undo(only="cutover")
    assert (undone.changes, undone.again, undone.left) == (1, 7, ())
    assert is_open(stage)
    now = progress_of(stage.run)
    assert (now.verdict, now.step, now.ended) == ("waiting", "cutover", False)
    assert "the cutover was taken back" in now.waiting
    again = stage.undo(only="cutover")
    assert (again.changes, again.again) == (0, 0)


def test_after_the_whole_run_was_taken_back_there_is_no_cutover_to_take_back(stage: PhasesStage) -> None:
    finished(stage)
    stage.undo()
    before = configuration(stage)
    undone = stage.undo(only="cutover")
    assert (undone.changes, undone.again) == (0, 0)
    [told] = undone.left
    assert told.startswith("the whole run was taken back, and its cutover with it; `auth0-migrate resume")
    assert configuration(stage) == before


def test_what_is_not_made_again_is_left_and_not_counted(stage: PhasesStage, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(stage)

    async def stays(*_: Any) -> None:
        raise WizardError("The scripts were changed by somebody else", remedy="Look.")

    monkeypatch.setattr("wizard.steps.cutover.CutoverStep.undo", stays)
    undone = stage.undo(only="cutover")
    assert (undone.changes, undone.again) == (0, 0)
    assert undone.left[0] == "The scripts were changed by somebody else."
    assert "7 changes needed for it could not be made" in undone.left[1]
    assert is_closed(stage.options()["customScripts"])


def test_a_cutover_that_was_taken_back_is_made_again_only_when_it_is_confirmed_anew(stage: PhasesStage) -> None:
    finished(stage)
    stage.undo(only="cutover")
    assert "cutover.confirm" not in decided_since(stage.run, stage.answers()), "the name in the file counts no more"
    ways: list[Callable[[], Progress]] = [stage.resume, stage.apply, lambda: stage.resume(approve=lambda plan: True)]
    for going_on in ways:
        progress = going_on()
        assert progress.verdict == "waiting"
        assert "it waits for the connection's name" in progress.waiting
        assert is_open(stage)
    assert stage.verify().verdict == "waiting"
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"
    assert is_closed(stage.options()["customScripts"])
    stage.undo(only="cutover")
    assert is_open(stage)
    stage.undo()
    assert stage.memory == {}
    assert not any(row["name"].startswith("Auth0 migration") for row in stage.ask("GET", "clients"))


def test_a_whole_undo_takes_the_confirmation_of_the_cutover_back_too(stage: PhasesStage) -> None:
    finished(stage)
    assert 'confirm = "acme-users"' in stage.run.answers.read_text(encoding="utf-8")
    stage.undo()
    assert 'confirm = ""' in stage.run.answers.read_text(encoding="utf-8")
    assert is_closed(stage.options()["customScripts"]), "as there are users, it stays a connection with scripts"


def test_a_door_that_somebody_opened_before_its_cutover_was_undone_fails_no_check(stage: PhasesStage) -> None:
    finished(stage)
    [connection] = stage.ask("GET", "connections", params={"name": "acme-users"})
    wanted = connection["options"] | {"import_mode": False}
    wanted.pop("passwordPolicy", None) if "password_options" in wanted else None
    stage.ask("PATCH", f"connections/{connection['id']}", json={"options": wanted})
    assert list(stage.verify().failed_checks) == ["door"]
    stage.ask("PATCH", f"connections/{connection['id']}", json={"options": wanted | {"import_mode": True}})
    stage.undo(only="cutover")
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"


def test_what_an_undone_cutover_does_not_bring_back_is_told_with_the_way_to_it(stage: PhasesStage) -> None:
    finished(stage)
    stage.transport = refusing = RefusingTransport(stage.tenant.transport(), "POST", "/api/v2/clients")
    [left] = stage.undo(only="cutover").left
    assert f"`auth0-migrate resume {stage.run.id}` brings it back" in left
    assert not is_closed(stage.options()["customScripts"])
    refusing.path = ""
    assert stage.resume().verdict == "waiting"
    assert is_open(stage)


class RefusingTransport(CountingTransport):
    """Refuses one kind of request, as a tenant does that has as many applications as it may."""

    def __init__(self, inner: httpx.AsyncBaseTransport, method: str, path: str) -> None:
        super().__init__(inner)
        self.method, self.path = method, path

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == (self.method, self.path):
            message = "You reached the limit of entities of this type for this tenant."
            return httpx.Response(403, json={"statusCode": 403, "error": "Forbidden", "message": message})
        return await super().handle_async_request(request)


@pytest.mark.parametrize("both_families", [False, True])
def test_a_run_undone_while_it_waits_leaves_the_configuration_byte_for_byte(
    stage: PhasesStage, both_families: bool
) -> None:
    """Where Auth0 shows both families of password options it takes only the newer one back: the older one is gone."""
    stage.tenant.switches = stage.tenant.switches.model_copy(update={"new_password_options": both_families})
    options = {"disable_signup": True} | ({"passwordPolicy": "good"} if both_families else {})
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    before = configuration(stage)
    stage.apply()
    assert configuration(stage) != before
    assert stage.undo().left == ()
    after = configuration(stage)
    if both_families:
        was, now = (json.loads(json.loads(each["connections"][0])["body"]) for each in (before, after))
        assert was["options"].pop("passwordPolicy") == "good"
        assert list(was["options"].items()) == list(now["options"].items())
        before["connections"] = after["connections"]
    assert after == before
    assert stage.undo().changes == 0


def test_a_connection_that_the_run_made_goes_when_nobody_is_in_it(stage: PhasesStage) -> None:
    before = configuration(stage)
    stage.apply()
    assert stage.undo().left == ()
    stage.clock.time += 60
    stage.ask("GET", "connections")
    assert stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0"})
    stage.remove_connection("acme-users")
    assert configuration(stage) == before


def test_what_was_put_back_is_done_again_only_with_another_approval(stage: PhasesStage) -> None:
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0"})
    stage.apply()
    assert stage.undo().left == ()
    before = configuration(stage)
    for _ in range(2):
        with pytest.raises(PlanStale, match="was put back, and is not approved any more"):
            stage.resume("trickle.go_on=true")
    assert configuration(stage) == before
    assert stage.resume(approve=lambda plan: True).ended
    assert stage.options()["import_mode"] is True


def bulk(folder: Path) -> Rehearsal:
    stage = Rehearsal(folder)
    stage.write_people([person(number) for number in range(1, 13)])
    return stage


def test_users_stay_unless_asked_for_and_with_them_the_connection(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    [left] = stage.undo().left
    assert "12 users are in it" in left
    assert len(stage.users()) == 12


def test_only_users_of_this_run_are_deleted(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.make_connection("acme-users")
    [connection] = stage.ask("GET", "connections", params={"name": "acme-users"})
    [shop] = [row for row in stage.ask("GET", "clients") if row["name"] == "Web shop"]
    enable = [{"client_id": shop["client_id"], "status": True}]
    stage.ask("PATCH", f"connections/{connection['id']}/clients", json=enable)
    for number in (3, 99):
        user = {"connection": "acme-users", "user_id": str(number), "email": f"person{number}@example.com"}
        stage.ask("POST", "users", json=user | {"password": "Another-Passw0rd-0f-Theirs"})
    before = stage.users()
    stage.apply()
    undone = stage.undo(users=True)
    assert undone.users == 11
    assert not any("may be of this run" in one for one in undone.left), "its only submission was answered"
    assert stage.users() == before


def test_a_run_undone_with_its_users_leaves_nothing(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    before = configuration(stage)
    stage.apply()
    undone = stage.undo(users=True)
    assert (undone.users, undone.left) == (12, ())
    stage.clock.time += 60
    stage.ask("GET", "connections")
    stage.make_connection("something-else")
    stage.remove_connection("something-else")
    assert configuration(stage) == before
    assert stage.users() == []


def test_a_run_whose_users_were_deleted_imports_nobody_again_and_a_new_one_does(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    stage.undo(users=True)
    for again in (stage.apply, stage.resume):
        with pytest.raises(RunMismatch, match="its users were deleted") as refused:
            again()
        assert "--new" in refused.value.remedy
        assert "12 users" in refused.value.why
    assert stage.users() == []
    stage.clock.time += 60
    assert stage.apply(fresh=True).imported == 12


def test_a_run_without_its_files_changes_nothing_and_names_the_way_to_a_new_one(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    stage.undo()
    stage.run.purge_users()
    before = configuration(stage)
    ways: list[Callable[[], Progress]] = [stage.apply, lambda: stage.resume(approve=lambda plan: True)]
    for again in ways:
        with pytest.raises(RunMismatch, match="files of users were purged") as refused:
            again()
        assert "apply ANSWERS --new" in refused.value.remedy
    assert configuration(stage) == before
    assert progress_of(stage.run).verdict == "attention"
    anew = stage.apply(fresh=True)
    assert (anew.verdict, anew.already_there) == ("complete", 12)


def test_users_of_a_submission_whose_answer_was_lost_are_left_and_named(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.transport = CutShapes(stage.tenant.transport(), "after", ["POST /api/v2/jobs/users-imports"])
    applied = stage.apply()
    assert (applied.imported, applied.already_there) == (3, 9)
    for deleted in (3, 0):  # also when nothing else is left to undo
        undone = stage.undo(users=True)
        assert undone.users == deleted
        [told] = [one for one in undone.left if "unproven.ndjson" in one]
        assert told.startswith("9 users that may be of this run: there when a file was sent again")
    named = stage.run.path / "unproven.ndjson"
    left = sorted(json.loads(line)["user_id"] for line in named.read_text().splitlines())
    assert left == [user["user_id"] for user in stage.users()]
    assert stat.S_IMODE(named.stat().st_mode) == 0o600


def test_users_that_a_half_of_a_failed_file_found_there_are_named_too(tmp_path: Path) -> None:
    def sent(name: str, users: int, outcome: str, *there: str) -> None:
        facts = {"file": "00001.json", "sha256": "x", "users": users, "upsert": False, "job": f"job-{name}-{outcome}"}
        done = {"imported": users - len(there), "already_there": len(there), "rejected": 0, "there": list(there)}
        journal.settle(journal.begin(f"import:{name}", facts), outcome, done if outcome == "done" else {})

    journal = Journal(None, now=lambda: 0.0)
    for outcome in ("failed", "split"):
        sent("00001.json", 4, outcome)
    sent("00001.1.json", 2, "done", "u1", "u2")
    sent("00001.2.json", 2, "done")
    plan = undo_plan(journal, [PreparedFile("00001.json", 4, 100, "x")], users=True, only=None)
    assert (plan.users, plan.unproven) == (2, ("u1", "u2"))


def told_of(stage: Rehearsal) -> dict[str, Any]:
    """The counts of users that `status` tells."""
    users: dict[str, Any] = progress_of(stage.run).to_json(report=None)["users"]
    return users


def test_users_that_an_undo_has_deleted_count_as_missing_and_not_as_imported(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    assert (told_of(stage)["imported"], told_of(stage)["missing"]) == (12, 0)
    stage.undo(users=True)
    assert told_of(stage) == {
        "read": 12, "imported": 0, "migrated": 0, "already_there": 0, "rejected": 0, "skipped": 0,
        "missing": 12, "different": 0, "extra": 0,
    }  # fmt: skip
    assert (progress_of(stage.run).verdict, progress_of(stage.run).adds_up) == ("attention", True)


def test_users_that_an_undo_leaves_go_on_counting(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    stage.undo()
    assert (told_of(stage)["imported"], told_of(stage)["missing"]) == (12, 0)


def test_an_undo_in_two_goes_counts_whom_both_have_deleted_and_who_was_gone_before(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path, file_bytes=1_500)
    stage.write_people([person(number) for number in range(1, 13)])
    stage.apply()
    stage.ask("DELETE", "users/auth0%7C12")
    requests = stage.count_requests()

    def cut(number: int) -> None:
        if sum(method == "DELETE" for method, _ in requests.requests) > 6:
            raise httpx.ConnectError("cut")

    requests.before = cut
    with pytest.raises(WizardError):
        stage.undo(users=True)
    stage.transport = stage.tenant.transport()
    assert 0 < told_of(stage)["imported"] < 12
    stage.undo(users=True)
    assert stage.users() == []
    assert (told_of(stage)["imported"], told_of(stage)["missing"]) == (0, 12)


def test_without_a_terminal_the_undo_is_told_with_the_hash_that_approves_it(
    stage: PhasesStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.apply()
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)

    def ran(command: str, *words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main([command, stage.run.id, "--runs", str(stage.runs.folder), *words])
        told = capsys.readouterr()
        return ended.value.code, told.out + told.err

    status, told = ran("undo")
    assert status == 2
    assert "To be put back, in this order:" in told
    assert "undo: undo:" not in told
    [approval] = set(re.findall(r"--approve ([0-9a-f]{64})", told))
    planned = re.findall(r"^ +\S.*$", told, re.MULTILINE)
    status, told = ran("undo", "--approve", approval)
    assert status == 0
    done = re.findall(r"undone: (.+)", told)
    assert done and all(any(summary in line for line in planned) for summary in done)
    told = ran("status")[1]
    assert "undo has put back" in told
    assert "would do it again" in told


def copied_to_another_connection(stage: Rehearsal, ids: list[str], *, found_first: bool) -> None:
    """Let users of the same ids be in another connection too; by id the tenant finds those or these."""
    stage.ask("POST", "connections", json={"name": "others", "strategy": "auth0"})
    for number, user_id in enumerate(ids, 1):
        row = stage.tenant.db.execute("select * from users where id = ?", (user_id,)).fetchone()
        others = stage.tenant.db.execute("select id from connections where name = 'others'").fetchone()["id"]
        made = {**dict(row), "seq": -number if found_first else 1000 + number, "connection_id": others}
        stage.tenant.db.execute(
            f"insert into users ({', '.join(made)}) values ({', '.join('?' * len(made))})",
            list(made.values()),
        )


def test_users_whose_id_leads_to_another_connection_are_left_and_told_each_time(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    copied_to_another_connection(stage, ["3"], found_first=True)
    for deleted in (11, 0):
        undone = stage.undo(users=True)
        assert undone.users == deleted
        assert "1 user of this run: the same id leads to a user of another connection" in undone.left
        assert (progress_of(stage.run).removed, progress_of(stage.run).imported) == (11, 1)


def test_an_undo_announces_no_user_whose_id_leads_to_another_connection(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    copied_to_another_connection(stage, ["3", "5"], found_first=True)
    stage.tenant.db.execute("update users set logins_count = 1 where id in ('5', '6')")
    choices: tuple[tuple[InUse, int], ...] = (("keep", 9), ("delete", 10))
    for decided, users in choices:
        with pytest.raises(PlanStale):
            stage.undo(users=True, in_use=decided, approve=False)
        told = plan_text(stage.undo_plans[-1])
        assert f"delete {users} users that this run imported" in told
        assert "2 have an id that leads to a user of another connection and stay" in told
    assert stage.undo(users=True, in_use="delete").users == 10


def test_an_undo_of_many_users_tells_of_some_whether_their_ids_lead_to_another_connection(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 62)])
    stage.apply()
    with pytest.raises(PlanStale):
        stage.undo(users=True, approve=False)
    assert "  delete 61 users that this run imported" in plan_text(stage.undo_plans[-1])
    copied_to_another_connection(stage, [str(number) for number in range(1, 62)], found_first=True)
    with pytest.raises(PlanStale):
        stage.undo(users=True, approve=False)
    told = plan_text(stage.undo_plans[-1])
    assert "  delete at most 61 users that this run imported" in told
    assert re.search(r"of (\d+) looked up by id, \1 lead to a user of another connection and stay", told)


def test_users_that_an_interrupted_undo_has_deleted_count_as_deleted_whoever_else_has_their_id(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    copied_to_another_connection(stage, [str(number) for number in range(1, 13)], found_first=False)
    stopped_undo(stage, 5)
    assert progress_of(stage.run).removed == 5
    undone = stage.undo(users=True)
    assert (undone.users, progress_of(stage.run).removed) == (7, 12)
    assert not any("another connection" in one for one in undone.left)
    assert stage.tenant.db.execute("select count(*) from users").fetchone()[0] == 12


def test_an_undo_without_credentials_puts_nothing_back(tmp_path: Path) -> None:
    stage = bulk(tmp_path)
    stage.apply()
    stage.secret = "wrong"
    with pytest.raises(CredentialsError):
        stage.undo()
    assert not any(isinstance(event, ChangeUndone) for event in stage.events)
    assert facts_of(stage.run)["approval"]
    stage.secret = ""
    assert stage.undo().changes == 1


def test_a_run_that_has_ended_stays_so_when_another_start_is_refused(stage: PhasesStage) -> None:
    finished(stage)
    assert progress_of(stage.run).verdict == "complete"
    stage.secret = "wrong"
    with pytest.raises(CredentialsError):
        stage.resume()
    assert progress_of(stage.run).verdict == "complete"
