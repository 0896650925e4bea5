"""What is said of a run that was undone, and what can be done then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.step import Finding

if TYPE_CHECKING:
    from wizard.progress import Progress
    from wizard.runs import RunFolder


def way_on(progress: Progress, run: RunFolder) -> str:
    """How to go on, in words that follow a semicolon."""
    if progress.undoing:
        flags = ("--users",) if progress.undoing.users else ("--cutover",) if progress.undoing.only else ()
        return f"`{run.command('undo', run.id, *flags)}` goes on with it"
    if progress.deleting:
        more = f"`{run.command('undo', run.id, '--users')}` deletes the others"
        return (
            f"{more}, and a new run of the same answers imports all of them again: `auth0-migrate apply ANSWERS --new`"
        )
    if progress.needs_new_run:
        return "a new run of the same answers imports its users again: `auth0-migrate apply ANSWERS --new`"
    return f"`{run.command('resume', run.id, '--yes')}` would do it again"


def told_of(progress: Progress, run: RunFolder) -> str:
    """That it was undone, and how to go on."""
    what = "an undo of it was stopped half-way" if progress.undoing else "undo has put back what could be of it"
    if progress.deleting and not progress.undoing:
        what += ", and its users are deleted in part, as an earlier one was stopped"
    return f"{what}; {way_on(progress, run)}"


def gone_connection(progress: Progress) -> Finding:
    """The finding that the connection is not there, which is as it should be where an undo has deleted it."""
    if progress.connection_undone and progress.was_undone:
        return Finding("connection", True, "the connection is gone, as this run had made it and was undone")
    since = ", and this run was undone" if progress.was_undone else ""
    return Finding("connection", False, f"the connection is gone{since}", "Look at the tenant's logs.")
