"""The automatic phase, and the bulk of those who are left."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from phases_stage import PhasesStage, plant, stage_of
from rehearsal import CountingTransport, person

from screens.faults import faults_of, users_of
from wizard.__main__ import main
from wizard.bulk.verification.residents import Residents, write_index
from wizard.commands.reporting import write_run_report
from wizard.commands.running import summary
from wizard.engine import plan_for
from wizard.errors import RunMismatch, SourceError
from wizard.events import CheckPassed, Event, RequestSent, UsersMigrated, UsersMovedSince, UsersPrepared
from wizard.identity import decided_since, progress_of
from wizard.journal import Journal


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path)


def listed(stage: PhasesStage, name: str) -> list[str]:
    text = (stage.run.path / name).read_text(encoding="utf-8")
    return [json.loads(line)["user_id"] for line in text.splitlines()]


def test_a_run_waits_for_users_to_move_and_says_how_many_have(stage: PhasesStage) -> None:
    progress = stage.apply("trickle.until=share", "trickle.share=50")
    assert (progress.verdict, progress.exit, progress.migrated) == ("waiting", 6, 0)
    stage.log_in(range(1, 11))
    stage.pass_days(1)
    progress = stage.resume()
    assert (progress.verdict, progress.read, progress.migrated) == ("waiting", 30, 10)
    assert progress.waiting == "10 of 30 users have moved at login (33.3 %); 10 a day lately"
    assert [(look.migrated, look.due) for look in progress.looks] == [(0, False), (10, False)]


def test_who_is_foretold_as_rejected_may_still_log_in_before_the_rest_is_prepared(stage: PhasesStage) -> None:
    stage.write_people([person(1), person(2) | {"password_hash": "$1$abcdefgh$" + "a" * 22}])
    plan = asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=None))
    [change] = [one.change for one in plan.changes if one.step == "prepare"]
    assert change.foretold[0] == "Of all 2 records 1 would be rejected unless they log in before."


def test_when_the_share_is_reached_exactly_the_others_are_imported_and_the_sum_is_exact(stage: PhasesStage) -> None:
    stage.apply("trickle.until=share", "trickle.share=50")
    stage.log_in(range(1, 16))
    stage.pass_days(3)
    progress = stage.resume()
    assert (progress.verdict, progress.read, progress.migrated, progress.imported) == ("complete", 30, 15, 15)
    assert (progress.already_there, progress.missing, progress.different, progress.extra) == (0, 0, 0, 0)
    assert progress.adds_up
    assert progress.compared == 30
    assert listed(stage, "migrated.ndjson") == [str(number) for number in range(1, 16)]
    assert len(stage.users()) == 30


def test_the_look_that_ends_the_phase_is_kept_and_the_phase_does_not_begin_again(stage: PhasesStage) -> None:
    stage.apply("trickle.until=share", "trickle.share=50")
    stage.log_in(range(1, 16))
    stage.pass_days(1)
    stage.resume()
    looks = [event for event in stage.events if isinstance(event, UsersMigrated)]
    assert [look.due for look in looks] == [False, True]
    stage.ask("DELETE", "users/auth0|1")
    assert stage.resume().verdict == "complete"


def test_going_on_by_hand_is_an_answer_that_a_resumed_run_takes(stage: PhasesStage) -> None:
    assert stage.apply().verdict == "waiting"
    stage.log_in([1, 2])
    stage.pass_days(1)
    assert stage.resume().verdict == "waiting"
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.migrated, progress.imported) == ("complete", 2, 28)


def test_another_answer_than_those_that_may_come_later_is_refused(stage: PhasesStage) -> None:
    stage.apply()
    with pytest.raises(RunMismatch, match="made with other answers") as refused:
        stage.resume("connection.name=others")
    assert "trickle.go_on" in str(refused.value)


def test_going_on_may_also_be_written_into_the_answers_file(stage: PhasesStage) -> None:
    stage.apply()
    stage.answer("[verify]", "[trickle]\ngo_on = true\n[verify]")
    assert stage.apply().verdict == "complete"
    assert len(stage.runs.all()) == 1


def test_the_day_to_go_on_is_waited_for(stage: PhasesStage) -> None:
    assert stage.apply("trickle.until=date", "trickle.date=2027-01-20").verdict == "waiting"  # it is 15 January
    stage.pass_days(4)
    assert stage.resume().verdict == "waiting"
    stage.pass_days(1)
    assert stage.resume().verdict == "complete"


def test_the_legacy_store_may_change_while_users_move(stage: PhasesStage) -> None:
    stage.apply()
    stage.write_people([person(number) for number in range(2, 34)])
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.read, progress.imported) == ("complete", 32, 32)


def test_a_database_may_be_written_to_between_its_count_and_its_reading(stage: PhasesStage) -> None:
    with closing(sqlite3.connect(stage.folder / "users.db", isolation_level=None)) as database:
        columns = list(person(1))
        database.execute(f"CREATE TABLE users ({', '.join(columns)}, seen DEFAULT '', PRIMARY KEY (id))")

        def add(number: int) -> None:
            marks = ", ".join("?" * len(columns))
            database.execute(
                f"INSERT INTO users ({', '.join(columns)}) VALUES ({marks})", list(person(number).values())
            )

        def write(event: Event) -> None:
            if isinstance(event, RequestSent) and event.path.startswith("/api/v2/jobs/"):
                database.execute("UPDATE users SET seen = seen || 'x' WHERE id = '20'")
                if not seen:
                    add(31)
                seen.append(event)

        for number in range(1, 31):
            add(number)
        seen: list[Event] = []
        stage.answer('path = "users.csv"', 'path = "users.db"\ntable = "users"')
        stage.apply()
        stage.log_in([1, 2])
        stage.pass_days(1)
        progress = stage.resume("trickle.go_on=true", watch=write)
    assert seen
    assert (progress.verdict, progress.read, progress.migrated, progress.imported) == ("complete", 31, 2, 29)


def test_a_file_that_is_replaced_between_its_count_and_its_reading_imports_nobody(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1])
    stage.pass_days(1)
    file = stage.folder / "users.csv"
    text = file.read_text(encoding="utf-8")
    replaced: list[Event] = []

    def replace(event: Event) -> None:
        if isinstance(event, RequestSent) and event.path.startswith("/api/v2/jobs/") and not replaced:
            replaced.append(event)
            file.write_text(text.replace("first,last", "last,first", 1), encoding="utf-8")

    with pytest.raises(SourceError, match="changed"):
        stage.resume("trickle.go_on=true", watch=replace)
    assert replaced
    assert [user["user_id"] for user in stage.ask("GET", "users")] == ["auth0|1"]
    progress = stage.resume()
    assert (progress.verdict, progress.read, progress.migrated, progress.imported) == ("complete", 30, 1, 29)
    last = {user["user_id"]: user.get("given_name") for user in stage.ask("GET", "users", params={"per_page": 50})}
    assert last["auth0|2"] == "Ångström 2", "the file is read anew, by the columns that it has now"


def test_users_whose_record_would_be_rejected_count_as_migrated_once_they_have_moved(stage: PhasesStage) -> None:
    hopeless = {"password_hash": "$6$salt$nothing-that-Auth0-takes"}
    stage.write_people([person(1) | hopeless, person(2) | hopeless, *map(person, range(3, 11))])
    stage.apply('prepare.skip=["password_unsupported"]')
    stage.log_in([1, 3])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.migrated, progress.imported, progress.skipped) == ("complete", 2, 7, 1)
    assert listed(stage, "rejects.ndjson") == ["2"]
    assert progress.extra == 0


def test_who_logs_in_after_the_store_was_prepared_though_rejected_counts_as_migrated(stage: PhasesStage) -> None:
    hopeless = {"password_hash": "$6$salt$nothing-that-Auth0-takes"}
    stage.write_people([person(1) | hopeless, *map(person, range(2, 11))])
    stage.apply()
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.rejected, progress.migrated) == ("waiting", 1, 0)
    assert "1 rejected user could not log in any more" in progress.waiting
    stage.log_in([1])
    stage.pass_days(1)
    progress = stage.resume()
    assert (progress.verdict, progress.rejected, progress.migrated, progress.extra) == ("complete", 0, 1, 0)
    assert progress.adds_up


def test_who_moves_between_preparing_and_the_import_is_already_there_and_not_failed(stage: PhasesStage) -> None:
    stage.apply()
    moving = [21, 22, 23]

    def move(event: object) -> None:
        if type(event).__name__ == "UsersPrepared" and moving:
            numbers, moving[:] = list(moving), []
            stage.log_in(numbers)

    progress = stage.resume("trickle.go_on=true", watch=move)
    assert (progress.already_there, progress.imported, progress.rejected) == (3, 27, 0)
    assert (progress.verdict, progress.missing) == ("complete", 0)


def test_a_migrated_user_who_is_gone_from_auth0_is_missing(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1, 2])
    stage.pass_days(1)
    stage.resume("trickle.go_on=true")
    stage.ask("DELETE", "users/auth0|2")
    progress = stage.verify()
    assert (progress.verdict, progress.missing) == ("attention", 1)
    [line] = [json.loads(line) for line in stage.run.verify.read_text().splitlines()]
    assert (line["user_id"], line["status"]) == ("2", "missing")


def test_the_automatic_way_imports_nobody_and_names_everybody_who_has_not_logged_in(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 10, "automatic")
    stage.apply()
    stage.log_in([1, 2, 3, 4])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true", "cutover.leave_rejected=true")
    assert (progress.verdict, progress.read, progress.migrated, progress.rejected) == ("attention", 10, 4, 6)
    assert (progress.imported, progress.missing, len(progress.jobs)) == (0, 0, 0)
    codes = [json.loads(line)["code"] for line in (stage.run.path / "rejects.ndjson").read_text().splitlines()]
    assert codes == ["not_logged_in"] * 6


def test_who_moved_after_preparing_is_not_told_as_not_logged_in_and_the_remedy_works_after_the_cutover(
    tmp_path: Path,
) -> None:
    stage = stage_of(tmp_path, 10, "automatic")
    stage.apply("cutover.confirm=")
    stage.log_in([1, 2, 3, 4])
    stage.pass_days(1)
    waiting = stage.resume("trickle.go_on=true", "cutover.leave_rejected=true")
    assert "not_logged_in                      6   Invite these users to log in" in summary(waiting, stage.run, None)
    stage.log_in([5, 6])
    stage.pass_days(1)
    progress = stage.resume("cutover.confirm=acme-users")
    assert (progress.migrated, progress.rejected) == (6, 4)
    told = summary(progress, stage.run, None)
    assert "Not moved, nor to be moved in bulk (each is a line of" in told
    assert "not_logged_in                      4   After the cutover no login moves them" in told
    assert "have logged in since               2   more lines of rejects.ndjson" in told
    assert f"undo {stage.run.id} --cutover" in told
    assert "wait longer" not in told + write_run_report(stage.run, stage.answers(), progress).read_text(
        encoding="utf-8"
    )
    [fault] = faults_of(stage.run)
    assert (fault.users, [user_id for user_id, _, _ in users_of(stage.run, fault)]) == (4, ["7", "8", "9", "10"])
    lines = [json.loads(line) for line in stage.run.verify.read_text(encoding="utf-8").splitlines()]
    assert [line["user_id"] for line in lines if line["status"] == "moved"] == ["5", "6"]
    stage.undo(only="cutover")
    assert "wait longer" in summary(progress_of(stage.run), stage.run, None)


def test_a_run_of_an_earlier_version_that_knows_only_how_many_moved_learns_for_which_reasons(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 10, "automatic")
    stage.apply("cutover.confirm=")
    stage.log_in([1, 2, 3, 4])
    stage.pass_days(1)
    stage.resume("trickle.go_on=true", "cutover.leave_rejected=true")
    stage.log_in([5, 6])
    journal = Journal(stage.run.journal, now=stage.clock.now)
    journal.emit(UsersMovedSince(2, 0))
    journal.close()
    stage.pass_days(1)
    assert "not_logged_in                      4" in summary(stage.verify(), stage.run, None)


def test_those_who_have_not_logged_in_may_be_left_behind_by_decision(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 10, "automatic")
    stage.apply('prepare.skip=["not_logged_in"]')
    stage.log_in([1, 2, 3, 4])
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert (progress.verdict, progress.migrated, progress.skipped, progress.rejected) == ("complete", 4, 6, 0)


def test_a_second_apply_writes_nothing(stage: PhasesStage) -> None:
    stage.apply()
    stage.log_in([1, 2])
    stage.pass_days(1)
    first = stage.resume("trickle.go_on=true")
    transport = stage.transport = CountingTransport(stage.transport)
    assert stage.resume().to_json(report=None)["users"] == first.to_json(report=None)["users"]
    assert transport.writes == []


@given(inside=st.sets(st.binary(min_size=1, max_size=30), max_size=200), outside=st.sets(st.binary(min_size=1)))
def test_the_index_of_who_is_there_knows_these_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, inside: set[bytes], outside: set[bytes]
) -> None:
    path = tmp_path_factory.mktemp("index") / "there"
    assert write_index([*inside, *inside], path) == len(inside)
    there = Residents(path)
    assert all(one in there for one in inside)
    assert not any(one in there for one in outside - inside)
    there.close()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_sum_is_exact_whoever_moves_and_whenever_and_whoever_is_half_made(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    users = st.sets(st.integers(1, 12))
    moved, half = data.draw(users), data.draw(users)
    late, hopeless = data.draw(users), data.draw(users)
    stage = stage_of(tmp_path_factory.mktemp("sums"), 12)
    bad = {"password_hash": "$6$salt$nothing-that-Auth0-takes"}
    stage.write_people([person(number) | (bad if number in hopeless else {}) for number in range(1, 13)])
    stage.apply("verify.repair_at_most=12", "cutover.leave_rejected=true")
    stage.log_in(moved)
    plant(stage, sorted(half - moved))
    stage.pass_days(1)
    left = late - moved - half

    def move(event: object) -> None:
        if isinstance(event, UsersPrepared) and left:
            numbers = sorted(left)
            left.clear()
            stage.log_in(numbers)

    progress = stage.resume("trickle.go_on=true", watch=move)
    assert progress.read == 12
    assert progress.adds_up
    assert progress.missing == 0
    there = {user["user_id"].removeprefix("auth0|") for user in stage.users()}
    expected = moved | (late - half) | (set(range(1, 13)) - hopeless)
    assert there == {str(number) for number in expected}
    assert progress.imported + progress.migrated + progress.already_there == len(there)


def test_who_is_left_is_counted_by_last_login_once_a_day_and_told_in_the_report(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from wizard.answers import load
    from wizard.commands.reporting import write_run_report
    from wizard.events import UsersLeftCounted
    from wizard.identity import progress_of
    from wizard.steps import SECTIONS

    stage = stage_of(tmp_path)
    ages = {1: 3, 2: 40, 3: 200, 4: 900}  # days since the last login; the others never did

    def logged_in(number: int) -> str:
        moment = stage.clock.now() - ages[number] * 86_400 if number in ages else 0
        return datetime.fromtimestamp(moment, UTC).isoformat() if moment else ""

    lines = (stage.folder / "users.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{lines[0]},last_login", *(f"{line},{logged_in(at)}" for at, line in enumerate(lines[1:], 1))]
    (stage.folder / "users.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    stage.apply()
    stage.log_in([1, 30])
    stage.pass_days(0.5)
    stage.resume()
    counts = [list(event.users.values()) for event in stage.events if isinstance(event, UsersLeftCounted)]
    assert counts == [[1, 1, 1, 1, 26]]
    stage.pass_days(1)
    stage.resume()
    counts = [list(event.users.values()) for event in stage.events if isinstance(event, UsersLeftCounted)]
    assert counts[1:] == [[0, 1, 1, 1, 25]]
    answers = load(stage.run.answers, SECTIONS, environment={})
    text = write_run_report(stage.run, answers, progress_of(stage.run)).read_text(encoding="utf-8")
    assert '<td>Within 90 days</td><td class="number">1</td>' in text
    assert 'class="moved"' in text
    assert "2 of 30 users moved at login" in text
    assert "Records without a user_id that Auth0 takes are not counted here." in text
    progress = stage.resume("trickle.go_on=true")
    told = [
        event.detail for event in stage.events if isinstance(event, CheckPassed) and event.name == "left by last login"
    ]
    assert (
        told[-1].startswith("28 users with a user_id had not moved on 20")
        and "last login: 0 within 30 days" in told[-1]
    )
    assert progress.verdict == "complete"
    assert not list(stage.run.path.glob(".left-*"))


def test_a_file_that_says_otherwise_than_what_was_decided_since_is_told_to_count(
    stage: PhasesStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.apply("cutover.confirm=")
    assert decided_since(stage.run, stage.answers("cutover.confirm=")) == []
    stage.resume("trickle.go_on=true")
    stage.answer('confirm = "acme-users"', 'confirm = ""')
    monkeypatch.setattr("wizard.commands.apply.world", lambda output: stage.world)
    with pytest.raises(SystemExit):
        main(["apply", str(stage.answers_file), "--yes", "--runs", str(stage.runs.folder)])
    told = " ".join(capsys.readouterr().err.split())
    assert (
        f"says otherwise than what was decided while run {stage.run.id} went on, and counts now: trickle.go_on" in told
    )


def test_where_a_waiting_run_stands_is_told_with_the_moment_of_the_last_look(
    stage: PhasesStage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.apply()
    with pytest.raises(SystemExit):
        main(["status", stage.run.id, "--runs", str(stage.runs.folder)])
    assert (
        f"as of the last look, {datetime.fromtimestamp(stage.clock.now(), UTC):%Y-%m-%d %H}" in capsys.readouterr().out
    )
