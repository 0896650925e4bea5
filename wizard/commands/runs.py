"""`auth0-migrate runs`: the runs there are, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import runs_option
from wizard.errors import UsageError, WizardError

if TYPE_CHECKING:
    from wizard.progress import Progress
    from wizard.runs import RunFolder

NOT_PUT_BACK = "An undo can no longer put back the scripts and other code that the run has replaced."


@click.command(cls=Command, short_help="List runs, or purge a run's files of users.")
@click.option(
    "--purge", metavar="RUN", help="Delete the files of users of RUN, and replaced scripts; journal and report stay."
)
@runs_option
@common_options
def command(purge: str | None, runs_folder: Path | None, output: Output) -> int:
    """List the runs with what they moved, newest first."""
    from wizard.identity import facts_of, going_on, is_rehearsal, progress_of
    from wizard.runs import Runs, rehearsals

    runs = Runs(runs_folder)
    if purge is not None:
        run = runs.find(purge)
        progress = progress_of(run)
        if not (progress.ended or progress.taken_back):
            raise UsageError(
                f"Run {run.id} still needs its files",
                state="Nothing was deleted.",
                remedy=f"Finish it first: `{going_on(run)}`.",
            )
        with run.locked():
            lost = run.purge_users()
        told = [f"The files of users of run {run.id} are gone."]
        told += [NOT_PUT_BACK] if lost else []
        output.result({"run": run.id, "purged": True}, " ".join(told))
        return 0
    rows, lines = [], []
    for run in runs.all():
        try:
            progress, identity = progress_of(run), facts_of(run)["identity"] or {}
        except WizardError as damaged:
            output.complain(f"Run {run.id} is left out. {damaged}")
            continue
        rows.append(
            {
                "run": run.id,
                "verdict": "waiting" if run.is_held else progress.verdict,
                "strategy": progress.strategy,
                "step": progress.step,
                "tenant": identity.get("domain", ""),
                "connection": identity.get("connection", ""),
                "users": progress.imported + progress.already_there + progress.migrated,
                "read": progress.read,
                "path": str(run.path),
                "rehearsal": is_rehearsal(run),
            }
        )
        row = rows[-1]
        mark = "  rehearsal" if row["rehearsal"] else ""
        stands = _stands(run, progress)
        lines.append(f"{run.id:<46} {stands:<10} {row['users']:>10,} of {row['read']:>10,}  {row['tenant']}" + mark)
    lines = lines or [f"There are no runs in {runs.folder} yet."]
    if runs_folder is None and (others := Runs(rehearsals())).all():
        lines.append(f"Runs of demo are kept apart; listed by: {others.command('runs')}")
    output.result({"runs": rows}, "\n".join(lines))
    return 0


def _stands(run: RunFolder, progress: Progress) -> str:
    """Where a run stands, in a word."""
    if run.is_held:
        return "at work"
    if progress.was_undone:
        return "undone"
    return "stopped" if progress.stopped else progress.verdict
