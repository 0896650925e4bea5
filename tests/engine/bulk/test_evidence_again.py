"""Evidence of a run that has ended, gathered again: for other logins, by a run of before, and after its files are gone."""

import json
import sqlite3
from pathlib import Path

import pytest
from rehearsal import Rehearsal, person

from wizard.commands.reporting import report_of
from wizard.events import CheckWithdrawn
from wizard.identity import progress_of
from wizard.journal import Journal
from wizard.practice.samples import add_samples
from wizard.report import next_steps

STRANGER = '{ login = "nobody@example.com", password = "env:PRACTICE_SECRET" }'


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    """A run whose logins are two strangers."""
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1), person(2)])
    client_id = add_samples(stage.tenant).login_client_id
    stage.answer('enable = ["Web shop"]', 'enable = ["Login check"]')
    stage.answer("sample = 5\n", f'sample = 5\nlogin_client_id = "{client_id}"\ncanaries = [{STRANGER}, {STRANGER}]\n')
    assert sorted(stage.apply().failed_checks) == ["canary 1", "canary 2"]
    return stage


def checks_of(stage: Rehearsal) -> list[str]:
    journal = Journal(stage.run.journal, now=stage.clock.now)
    events = list(journal.events())
    journal.close()
    return [check.name for check in report_of(stage.run, stage.answers(), progress_of(stage.run), events, None).checks]


def test_what_was_found_of_a_login_that_is_asked_for_no_more_is_no_evidence(stage: Rehearsal) -> None:
    stage.answer(f"[{STRANGER}, {STRANGER}]", f"[{STRANGER}]")
    assert sorted(stage.apply().failed_checks) == ["canary 1"]
    assert [event.name for event in stage.events if isinstance(event, CheckWithdrawn)] == ["canary 2"]
    assert "canary 2" not in checks_of(stage)
    stage.verify()
    assert len([event for event in stage.events if isinstance(event, CheckWithdrawn)]) == 1, "once is enough"
    stage.answer(f"canaries = [{STRANGER}]\n", "")
    assert stage.apply().verdict == "complete"
    assert not [name for name in checks_of(stage) if name.startswith("canary")]


def test_the_files_being_gone_takes_no_evidence_back(stage: Rehearsal) -> None:
    stage.answer(f"[{STRANGER}, {STRANGER}]", "[]")
    assert stage.apply().verdict == "complete"
    stage.run.purge_users()
    stage.answer("canaries = []\n", f"canaries = [{STRANGER}]\n")
    assert stage.apply().verdict == "complete"


def test_other_logins_are_kept_with_the_evidence_for_them(stage: Rehearsal) -> None:
    stage.answer(f"[{STRANGER}, {STRANGER}]", "[]")
    assert stage.verify(stage.answers()).verdict == "complete"
    requests = stage.count_requests()
    assert stage.resume().verdict == "complete"
    assert not [path for _, path in requests.requests if "users-exports" in path]


def test_a_run_whose_identity_names_more_answers_is_found_again(stage: Rehearsal) -> None:
    """Runs that were begun when canaries could not change yet."""
    database = sqlite3.connect(stage.run.journal)
    [(value,)] = database.execute("select value from facts where key = 'identity'").fetchall()
    identity = json.loads(value)
    identity["answers"]["verify"] |= {"canaries": []}
    database.execute("update facts set value = ? where key = 'identity'", (json.dumps(identity),))
    database.commit()
    database.close()
    stage.apply()
    assert len(stage.runs.all()) == 1


def test_a_report_names_no_folder_of_the_machine(stage: Rehearsal) -> None:
    report = report_of(stage.run, stage.answers(), progress_of(stage.run), [], None)
    told = " ".join(step.command for step in next_steps(report))
    assert "--runs FOLDER" in told
    assert str(stage.run.path.parent) not in told
