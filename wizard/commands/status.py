"""`auth0-migrate status [RUN]`: where a run stands."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.commands.output import Output, common_options
from wizard.commands.running import answer_with, runs_option


@click.command(short_help="Say where a run stands.")
@click.argument("run_name", metavar="[RUN]", default="latest")
@runs_option
@common_options
def command(run_name: str, runs_folder: Path | None, output: Output) -> int:
    """Say where RUN stands, the latest when none is named; the exit status is that of its verdict.

    A run that a process is working on right now is waiting (6).
    """
    from dataclasses import replace

    from wizard.identity import progress_of
    from wizard.runs import Runs

    run = Runs(runs_folder).find(run_name)
    progress = progress_of(run)
    if run.is_held:
        under_way = f"step {progress.step} is under way" if progress.step else "a process is at work on it"
        progress = replace(  # what its earlier processes came to is being found out anew
            progress,
            waiting=under_way,
            error="",
            ended=False,
            interrupted=False,
            failed_checks={},
            taken_back=False,
            undoing=None,
        )
    return answer_with(replace(progress, run=run.id), run, output)
