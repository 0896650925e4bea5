"""Jobs that fail, hang or vanish, and tenants out of reach."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from upload_stage import Stage, Template, management_of, people, perform, person, template

from wizard.auth0.errors import AnswerLost, Unreachable
from wizard.bulk.jobs.ledger import Part, ledger
from wizard.errors import WizardError
from wizard.events import FileSplit, JobEnded, JobPolled, SubmissionSettled, UsersRefused
from wizard.practice.fault_rules import Cut, FailedJob, Failure, StuckJob
from wizard.practice.job_times import fixed
from wizard.progress import Progress

DAY = 24 * 3600.0


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("tenant"))


def test_a_failed_job_is_sent_once_more(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(4), people(4, 5))
        uploaded = await stage.upload(slots=1)
        assert (uploaded.users, uploaded.rejected, uploaded.jobs) == (8, 0, 3)
        assert [event.status for event in stage.happened(JobEnded)] == ["failed", "completed", "completed"]
        assert not stage.happened(FileSplit)

    perform(empty, tmp_path, play, faults=[FailedJob(action="failed_job", nth=frozenset({1}))])


@pytest.mark.parametrize("culprits", [{3}, {1}, {8}, {2, 7}])
def test_splitting_finds_the_users_that_make_a_job_fail(empty: Template, tmp_path: Path, culprits: set[int]) -> None:
    async def play(stage: Stage) -> None:
        users = [person(n, nickname="poison" if n in culprits else "sweet") for n in range(1, 9)]
        stage.prepare(users, people(5, 20))
        uploaded = await stage.upload()
        assert uploaded.users == 13
        assert uploaded.rejected == len(culprits)
        ids = {user[0] for user in stage.users()}
        assert ids == {f"legacy|{n}" for n in [*range(1, 9), *range(20, 25)] if n not in culprits}
        with stage.journal() as journal:
            refusals = list(journal.refusals())
            progress = Progress.of(journal.events())
        assert {refusal.user_id for refusal in refusals} == {f"legacy|{n}" for n in culprits}
        assert {refusal.code for refusal in refusals} == {"JOB_FAILED"}
        assert all(refusal.message for refusal in refusals)
        assert progress.imported + progress.already_there + progress.rejected == 13
        assert len(stage.happened(UsersRefused)) == len(culprits)
        assert stage.happened(FileSplit)[0].parts == ("00001.1.json", "00001.2.json")

    perform(empty, tmp_path, play, job_time=fixed(2.0))


def test_the_halves_of_the_only_file_run_at_the_same_time(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(n, nickname="poison" if n == 8 else "sweet") for n in range(1, 9)])
        await stage.upload()
        assert stage.most_active == 2

    perform(empty, tmp_path, play)


@pytest.mark.parametrize("culprit", [2, 8])
def test_a_culprit_that_a_failing_job_imported_all_the_same_is_there(
    empty: Template, tmp_path: Path, culprit: int
) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(n, nickname="venom" if n == culprit else "sweet") for n in range(1, 9)])
        uploaded = await stage.upload()
        assert uploaded.users == 8
        assert uploaded.rejected == 8 - len(stage.users())
        with stage.journal() as journal:
            messages = [refusal.message for refusal in journal.refusals()]
        assert messages == ["Cannot read properties of undefined, …"] * uploaded.rejected

    perform(empty, tmp_path, play, job_time=fixed(2.0))


async def import_elsewhere(stage: Stage, user: dict[str, Any]) -> None:
    """Import a user into another connection of the tenant."""
    tenant = stage.tenant
    async with management_of(tenant) as others:
        connection = await others.create_connection("elsewhere")
        await others.set_enabled_clients(connection.id, {tenant.client_id: True})
        body = json.dumps([user]).encode()
        await others.import_users(body, filename="x", connection_id=connection.id, external_id="theirs")
        await tenant.clock.sleep(60)
        assert len(await others.users_by_email(user["email"])) == 1


def test_a_culprit_whose_address_is_in_another_connection_is_not_there(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await import_elsewhere(stage, person(99, email="user1@example.com"))
        stage.prepare([person(1, nickname="poison")])
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.already_there, uploaded.rejected) == (0, 0, 1)

    perform(empty, tmp_path, play, job_time=fixed(2.0))


def test_a_lost_submission_is_not_settled_by_users_of_another_connection(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await import_elsewhere(stage, person(99, email="user1@example.com"))
        stage.prepare(people(1))
        with pytest.raises(AnswerLost):
            await stage.upload()
        assert {settled.found for settled in stage.happened(SubmissionSettled)} == {0}

    # The first submission is the other connection's.
    cut = Cut(action="cut", when="before", path="*/users-imports", nth=frozenset(range(2, 20)))
    perform(empty, tmp_path, play, faults=[cut], job_time=fixed(2.0))


def test_a_split_survives_a_stop(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(n, nickname="poison" if n == 3 else "sweet") for n in range(1, 9)])
        stage.watch = lambda event: setattr(stage, "stopped", stage.stopped or isinstance(event, FileSplit))
        for _ in range(20):
            stage.stopped = False
            uploaded = await stage.upload()
            if not uploaded.files_left:
                break
        assert (uploaded.users, uploaded.rejected) == (8, 1)
        assert len(stage.users()) == 7
        assert [event.file for event in stage.happened(FileSplit)] == ["00001.json", "00001.1.json", "00001.1.2.json"]

    perform(empty, tmp_path, play, job_time=fixed(2.0))


def test_when_every_job_fails_the_upload_stops_and_says_why(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(*(people(9, 10 * n) for n in range(1, 30)))
        with pytest.raises(WizardError, match=r"import jobs in a row: Service down for …"):
            await stage.upload()
        assert stage.jobs() <= 14
        assert stage.active_jobs() <= 1, "the other slot's job is left running"

    failing = FailedJob(action="failed_job", message="Service down for ops@example.com")
    perform(empty, tmp_path, play, faults=[failing], job_time=fixed(2.0))


def test_a_stuck_job_fails_after_two_hours_and_is_sent_again(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(4), people(4, 5))
        uploaded = await stage.upload()
        assert uploaded.users == 8
        assert 7200 < uploaded.seconds < 7400
        assert len(stage.happened(JobPolled)) < 500

    perform(empty, tmp_path, play, faults=[StuckJob(action="stuck_job", nth=frozenset({2}))])


def test_a_job_whose_results_auth0_has_forgotten_is_sent_again(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3), people(3, 4))
        stage.watch = lambda event: setattr(stage, "stopped", stage.stopped or isinstance(event, JobPolled))
        await stage.upload()
        await stage.tenant.clock.sleep(DAY + 60)
        stage.watch, stage.stopped = (lambda event: None), False
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.already_there) == (0, 6)
        assert "gone" in {event.status for event in stage.happened(JobEnded)}

    perform(empty, tmp_path, play)


def test_so_is_one_that_answers_expired(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3))
        stage.watch = lambda event: setattr(stage, "stopped", stage.stopped or isinstance(event, JobPolled))
        await stage.upload()
        await stage.tenant.clock.sleep(DAY + 60)
        stage.watch, stage.stopped = (lambda event: None), False
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.already_there) == (0, 3)

    perform(empty, tmp_path, play, expired_state=True)


def test_a_job_that_ended_while_nobody_looked_is_harvested(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([*people(3), person(4, email="nobody")])
        stage.watch = lambda event: setattr(stage, "stopped", stage.stopped or isinstance(event, JobPolled))
        await stage.upload()
        await stage.tenant.clock.sleep(DAY / 2)
        stage.watch, stage.stopped = (lambda event: None), False
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.already_there, uploaded.rejected) == (3, 0, 1)
        assert uploaded.floor_seconds is None, "nothing can be said about a job that was not watched"

    perform(empty, tmp_path, play)


def test_a_status_nobody_knows_means_it_still_runs(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            if request.method == "GET" and response.json()["status"] == "processing":
                return httpx.Response(200, json={**response.json(), "status": "levitating"})
            return response

        stage.edit = edit
        stage.prepare(people(3))
        assert (await stage.upload()).imported == 3
        assert "levitating" in {event.status for event in stage.happened(JobPolled)}

    perform(empty, tmp_path, play)


def test_an_outage_of_minutes_is_sat_out(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3), people(3, 4), people(3, 7))
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.jobs) == (9, 3)
        assert 300 < uploaded.seconds < 400

    out = Failure(action="error", status=503, method=frozenset({"GET"}), after=10, until=310)
    perform(empty, tmp_path, play, faults=[out])


def test_an_outage_of_an_hour_ends_the_upload_and_resuming_completes_it(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3), people(3, 4), people(3, 7))
        with pytest.raises(WizardError):
            await stage.upload()
        await stage.tenant.clock.sleep(3600)
        uploaded = await stage.upload()
        assert uploaded.files_left == []
        assert uploaded.users == 9

    out = Failure(action="error", status=503, path="/api/v2/*", after=10, until=3600)
    perform(empty, tmp_path, play, faults=[out])


def test_without_a_network_files_are_not_in_doubt(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            if request.method == "POST" and "jobs" in request.url.path:
                raise httpx.ConnectError("no route", request=request)
            return response

        stage.prepare(people(3))
        stage.edit = edit
        with pytest.raises(Unreachable):
            await stage.upload()
        with stage.journal() as journal:
            assert {intent.outcome for intent in journal.intents()} == {"refused"}
            assert ledger(stage.files, journal).files_left == {"00001.json"}

    perform(empty, tmp_path, play)


def test_a_network_that_swallows_every_submission_ends_the_upload(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3))
        with pytest.raises(AnswerLost):
            await stage.upload()
        assert len(stage.happened(SubmissionSettled)) == 5

    cut = Cut(action="cut", when="before", path="*/users-imports")
    perform(empty, tmp_path, play, faults=[cut])


def test_halves_share_out_all_users_in_order(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(7))
        parts = [Part.whole(stage.files[0])]
        while any(part.users > 1 for part in parts):
            parts = [half for part in parts for half in (part.halves() if part.users > 1 else (part,))]
        assert [part.records(stage.folder)[0]["user_id"] for part in parts] == [f"legacy|{n}" for n in range(1, 8)]
        assert len({part.name for part in parts}) == 7
        assert parts[0].names == ["00001.json", "00001.1.json", "00001.1.1.json", "00001.1.1.1.json"]

    perform(empty, tmp_path, play)
