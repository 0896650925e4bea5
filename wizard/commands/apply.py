"""`auth0-migrate apply ANSWERS`: a headless run, or the rest of one that was interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import (
    answers_argument,
    carry_out_and_report,
    confirmed,
    load_answers,
    plan_text,
    runs_option,
    set_option,
    world,
)
from wizard.errors import UsageError

if TYPE_CHECKING:
    from wizard.runner import Plan
    from wizard.runs import RunFolder
    from wizard.tools import Stop


@click.command(cls=Command, short_help="Carry out answers, headless.")
@answers_argument
@click.option("--approve", metavar="HASH", help="Approve the plan with this hash, and no other.")
@click.option("--yes", is_flag=True, help="Approve whatever the plan is.")
@click.option("--new", "fresh", is_flag=True, help="Start a new run, also if there is one of these answers and data.")
@set_option
@runs_option
@common_options
def command(
    answers_file: Path,
    approve: str | None,
    yes: bool,
    fresh: bool,
    flags: tuple[str, ...],
    runs_folder: Path | None,
    output: Output,
) -> int:
    """Carry out ANSWERS: plan, have the plan approved, apply it, verify.

    Called again with the same answers and data it goes on where it stopped; when all is done it writes nothing.
    """
    answers = load_answers(answers_file, flags)
    if not (yes or approve or sys.stdin.isatty()):
        raise UsageError(
            "Nobody can approve the plan",
            why="there is no terminal to ask on",
            state="Nothing was sent.",
            remedy="Look at it with `auth0-migrate plan`, then give --approve HASH; or --yes for whatever it is.",
        )
    from wizard.identity import Origin, decided_since, run_of
    from wizard.runs import Runs

    outside = world(output)
    file = answers_file.resolve()

    async def open_run(stop: Stop) -> RunFolder:
        origin = Origin(str(file.parent), str(file), flags)
        run = await run_of(answers, origin, world=outside, runs=Runs(runs_folder), fresh=fresh, stop=stop)
        if otherwise := decided_since(run, answers):
            output.say(
                f"! {answers_file} says otherwise than what was decided while run {run.id} went on, and counts now: "
                f"{', '.join(otherwise)}"
            )
        return run

    return carry_out_and_report(
        open_run,
        answers,
        base=file.parent,
        world=outside,
        approve=approval(approve, yes, output),
        approved_hash=approve,
        output=output,
    )


def approval(wanted: str | None, yes: bool, output: Output) -> Callable[[Plan], bool]:
    """How a plan is approved: by hash, blindly, or by asking on the terminal."""

    def approve(plan: Plan) -> bool:
        output.say(plan_text(plan))
        return yes or wanted is not None or confirmed("Carry this out?")

    return approve
