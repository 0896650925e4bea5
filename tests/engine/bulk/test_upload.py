"""Uploading prepared files to a tenant where nothing goes wrong but what is wrong in the files."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from upload_stage import HASH, IMPORTS, Stage, Template, management_of, people, perform, person, template

from wizard.bulk.jobs.ledger import ledger
from wizard.bulk.jobs.upload import Uploaded
from wizard.errors import RunMismatch, WizardError
from wizard.events import (
    ImportSlotAwaited,
    JobEnded,
    JobSubmitted,
    UploadExpected,
    UploadForecast,
    UsersRefused,
    UsersUnaccounted,
)
from wizard.practice.job_times import fixed
from wizard.progress import FACTORS_UNKNOWN, Progress


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("tenant"))


def test_all_users_of_all_files_are_imported(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(4), people(4, 5), people(3, 9))
        uploaded = await stage.upload()
        assert (uploaded.users, uploaded.imported, uploaded.already_there, uploaded.rejected) == (11, 11, 0, 0)
        assert uploaded.jobs == 3
        assert uploaded.files_left == []
        assert {user[1] for user in stage.users()} == {f"user{n}@example.com" for n in range(1, 12)}
        assert "GET /jobs/{id}/errors 200" not in stage.answers, "nobody was refused, so nothing is to be asked"

    perform(empty, tmp_path, play)


def test_two_slots_are_kept_full_and_there_is_never_a_third_job(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(*(people(2, 10 * n) for n in range(1, 31)))
        uploaded = await stage.upload()
        assert stage.most_active == 2
        assert not [answer for answer in stage.answers if answer.endswith("429")]
        assert uploaded.ratio is not None
        assert uploaded.seconds < 1.1 * 30 * 20 / 2
        (forecast,) = stage.happened(UploadForecast)
        assert forecast.seconds == pytest.approx(uploaded.seconds)
        assert 0.9 * 300 < forecast.floor_seconds < 1.05 * 300

    perform(empty, tmp_path, play)


def test_one_slot_sends_one_file_after_the_other(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(2), people(2, 3), people(2, 5))
        await stage.upload(slots=1)
        assert stage.most_active == 1

    perform(empty, tmp_path, play)


def test_a_job_is_named_after_run_and_file_and_no_mail_is_sent(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(1))
        await stage.upload()
        (row,) = stage.tenant.db.execute("select external_id, settings from jobs").fetchall()
        assert row["external_id"] == "run-1:00001.json"
        assert not json.loads(row["settings"]).get("send_completion_email")
        assert not json.loads(row["settings"]).get("upsert")

    perform(empty, tmp_path, play)


def test_refused_users_are_kept_with_code_and_reason(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(1), person(2, email="not-an-address"), person(3, given_name=""), person(4)])
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.already_there, uploaded.rejected) == (2, 0, 2)
        with stage.journal() as journal:
            refusals = {refusal.user_id: refusal for refusal in journal.refusals()}
        assert set(refusals) == {"legacy|2", "legacy|3"}
        assert refusals["legacy|2"].code == "FORMAT"
        assert refusals["legacy|2"].message
        assert "not-an-address" not in refusals["legacy|2"].message
        (event,) = stage.happened(UsersRefused)
        assert sum(event.codes.values()) == 2

    perform(empty, tmp_path, play)


def test_users_that_are_there_already_stay_as_they_are(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(1, nickname="first")], [person(1, nickname="second"), person(2)])
        uploaded = await stage.upload(slots=1)
        assert (uploaded.imported, uploaded.already_there, uploaded.rejected) == (2, 1, 0)
        assert "first" in stage.users()[0][3]
        with stage.journal() as journal:
            assert list(journal.refusals()) == []

    perform(empty, tmp_path, play)


def test_with_upsert_they_are_overwritten(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(1, nickname="first")], [person(1, nickname="second")])
        uploaded = await stage.upload(slots=1, upsert=True)
        assert (uploaded.imported, uploaded.already_there) == (2, 0)
        assert "second" in stage.users()[0][3]

    perform(empty, tmp_path, play)


def test_a_second_upload_sends_nothing(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(2), people(2, 3))
        first = await stage.upload()
        stage.answers.clear()
        again = await stage.upload()
        assert not stage.answers
        assert (again.users, again.imported, again.jobs) == (first.users, first.imported, first.jobs)

    perform(empty, tmp_path, play)


def test_a_file_that_was_changed_is_not_sent(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(2))
        with (stage.folder / "00001.json").open("ab") as file:
            file.write(b" ")
        with pytest.raises(RunMismatch, match=r"00001\.json"):
            await stage.upload()
        assert stage.jobs() == 0

    perform(empty, tmp_path, play)


def test_users_prepared_anew_do_not_pass_for_those_that_were_sent(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(2))
        await stage.upload()
        stage.files.clear()
        stage.prepare(people(3))
        with pytest.raises(RunMismatch, match=r"00001\.json"):
            await stage.upload()
        assert stage.jobs() == 1

    perform(empty, tmp_path, play)


def test_a_file_that_is_gone_is_named(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(2))
        (stage.folder / "00001.json").unlink()
        with pytest.raises(RunMismatch, match=r"00001\.json"):
            await stage.upload()

    perform(empty, tmp_path, play)


def test_jobs_of_others_are_waited_for(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        tenant = stage.tenant
        async with management_of(tenant) as others:
            for number in (100, 200):
                body = json.dumps([person(number)]).encode()
                await others.import_users(body, filename="x", connection_id=stage.connection_id, external_id="theirs")
        stage.prepare(people(2), people(2, 3), people(2, 5))
        uploaded = await stage.upload()
        assert uploaded.imported == 6
        assert stage.happened(ImportSlotAwaited)
        assert stage.answers[f"POST {IMPORTS.removeprefix('/api/v2')} 429"] < 30
        assert stage.most_active == 2

    perform(empty, tmp_path, play, job_time=lambda kind, users: 300.0 if users == 1 else 10.0)


def test_expectations_are_ranges_and_come_while_it_runs(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(*(people(2, 10 * n) for n in range(1, 13)))
        await stage.upload()
        expected = stage.happened(UploadExpected)
        assert expected[0].files_left == 12
        assert expected[0].low_seconds < 12 * 20 / 2 + 1
        assert all(one.low_seconds < one.high_seconds for one in expected)
        assert [one.files_left for one in expected] == sorted((one.files_left for one in expected), reverse=True)

    perform(empty, tmp_path, play)


def test_the_events_give_the_same_account_as_the_result(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(1), person(2, email="nobody")], [person(1), person(3)])
        uploaded = await stage.upload()
        with stage.journal() as journal:
            progress = Progress.of(journal.events())
        assert (progress.imported, progress.already_there, progress.rejected) == (
            uploaded.imported,
            uploaded.already_there,
            uploaded.rejected,
        )
        assert len(stage.happened(JobSubmitted)) == len(stage.happened(JobEnded)) == 2

    perform(empty, tmp_path, play)


def test_no_event_and_no_journal_holds_a_hash_and_no_event_an_address(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(
            [person(1), person(2, password_hash=HASH.replace("$10$", "$04$")), person(3, email="bad@@x.example")]
        )
        await stage.upload()
        told = repr(stage.events)
        assert HASH[10:] not in told
        assert "@" not in told
        assert HASH[10:].encode() not in (stage.folder / "journal.db").read_bytes()

    perform(empty, tmp_path, play)


def test_users_without_their_second_factors_are_told_also_when_auth0_counts_no_failure(
    empty: Template, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            if request.url.path.endswith("errors") or "/jobs/job_" not in request.url.path:
                return response
            job = response.json()
            if summary := job.get("summary"):
                summary["inserted"] += summary["failed"]
                summary["failed"] = 0
            return httpx.Response(response.status_code, json=job)

        stage.edit = edit
        stage.prepare([person(1), person(2, mfa_factors=[{"totp": {"secret": "JBSWY3DPEHPK3PXP"}}])], people(2, 3))
        uploaded = await stage.upload()
        assert (uploaded.imported, uploaded.rejected) == (4, 0)
        with stage.journal() as journal:
            assert Progress.of(journal.events()).without_factors == 1
            [refusal] = journal.refusals()
        assert (refusal.user_id, refusal.code) == ("legacy|2", "MFA_FACTORS_FAILED")
        assert stage.answers["GET /jobs/{id}/errors 200"] == 1, "files without factors are not asked about"

    perform(empty, tmp_path, play, mfa_factors="fail")


FACTORS = [{"totp": {"secret": "JBSWY3DPEHPK3PXP"}}]


def told_of_factors(stage: Stage) -> tuple[list[tuple[str, str]], Progress]:
    """Who is named, and the account of a run that has ended with all its users where they should be."""
    with stage.journal() as journal:
        now = Progress.of(journal.events())
        named = [(refusal.user_id, refusal.code) for refusal in journal.refusals()]
    return named, replace(now, read=now.users_done, ended=True, compared=now.users_done)


def test_whose_second_factors_auth0_never_told_of_are_named_and_need_a_look(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        lost: list[str] = []

        def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            if request.method == "POST" and request.url.path.endswith("users-imports") and not lost:
                lost.append(request.url.path)
                raise httpx.ReadError("")
            return response

        stage.edit = edit
        stage.prepare([person(1, mfa_factors=FACTORS), person(2), person(3, mfa_factors=FACTORS)])
        await stage.upload()
        named, now = told_of_factors(stage)
        assert named == [("legacy|1", FACTORS_UNKNOWN), ("legacy|3", FACTORS_UNKNOWN)]
        assert (now.already_there, now.rejected, now.factors_unknown) == (3, 0, 2)
        assert (now.adds_up, now.verdict) == (True, "attention")

    perform(empty, tmp_path, play, mfa_factors="fail")


def test_who_was_there_before_the_first_submission_keeps_the_factors_that_are_there(
    empty: Template, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare([person(1, mfa_factors=FACTORS)], [person(1, mfa_factors=FACTORS)])
        await stage.upload()
        named, now = told_of_factors(stage)
        assert (named, now.already_there, now.verdict) == ([], 1, "complete")

    perform(empty, tmp_path, play)


@pytest.mark.parametrize("missing", ["summary", "count"])
def test_an_odd_summary_is_made_up_for_by_the_errors_or_refused(empty: Template, tmp_path: Path, missing: str) -> None:
    async def play(stage: Stage) -> Uploaded | str:
        def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            if "/jobs/job_" not in request.url.path or request.url.path.endswith("errors"):
                return response
            job = response.json()
            if "summary" in job:
                if missing == "summary":
                    del job["summary"]
                else:
                    job["summary"]["inserted"] -= 1
            return httpx.Response(response.status_code, json=job)

        stage.edit = edit
        stage.prepare([*people(3), person(4, email="nobody")], people(2, 5))
        try:
            return await stage.upload()
        except WizardError as error:
            assert len(stage.happened(UsersUnaccounted)) >= 2
            with stage.journal() as journal:
                assert ledger(stage.files, journal).files_left
                assert not Progress.of(journal.events()).imported, "an account that does not add up is not counted"
            return str(error)

    result = perform(empty, tmp_path, play, job_time=fixed(2.0))
    if missing == "summary":
        assert isinstance(result, Uploaded)
        assert (result.imported, result.rejected) == (5, 1)
    else:
        assert isinstance(result, str)
        assert "00001.json" in result
