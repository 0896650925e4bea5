"""`auth0-migrate demo`: the whole main job, headless, on a practice tenant and a practice legacy store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import carry_out_and_report, plan_text, runs_option
from wizard.counts import counted
from wizard.errors import Exit

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.progress import Progress
    from wizard.runner import Plan
    from wizard.runs import RunFolder
    from wizard.tools import Stop


@click.command(cls=Command, short_help="Run the whole main job on a practice tenant; no account needed.")
@click.option(
    "--users", type=click.IntRange(20, 1_000_000), default=2_000, show_default=True, help="Users of the legacy store."
)
@click.option(
    "--strategy",
    type=click.Choice(["two-phase", "bulk", "automatic"]),
    default="two-phase",
    show_default=True,
    help="How users move.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed invents the same people.")
@click.option(
    "--undecided", is_flag=True, help="Include the dirty rows without a decision about them; ends with status 3."
)
@runs_option
@common_options
def command(users: int, strategy: str, seed: int, undecided: bool, runs_folder: Path | None, output: Output) -> int:
    """Rehearse a whole migration: an invented legacy store with real password hashes and a few dirty rows of every
    kind, a practice tenant with Auth0's limits, and the run that moves one into the other and proves it.

    With two-phase, people log in for two simulated weeks through the very scripts and Actions that would be deployed,
    some logins break off half-way, the rest moves in bulk, and a cutover ends it. That needs the extra `practice`, and
    takes about two and a half minutes on two processors for 2,000 users. Its run is kept apart from real ones.
    """
    from wizard.commands.demonstration import Demonstration
    from wizard.identity import Origin, run_of
    from wizard.runs import Runs, rehearsals
    from wizard.scratch import scratch

    if strategy != "bulk":
        from wizard.practice.sandbox.executable import node

        node()  # says at once what is missing
    with scratch("demo") as folder:
        output.say(f"Inventing a legacy store of {counted(users, 'user')}")
        stage = Demonstration(
            folder, strategy, users=users, seed=seed, undecided=undecided, say=output.say
        )  # fmt: skip
        output.say("Staged on purpose:")
        for wrong in stage.staged:
            output.say(f"  {wrong}")
        everybody_can_log_in = True

        async def open_run(_: Stop) -> RunFolder:
            runs = Runs(runs_folder or rehearsals())
            return await run_of(stage.answers, Origin(str(folder)), world=stage.world, runs=runs, fresh=True)

        async def meanwhile(run: RunFolder, progress: Progress) -> Answers | None:
            nonlocal everybody_can_log_in
            answers = await stage.meanwhile(run, progress)
            if answers is None and progress.ended:
                everybody_can_log_in = await stage.roll_call()
            return answers

        def approve(plan: Plan) -> bool:
            if not plan.is_empty:
                output.say(plan_text(plan))
            return True

        try:
            status = carry_out_and_report(
                open_run,
                stage.answers,
                base=stage.folder,
                world=stage.world,
                approve=approve,
                output=output,
                again=lambda _: "run the demo again; its practice tenant lived in this process",
                meanwhile=meanwhile,
            )
        finally:
            stage.close()
    if runs_folder is None:
        output.say(f"Kept apart from real runs; listed by: {Runs(rehearsals()).command('runs')}")
    return status if everybody_can_log_in else max(status, int(Exit.ATTENTION))
