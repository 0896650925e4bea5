"""The closing account of a run tells what an operator has to act on, and how long the work took."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from phases_stage import PhasesStage
from rehearsal import Rehearsal, person

from wizard.answers import load
from wizard.bulk.jobs.legs import seconds_before
from wizard.commands.running import summary
from wizard.errors import PlanStale, WizardError
from wizard.events import ChangeApplied, ChangeStarted, Event, JobEnded, JobSubmitted, ProcessEnded, RunStarted
from wizard.practice.job_times import fixed
from wizard.practice.users.endpoints import plant_half_made_user
from wizard.steps import SECTIONS
from wizard.undo.run import undo_run

USERS = 36
HOUR = 3600.0


def stage_in(folder: Path) -> Rehearsal:
    """A migration whose users need several files, and import jobs of some length."""
    stage = Rehearsal(folder, file_bytes=1_000, settings={"job_time": fixed(20.0)})
    stage.write_people([person(number) for number in range(1, USERS + 1)])
    return stage


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that the upload takes where nothing stops it."""
    seconds = stage_in(tmp_path_factory.mktemp("undisturbed")).apply().upload_seconds
    assert seconds and 20.0 < seconds < HOUR
    return seconds


def test_the_summary_says_how_many_have_no_password(tmp_path: Path) -> None:
    stage = stage_in(tmp_path)
    bare = [person(20) | {"password_hash": ""}, person(21) | {"password_hash": ""}]
    stage.write_people([person(1), *bare, person(22) | {"mail": "nobody", "password_hash": ""}])
    progress = stage.apply('passwords.missing="without_password"')
    [line] = [line for line in summary(progress, stage.run, None).splitlines() if "without a password" in line]
    assert line.split()[3:7] == ["2", "of", "3", "prepared"]


def test_the_summary_says_nothing_of_passwords_where_all_travel_or_nobody_is_imported_yet(tmp_path: Path) -> None:
    stage = stage_in(tmp_path / "all")
    assert "without a password" not in summary(stage.apply(), stage.run, None)


def test_an_upload_that_was_stopped_took_what_all_its_processes_worked_and_not_the_time_between(
    tmp_path: Path, undisturbed: float
) -> None:
    stage = stage_in(tmp_path)
    for _ in range(2):
        stage.apply_until(lambda event: isinstance(event, JobEnded))
        stage.clock.time += HOUR
    progress = stage.resume()
    assert progress.upload_seconds and progress.upload_floor_seconds
    assert 0.75 * undisturbed < progress.upload_seconds < undisturbed + 60
    assert progress.upload_floor_seconds > 0.7 * undisturbed
    assert "upload took " in summary(progress, stage.run, None)


def test_of_processes_that_were_killed_counts_what_they_wrote_down() -> None:
    began = ChangeStarted("upload", "import-users:acme", "import 9 users")
    started = RunStarted("run-1", "bulk", resumed=True)
    sent = JobSubmitted("users/00001.json", "job_1", users=3, bytes=900)
    events: list[tuple[float, Event]] = [
        (0.0, started),
        (1.0, ChangeStarted("prepare", "prepare-users", "prepare 9 records")),
        (100.0, began),
        (130.0, sent),  # and then it was killed
        (5000.0, started),
        (5001.0, began),
        (5011.0, ProcessEnded(requests=9, limited=0, seconds=11.0)),
        (5060.0, sent),  # nothing of a process that has ended
        (9000.0, started),
        (9001.0, began),
    ]
    assert seconds_before(events) == 30.0 + 10.0
    assert seconds_before(events[:3]) == 0.0
    done = ChangeApplied("upload", "import-users:acme")
    assert seconds_before([*events, (9100.0, done), (9200.0, began)]) == 0.0, (
        "what an undone upload took is no part of it"
    )


def test_what_was_asked_of_a_killed_run_meanwhile_is_no_work_on_its_upload(tmp_path: Path, undisturbed: float) -> None:
    stage = stage_in(tmp_path)
    stage.apply_until(lambda event: isinstance(event, JobEnded))
    as_if_killed(stage)
    stage.clock.time += 12 * HOUR
    answers = load(stage.run.answers, SECTIONS, environment={})
    undo = undo_run(stage.run, answers, base=stage.folder, world=stage.world, approve=lambda plan: False, users=True)
    with pytest.raises(PlanStale):  # it has followed the jobs that ran to their end before
        asyncio.run(undo)
    stage.clock.time += 12 * HOUR
    with pytest.raises(WizardError, match="not finished"):
        stage.verify()
    progress = stage.resume()
    assert progress.imported == USERS
    assert progress.upload_seconds and progress.upload_seconds < undisturbed + 60


def as_if_killed(stage: Rehearsal) -> None:
    """Take out of the journal what a process writes down when it ends; a killed one does not."""
    with closing(sqlite3.connect(stage.run.journal)) as journal, journal:
        for name in ("RunInterrupted", "ProcessEnded"):
            assert journal.execute("delete from events where json_extract(event, '$.event') = ?", (name,)).rowcount == 1


def test_what_an_import_of_repaired_users_took_does_not_stand_for_the_upload(tmp_path: Path) -> None:
    stage = PhasesStage(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    stage.apply()
    who = person(5)
    plant_half_made_user(stage.tenant, stage.connection_id, user_id=who["id"], email=who["mail"])
    took = stage.resume("trickle.go_on=true").upload_seconds
    progress = stage.resume("verify.repair_at_most=1", approve=lambda plan: True)
    assert took and progress.imported == 30
    assert progress.upload_seconds == took
