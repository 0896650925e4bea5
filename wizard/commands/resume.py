"""`auth0-migrate resume RUN`: go on where a run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import carry_out_and_report, run_argument, runs_option, world

if TYPE_CHECKING:
    from wizard.runs import RunFolder
    from wizard.tools import Stop


@click.command(cls=Command, short_help="Go on with a run.")
@run_argument
@click.option("--yes", is_flag=True, help="Approve whatever is left, if the plan was not approved yet.")
@click.option("--go-on", is_flag=True, help="End the automatic phase now; the same as --set trickle.go_on=true.")
@click.option(
    "--set",
    "flags",
    multiple=True,
    metavar="TABLE.KEY=VALUE",
    help="An answer that may be given while a run goes on, such as cutover.confirm=CONNECTION.",
)
@runs_option
@common_options
def command(
    run_name: str, yes: bool, go_on: bool, flags: tuple[str, ...], runs_folder: Path | None, output: Output
) -> int:
    """Go on with RUN (an id, its beginning, a path, or `latest`) where it stopped.

    What was approved before stays approved. Another tenant, changed data or edited answers are refused, but for what is
    decided by what the run shows: when to go on, what may be repaired, who logs in as a proof, and the cutover.
    """
    from wizard.commands.apply import approval
    from wizard.identity import decided, origin_of, require_unedited
    from wizard.runs import Runs
    from wizard.steps import SECTIONS

    run = Runs(runs_folder).find(run_name)
    from wizard.answers import load

    answers = load(run.answers, SECTIONS, environment={})
    outside = world(output)
    require_unedited(run, answers, outside.environment)
    answers = decided(run, answers, (*flags, *(["trickle.go_on=true"] if go_on else [])))

    async def open_run(_: Stop) -> RunFolder:
        return run

    return carry_out_and_report(
        open_run,
        answers,
        base=Path(origin_of(run).base),
        world=outside,
        approve=approval(None, yes, output) if yes else None,
        keep=True,
        output=output,
    )
