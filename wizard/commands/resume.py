"""`auth0-migrate resume RUN`: go on where a run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.output import Output, common_options
from wizard.commands.running import carry_out_and_report, run_argument, runs_option, world

if TYPE_CHECKING:
    from wizard.runs import RunFolder
    from wizard.tools import Stop


@click.command(short_help="Go on with a run.")
@run_argument
@click.option("--yes", is_flag=True, help="Approve whatever is left, if the plan was not approved yet.")
@runs_option
@common_options
def command(run_name: str, yes: bool, runs_folder: Path | None, output: Output) -> int:
    """Go on with RUN (an id, its beginning, a path, or `latest`) where it stopped.

    What was approved before stays approved. Another tenant, changed data or edited answers are refused.
    """
    from wizard.commands.apply import approval
    from wizard.engine import origin_of, require_unedited
    from wizard.runs import Runs
    from wizard.steps import SECTIONS

    run = Runs(runs_folder).find(run_name)
    from wizard.answers import load

    answers = load(run.answers, SECTIONS, environment={})
    outside = world()
    require_unedited(run, answers, outside.environment)

    async def open_run(_: Stop) -> RunFolder:
        return run

    return carry_out_and_report(
        open_run,
        answers,
        base=Path(origin_of(run).base),
        world=outside,
        approve=approval(None, yes, output) if yes else None,
        output=output,
    )
