"""`auth0-migrate undo RUN`: put back what a run has changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.narration import Narrator
from wizard.commands.output import Output, common_options
from wizard.commands.running import confirmed, run_argument, run_until_stopped, runs_option, world
from wizard.counts import counted
from wizard.durations import duration
from wizard.errors import Exit, UsageError

if TYPE_CHECKING:
    from wizard.bulk.repair.removal import InUse, Look
    from wizard.undo.plan import UndoPlan


@click.command(cls=Command, short_help="Put back what a run has changed.")
@run_argument
@click.option("--users", is_flag=True, help="Delete the users that the run imported, too; never those of others.")
@click.option(
    "--in-use",
    type=click.Choice(["keep", "delete"]),
    help="With --users: what becomes of users who have logged in or changed since the import. Without it, undo asks, or refuses "
    "where nobody can be asked.",
)
@click.option(
    "--cutover", is_flag=True, help="Take back the cutover alone, so that users can move at login again at once."
)
@click.option("--approve", metavar="HASH", help="Approve what would be undone if it has this hash, and nothing else.")
@click.option("--yes", is_flag=True, help="Approve whatever would be undone; about users in use --in-use decides.")
@runs_option
@common_options
def command(
    run_name: str,
    users: bool,
    in_use: InUse | None,
    cutover: bool,
    approve: str | None,
    yes: bool,
    runs_folder: Path | None,
    output: Output,
) -> int:
    """Put back what RUN has changed in the tenant, the last change first, by the receipts in its journal.

    Users stay unless --users is given. What somebody else has changed since stays as it is, and what another run into
    the same connection relies on that was not undone. Ends with status 3 when something was not put back, with 5 when nothing was decided about users who have logged in or changed since.

    A cutover that was taken back is made again only when it is confirmed anew:
    `auth0-migrate resume RUN --set cutover.confirm=CONNECTION`.
    """
    if users and cutover:
        raise UsageError("--users and --cutover exclude each other", remedy="Give one of them.")
    if in_use and not users:
        raise UsageError("--in-use says nothing without --users", remedy="Give both, or none of them.")
    from wizard.answers import load
    from wizard.commands.reporting import write_report_or_say
    from wizard.identity import origin_of
    from wizard.runs import Runs
    from wizard.steps import SECTIONS
    from wizard.undo.run import undo_run

    run = Runs(runs_folder).find(run_name)
    answers = load(run.answers, SECTIONS, environment={})
    narrator = Narrator(output.say, live=output.live)

    def decided(plan: UndoPlan) -> InUse | None:
        narrator.clear()
        if not (in_use or yes or approve) and sys.stdin.isatty():
            return asked_about_users_in_use(plan, output)
        if not in_use:
            output.say(plan_text(plan))
        return in_use

    def approved(plan: UndoPlan) -> bool:
        narrator.clear()
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
            decide=decided,
            users=users,
            only="cutover" if cutover else None,
            approved_hash=approve,
            watchers=[narrator.hear],
            stop=stop,
        )
    )
    narrator.clear()
    if run.report.is_file():
        write_report_or_say(run, answers, progress, output)  # it said that what is gone now is there
    lines = [
        f"UNDONE: {counted(undone.changes, 'change')}, {counted(undone.users, 'user')} deleted",
        *([f"  made again: {counted(undone.again, 'change')}; users can move at login"] if undone.again else []),
        *(f"  left: {one}" for one in undone.left),
    ]
    told = {"changes": undone.changes, "users": undone.users, "again": undone.again, "left": list(undone.left)}
    output.result({**progress.to_json(report=None), "undone": told}, "\n".join(lines))
    return int(Exit.ATTENTION if undone.left else Exit.DONE)


def asked_about_users_in_use(plan: UndoPlan, output: Output) -> InUse:
    """Ask what becomes of users who have logged in or changed since the import."""
    look = plan.look
    users, in_use = (look.deleted("delete"), look.in_use) if look else (plan.users, None)
    most = "" if look is None or look.is_exact else "at most "
    output.say(f"{most}{counted(users, 'user')} of this run would be deleted; {users_in_use(plan)}.")
    question = {
        None: "Delete also whoever has? No keeps them.",
        1: "Delete this user too? No keeps it.",
    }.get(in_use, "Delete these users too? No keeps them.")
    return "delete" if confirmed(question) else "keep"


def plan_text(plan: UndoPlan) -> str:
    """What would be put back, for people, and the hash that approves it."""
    from wizard.undo.plan import undecided_about

    lines = list(_of_users(plan)) if plan.users else []
    lines += [f"  {one.step:<14} undo: {one.summary.removeprefix('undo: ')}" for one in plan.changes]
    lines += [f"  {one.step:<14} again: {one.change.summary}" for one in plan.again.changes]
    lines += [f"  stays          {summary}" for summary in (*_users_who_stay(plan), *plan.stays, *plan.kept)]
    decided = not (plan.users and undecided_about(plan)) or plan.in_use  # before that there is nothing to approve
    return "\n".join(["To be put back, in this order:", *lines, *([f"Undo {plan.hash}"] if decided else [])])


def _users_who_stay(plan: UndoPlan) -> Iterator[str]:
    """Who is not touched by any undo, as far as the run knows it by itself."""
    if plan.moved:
        yield f"{counted(plan.moved, 'user who has', 'users who have')} moved at login: no import has made {'it' if plan.moved == 1 else 'them'}"
    if plan.linked and plan.look is None:  # else the tenant was asked, and it is told above
        accounts = "is an identity of another account" if plan.linked == 1 else "are identities of other accounts"
        yield f"{counted(plan.linked, 'user who', 'users who')} {accounts}, by the last comparison"


def _of_users(plan: UndoPlan) -> Iterator[str]:
    look = plan.look
    if look is None:
        yield f"  delete {counted(plan.users, 'user')} that this run imported"
        whoever = {"keep": "; whoever has, stays", "delete": "; whoever has, is deleted too", None: ""}[plan.in_use]
        yield f"    {users_in_use(plan)}{whoever}"
        return
    gone = plan.users - look.there - look.before - look.anew - look.linked
    told = [
        (gone, f"{gone:,} of {plan.users:,} {'is' if gone == 1 else 'are'} gone already"),
        (
            look.linked,
            f"{look.linked:,} {'is linked to another account and stays' if look.linked == 1 else 'are linked to other accounts and stay'}",
        ),
        (
            look.before,
            f"{look.before:,} {'was there before and stays' if look.before == 1 else 'were there before and stay'}",
        ),
        (
            look.anew,
            f"{look.anew:,} {'was made anew since and stays' if look.anew == 1 else 'were made anew since and stay'}",
        ),
        (look.elsewhere, _of_elsewhere(look)),
    ]
    others = "".join(f"; {words}" for users, words in told if users > 0)
    took = f", about {duration(max(1.0, look.seconds))} at the tenant's rate limit" if look.seconds else ""
    if deleted := look.deleted(plan.in_use):
        most = "" if look.is_exact else "at most "
        yield f"  delete {most}{counted(deleted, 'user')} that this run imported{took}{others}"
    else:
        there = f"{look.there:,} {'is' if look.there == 1 else 'are'} there" if look.there else "none is there"
        yield f"  delete nobody: of the users that this run imported {there}{others}"
    if not look.there:
        return
    if not look.in_use:
        yield "    none of them has logged in or changed since the import, as far as Auth0 tells"
        return
    alone = look.in_use == 1
    decision = {
        "keep": ": it stays" if alone else ": they stay",
        "delete": ": it is deleted too" if alone else ": they are deleted too",
        None: "",
    }[plan.in_use]
    yield f"    {users_in_use(plan)}{decision}"


def _of_elsewhere(look: Look) -> str:
    """How many of the ids that were looked up lead to a user of another connection."""
    stay = "of another connection and stay"
    if look.is_exact:
        one = look.elsewhere == 1
        return f"{look.elsewhere:,} {'has' if one else 'have'} an id that leads to a user {stay}{'s' if one else ''}"
    return f"of {look.looked_up:,} looked up by id, {look.elsewhere:,} lead{'s' if look.elsewhere == 1 else ''} to a user {stay}{'s' if look.elsewhere == 1 else ''}"


def users_in_use(plan: UndoPlan) -> str:
    """Who of the users to delete has logged in or changed since the import, or that nobody can say."""
    look = plan.look
    if look is None:
        return "Auth0 refused the export that tells who has logged in or changed since the import"
    told = [(look.logged_in, "logged in"), (look.changed, "changed without a login")]
    return "since the import " + " and ".join(
        f"{counted(users, 'user has', 'users have')} {what}" for users, what in told if users
    )
