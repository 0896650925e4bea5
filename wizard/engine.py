"""What a front end can ask of the engine: a plan, a run carried out or resumed, or verified anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from wizard.account import APPROVAL, EVIDENCE, GIVEN, Account
from wizard.answers import Answers, load, save
from wizard.bulk.manifest import read_manifest
from wizard.confirmation import as_confirmed
from wizard.counts import counted
from wizard.errors import Exit, Interrupted, PlanStale, RunMismatch, UsageError, WizardError
from wizard.events import Emit, RunEnded, RunFailed, RunInterrupted, RunStarted
from wizard.identity import Identity, going_on, keep, require_same
from wizard.journal import Journal
from wizard.legacy.answers import SourceAnswers
from wizard.made_before import made_before, note_approval
from wizard.progress import Progress
from wizard.runner import AnyStep, Plan, Planned, apply_plan, check_all, make_plan
from wizard.runs import RunFolder
from wizard.scratch import scratch
from wizard.steps import SECTIONS
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.verify import VerifyAnswers
from wizard.tools import Stop, Tools
from wizard.undo.afterwards import way_on
from wizard.world import World, connected, require_granted, steps_of


async def plan_for(
    answers: Answers, *, base: Path, world: World, run: RunFolder | None = None, stop: Stop | None = None
) -> Plan:
    """Say what carrying out the answers would change; nothing is written, in the tenant or here.

    Args:
        answers: Complete answers.
        base: Where relative paths in the answers start.
        world: The edges.
        run: An earlier run of these answers, whose finished work is taken into account.
        stop: Ends it at the next safe instant.

    Raises:
        RunMismatch: it would not be carried out: answers or data are not those of the run.
    """
    steps = steps_of(answers)
    with scratch("plan") as folder_without_run:
        journal = Journal(run.journal if run else None, now=world.clock.now)
        try:
            folder = run.path if run else folder_without_run
            async with connected(answers, journal, folder, base, world, stop) as tools:
                if run is not None:
                    await _require_same(answers, tools, journal)
                await make_plan([step for step in steps if not step.needs_tenant], answers, tools)  # refuses first
                await require_granted(steps, answers, tools)
                return await make_plan(steps, answers, tools)
        finally:
            journal.close()


async def carry_out(
    run: RunFolder,
    answers: Answers,
    *,
    base: Path,
    world: World,
    approve: Callable[[Plan], bool] | None,
    approved_hash: str | None = None,
    watchers: Sequence[Emit] = (),
    stop: Stop | None = None,
) -> Progress:
    """Plan, have it approved, apply, verify; or go on where an earlier process stopped.

    Args:
        run: The folder of the run; locked meanwhile.
        answers: Complete answers; for a resumed run those it was made with.
        base: Where relative paths in the answers start.
        world: The edges.
        approve: Asked once with the whole plan; None goes on with what was approved before.
        approved_hash: The only plan that may be carried out: the one now, or the one that the run was approved with as far
            as it is not carried out yet.
        watchers: Hear every event after the journal has.
        stop: Ends the run at the next safe instant.

    Raises:
        RunMismatch: answers, tenant or data are not those of the run.
        PlanStale: the plan is not approved, or the world asks for more than was approved.
        WizardError: a step failed; the run can be resumed.
    """
    with run.locked():
        journal = Journal(run.journal, now=world.clock.now)
        account = Account(journal)
        journal.watchers += [account.hear, *watchers]
        try:
            await _carry_out(run, answers, base, world, approve, approved_hash, journal, stop or Stop())
        except (Interrupted, asyncio.CancelledError):
            account.note(RunInterrupted())
            raise
        except WizardError as error:
            if error.exit is Exit.USAGE and journal.intents():
                error.exit = Exit.FAILED  # usage errors promise that nothing was sent, and something was
            account.note(RunFailed(error.what, error.remedy))
            raise
        except Exception as error:
            # Its words might quote a user; its kind does not.
            what = f"An error that should not happen: {type(error).__name__}"
            account.note(RunFailed(what, "Resume the run, and please report it."))
            raise
        finally:
            account.close()
            journal.close()
        return account.progress


async def _carry_out(
    run: RunFolder,
    answers: Answers,
    base: Path,
    world: World,
    approve: Callable[[Plan], bool] | None,
    approved_hash: str | None,
    journal: Journal,
    stop: Stop,
) -> None:
    before = Progress.of(journal.events())
    _require_users_not_deleted(before, journal)
    answers = as_confirmed(answers, journal)
    steps = steps_of(answers)
    async with connected(answers, journal, run.path, base, world, stop) as tools:
        await _require_same(answers, tools, journal)
        save(run.answers, answers)  # what was decided since is part of them
        if approved_hash is not None:
            journal.remember(GIVEN, approved_hash)
        started = RunStarted(run.id, answers[StrategyAnswers].way, resumed=bool(before.run))
        stands = before.ended or before.was_undone  # a run that has ended, or was undone, stays so until it goes on
        if not stands:
            journal.emit(started)
        await make_plan([step for step in steps if not step.needs_tenant], answers, tools)  # refuses before it asks
        await require_granted(steps, answers, tools)
        plan = await make_plan(steps, answers, tools)
        again = made_before(plan, steps, journal)
        _require_hash(approved_hash, plan, journal, again)
        _require_files(run, plan)
        approval = _approved(plan, approve, run, journal, again, was_undone=before.was_undone or before.undone > 0)
        if stands:
            journal.emit(started)
        proven = journal.recall(EVIDENCE) in (None, answers.digest()) or _is_purged(run)
        if plan.is_empty and before.ended and proven:
            journal.emit(RunEnded())
            return
        if await apply_plan(approval, steps, answers, tools) is None:
            await check_all(steps, answers, tools)
            journal.remember(EVIDENCE, answers.digest())
            journal.emit(RunEnded())
        elif (now := Progress.of(journal.events())).failed_checks:
            reached = _come_to(steps, now)
            if not reached[-1].after_evidence:  # whose evidence was gathered just now
                await check_all(reached, answers, tools)


def _come_to(steps: Sequence[AnyStep], progress: Progress) -> Sequence[AnyStep]:
    """The steps up to the one that the run waits at: of later ones there is nothing to be seen yet."""
    keys = [step.key for step in steps]
    return steps[: keys.index(progress.step) + 1]


async def _require_same(answers: Answers, tools: Tools, journal: Journal) -> None:
    """Refuse answers and data that are not those of the run.

    Raises:
        RunMismatch: they are not.
    """
    _, source = await tools.source(answers[SourceAnswers])
    require_same(Identity.of(answers, source.fingerprint), journal)


def _is_purged(run: RunFolder) -> bool:
    """Whether the files of users are gone, so that nothing can be compared with them any more."""
    manifest = read_manifest(run.path)
    return bool(manifest and manifest.files) and not any(run.path.glob("users/*"))


def _require_users_not_deleted(before: Progress, journal: Journal) -> None:
    """Refuse to go on with a run whose users an undo has deleted, or has begun to: by its journal they were imported already.

    Raises:
        RunMismatch: they were.
    """
    from wizard.bulk.repair.made import REMOVED

    latest = {intent.subject: intent.outcome for intent in journal.intents(REMOVED)}
    if before.removed or before.deleting or None in latest.values():
        deleted = f"deleted {counted(before.removed, 'user')}" if before.removed else "begun to delete users"
        raise RunMismatch(
            f"Run {before.run} cannot go on: its users were deleted",
            why=f"`undo --users` has {deleted} that it had imported, and a run imports nobody twice",
            state="Nothing was changed.",
            remedy="Start a new run of the same answers: `auth0-migrate apply ANSWERS --new`.",
        )


def _require_files(run: RunFolder, plan: Plan) -> None:
    """Refuse to do anything more for a run whose files of users are gone: nobody could prove it any more.

    Raises:
        RunMismatch: there is something to do, and they are gone.
    """
    if not plan.is_empty and _is_purged(run):
        raise RunMismatch(
            f"Run {run.id} cannot go on: its files of users were purged",
            why="what is in Auth0 can no longer be compared with what was prepared",
            state="Nothing was changed.",
            remedy="Start a new run of the same answers, which leaves users that are there as they are: "
            "`auth0-migrate apply ANSWERS --new`.",
        )


def _approved(
    plan: Plan,
    approve: Callable[[Plan], bool] | None,
    run: RunFolder,
    journal: Journal,
    again: Sequence[Planned],
    *,
    was_undone: bool,
) -> frozenset[str]:
    """What may be changed: all that was approved before if the plan asks for no more, else what is approved now.

    Args:
        again: Changes that the run has made once: that approval is used up.

    Raises:
        PlanStale: it is not approved.
    """
    before = journal.recall(APPROVAL)
    approval = frozenset(before or ())
    unapproved = [planned for planned in plan.changes if planned.hash not in approval or planned in again]
    if not unapproved:
        return approval
    if approve is None and not (before is None and journal.recall(GIVEN) == plan.hash):
        done = "the run has done this, and somebody has changed it since"
        why = f"{done if unapproved[0] in again else 'this would now be done and was not approved'}: {unapproved[0].change.summary}"
        what = f"The world has changed since the plan of run {run.id} was approved"
        if before is None:
            what = f"The plan of run {run.id} was not approved yet"
        elif was_undone and not approval:
            what = f"What run {run.id} had changed was put back, and is not approved any more"
        raise PlanStale(
            what,
            why=why,
            state="Nothing was changed.",
            remedy=f"Approve it by `auth0-migrate apply` with the same answers, or `{run.command('resume', run.id, '--yes')}`.",
        )
    if approve is not None and not approve(plan):
        journal.remember(GIVEN, None)  # this word is later than the hash
        raise PlanStale(
            "The plan was not approved",
            state="Nothing was changed.",
            remedy=f"Look at it with `auth0-migrate plan`, then approve it with --approve {plan.hash}.",
        )
    journal.remember(APPROVAL, sorted(plan.approval))
    journal.remember("approved_hash", plan.hash)
    note_approval(journal)
    return plan.approval


def _require_hash(wanted: str | None, plan: Plan, journal: Journal, again: Sequence[Planned]) -> None:
    """Refuse a plan that is not the wanted one, nor what is left of it, by whose hash it was approved.

    Raises:
        PlanStale: it asks for more, or for something else.
    """
    if wanted is None or plan.is_empty or wanted == plan.hash:
        return
    approved = frozenset(journal.recall(APPROVAL) or ())
    if wanted == journal.recall("approved_hash") and plan.approval <= approved and not again:
        return
    raise PlanStale(
        "The plan is not the one that was approved",
        why=f"approved was {wanted}, now it is {plan.hash}",
        state="Nothing was changed.",
        remedy="Look at what has changed with `auth0-migrate plan`, then approve that.",
    )


async def verify_again(
    run: RunFolder,
    answers: Answers,
    *,
    base: Path,
    world: World,
    watchers: Sequence[Emit] = (),
    stop: Stop | None = None,
) -> Progress:
    """Gather all evidence anew for a run whose changes are made.

    Raises:
        WizardError: the run is not that far, or a check could not be made.
    """
    with run.locked():
        journal = Journal(run.journal, now=world.clock.now)
        account = Account(journal)
        journal.watchers += [account.hear, *watchers]
        try:
            now = account.progress
            if now.was_undone and not (now.ended or now.waiting):
                raise WizardError(
                    f"Run {run.id} was undone before it was finished",
                    state="Nothing was done.",
                    remedy=way_on(now, run),
                )
            if not (now.ended or now.waiting):
                raise WizardError(
                    f"Run {run.id} is not finished",
                    state="Nothing was done.",
                    remedy=f"Finish it: `{going_on(run)}`.",
                )
            if _is_purged(run):
                raise UsageError(
                    f"The files of users of run {run.id} were purged",
                    why="what is in Auth0 can no longer be compared with what was prepared",
                    state="The run's verdict stands as it was.",
                    remedy=f"Look at it with `{run.command('status', run.id)}`.",
                )
            answers = as_confirmed(answers, journal)
            keep(run, answers, load(run.answers, SECTIONS, environment={}))
            async with connected(answers, journal, run.path, base, world, stop) as tools:
                steps = [step for step in steps_of(answers) if not now.was_undone or step.section is VerifyAnswers]
                await check_all(_come_to(steps, now) if now.waiting and not now.was_undone else steps, answers, tools)
            if account.progress.ended and not now.was_undone:
                journal.remember(EVIDENCE, answers.digest())
        finally:
            account.close()
            journal.close()
        return account.progress
