"""Undoes a run: says what would be put back, has it decided and approved, and puts it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.account import APPROVAL, EVIDENCE, Account
from wizard.answers import Answers
from wizard.bulk.manifest import read_manifest
from wizard.confirmation import withdraw
from wizard.errors import PlanStale
from wizard.events import Emit, RunUndone
from wizard.journal import Journal
from wizard.progress import Progress
from wizard.runs import RunFolder
from wizard.steps import STEPS
from wizard.steps.cutover import WITHDRAWN
from wizard.steps.door import OPENED, has_closed
from wizard.tools import Stop, Tools
from wizard.undo.afterwards import way_on
from wizard.undo.plan import (
    CUTOVER,
    UndoPlan,
    asks_of_users,
    follow_running,
    looked_at,
    made_again,
    turns_import_mode_off,
    undecided_about,
    undo_plan,
    with_import_mode,
    without_relied_on,
)
from wizard.undo.putting_back import Undone, name_unproven, undo_all
from wizard.undo.relying import others_of
from wizard.world import World, connected, steps_of

if TYPE_CHECKING:
    from wizard.bulk.manifest import PreparedFile
    from wizard.bulk.repair.removal import InUse


async def undo_run(
    run: RunFolder,
    answers: Answers,
    *,
    base: Path,
    world: World,
    approve: Callable[[UndoPlan], bool],
    decide: Callable[[UndoPlan], InUse | None] = lambda plan: None,
    users: bool = False,
    only: str | None = None,
    approved_hash: str | None = None,
    watchers: Sequence[Emit] = (),
    stop: Stop | None = None,
) -> tuple[Progress, Undone]:
    """Put back what a run has changed, in reverse order, after approval; a second call has nothing left to do.

    Args:
        approve: Asked once with all that would be put back.
        decide: Asked before that what becomes of users who have logged in or changed since they were imported, if there
            are any; without an answer nothing is undone.
        users: Whether the users that the run imported are deleted too.
        only: The key of the one step whose changes are put back, such as `cutover`.
        approved_hash: The only plan that may be carried out.

    Raises:
        PlanStale: it is not approved, or nothing was decided about users who have logged in or changed.
        WizardError: credentials, network or the operator ended it; call again to go on.
    """
    with run.locked():
        journal = Journal(run.journal, now=world.clock.now)
        account = Account(journal)
        journal.watchers += [account.hear, *watchers]
        try:
            manifest = read_manifest(run.path)
            files = manifest.files if manifest else ()
            if only == CUTOVER and account.progress.taken_back:
                return account.progress, Undone(0, 0, (_not_alone(account.progress, run),))
            async with AsyncExitStack() as stack:
                opening = only == CUTOVER and (has_closed(journal) or bool(journal.recall(WITHDRAWN)))
                tools = None
                first = undo_plan(journal, files, users=users, only=only)
                closing = only is None and turns_import_mode_off(first, journal)
                if opening or closing or (users and asks_of_users(journal, files)):
                    tools = await stack.enter_async_context(connected(answers, journal, run.path, base, world, stop))
                    plan = await _asked(run, answers, files, tools, users=users, only=only, decide=decide)
                else:
                    plan = first
                plan = without_relied_on(plan, journal, STEPS, others_of(run))
                _require_undo_approved(plan, approve, approved_hash)
                name_unproven(plan, run.path)
                if plan.is_empty:  # it is undone all the same, so that nothing is kept for it any more
                    left, now = (*plan.stays, *plan.kept), account.progress
                    given_up = only is None and now.run and not now.was_undone
                    if given_up or _has_come_to_its_end(now, users=users, only=only):
                        journal.emit(RunUndone(len(left), only or ""))
                    return account.progress, Undone(0, 0, left)
                if tools is None:
                    tools = await stack.enter_async_context(connected(answers, journal, run.path, base, world, stop))
                    await tools.tenant.scopes()  # credentials that are refused end it before anything is put back
                if only is None:
                    journal.remember(APPROVAL, [])  # to do it all again is another decision
                    journal.remember(OPENED, None)
                if opening or has_closed(journal):
                    withdraw(run, answers, journal)
                journal.remember(EVIDENCE, "")  # whatever was proven, it was of what is put back now
                undone = await undo_all(plan, STEPS, files, answers, tools, only=only)
        finally:
            account.close()
            journal.close()
        return account.progress, undone


def _has_come_to_its_end(progress: Progress, *, users: bool, only: str | None) -> bool:
    """Whether an undo that was stopped or killed has nothing left to do, though it could not tell so any more.

    That is known where this one is asked for no less, and for no other part of the run.
    """
    begun = progress.undoing
    return begun is not None and begun.users <= users and only in (None, begun.only)


async def _asked(
    run: RunFolder,
    answers: Answers,
    files: Sequence[PreparedFile],
    tools: Tools,
    *,
    users: bool,
    only: str | None,
    decide: Callable[[UndoPlan], InUse | None],
) -> UndoPlan:
    """The plan of an undo for which the tenant has to be asked."""
    if users:
        await follow_running(files, tools)
    plan = undo_plan(tools.journal, files, users=users, only=only)
    if only == CUTOVER:
        plan = await made_again(plan, steps_of(answers), answers, tools)
    if plan.users:
        plan = _decided(await looked_at(plan, files, tools), decide, run)
    return await with_import_mode(plan, tools) if only is None else plan


def _not_alone(progress: Progress, run: RunFolder) -> str:
    return f"the whole run was taken back, and its cutover with it; {way_on(progress, run)}"


def _decided(plan: UndoPlan, decide: Callable[[UndoPlan], InUse | None], run: RunFolder) -> UndoPlan:
    undecided = undecided_about(plan)
    if not undecided:
        return plan
    choice = decide(plan)
    if choice is None:
        keep, delete = (run.command("undo", run.id, "--users", f"--in-use={one}") for one in ("keep", "delete"))
        raise PlanStale(
            undecided,
            why="what they have changed since, a password for instance, is in Auth0 alone",
            state="Nothing was changed.",
            remedy=f"Decide about them: `{keep}` leaves them and deletes the others, `{delete}` deletes them too.",
        )
    return replace(plan, in_use=choice)


def _require_undo_approved(plan: UndoPlan, approve: Callable[[UndoPlan], bool], approved_hash: str | None) -> None:
    if approved_hash not in (None, plan.hash) or not (plan.is_empty or approve(plan)):
        raise PlanStale(
            "What would be undone is not what was approved" if approved_hash else "The undo was not approved",
            state="Nothing was changed.",
            remedy=f"Approve it with --approve {plan.hash}, or --yes.",
        )
