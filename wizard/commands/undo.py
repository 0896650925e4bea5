"""`auth0-migrate undo RUN`: put back what a run has changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.narration import Narrator
from wizard.commands.output import Output, common_options
from wizard.commands.running import confirmed, run_argument, run_until_stopped, runs_option, world
from wizard.counts import counted
from wizard.errors import Exit, UsageError

if TYPE_CHECKING:
    from wizard.undo import UndoPlan


@click.command(short_help="Put back what a run has changed.")
@run_argument
@click.option("--users", is_flag=True, help="Delete the users that the run imported, too; never those of others.")
@click.option(
    "--cutover", is_flag=True, help="Take back the cutover alone, so that users can move at login again at once."
)
@click.option("--approve", metavar="HASH", help="Approve what would be undone if it has this hash, and nothing else.")
@click.option("--yes", is_flag=True, help="Approve whatever would be undone.")
@runs_option
@common_options
def command(
    run_name: str,
    users: bool,
    cutover: bool,
    approve: str | None,
    yes: bool,
    runs_folder: Path | None,
    output: Output,
) -> int:
    """Put back what RUN has changed in the tenant, the last change first, by the receipts in its journal.

    Users stay unless --users is given. What somebody else has changed since stays as it is. Ends with status 3 when
    something could not be put back.

    A cutover that was taken back is made again only when it is confirmed anew:
    `auth0-migrate resume RUN --set cutover.confirm=CONNECTION`.
    """
    if users and cutover:
        raise UsageError("--users and --cutover exclude each other", remedy="Give one of them.")
    from wizard.answers import load
    from wizard.commands.reporting import write_run_report
    from wizard.engine import undo_run
    from wizard.identity import origin_of
    from wizard.runs import Runs
    from wizard.steps import SECTIONS

    run = Runs(runs_folder).find(run_name)
    answers = load(run.answers, SECTIONS, environment={})
    narrator = Narrator(output.say, live=output.live)

    def approved(plan: UndoPlan) -> bool:
        output.say(plan_text(plan))
        if not (yes or approve or sys.stdin.isatty()):
            raise UsageError(
                "Nobody can approve the undo",
                why="there is no terminal to ask on",
                state="Nothing was changed.",
                remedy=f"Give --approve {plan.hash} for just this, or --yes for whatever it is.",
            )
        return yes or approve is not None or confirmed("Put this back?")

    progress, undone = run_until_stopped(
        lambda stop: undo_run(
            run,
            answers,
            base=Path(origin_of(run).base),
            world=world(output),
            approve=approved,
            users=users,
            only="cutover" if cutover else None,
            approved_hash=approve,
            watchers=[narrator.hear],
            stop=stop,
        )
    )
    narrator.clear()
    if run.report.is_file():
        write_run_report(run, answers, progress)  # it said that what is gone now is there
    lines = [
        f"UNDONE: {counted(undone.changes, 'change')}, {counted(undone.users, 'user')} deleted",
        *([f"  made again: {counted(undone.again, 'change')}; users can move at login"] if undone.again else []),
        *(f"  left: {one}" for one in undone.left),
    ]
    told = {"changes": undone.changes, "users": undone.users, "again": undone.again, "left": list(undone.left)}
    output.result({**progress.to_json(report=None), "undone": told}, "\n".join(lines))
    return int(Exit.ATTENTION if undone.left else Exit.DONE)


def plan_text(plan: UndoPlan) -> str:
    """What would be put back, for people, and the hash that approves it."""
    lines = [f"  delete {counted(plan.users, 'user')} that this run imported"] if plan.users else []
    lines += [f"  {one.step:<14} undo: {one.summary.removeprefix('undo: ')}" for one in plan.changes]
    lines += [f"  {one.step:<14} again: {one.change.summary}" for one in plan.again.changes]
    lines += [f"  stays          {summary}" for summary in plan.stays]
    return "\n".join(["To be put back, in this order:", *lines, f"Undo {plan.hash}"])
