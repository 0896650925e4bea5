"""Commands that are told to the operator work where they are pasted."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wizard.commands.failure import as_wizard_error
from wizard.commands.running import summary
from wizard.errors import Exit, UsageError
from wizard.progress import Progress
from wizard.report import Report, next_steps
from wizard.runs import RunFolder, Runs, default_folder


def test_a_command_names_the_folder_of_runs_where_it_is_not_the_usual_one(tmp_path: Path) -> None:
    folder = tmp_path / "ann's runs"
    told = RunFolder(folder / "20261122-acme").command("resume", "20261122-acme")
    assert shlex.split(told) == ["auth0-migrate", "resume", "20261122-acme", "--runs", str(folder)]
    assert Runs(folder).command("runs") == shlex.join(["auth0-migrate", "runs", "--runs", str(folder)])


def test_a_command_is_short_where_the_runs_are_in_the_usual_folder() -> None:
    assert Runs().command("resume", "latest") == "auth0-migrate resume latest"
    assert RunFolder(default_folder() / "a").command("status", "a") == "auth0-migrate status a"


def test_a_relative_folder_is_told_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Runs(Path("here")).command("runs") == f"auth0-migrate runs --runs {shlex.quote(str(tmp_path / 'here'))}"


def test_what_a_report_advises_names_the_folder_of_runs_without_telling_it() -> None:
    now = datetime.now(UTC)
    report = Report(
        run="20261122-acme", verdict="waiting", tenant="a", connection="c", strategy="bulk", source="s", started=now,
        ended=None, read=1, imported=0, migrated=0, already_there=0, rejected=0, skipped=0, elsewhere=True,
    )  # fmt: skip
    assert next(next_steps(report)).command == "auth0-migrate resume 20261122-acme --runs FOLDER"


@pytest.mark.parametrize("found", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_users_that_are_not_as_prepared_are_told_with_the_file_that_names_them(
    tmp_path: Path, found: tuple[int, int, int]
) -> None:
    run = RunFolder(tmp_path / "20261122-acme")
    run.path.mkdir()
    run.verify.touch()
    missing, different, extra = found
    progress = Progress(compared=9, missing=missing, different=different, extra=extra)
    assert f"(each is a line of {run.verify})" in summary(progress, run, None)
    assert str(run.verify) not in summary(Progress(compared=9), run, None)


def test_whoever_interrupts_before_there_is_a_run_is_not_told_to_resume_one() -> None:
    told = as_wizard_error(KeyboardInterrupt())
    assert told.exit == Exit.INTERRUPTED
    assert "resume" not in told.remedy
    assert "same command again" in told.remedy


def test_a_run_that_is_not_there_leads_to_the_list_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "20261122-acme").mkdir()
    (tmp_path / "20261122-acme" / "journal.db").touch()
    with pytest.raises(UsageError) as told:
        Runs(tmp_path).find("nothing")
    assert f"auth0-migrate runs --runs {tmp_path}" in told.value.remedy
