"""Whoever asks how many users were rejected, left behind or imported hears the same figures in the same words."""

import html
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from phases_stage import PhasesStage
from rehearsal import Rehearsal, person

from screens.faults import faults_of
from screens.steps.results import parts_of, picture, rows_of
from wizard import events as happened
from wizard.commands.narration import account_line
from wizard.commands.reporting import write_run_report
from wizard.commands.running import summary
from wizard.errors import Interrupted
from wizard.events import JobEnded, UsersRead
from wizard.fates import WORDS, parts
from wizard.identity import progress_of
from wizard.progress import Progress
from wizard.tools import Stop

FLAGS = (
    'profile.same_email="keep_newest"',
    'profile.created="first"',
    'passwords.missing="without_password"',
    'prepare.skip=["email_missing"]',
)


def of_summary(progress: Progress, stage: Rehearsal) -> Mapping[str, int]:
    """The figures that the command line prints, by their words."""
    lines = (re.fullmatch(r"  (\D+?) +([\d,]+)", line) for line in summary(progress, stage.run, None).splitlines())
    return {found[1]: int(found[2].replace(",", "")) for found in lines if found}


def of_report(progress: Progress, stage: Rehearsal) -> Mapping[str, int]:
    """Those of the table of the report."""
    page = write_run_report(stage.run, stage.answers(), progress).read_text(encoding="utf-8")
    table = page[page.index("Where every user is") :].partition("</table>")[0]
    rows = re.findall(r'</span>([^<]+)<br>.*?class="number">([\d,]+)<', table, re.DOTALL)
    return {html.unescape(words).lower(): int(users.replace(",", "")) for words, users in rows}


def of_wizard(progress: Progress) -> Mapping[str, int]:
    """Those of the pages Results and Finish."""
    return {words: users for words, users, _ in parts_of(progress)}


def of_json(progress: Progress) -> Mapping[str, int]:
    """Those of `--json`, in the words that people are told."""
    users = progress.to_json(report=None)["users"]
    return {words: users[fate] for fate, words in WORDS.items() if fate in users}


def filled(figures: Mapping[str, int]) -> Mapping[str, int]:
    return {words: users for words, users in figures.items() if users and words != "read"}


def all_agree(progress: Progress, stage: Rehearsal) -> Mapping[str, int]:
    """The figures, once everybody has told the same and they add up to the users read."""
    told = filled(of_summary(progress, stage))
    assert told == filled(of_report(progress, stage)) == filled(of_wizard(progress))
    known = {words: users for words, users in told.items() if words in WORDS.values() and words != WORDS["removed"]}
    assert known == filled(of_json(progress))
    assert sum(told.values()) == progress.read
    assert told == filled({part.words: part.users for part in parts(progress)})
    return told


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    """A store with users of every fate; two of them were imported by an earlier run."""
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1), person(2)])
    stage.apply()
    stage.write_people(
        [
            *(person(number) for number in range(1, 11)),
            person(11) | {"mail": ""},
            person(12) | {"mail": "nobody"},
            person(13) | {"mail": "nobody"},
            person(14) | {"mail": "twin@example.com", "first": "2024-01-01"},
            person(15) | {"mail": "twin@example.com", "first": "2025-01-01"},
            person(16) | {"password_hash": "$1$abcdefgh$" + "a" * 22},
        ]
    )
    return stage


def latest(stage: Rehearsal) -> Rehearsal:
    """The stage with the first of its runs out of the way."""
    first = stage.runs.all()[-1]
    first.path.rename(stage.folder / "first-run")
    return stage


def test_one_run_is_told_alike_by_the_command_line_the_report_and_the_wizard(stage: Rehearsal) -> None:
    progress = stage.apply(*FLAGS)
    told = all_agree(progress, latest(stage))
    assert told == {"imported": 9, "already there": 2, "rejected": 3, "left behind as decided": 2}
    assert progress_of(stage.run) == progress, "as `status` and `runs` have it"


def test_reasons_are_of_those_who_count_as_rejected_and_decisions_of_those_left_behind(stage: Rehearsal) -> None:
    progress = stage.apply(*FLAGS)
    latest(stage)
    lines = summary(progress, stage.run, None).partition("Rejected before the upload")[2].splitlines()[1:]
    assert {line.split()[0]: int(line.split()[1]) for line in lines} == {"email_invalid": 2, "password_unsupported": 1}
    faults = faults_of(stage.run)
    assert sum(fault.users for fault in faults if not fault.decided) == progress.rejected == 3
    assert sum(fault.users for fault in faults if fault.decided) == progress.skipped == 2
    kinds = [row[0] for row in rows_of(stage.run)]
    assert (kinds.count("rejected"), kinds.count("left behind as decided")) == (3, 2)
    page = write_run_report(stage.run, stage.answers(), progress).read_text(encoding="utf-8")
    assert page.count("Left behind as decided.") == 2, "who is not preferred to a twin is left behind, too"
    assert "Of 16 users, 3 are rejected" in page


def test_a_run_that_is_not_over_has_users_still_to_do_and_nobody_lost(stage: Rehearsal) -> None:
    stop = Stop()
    small = "prepare.max_file_bytes=1000"
    with pytest.raises(Interrupted):
        stage.apply(*FLAGS, small, stop=stop, watch=lambda now: stop.request() if isinstance(now, JobEnded) else None)
    latest(stage)
    progress = progress_of(stage.run)
    assert all_agree(progress, stage)["still to do"] == progress.read - progress.users_done > 0
    assert "the run is not over" in picture(progress, 20).plain
    assert "not accounted for" not in summary(progress, stage.run, None)


def test_who_was_deleted_by_an_undo_is_a_part_of_the_sum_everywhere(stage: Rehearsal) -> None:
    stage.apply(*FLAGS)
    latest(stage)
    stage.undo(users=True)
    progress = progress_of(stage.run)
    told = all_agree(progress, stage)
    assert (told["deleted by undo"], told.get("imported", 0)) == (9, 0)
    assert "✓ adds up" in picture(progress, 20).plain


def test_while_users_move_at_login_nobody_is_called_lost(tmp_path: Path) -> None:
    stage = PhasesStage(tmp_path)
    stage.write_people([person(number) for number in range(1, 31)])
    stage.apply()
    stage.log_in(range(1, 11))
    stage.pass_days(1)
    progress = stage.resume()
    assert all_agree(progress, stage) == {"migrated at login": 10, "not moved yet": 20}


def test_rejects_who_logged_in_since_are_told_beside_the_reasons(tmp_path: Path) -> None:
    stage = PhasesStage(tmp_path)
    people = [person(number) for number in range(1, 31)]
    stage.write_people([*people[:-2], *(one | {"password_hash": "$1$abcdefgh$" + "a" * 22} for one in people[-2:])])
    stage.apply()
    stage.log_in(range(1, 11))
    stage.pass_days(1)
    progress = stage.resume("trickle.go_on=true")
    assert all_agree(progress, stage)["rejected"] == 2
    stage.log_in([30])
    stage.pass_days(1)
    progress = stage.verify()
    assert all_agree(progress, stage)["rejected"] == 1
    assert re.search(r"have logged in since +1 ", summary(progress, stage.run, None))
    assert "1 more logged in after" in stage.run.report.read_text(encoding="utf-8")


def test_users_in_auth0_without_their_second_factors_are_not_told_as_kept_out(stage: Rehearsal) -> None:
    progress = stage.apply(*FLAGS).after(happened.UsersRefused("1.json", {"MFA_FACTORS_FAILED": 1}))
    latest(stage)
    told = summary(progress, stage.run, None)
    assert "without second factor" in told and "Refused by Auth0" not in told
    page = write_run_report(stage.run, stage.answers(), progress).read_text(encoding="utf-8")
    assert "Auth0 refused the user" not in page and "without their second factors" in page


def test_preparing_tells_rejects_as_they_are_met() -> None:
    midway = Progress.of([happened.StepStarted("prepare"), UsersRead(10, 3, 16)])
    assert account_line(midway) == "  preparing: 10 of 16 users read, 3 rejected"
