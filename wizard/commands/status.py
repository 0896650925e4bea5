"""`auth0-migrate status [RUN]`: where a run stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.narration import account_line
from wizard.commands.output import Output, common_options
from wizard.commands.running import answer_with, runs_option

if TYPE_CHECKING:
    from wizard.progress import Progress


@click.command(cls=Command, short_help="Say where a run stands.")
@click.argument("run_name", metavar="[RUN]", default="latest")
@runs_option
@common_options
def command(run_name: str, runs_folder: Path | None, output: Output) -> int:
    """Say where RUN stands, the latest when none is named; the exit status is that of its verdict.

    Of a run that a process is working on right now it says what goes on, and ends with the status of waiting (6).
    """
    from dataclasses import replace

    from wizard.identity import progress_of
    from wizard.runs import Runs

    run = Runs(runs_folder).find(run_name)
    progress = progress_of(run)
    held = run.is_held
    if held:
        progress = replace(  # what its earlier processes came to is being found out anew
            progress,
            waiting=_under_way(progress),
            error="",
            ended=False,
            interrupted=False,
            failed_checks={},
            taken_back=False,
            undoing=None,
        )
    return answer_with(replace(progress, run=run.id), run, output, at_work=held)


def _under_way(progress: Progress) -> str:
    """What the process that holds the run is doing, by what it has told last; a look at an ended run tells nothing."""
    if progress.undoing:
        return "an undo of it is under way"
    if progress.looking:
        return "looking at store and tenant before it goes on"
    if not progress.step or progress.was_undone or progress.waiting:
        return "a process is at work on it"
    account = account_line(progress)
    return f"step {progress.step} is under way" + (f"\n{account}" if account else "")
