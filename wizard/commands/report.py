"""`auth0-migrate report RUN`: write the report of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import run_argument, runs_option


@click.command(cls=Command, short_help="Write the report of a run.")
@run_argument
@runs_option
@common_options
def command(run_name: str, runs_folder: Path | None, output: Output) -> int:
    """Write the report of RUN from its journal and say where it is."""
    from wizard.answers import load
    from wizard.commands.reporting import write_run_report
    from wizard.identity import progress_of
    from wizard.runs import Runs
    from wizard.steps import SECTIONS

    run = Runs(runs_folder).find(run_name)
    answers = load(run.answers, SECTIONS, environment={})
    path = write_run_report(run, answers, progress_of(run))
    output.result({"run": run.id, "report": str(path)}, str(path))
    return 0
