"""What a run refuses to do, and that it writes nothing when it refuses."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rehearsal import Rehearsal, person, rehearsal_of, whereabouts

from wizard.__main__ import main
from wizard.auth0.errors import BadCredentials, EntityLimit, InsufficientScope, MissingGrant
from wizard.commands.running import summary
from wizard.engine import carry_out, plan_for
from wizard.errors import Exit, Interrupted, PlanStale, RunMismatch, SourceError, UsageError, WizardError
from wizard.events import ChangeApplied, Event, JobSubmitted, RunStarted, StepStarted
from wizard.identity import Origin, going_on, progress_of, run_of
from wizard.practice.tenant import PracticeTenant
from wizard.progress import Progress
from wizard.runner import Plan
from wizard.runs import RunFolder
from wizard.steps import STEPS
from wizard.tools import Stop

USERS = 8


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    return rehearsal_of(tmp_path, USERS)


def applied(step: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, ChangeApplied) and event.step == step


def submitted(event: Event) -> bool:
    return isinstance(event, JobSubmitted)


def refused(stage: Rehearsal, act: Callable[[], Any], kind: type[WizardError], code: Exit) -> WizardError:
    """The error with which something is refused, having written nothing."""
    stage.let_jobs_end()
    before = whereabouts(stage.tenant)
    requests = stage.count_requests()
    with pytest.raises(kind) as refusal:
        act()
    assert requests.writes == []
    assert whereabouts(stage.tenant) == before
    assert refusal.value.exit == code
    assert refusal.value.remedy
    return refusal.value


# Once more.


def test_a_second_apply_writes_nothing_and_says_the_same(stage: Rehearsal) -> None:
    first = stage.apply()
    requests = stage.count_requests()
    second = stage.apply()
    assert requests.writes == []
    assert (second.exit, second.verdict) == (0, "complete")
    told = [progress.to_json(report=None) for progress in (first, second)]
    assert told[0]["users"] == told[1]["users"]
    assert told[0]["jobs"] == told[1]["jobs"]
    assert told[0]["run"] == told[1]["run"]


def test_a_new_run_of_the_same_answers_finds_everybody_there_already(stage: Rehearsal) -> None:
    stage.apply()
    before = whereabouts(stage.tenant)
    progress = stage.apply(fresh=True)
    assert (progress.verdict, progress.imported, progress.already_there) == ("complete", 0, USERS)
    assert len(stage.runs.all()) == 2
    assert whereabouts(stage.tenant) == before


def test_a_connection_that_must_be_new_may_be_the_one_this_run_made(stage: Rehearsal) -> None:
    stage.answer('name = "acme-users"', 'name = "acme-users"\nuse = "new"')
    stage.apply_until(submitted)
    assert stage.apply().verdict == "complete"
    assert stage.apply().verdict == "complete"


def test_a_connection_that_must_be_new_must_not_be_another_runs(stage: Rehearsal) -> None:
    stage.apply()
    stage.answer('name = "acme-users"', 'name = "acme-users"\nuse = "new"')
    assert "already there" in str(refused(stage, stage.apply, UsageError, Exit.USAGE))


# Another tenant, other data, other answers.


def swap_tenant(stage: Rehearsal) -> None:
    """Another tenant answers at the same domain, and takes the same credentials."""
    other = PracticeTenant(plan=stage.plan, clock=stage.clock, seed=7)
    other.new_id("con")  # ids differ from here on
    assert (other.client_id, other.client_secret) == (stage.tenant.client_id, stage.tenant.client_secret)
    stage.use(other)


def test_a_run_that_is_done_is_not_repeated_in_another_tenant(stage: Rehearsal) -> None:
    stage.apply()
    swap_tenant(stage)
    for act in (stage.apply, stage.resume):
        refusal = refused(stage, act, RunMismatch, Exit.STALE)
        assert "connection acme-users" in str(refusal)
        assert "there is none" in str(refusal)


def test_no_plan_is_shown_that_a_changed_store_would_refuse(stage: Rehearsal) -> None:
    stage.apply()

    def plan() -> Plan:
        return asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=stage.run))

    assert plan().is_empty
    stage.write_people([person(number) for number in range(1, USERS + 2)])
    assert "not those the run began with" in str(refused(stage, plan, RunMismatch, Exit.STALE))


@pytest.mark.parametrize("reached", [applied("connection"), applied("applications"), submitted])
@pytest.mark.parametrize("like", [False, True])
def test_a_run_does_not_go_on_in_another_tenant(stage: Rehearsal, reached: Callable[[Event], bool], like: bool) -> None:
    stage.apply_until(reached)
    swap_tenant(stage)
    if like:
        stage.make_connection("acme-users")
    for act in (stage.apply, stage.resume):
        refusal = refused(stage, act, RunMismatch, Exit.STALE)
        assert "acme-users is not the one" in str(refusal)


def test_a_run_does_not_go_on_with_other_data(stage: Rehearsal) -> None:
    stage.apply_until(submitted)
    stage.write_people([person(number) for number in range(1, USERS)])
    refusal = refused(stage, stage.resume, RunMismatch, Exit.STALE)
    assert "users in the legacy store are not those the run began with" in str(refusal)


def test_a_run_does_not_go_on_without_its_data(stage: Rehearsal) -> None:
    stage.apply_until(submitted)
    (stage.folder / "users.csv").unlink()
    assert "users.csv" in str(refused(stage, stage.resume, SourceError, Exit.FAILED))


@pytest.mark.parametrize("mine", [True, False], ids=["the file of the operator", "the copy in the run"])
def test_a_run_does_not_go_on_with_edited_answers(stage: Rehearsal, mine: bool) -> None:
    stage.apply_until(submitted)
    file = stage.answers_file if mine else stage.run.answers
    text = file.read_text(encoding="utf-8")
    assert 'given_name = "first"' in text
    file.write_text(text.replace('given_name = "first"', 'given_name = "last"'), encoding="utf-8")
    assert "profile.given_name" in str(refused(stage, stage.resume, RunMismatch, Exit.STALE))


def test_a_run_whose_original_answers_are_gone_goes_on(stage: Rehearsal) -> None:
    stage.apply_until(submitted)
    stage.answers_file.unlink()
    assert stage.resume().verdict == "complete"


def test_prepared_files_that_were_tampered_with_are_not_sent(stage: Rehearsal) -> None:
    stage.apply_until(applied("prepare"))
    file = stage.run.path / "users" / "00001.json"
    file.write_bytes(file.read_bytes().replace(b"person1@", b"person9@"))
    assert "00001.json" in str(refused(stage, stage.resume, RunMismatch, Exit.STALE))


# Approval.


def test_a_run_that_nobody_approved_is_not_resumed(stage: Rehearsal) -> None:
    with pytest.raises(PlanStale):
        stage.apply(approve=lambda plan: False)
    refusal = refused(stage, stage.resume, PlanStale, Exit.STALE)
    assert "was not approved yet" in str(refusal)
    assert "create the database connection" in str(refusal)


def test_a_change_that_was_not_approved_is_refused_before_anything_is_written(stage: Rehearsal) -> None:
    stage.make_connection("acme-users")
    stage.apply_until(lambda event: event == StepStarted("connection"))
    stage.remove_connection("acme-users")
    refusal = refused(stage, stage.resume, PlanStale, Exit.STALE)
    assert "create the database connection acme-users" in str(refusal)


# Two processes.


def test_the_second_of_two_processes_on_one_run_is_refused(stage: Rehearsal) -> None:
    stage.apply_until(submitted)
    with stage.run.locked():
        refusal = refused(stage, stage.resume, WizardError, Exit.FAILED)
        assert f"Another process is working on run {stage.run.id}" in str(refusal)
        held = stage.run.is_held
    assert (held, stage.run.is_held) == (True, False)
    assert stage.resume().verdict == "complete"


def told_by_status(stage: Rehearsal, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["status", stage.run.id, "--runs", str(stage.runs.folder), "--json"])
    return ended.value.code, json.loads(capsys.readouterr().out.splitlines()[-1])["verdict"]


def test_a_run_at_work_is_waited_for_whatever_its_earlier_processes_came_to(
    stage: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.apply_until(submitted)
    assert told_by_status(stage, capsys) == (130, "failed")
    with stage.run.locked():  # resumed, and still reading the store
        assert told_by_status(stage, capsys) == (6, "waiting")
    stage.resume()
    stage.ask("PATCH", "users/auth0%7C3", json={"given_name": "Renamed"})
    assert stage.verify().failed_checks
    assert told_by_status(stage, capsys) == (3, "attention")
    with stage.run.locked():  # verified anew
        assert told_by_status(stage, capsys) == (6, "waiting")
    stage.undo()
    with stage.run.locked():  # and undone, which is done again
        assert told_by_status(stage, capsys) == (6, "waiting")


def test_a_process_that_is_killed_lets_go_of_its_run(stage: Rehearsal) -> None:
    stage.apply_until(submitted)
    code = (
        "import sys, time; from pathlib import Path; from wizard.runs import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked():\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(stage.run.path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline()
        assert stage.run.is_held
        holder.kill()
        holder.wait()
    assert not stage.run.is_held


def test_looking_whether_a_run_is_held_keeps_nobody_from_working_on_it(stage: Rehearsal) -> None:
    stage.apply()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            assert RunFolder(stage.run.path).is_held in (True, False)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(100):
            with stage.run.locked():
                time.sleep(0.001)
    finally:
        over.set()
        looking.join()


def test_two_processes_that_begin_at_once_make_one_run(stage: Rehearsal) -> None:
    import asyncio

    answers = stage.answers()
    begin = threading.Barrier(4)
    made: list[str] = []

    def make() -> None:
        begin.wait()
        origin = Origin(str(stage.folder), str(stage.answers_file))
        made.append(asyncio.run(run_of(answers, origin, world=stage.world, runs=stage.runs)).id)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert set(made) == {stage.run.id}


# Credentials and permissions.

OWNERS = ["read:client_grants", "update:client_grants"]
"""Scopes that let the test change the scopes again."""


def test_a_wrong_secret_is_told_as_such(stage: Rehearsal) -> None:
    stage.secret = "not-the-secret"
    refusal = refused(stage, stage.apply, BadCredentials, Exit.CREDENTIALS)
    assert "not-the-secret" not in str(refusal)


def test_an_application_without_a_grant_is_told_as_such(stage: Rehearsal) -> None:
    [grant] = stage.ask("GET", "client-grants", params={"client_id": stage.tenant.client_id})
    stage.ask("DELETE", f"client-grants/{grant['id']}")
    refused(stage, stage.apply, MissingGrant, Exit.CREDENTIALS)


def test_all_missing_scopes_are_named_at_once_with_their_calls(stage: Rehearsal) -> None:
    stage.limit_scopes(["read:connections", "read:clients"])
    told = str(refused(stage, stage.apply, InsufficientScope, Exit.CREDENTIALS))
    for scope, call in {
        "create:connections": "POST /connections",
        "update:connections": "PATCH /connections/{id}/clients",
        "create:users": "POST /jobs/users-imports",
        "read:users": "POST /jobs/users-exports",
    }.items():
        assert scope in told
        assert call in told
    assert "read:clients" not in told


def test_the_scopes_that_the_wizard_names_are_enough(stage: Rehearsal) -> None:
    stage.limit_scopes(sorted({scope for step in STEPS for scope in step.scopes}))
    assert stage.apply().verdict == "complete"


def test_a_lost_permission_half_way_keeps_the_run(stage: Rehearsal) -> None:
    stage.apply_until(applied("prepare"))
    enough = sorted({scope for step in STEPS for scope in step.scopes})
    stage.limit_scopes(["read:connections", "read:clients", *OWNERS])
    refused(stage, stage.resume, InsufficientScope, Exit.CREDENTIALS)
    stage.limit_scopes([*enough, *OWNERS])
    assert stage.resume().verdict == "complete"


# Answers that cannot be carried out.


def test_an_application_that_is_not_there_is_a_wrong_answer(stage: Rehearsal) -> None:
    stage.answer('enable = ["Web shop"]', 'enable = ["Web shoppe"]')
    assert "Web shop" in refused(stage, stage.apply, UsageError, Exit.USAGE).remedy


def test_no_application_at_all_is_a_wrong_answer(stage: Rehearsal) -> None:
    stage.answer('enable = ["Web shop"]', "enable = []")
    refused(stage, stage.apply, UsageError, Exit.USAGE)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('given_name = "first"', 'given_name = "firstt"'),
        ('family_name = "last"', 'family_name = "lastt"'),
    ],
)
def test_what_can_be_refused_without_the_tenant_is_refused_before_it_is_asked(
    stage: Rehearsal, right: str, wrong: str
) -> None:
    stage.answer(right, wrong)
    requests = stage.count_requests()
    with pytest.raises(WizardError) as refusal:
        stage.apply()
    assert refusal.value.exit == Exit.USAGE
    assert requests.requests == []


def test_an_import_in_which_everybody_would_be_rejected_is_not_begun(stage: Rehearsal) -> None:
    stage.write_people([{**person(number), "mail": ""} for number in range(1, USERS + 1)])
    requests = stage.count_requests()
    with pytest.raises(UsageError) as refusal:
        stage.apply()
    assert requests.requests == []
    assert f"Not one of {USERS} users of the legacy store could be imported" in refusal.value.what
    assert f"email_missing rejects {USERS}" in refusal.value.why
    assert "without_email" in refusal.value.remedy


def test_an_import_of_nobody_is_begun_where_that_was_decided(stage: Rehearsal) -> None:
    stage.write_people([{**person(number), "mail": ""} for number in range(1, USERS + 1)])
    stage.answer("[prepare]", '[prepare]\nskip = ["email_missing"]')
    assert stage.apply().skipped == USERS


def test_a_tenant_that_is_full_says_so_and_the_run_can_go_on_later(tmp_path: Path) -> None:
    stage = Rehearsal(tmp_path, plan="free")
    stage.write_people([person(1)])
    for number in range(100):
        stage.make_connection(f"other-{number}")
    with pytest.raises(EntityLimit) as refusal:
        stage.apply()
    assert refusal.value.exit == Exit.FAILED
    stage.remove_connection("other-1")
    assert stage.apply().verdict == "complete"


def test_a_stop_before_anything_began_is_an_interruption(stage: Rehearsal) -> None:
    stop = Stop()
    stop.request()
    refused(stage, lambda: stage.apply(stop=stop), Interrupted, Exit.INTERRUPTED)


def test_a_finished_run_stays_finished_when_it_is_refused_another_start(stage: Rehearsal) -> None:
    before = stage.apply()
    (stage.folder / "users.csv").unlink()
    refused(stage, stage.resume, SourceError, Exit.FAILED)
    assert progress_of(stage.run).verdict == before.verdict == "complete"


def test_only_the_approved_hash_is_carried_out(stage: Rehearsal) -> None:
    with pytest.raises(PlanStale, match="not the one that was approved"):
        asyncio.run(
            carry_out(
                asyncio.run(opened(stage)),
                stage.answers(),
                base=stage.folder,
                world=stage.world,
                approve=lambda plan: True,
                approved_hash="0" * 64,
            )
        )
    assert stage.users() == []


def test_a_hash_that_was_given_approves_its_plan_also_after_a_stop_before_the_plan_was_made(stage: Rehearsal) -> None:
    def carry(approved_hash: str) -> None:
        def interrupt(event: Event) -> None:
            if isinstance(event, RunStarted):
                raise Interrupted("Ended before the plan was made", remedy="")

        work = carry_out(
            stage.run if stage.runs.all() else asyncio.run(opened(stage)),
            stage.answers(),
            base=stage.folder,
            world=stage.world,
            approve=lambda plan: True,
            approved_hash=approved_hash,
            watchers=[interrupt],
        )
        with pytest.raises(Interrupted):
            asyncio.run(work)

    plan = asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=None))
    carry("0" * 64)
    with pytest.raises(PlanStale, match="was not approved yet"):
        stage.resume()
    carry(plan.hash)
    assert going_on(stage.run).startswith("auth0-migrate resume")
    assert stage.resume().verdict == "complete"


def test_a_plan_that_was_declined_is_not_approved_by_the_hash_that_was_given_before(stage: Rehearsal) -> None:
    def interrupt(event: Event) -> None:
        raise Interrupted("Ended before the plan was made", remedy="")

    plan = asyncio.run(plan_for(stage.answers(), base=stage.folder, world=stage.world, run=None))
    run = asyncio.run(opened(stage))
    edges: dict[str, Any] = {"base": stage.folder, "world": stage.world}
    given: dict[str, Any] = {"approve": lambda plan: True, "approved_hash": plan.hash, "watchers": [interrupt]}
    with pytest.raises(Interrupted):
        asyncio.run(carry_out(run, stage.answers(), **edges, **given))
    with pytest.raises(PlanStale, match="was not approved"):
        asyncio.run(carry_out(run, stage.answers(), **edges, approve=lambda plan: False))
    with pytest.raises(PlanStale, match="was not approved yet"):
        stage.resume()
    assert stage.users() == []


def test_where_nothing_was_approved_the_command_to_go_on_is_apply_with_what_was_set(stage: Rehearsal) -> None:
    origin = Origin(str(stage.folder), str(stage.answers_file), ("verify.sample=3",))
    run = asyncio.run(run_of(stage.answers("verify.sample=3"), origin, world=stage.world, runs=stage.runs))
    told = f"auth0-migrate apply {stage.answers_file} --set verify.sample=3 --runs {stage.runs.folder}"
    assert going_on(run) == told
    assert told in summary(progress_of(run), run, None)


def test_a_hash_that_was_approved_once_approves_nothing_that_came_later(stage: Rehearsal) -> None:
    plans: list[Plan] = []

    def approve(plan: Plan) -> bool:
        plans.append(plan)
        return True

    def go_on(wanted: str) -> Progress:
        return asyncio.run(
            carry_out(
                stage.run,
                stage.answers("verify.repair_at_most=1"),
                base=stage.folder,
                world=stage.world,
                approve=approve,
                approved_hash=wanted,
            )
        )

    stage.apply(approve=approve)
    first = plans.pop().hash
    with pytest.raises(PlanStale, match="not the one that was approved") as told:
        go_on(first)
    assert not plans
    now = re.search(r"now it is ([0-9a-f]{64})", told.value.why)
    assert now
    assert go_on(now[1]).verdict == "complete"
    assert go_on(first).verdict == "complete"  # there is nothing left to do


async def opened(stage: Rehearsal) -> RunFolder:
    return await run_of(stage.answers(), Origin(str(stage.folder)), world=stage.world, runs=stage.runs)
