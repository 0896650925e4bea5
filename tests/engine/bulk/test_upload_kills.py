"""An upload that is killed, stopped or cut off at any instant and resumed leaves the tenant as an undisturbed one does."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from upload_stage import Killed, Reaper, Stage, Template, people, perform, person, template

from wizard.bulk.jobs.upload import Uploaded
from wizard.events import JobEnded, JobSubmitted, SubmissionInDoubt, SubmissionSettled
from wizard.practice.fault_rules import Cut, Failure
from wizard.practice.job_times import fixed
from wizard.progress import Progress

USERS = 10
REJECTED = 2
slowly = partial(perform, rate=2.0, burst=10.0, job_time=fixed(2.0))
"""Few looks a job, so that there are few instants to be killed at."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("tenant"))


def prepare(stage: Stage) -> None:
    stage.prepare(people(4), [*people(2, 5), person(7, email="nobody")], [*people(2, 8), person(10, given_name="")])


@dataclass(frozen=True)
class Undisturbed:
    """Steps and requests (the token's aside) of an upload, and the users it leaves."""

    steps: int
    requests: int
    users: list[Any]


@pytest.fixture(scope="module")
def undisturbed(empty: Template, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    async def play(stage: Stage) -> Undisturbed:
        prepare(stage)
        reaper = Reaper()
        uploaded = await stage.upload(reaper=reaper)
        assert (uploaded.imported, uploaded.rejected) == (USERS - REJECTED, REJECTED)
        return Undisturbed(reaper.steps, stage.answers.total() - 1, stage.users())

    return slowly(empty, tmp_path_factory.mktemp("undisturbed"), play)


def check(stage: Stage, uploaded: Uploaded, users: list[Any]) -> None:
    """The tenant is as it should be, and the account of the run adds up, by result and by journal."""
    assert stage.users() == users
    assert uploaded.files_left == []
    assert uploaded.users == USERS
    assert uploaded.imported + uploaded.already_there == USERS - REJECTED
    assert uploaded.rejected == REJECTED
    assert stage.most_active <= 2
    with stage.journal() as journal:
        progress = Progress.of(journal.events())
        refusals = Counter(refusal.user_id for refusal in journal.refusals())
        ended = Counter(event.job for event in journal.events() if isinstance(event, JobEnded))
        assert all(intent.outcome is not None for intent in journal.intents())
    assert (progress.imported, progress.already_there, progress.rejected) == (
        uploaded.imported,
        uploaded.already_there,
        uploaded.rejected,
    )
    assert refusals == {"legacy|7": 1, "legacy|10": 1}
    assert set(ended.values()) == {1}


def test_a_kill_between_any_two_steps_loses_and_doubles_nobody(
    empty: Template, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    async def play(stage: Stage) -> None:
        prepare(stage)
        with pytest.raises(Killed):
            await stage.upload(reaper=Reaper(at))
        check(stage, await stage.upload(), undisturbed.users)

    for at in range(1, undisturbed.steps + 1):
        slowly(empty, tmp_path / str(at), play)


@pytest.mark.parametrize("seed", range(8))
def test_so_do_many_kills_in_a_row(empty: Template, tmp_path: Path, undisturbed: Undisturbed, seed: int) -> None:
    dice = Random(seed)

    async def play(stage: Stage) -> None:
        prepare(stage)
        for _ in range(25):
            try:
                await stage.upload(reaper=Reaper(dice.randint(1, 30)))
            except Killed:
                await stage.tenant.clock.sleep(dice.choice([0.0, 1.0, 10.0, 10_000.0]))
        check(stage, await stage.upload(), undisturbed.users)

    slowly(empty, tmp_path, play)


@pytest.mark.parametrize("when", ["before", "after", "midway"])
def test_the_cable_cut_at_any_request_loses_and_doubles_nobody(
    empty: Template, tmp_path: Path, undisturbed: Undisturbed, when: Any
) -> None:
    async def play(stage: Stage) -> None:
        prepare(stage)
        check(stage, await stage.upload(), undisturbed.users)
        doubts.extend(stage.happened(SubmissionInDoubt))
        assert len(stage.happened(SubmissionSettled)) == len(stage.happened(SubmissionInDoubt))

    doubts: list[SubmissionInDoubt] = []
    for number in range(1, undisturbed.requests + 1):
        cut = Cut(action="cut", when=when, path="/api/v2/*", nth=frozenset({number}))
        slowly(empty, tmp_path / str(number), play, faults=[cut])
    assert len(doubts) == 3, "each of the three submissions was once in doubt, no other request ever"


@pytest.mark.parametrize("committed", [True, False])
def test_a_server_error_on_a_submission_is_a_doubt_too(
    empty: Template, tmp_path: Path, undisturbed: Undisturbed, committed: bool
) -> None:
    async def play(stage: Stage) -> None:
        prepare(stage)
        uploaded = await stage.upload()
        check(stage, uploaded, undisturbed.users)
        assert len(stage.happened(SubmissionInDoubt)) == 2
        if not committed:
            assert uploaded.already_there == 0

    failure = Failure(action="error", path="*/users-imports", nth=frozenset({1, 3}), committed=committed)
    slowly(empty, tmp_path, play, faults=[failure])


def test_a_lost_answer_with_upsert_writes_the_same_again(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3))
        uploaded = await stage.upload(upsert=True)
        assert (uploaded.imported, uploaded.already_there) == (3, 0)
        assert len(stage.users()) == 3

    cut = Cut(action="cut", when="after", path="*/users-imports", nth=frozenset({1}))
    slowly(empty, tmp_path, play, faults=[cut])


def test_a_doubt_waits_for_the_job_that_may_be_running(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.prepare(people(3), people(3, 4))
        await stage.upload()
        assert stage.most_active == 2
        assert not [answer for answer in stage.answers if answer.endswith("429")]
        (settled,) = stage.happened(SubmissionSettled)
        assert settled.found == settled.looked_for == 3

    cut = Cut(action="cut", when="after", path="*/users-imports", nth=frozenset({2}))
    slowly(empty, tmp_path, play, faults=[cut])


def test_a_stop_leaves_running_jobs_running_and_a_resumed_run_follows_them(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        prepare(stage)

        def stop_when_submitted(event: object) -> None:
            stage.stopped = stage.stopped or len(stage.happened(JobSubmitted)) == 2

        stage.watch = stop_when_submitted
        stopped = await stage.upload()
        assert stopped.files_left == ["00001.json", "00002.json", "00003.json"]
        assert stopped.seconds < 2, "it does not wait for the jobs"
        assert stage.active_jobs() == 2
        stage.watch, stage.stopped = (lambda event: None), False
        resumed = await stage.upload()
        assert resumed.files_left == []
        assert stage.jobs() == 3, "nothing was sent twice"
        assert not [answer for answer in stage.answers if answer.endswith("429")], "jobs that run keep their slots"
        assert (resumed.imported, resumed.already_there, resumed.rejected) == (8, 0, 2)

    slowly(empty, tmp_path, play)


def test_a_run_stopped_before_it_begins_sends_nothing(empty: Template, tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        prepare(stage)
        stage.stopped = True
        stopped = await stage.upload()
        assert len(stopped.files_left) == 3
        assert stage.jobs() == 0

    slowly(empty, tmp_path, play)
