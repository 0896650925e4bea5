"""The main job from a legacy store to users proven to be in a tenant."""

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from rehearsal import COLUMNS, PASSWORD, CountingTransport, Rehearsal, person

from screens.steps.results import checks
from wizard.__main__ import main
from wizard.auth0.errors import NotAllowed
from wizard.commands.reporting import report_of
from wizard.commands.running import plan_text, summary
from wizard.engine import plan_for
from wizard.errors import Exit, PlanStale, UsageError, WizardError
from wizard.events import ChangeUndone, CheckFailed, CheckPassed, OverwritesForeseen, StepFinished
from wizard.practice.samples import add_samples
from wizard.practice.switches import Switches
from wizard.report import render
from wizard.runner import Plan, Planned
from wizard.runs import RunFolder
from wizard.steps.prepare import PrepareUsers
from wizard.steps.upload import ImportUsers


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    return stage


def test_everybody_arrives_and_the_sum_is_exact(stage: Rehearsal) -> None:
    progress = stage.apply()
    assert (progress.verdict, progress.read, progress.imported) == ("complete", 30, 30)
    assert (progress.missing, progress.different, progress.extra) == (0, 0, 0)
    assert progress.adds_up
    users = {user["user_id"]: user for user in stage.users()}
    assert len(users) == 30
    assert users["auth0|7"]["email"] == "person7@example.com"
    assert users["auth0|7"]["email_verified"] is True
    assert users["auth0|9"]["name"] == "Zoë Ångström 9"


def test_the_imported_password_logs_in_and_a_wrong_one_does_not(stage: Rehearsal) -> None:
    samples = add_samples(stage.tenant)
    stage.apply('applications.enable=["Login check"]')
    form = {
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "realm": "acme-users",
        "username": "person3@example.com",
        "client_id": samples.login_client_id,
        "client_secret": samples.login_client_secret,
    }

    async def log_in(password: str) -> int:
        async with httpx.AsyncClient(transport=stage.tenant.transport(), base_url=stage.tenant.issuer) as client:
            return (await client.post("/oauth/token", data={**form, "password": password})).status_code

    assert asyncio.run(log_in(PASSWORD)) == 200
    assert asyncio.run(log_in(PASSWORD + "?")) == 403


def test_the_report_tells_what_could_not_be_read_of_the_column_that_chose_between_users(stage: Rehearsal) -> None:
    progress = stage.apply('profile.same_email="keep_newest"', 'profile.created="first"')
    report = report_of(stage.run, stage.answers(), progress, stage.events, None)
    [words] = report.advice
    assert "30 values of first cannot be read as a moment" in words


def test_the_plan_says_how_many_records_there_are_and_once_prepared_how_many_users(stage: Rehearsal) -> None:
    stage.write_people([person(1), person(2), person(3) | {"mail": "nobody"}])

    def summaries(run: RunFolder | None) -> list[str]:
        plan = asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=run))
        return [one.change.summary for one in plan.changes if one.step in ("prepare", "upload")]

    how = "into acme-users, leaving users that are there as they are"
    prepare = "prepare 3 records of the legacy store as files of users to import"
    assert summaries(None) == [prepare, f"import at most 3 users {how}"]
    stage.apply_until(lambda event: isinstance(event, StepFinished) and event.step == "prepare")
    assert summaries(stage.run) == [f"import 2 prepared users {how}"]


def test_the_plan_foretells_who_would_be_rejected_and_its_hash_does_not_rest_on_that(stage: Rehearsal) -> None:
    def plan(*flags: str, run: RunFolder | None = None) -> Plan:
        return asyncio.run(plan_for(stage.answers(*flags), base=stage.folder, world=stage.world, run=run))

    people = [person(1), person(2) | {"mail": "nobody"}, person(3) | {"mail": ""}, person(4) | {"mail": "nobody"}]
    stage.write_people(people)
    shown = plan_text(plan('prepare.skip=["email_missing"]'))
    assert "Of all 4 records 2 would be rejected and 1 left behind as decided." in shown
    assert "Rejected for email_invalid 2 (first: line 3)." in shown
    assert "met again" not in shown, "all were looked at"
    stage.write_people([person(number) for number in range(1_000)] + [person(1_000) | {"mail": "nobody"}])
    shown = plan_text(plan())
    assert "Of the first 1,000 of 1,001 records none would be rejected; the others were not looked at." in shown
    assert "Ids and addresses of theirs that are met again further on are found only when the files are made." in shown
    [change] = [one.change for one in plan().changes if one.step == "prepare"]
    assert isinstance(change, PrepareUsers) and change.foreseen is not None
    assert Planned("prepare", change).hash == Planned("prepare", replace(change, foreseen=None)).hash
    assert {key for one in plan().to_json()["changes"] for key in one} == {"step", "key", "summary", "reversible"}
    stage.write_people(people)
    stage.apply_until(lambda event: isinstance(event, StepFinished) and event.step == "prepare")
    assert "would be rejected" not in plan_text(plan(run=stage.run)), "once all are prepared, all are known"


@pytest.mark.parametrize("rule", ["reject", "keep_verified"])
def test_what_the_plan_foretells_of_a_whole_store_is_what_becomes_of_it(stage: Rehearsal, rule: str) -> None:
    twins = [person(number) | {"mail": "Ann@example.com"} for number in (3, 4)]
    stage.write_people([person(1), person(2), person(2), *twins, person(6) | {"mail": "nobody"}])
    flag = f"profile.same_email={rule}"
    shown = plan_text(asyncio.run(plan_for(stage.answers(flag), base=stage.folder, world=stage.world, run=None)))
    progress = stage.apply(flag)
    assert (progress.rejected, progress.skipped) == ((5, 0) if rule == "reject" else (3, 1))
    left = "" if rule == "reject" else " and 1 left behind as decided"
    assert f"Of all 6 records {progress.rejected} would be rejected{left}." in shown
    assert "duplicate_user_id 2 (first: line 3)" in shown and "email_invalid 1 (line 7)" in shown


def test_the_plan_says_what_of_an_import_can_be_taken_back_and_what_not(stage: Rehearsal) -> None:
    def shown(*flags: str) -> str:
        return plan_text(asyncio.run(plan_for(stage.answers(*flags), base=stage.folder, world=stage.world)))

    told = "(undo --users deletes whom it imports; whoever was there before stays"
    assert f"{told} as before)" in shown()
    assert f"{told}, with what it has overwritten)" in shown("upload.upsert=true", "upload.overwrite_at_most=2")
    assert "cannot be undone" not in shown()


def test_the_plan_says_what_is_odd_about_the_store(stage: Rehearsal) -> None:
    text = (stage.folder / "users.csv").read_text(encoding="utf-8")
    (stage.folder / "users.csv").write_bytes(text.encode("cp1252"))
    shown = plan_text(asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=None)))
    assert "Windows-1252" in shown


def test_a_second_apply_writes_nothing_and_says_the_same(stage: Rehearsal) -> None:
    first = stage.apply()
    transport = stage.transport = CountingTransport(stage.transport)
    second = stage.apply()
    assert transport.writes == []
    assert second.to_json(report=None)["users"] == first.to_json(report=None)["users"]
    assert second.verdict == "complete"
    assert len(stage.runs.all()) == 1


def test_users_that_are_there_already_stay_as_they_are_and_count_as_such(stage: Rehearsal) -> None:
    stage.apply()
    changed = person(1) | {"first": "Changed"}
    stage.write_people([changed, *(person(number) for number in range(2, 33))])
    progress = stage.apply()
    assert (progress.imported, progress.already_there) == (2, 30)
    assert (progress.verdict, progress.different) == ("attention", 1)
    assert {user["given_name"] for user in stage.users() if user["user_id"] == "auth0|1"} == {"Ada"}
    [line] = [json.loads(line) for line in stage.runs.all()[0].verify.read_text().splitlines()]
    assert (line["user_id"], line["status"], sorted(line["fields"])) == ("1", "different", ["given_name", "name"])


WITHOUT_EXPORTS = {"switches": Switches(free_plan_exports="refused")}


def test_a_subscription_without_exports_is_told_with_a_way_out_that_the_same_run_can_take(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path, plan="free", settings=WITHOUT_EXPORTS)
    stage.write_people([person(number) for number in range(1, 4)])
    with pytest.raises(NotAllowed) as refused:
        stage.apply()
    assert refused.value.exit == Exit.CREDENTIALS
    assert "Everything that was uploaded is kept." in str(refused.value)
    assert f"resume {stage.run.id} --set verify.depth=sample" in refused.value.remedy
    progress = stage.resume("verify.depth=sample")
    assert (progress.verdict, progress.imported, progress.already_there, progress.compared) == ("complete", 3, 0, None)
    assert len(stage.runs.all()) == 1


def test_an_undo_leaves_a_connection_of_which_no_export_tells_who_is_in_it(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path, plan="free", settings=WITHOUT_EXPORTS)
    stage.answer("sample = 5", 'sample = 5\ndepth = "sample"')
    stage.write_people([person(1)])
    assert stage.apply().verdict == "complete"
    undone = stage.undo()
    assert "applications" in {event.step for event in stage.events if isinstance(event, ChangeUndone)}, (
        "the rest goes on"
    )
    assert undone.left == (
        "The connection acme-users stays: only an export tells for certain that nobody is in it, and Auth0 refused one. "
        "Look in the tenant who is in it, and delete it there.",
    )
    assert [one["name"] for one in stage.ask("GET", "connections")] == ["acme-users"]


def test_an_undo_deletes_users_also_where_no_export_tells_beforehand_who_is_in_use(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path, plan="free", settings=WITHOUT_EXPORTS)
    stage.answer("sample = 5", 'sample = 5\ndepth = "sample"')
    stage.write_people([person(number) for number in range(1, 4)])
    stage.apply()
    stage.tenant.db.execute("update users set logins_count = 1 where id = '2'")

    def there() -> list[str]:
        return [row["id"] for row in stage.tenant.db.execute("select id from users order by id")]

    with pytest.raises(
        PlanStale, match="Nobody can say beforehand who of 3 users to be deleted has logged in"
    ) as refused:
        stage.undo(users=True)
    assert "--users --in-use=keep" in refused.value.remedy
    assert there() == ["1", "2", "3"]
    kept = stage.undo(users=True, in_use="keep")
    assert (kept.users, there()) == (2, ["2"])
    assert "1 user who has logged in or changed since the import" in kept.left
    assert stage.undo(users=True, in_use="delete").users == 1
    assert there() == []


@pytest.mark.parametrize(
    ("in_use", "decided"), [("keep", "whoever has, stays"), ("delete", "whoever has, is deleted too")]
)
def test_the_undo_command_says_that_no_export_tells_who_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], in_use: str, decided: str
) -> None:
    stage = Rehearsal(tmp_path, plan="free", settings=WITHOUT_EXPORTS)
    stage.answer("sample = 5", 'sample = 5\ndepth = "sample"')
    stage.write_people([person(1)])
    stage.apply()
    monkeypatch.setattr("wizard.commands.undo.world", lambda output: stage.world)
    with pytest.raises(SystemExit) as ended:
        main(["undo", stage.run.id, "--runs", str(stage.runs.folder), "--users", "--yes", f"--in-use={in_use}"])
    told = capsys.readouterr().err
    assert ended.value.code == 3
    assert "delete 1 user that this run imported" in told
    assert f"Auth0 refused the export that tells who has logged in or changed since the import; {decided}" in told


def test_looking_less_deep_later_hides_nobody_whom_a_comparison_has_missed(stage: Rehearsal) -> None:
    stage.apply()
    stage.ask("DELETE", "users/auth0|7")
    for progress in (stage.verify(), stage.resume("verify.depth=sample")):
        assert (progress.verdict, progress.missing) == ("attention", 1)


def test_a_sample_is_not_enough_where_users_are_said_to_be_there_already(stage: Rehearsal) -> None:
    assert stage.apply('verify.depth="sample"').verdict == "complete"
    stage.write_people([person(number) for number in range(1, 32)])
    progress = stage.apply('verify.depth="sample"')
    assert (progress.imported, progress.already_there, progress.compared) == (1, 30, None)
    assert progress.verdict == "attention"
    [failed] = [event for event in stage.events if isinstance(event, CheckFailed)]
    assert failed.name == "sample"
    assert 'verify.depth = "full"' in failed.remedy
    assert stage.apply("verify.sample=3").verdict == "complete", "the comparison takes the doubt away"


def test_a_sample_names_those_whose_id_is_another_persons(stage: Rehearsal) -> None:
    stage.apply()
    newcomers = [person(number) | {"mail": f"newcomer{number}@example.org"} for number in (1, 2)]
    stage.write_people([*newcomers, person(3), person(40)])
    assert stage.apply('verify.depth="sample"').verdict == "attention"
    [found] = [event for event in stage.events if isinstance(event, CheckFailed) and event.name == "ids"]
    assert found.detail == (
        "2 sampled users were not imported: in acme-users their ids are those of users with other e-mail addresses; there "
        "may be more"
    )
    assert "user_id_prefix" in found.remedy


def test_a_user_whose_id_is_another_persons_counts_as_not_imported_and_the_way_out_is_told(stage: Rehearsal) -> None:
    stage.apply()
    newcomers = [person(number) | {"mail": f"newcomer{number}@example.org"} for number in (1, 2, 40)]
    stage.write_people([*newcomers, person(3)])
    progress = stage.apply()
    assert (progress.imported, progress.already_there, progress.taken) == (1, 1, 2)
    [compared] = [event for event in stage.events if isinstance(event, CheckPassed) and event.name == "export"][-1:]
    assert compared.detail == "4 users compared: 0 missing, 0 different; 2 not imported (see ids)"
    assert "0 missing, 0 different, 2 not imported, as the id is taken, " in checks(progress).plain
    assert (progress.adds_up, progress.verdict, progress.different) == (True, "attention", 0)
    answer = progress.to_json(report=None)["users"]
    parts = ("imported", "migrated", "already_there", "rejected", "skipped")
    assert (answer["rejected"], sum(answer[part] for part in parts)) == (2, answer["read"])
    [failed] = [event for event in stage.events if isinstance(event, CheckFailed) and event.name == "ids"]
    assert failed.detail.startswith("2 users were not imported: in acme-users their ids are those of users with other")
    assert "user_id_prefix" in failed.remedy
    [line] = [
        line for line in summary(progress, stage.runs.all()[0], None).splitlines() if "not imported: id taken" in line
    ]
    assert "user_id_prefix" in line
    lines = [json.loads(line) for line in stage.runs.all()[0].verify.read_text().splitlines()]
    assert {line["user_id"] for line in lines if line["status"] == "id_taken"} == {"1", "2"}
    page = render(report_of(stage.runs.all()[0], stage.answers(), progress, stage.events, None))
    assert "Not imported: id taken" in page
    assert "user_id_prefix" in page


def test_a_plan_warns_of_ids_that_are_taken_and_looks_up_few(stage: Rehearsal) -> None:
    def planned(*flags: str) -> Plan:
        return asyncio.run(plan_for(stage.answers(*flags), base=stage.folder, world=stage.world))

    def told(*flags: str) -> str:
        return plan_text(planned(*flags))

    assert "looked up" not in told()
    stage.apply()
    elsewhere = 'connection.name="another"'
    stage.transport = transport = CountingTransport(stage.transport)
    assert "Of 5 ids looked up 5 are those of users of acme-users" in told(elsewhere)
    assert len([path for _, path in transport.requests if path.startswith("/api/v2/users/")]) == 5
    assert "user_id_prefix" in told(elsewhere)
    assert "looked up" not in told(elsewhere, 'profile.user_id_prefix="shop|"')
    assert "looked up" not in told(), "who is there already is there"
    stage.write_people([person(number) | {"mail": f"newcomer{number}@example.org"} for number in range(1, 31)])
    assert "Of 5 ids looked up 5 are those of users of acme-users with other e-mail addresses" in told()
    assert "user_id_prefix" in told()
    [change] = [one for one in planned().changes if one.step == "upload"]
    assert isinstance(change.change, ImportUsers)
    assert change.hash == replace(change, change=replace(change.change, ids=None)).hash


def test_a_user_who_is_in_under_another_id_is_there_though_the_id_is_another_persons(stage: Rehearsal) -> None:
    stage.apply()
    stage.write_people([person(1) | {"id": "2"}])
    progress = stage.apply()
    assert (progress.already_there, progress.taken, progress.different) == (1, 0, 1)


def test_a_user_kept_out_by_the_phone_number_of_another_is_missing_and_told_why(stage: Rehearsal) -> None:
    stage.write_people([person(1) | {"phone": "+4915112345678"}])
    stage.apply()
    stage.write_people([person(2) | {"phone": "+4915112345678"}])
    progress = stage.apply()
    assert (progress.already_there, progress.unfound, progress.missing, progress.verdict) == (0, 1, 1, "attention")
    [remedy] = [event.remedy for event in stage.events if isinstance(event, CheckFailed) and event.name == "export"]
    assert "username or phone number" in remedy
    [line, *_] = [json.loads(line) for line in stage.runs.all()[0].verify.read_text().splitlines()]
    assert (line["user_id"], line["status"]) == ("2", "missing")


def test_rejected_users_are_named_with_a_reason_and_without_personal_data(stage: Rehearsal) -> None:
    bad = person(31) | {"mail": "not an address"}
    stage.write_people([person(1), bad, person(2), person(2) | {"id": "2b", "mail": "PERSON2@example.com"}])
    progress = stage.apply()
    assert (progress.verdict, progress.read, progress.imported, progress.rejected) == ("attention", 4, 1, 3)
    text = (stage.run.path / "rejects.ndjson").read_text()
    codes = [json.loads(line)["code"] for line in text.splitlines()]
    assert sorted(codes) == ["duplicate_email", "duplicate_email", "email_invalid"]
    assert "@" not in text
    assert "$2" not in text


def test_rejects_that_were_decided_about_leave_the_run_complete(stage: Rehearsal) -> None:
    stage.write_people([person(1), person(2) | {"mail": ""}])
    progress = stage.apply('prepare.skip=["email_missing"]')
    assert (progress.verdict, progress.imported, progress.skipped, progress.rejected) == ("complete", 1, 1, 0)


def test_upsert_says_what_it_would_overwrite_and_waits_for_an_answer(stage: Rehearsal) -> None:
    stage.apply()
    stage.write_people([person(number) | {"first": "New"} if number < 4 else person(number) for number in range(1, 31)])
    with pytest.raises(PlanStale, match="would change 3 users"):
        stage.apply("upload.upsert=true")
    assert OverwritesForeseen(3, {"given_name": 3, "name": 3}, 30) in stage.events
    progress = stage.apply("upload.upsert=true", "upload.overwrite_at_most=3")
    assert (progress.verdict, progress.imported) == ("complete", 30)
    assert sum(user["given_name"] == "New" for user in stage.users()) == 3


def test_users_of_a_database_arrive_like_those_of_a_file(stage: Rehearsal) -> None:
    stage.apply()
    expected = stage.users()
    other = Rehearsal(stage.folder / "other")
    with sqlite3.connect(other.folder / "legacy.db") as db:
        db.execute(f"CREATE TABLE people ({', '.join(f'{name} TEXT' for name in COLUMNS)})")
        rows = [tuple(person(number).values()) for number in range(1, 31)]
        db.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    db.close()
    progress = other.apply("source.path=legacy.db", "source.table=people", "source.order_by=['id']")
    assert progress.verdict == "complete"
    assert other.users() == expected


def test_an_unknown_application_is_told_with_a_near_name_before_anything_is_written(stage: Rehearsal) -> None:
    transport = stage.transport = CountingTransport(stage.transport)
    with pytest.raises(UsageError, match="Did you mean Web shop"):
        stage.apply('applications.enable=["Web shob"]')
    assert transport.writes == []


def test_accounts_that_cannot_log_in_may_be_exchanged_while_the_run_goes_on(stage: Rehearsal) -> None:
    stage.write_people([person(1), person(2)])
    client_id = add_samples(stage.tenant).login_client_id
    application = f'login_client_id = "{client_id}"\n'
    stranger = 'canaries = [{ login = "nobody@example.com", password = "env:PRACTICE_SECRET" }]\n'
    stage.answer('enable = ["Web shop"]', 'enable = ["Login check"]')
    stage.answer("sample = 5\n", f"sample = 5\n{application}{stranger}")
    progress = stage.apply()
    assert progress.verdict == "attention"
    [(name, detail)] = progress.failed_checks.items()
    assert name == "canary 1"
    assert name not in detail, "wherever it is shown, its name stands before it"
    report = report_of(stage.run, stage.answers(), progress, stage.events, None)
    assert [check.detail for check in report.checks if check.name == name] == [detail]
    stage.answer(stranger, "")
    progress = stage.apply()
    assert (progress.verdict, progress.failed_checks, len(stage.runs.all())) == ("complete", {}, 1)


def test_a_secret_for_the_checks_that_is_missing_is_told_before_anything_is_sent(stage: Rehearsal) -> None:
    stage.answer(
        "sample = 5\n",
        'sample = 5\nlogin_client_id = "x"\nlogin_client_secret = "env:NOT_THERE"\n'
        'canaries = [{ login = "person1@example.com", password = "env:NEITHER" }]\n',
    )
    counting = stage.count_requests()
    with pytest.raises(WizardError, match="NOT_THERE"):
        stage.apply()
    assert counting.writes == []
    assert stage.users() == []
