"""`auth0-migrate plan ANSWERS`: what would change; nothing is written."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import (
    answers_argument,
    load_answers,
    plan_text,
    run_until_stopped,
    runs_option,
    set_option,
    world,
)
from wizard.errors import Exit


@click.command(cls=Command, short_help="Show what would change.")
@answers_argument
@set_option
@runs_option
@common_options
def command(answers_file: Path, flags: tuple[str, ...], runs_folder: Path | None, output: Output) -> int:
    """Show every change that applying ANSWERS would make, and the hash that approves exactly these.

    Exit status: 0 when there is nothing to change, 10 when there is.
    """
    answers = load_answers(answers_file, flags)
    from wizard.engine import plan_for
    from wizard.identity import existing_run
    from wizard.runner import Plan
    from wizard.runs import Runs
    from wizard.tools import Stop

    outside = world(output)
    base = answers_file.resolve().parent

    async def work(stop: Stop) -> Plan:
        run = await existing_run(answers, base=base, world=outside, runs=Runs(runs_folder), stop=stop)
        return await plan_for(answers, base=base, world=outside, run=run, stop=stop)

    plan = run_until_stopped(work)
    if output.as_json:  # the object tells of changes alone
        for told in plan.left_as_is:
            output.say(f"! {told}")
    output.result(plan.to_json(), plan_text(plan))
    return int(Exit.DONE if plan.is_empty else Exit.CHANGES)
