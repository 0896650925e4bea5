"""What a front end can ask of the engine: a plan, a run carried out or resumed, a run verified anew."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers, from_tables, load, save
from wizard.bulk.manifest import read_manifest
from wizard.clock import Clock, RealClock
from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import Exit, Interrupted, PlanStale, RunMismatch, UsageError, WizardError
from wizard.events import Event, ProcessEnded, RunEnded, RunFailed, RunInterrupted, RunStarted
from wizard.journal import Journal, JournalFailed
from wizard.legacy.answers import SourceAnswers
from wizard.progress import Progress
from wizard.runner import AnyStep, Plan, apply_plan, check_all, make_plan, steps_for
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS, STEPS
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.scripts_answers import ScriptsAnswers, asks_legacy_api
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.tools import Sources, Stop, Tools
from wizard.undo import Undone, UndoPlan, undo_all, undo_plan

if TYPE_CHECKING:
    import httpx

    from wizard.auth0.client import Management
    from wizard.vault import Secret

Watch = Callable[[Event], None]

LATER = frozenset(f"{section.table}.{key}" for section in SECTIONS for key in section.later)
"""The answers that may be given while a run goes on."""


@dataclass(frozen=True)
class World:
    """The edges of the engine: time, environment, network, keyring. A rehearsal brings its own.

    `memory` takes the place of the keyring: secrets by the tenant's domain and their name; None for that of this system.
    `outside` takes the place of the network for everything but the tenant: the API in front of the legacy store.
    """

    environment: Mapping[str, str]
    clock: Clock = field(default_factory=RealClock)
    sources: Sources = field(default_factory=Sources)
    transport: httpx.AsyncBaseTransport | None = None
    memory: MutableMapping[tuple[str, str], Secret] | None = None
    outside: httpx.AsyncBaseTransport | None = None

    def secret(self, domain: str) -> Callable[[str], str]:
        """A function that resolves `keyring:NAME` and `env:NAME` for this tenant."""

        def resolve(reference: str) -> str:
            from wizard.vault import SecretMissing, Vault

            kind, _, name = reference.partition(":")
            if self.memory is None or kind != "keyring":
                return Vault(domain).resolve(reference, self.environment).reveal()
            if (domain, name) not in self.memory:
                raise SecretMissing(
                    f"The rehearsal has no secret {name} for {domain}", remedy="name one of its environment: env:NAME."
                )
            return self.memory[domain, name].reveal()

        return resolve

    def keep_secret(self, domain: str) -> Callable[[str, str], None]:
        """A function that keeps a secret of this tenant under a name, for `keyring:NAME` to find."""

        def keep(name: str, value: str) -> None:
            from wizard.vault import Secret, Vault

            if self.memory is not None:
                self.memory[domain, name] = Secret(value)
            else:
                Vault(domain).set(name, Secret(value))

        return keep

    def forget_secret(self, domain: str) -> Callable[[str], None]:
        """A function that removes a secret of this tenant; one that is not there is none the less gone."""

        def forget(name: str) -> None:
            from wizard.vault import SecretMissing, Vault

            if self.memory is not None:
                self.memory.pop((domain, name), None)
                return
            with suppress(SecretMissing):
                Vault(domain).delete(name)

        return forget


async def plan_for(answers: Answers, *, base: Path, world: World, run: RunFolder | None = None) -> Plan:
    """Say what carrying out the answers would change; nothing is written, in the tenant or here.

    Args:
        answers: Complete answers.
        base: Where relative paths in the answers start.
        world: The edges.
        run: An earlier run of these answers, whose finished work is taken into account.
    """
    steps = steps_of(answers)
    with TemporaryDirectory(prefix="auth0-migrate-") as scratch:
        journal = Journal(run.journal if run else None, now=world.clock.now)
        try:
            folder = run.path if run else Path(scratch)
            async with connected(answers, journal, folder, base, world) as tools:
                await make_plan([step for step in steps if not step.needs_tenant], answers, tools)  # refuses first
                await require_granted(steps, answers, tools)
                return await make_plan(steps, answers, tools)
        finally:
            journal.close()


def steps_of(answers: Answers) -> Sequence[AnyStep]:
    """The steps of the strategy that was answered."""
    return steps_for(answers[StrategyAnswers].way, STEPS)


@asynccontextmanager
async def connected(
    answers: Answers, journal: Journal, folder: Path, base: Path, world: World, stop: Stop | None = None
) -> AsyncIterator[Tools]:
    """The tools of the steps, with the tenant of the answers connected."""
    wanted = answers[TenantAnswers]
    secret = world.secret(wanted.domain)
    tools = Tools(
        journal=journal,
        folder=folder,
        base=base,
        clock=world.clock,
        secret=secret,
        keep_secret=world.keep_secret(wanted.domain),
        forget_secret=world.forget_secret(wanted.domain),
        outside=world.outside,
        stop=stop or Stop(),
        sources=world.sources,
    )
    async with open_tenant(wanted, secret, journal.emit, world) as management:
        tools.management = management
        if _asks_for_marks(answers):
            from wizard.doorway.legacy_marks import LegacyMarks
            from wizard.doorway.settings import legacy_api_of

            tools.marks = LegacyMarks(legacy_api_of(answers), tools)
        yield tools


def _asks_for_marks(answers: Answers) -> bool:
    """Whether there is a legacy API to ask who has moved; answers that are still being given may not say yet."""
    if not all(answers.has(section) for section in (StrategyAnswers, ScriptsAnswers, LegacyApiAnswers)):
        return False
    return answers[StrategyAnswers].is_live and asks_legacy_api(answers)


@asynccontextmanager
async def open_tenant(
    wanted: TenantAnswers, secret: Callable[[str], str], emit: Watch, world: World
) -> AsyncIterator[Management]:
    """The Management API client of a tenant."""
    from wizard.auth0 import connect

    async with connect(
        domain=wanted.domain,
        client_id=wanted.client_id,
        secret=secret(wanted.client_secret) if wanted.client_secret else None,
        private_key=secret(wanted.private_key) if wanted.private_key else None,
        algorithm=wanted.key_algorithm,
        key_id=wanted.key_id,
        audience=wanted.audience,
        plan=wanted.plan,
        rate=wanted.requests_per_second,
        burst=wanted.burst,
        reserve=wanted.reserve_percent / 100,
        clock=world.clock,
        emit=emit,
        transport=world.transport,
    ) as management:
        yield management


async def require_granted(steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> None:
    """Find missing permissions before the first write, all at once.

    Raises:
        CredentialsError: names each missing scope with the calls that need it.
    """
    from wizard.auth0.scopes import require_scopes

    needed: dict[str, list[str]] = {}
    for step in steps:
        for scope, call in step.scopes_for(answers).items():
            if call not in needed.setdefault(scope, []):
                needed[scope].append(call)
    require_scopes(await tools.tenant.scopes(), {scope: ", ".join(calls) for scope, calls in needed.items()})


@dataclass(frozen=True)
class Identity:
    """What a run is about; a resumed run must find the same."""

    domain: str
    connection: str
    fingerprint: str
    answers: dict[str, Any]

    @staticmethod
    def of(answers: Answers, fingerprint: str) -> Identity:
        if answers[StrategyAnswers].is_live:
            fingerprint = ""  # people go on using the store while they move, so it may change
        return Identity(answers[TenantAnswers].domain, answers[ConnectionAnswers].name, fingerprint, answers.lasting())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self, before: Mapping[str, Any]) -> Sequence[str]:
        """What is not as `before`, the identity that the run was made with; empty when nothing."""
        if self.answers != before["answers"]:
            now, then = (from_tables(tables, SECTIONS) for tables in (self.answers, before["answers"]))
            return [f"{name} is no longer as the run was made with" for name in now.differences(then)]
        if self.fingerprint != before["fingerprint"]:
            return ["the users in the legacy store are not those the run began with"]
        return []


@dataclass(frozen=True)
class Origin:
    """Where the answers of a run came from, so that a resumed run can tell an edited file.

    `base` is where relative paths in the answers start; `file` and `flags` are None and empty for answers without one.
    """

    base: str
    file: str | None = None
    flags: tuple[str, ...] = ()


async def run_of(answers: Answers, origin: Origin, *, world: World, runs: Runs, fresh: bool = False) -> RunFolder:
    """The run of exactly these answers and data, finished or not; a new one when there is none, or when `fresh`.

    Raises:
        SourceError: the legacy store cannot be read.
    """
    wanted = await _identity(answers, Path(origin.base), world)

    def fill(run: RunFolder) -> None:
        save(run.answers, answers)
        journal = Journal(run.journal, now=world.clock.now)
        journal.remember("identity", wanted)
        journal.remember("origin", asdict(origin))
        journal.close()

    with runs.creating():
        # Named by the machine's time, so that the latest run is the latest also after a rehearsal on a faster clock.
        found = None if fresh else _run_with(wanted, runs)
        return found or runs.create(answers[ConnectionAnswers].name, fill, now=RealClock().now())


async def existing_run(answers: Answers, *, base: Path, world: World, runs: Runs) -> RunFolder | None:
    """The run of exactly these answers and data, if there is one."""
    return _run_with(await _identity(answers, base, world), runs)


async def _identity(answers: Answers, base: Path, world: World) -> dict[str, Any]:
    secret = world.secret(answers[TenantAnswers].domain)
    _, source = await world.sources.open(answers[SourceAnswers], secret=secret, base=base)
    return Identity.of(answers, source.fingerprint).to_json()


def _run_with(identity: Mapping[str, Any], runs: Runs) -> RunFolder | None:
    for run in runs.all():
        with suppress(WizardError):  # a damaged journal of an old run stands in nobody's way; `runs` names it
            if facts_of(run)["identity"] == identity:
                return run
    return None


def forget_if_unapproved(run: RunFolder) -> bool:
    """Remove a run that was refused before anything of it was approved; true when it is gone."""
    if facts_of(run)["approval"] is not None:
        return False
    with run.locked():
        shutil.rmtree(run.path, ignore_errors=True)  # where an open lock cannot be deleted, only that is left
    return True


def facts_of(run: RunFolder) -> dict[str, Any]:
    """What the journal of a run remembers, read without disturbing a process that works on it."""
    journal = Journal(run.journal, now=RealClock().now)
    try:
        return {key: journal.recall(key) for key in ("identity", "origin", "approval")}
    finally:
        journal.close()


def origin_of(run: RunFolder) -> Origin:
    """Where the answers of a run came from."""
    known = facts_of(run)["origin"] or {"base": str(run.path)}
    return Origin(known["base"], known.get("file"), tuple(known.get("flags", ())))


def require_unedited(run: RunFolder, answers: Answers, environment: Mapping[str, str]) -> None:
    """Refuse to resume when the answers file that the run was made from now says something else.

    Raises:
        RunMismatch: names every answer that differs.
        AnswersInvalid: the file no longer holds valid answers.
    """
    origin = origin_of(run)
    if origin.file is None or not Path(origin.file).is_file():
        return
    now = load(Path(origin.file), SECTIONS, environment=environment, flags=origin.flags)
    if differences := _lasting_differences(now, answers):
        raise RunMismatch(
            f"{origin.file} is no longer what run {run.id} was made with",
            why=f"changed: {', '.join(differences)}",
            state="Nothing was changed.",
            remedy="Undo the edit and resume, or start a new run with `auth0-migrate apply`.",
        )


def _lasting_differences(now: Answers, then: Answers) -> Sequence[str]:
    """The keys that differ, without those that may be answered while a run goes on."""
    return [name for name in now.differences(then) if name not in LATER]


def decided(run: RunFolder, answers: Answers, flags: Sequence[str]) -> Answers:
    """The answers of a run with what is decided now laid over them, and kept in its folder.

    Args:
        answers: Those of the run.
        flags: `TABLE.KEY=VALUE`, only for keys that may be answered while a run goes on.

    Raises:
        AnswersInvalid: a flag is no answer.
        RunMismatch: a flag would change what the run was made for.
    """
    if not flags:
        return answers
    now = load(run.answers, SECTIONS, environment={}, flags=flags)
    if refused := _lasting_differences(now, answers):
        raise RunMismatch(
            f"Run {run.id} was made with other answers",
            why=f"these cannot change while it goes on: {', '.join(refused)}",
            state="Nothing was changed.",
            remedy=f"Start a new run for them. What can be decided now: {', '.join(sorted(LATER))}.",
        )
    with run.locked():
        save(run.answers, now)
    return now


def progress_of(run: RunFolder) -> Progress:
    """Where a run stands."""
    journal = Journal(run.journal, now=RealClock().now)
    try:
        return Progress.of(journal.events())
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
    watchers: Sequence[Watch] = (),
    stop: Stop | None = None,
) -> Progress:
    """Plan, have it approved, apply, verify; or go on where an earlier process stopped.

    Args:
        run: The folder of the run; locked meanwhile.
        answers: Complete answers; for a resumed run those it was made with.
        base: Where relative paths in the answers start.
        world: The edges.
        approve: Asked once with the whole plan; None goes on with what was approved before.
        approved_hash: The only plan that may be carried out: the one now, or the one that the run was approved with.
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
            account.note(RunFailed(what, f"Resume the run: auth0-migrate resume {run.id}. Please report it."))
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
    _require_users_not_deleted(before)
    steps = steps_of(answers)
    async with connected(answers, journal, run.path, base, world, stop) as tools:
        _, source = await tools.source(answers[SourceAnswers])
        _require_same(Identity.of(answers, source.fingerprint), journal)
        save(run.answers, answers)  # what was decided since is part of them
        journal.emit(RunStarted(run.id, answers[StrategyAnswers].way, resumed=bool(before.run)))
        await make_plan([step for step in steps if not step.needs_tenant], answers, tools)  # refuses before it asks
        await require_granted(steps, answers, tools)
        plan = await make_plan(steps, answers, tools)
        _require_hash(approved_hash, plan, journal)
        approval = _approved(plan, approve, run, journal)
        if plan.is_empty and before.ended:
            journal.emit(RunEnded())
            return
        if await apply_plan(approval, steps, answers, tools) is None:
            await check_all(steps, answers, tools)
            journal.emit(RunEnded())


def _require_users_not_deleted(before: Progress) -> None:
    """Refuse to go on with a run whose users an undo has deleted: by its journal they were imported already.

    Raises:
        RunMismatch: they were.
    """
    if before.removed:
        raise RunMismatch(
            f"Run {before.run} cannot go on: its users were deleted",
            why=f"`undo --users` has deleted {before.removed:,} users that it had imported, and a run imports nobody twice",
            state="Nothing was changed.",
            remedy="Start a new run of the same answers: `auth0-migrate apply ANSWERS --new`.",
        )


def _approved(plan: Plan, approve: Callable[[Plan], bool] | None, run: RunFolder, journal: Journal) -> frozenset[str]:
    """What may be changed: all that was approved before if the plan asks for no more, else what is approved now.

    Raises:
        PlanStale: it is not approved.
    """
    before = journal.recall("approval")
    approval = frozenset(before or ())
    if plan.approval <= approval:
        return approval
    if approve is None:
        new = next(planned.change for planned in plan.changes if planned.hash not in approval)
        raise PlanStale(
            f"The plan of run {run.id} was not approved yet"
            if before is None
            else f"The world has changed since the plan of run {run.id} was approved",
            why=f"this would now be done and was not approved: {new.summary}",
            state="Nothing was changed.",
            remedy=f"Approve it by `auth0-migrate apply` with the same answers, or `auth0-migrate resume {run.id} --yes`.",
        )
    if not approve(plan):
        raise PlanStale(
            "The plan was not approved",
            state="Nothing was changed.",
            remedy=f"Look at it with `auth0-migrate plan`, then approve it with --approve {plan.hash}.",
        )
    journal.remember("approval", sorted(plan.approval))
    journal.remember("approved_hash", plan.hash)
    return plan.approval


def _require_hash(wanted: str | None, plan: Plan, journal: Journal) -> None:
    if wanted is None or plan.is_empty or wanted in (plan.hash, journal.recall("approved_hash")):
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
    watchers: Sequence[Watch] = (),
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
            if not (account.progress.ended or account.progress.waiting):
                raise WizardError(
                    f"Run {run.id} is not finished", state="Nothing was done.", remedy=f"auth0-migrate resume {run.id}"
                )
            manifest = read_manifest(run.path)
            if manifest and manifest.files and not any(run.path.glob("users/*")):
                raise UsageError(
                    f"The files of users of run {run.id} were purged",
                    why="what is in Auth0 can no longer be compared with what was prepared",
                    state="The run's verdict stands as it was.",
                    remedy=f"Look at it with `auth0-migrate status {run.id}`.",
                )
            async with connected(answers, journal, run.path, base, world, stop) as tools:
                await check_all(steps_of(answers), answers, tools)
        finally:
            account.close()
            journal.close()
        return account.progress


async def undo_run(
    run: RunFolder,
    answers: Answers,
    *,
    base: Path,
    world: World,
    approve: Callable[[UndoPlan], bool],
    users: bool = False,
    only: str | None = None,
    approved_hash: str | None = None,
    watchers: Sequence[Watch] = (),
    stop: Stop | None = None,
) -> tuple[Progress, Undone]:
    """Put back what a run has changed, in reverse order, after approval; a second call has nothing left to do.

    Args:
        approve: Asked once with all that would be put back.
        users: Whether the users that the run imported are deleted too.
        only: The key of the one step whose changes are put back, such as `cutover`.
        approved_hash: The only plan that may be carried out.

    Raises:
        PlanStale: it is not approved.
        WizardError: credentials, network or the operator ended it; call again to go on.
    """
    with run.locked():
        journal = Journal(run.journal, now=world.clock.now)
        account = Account(journal)
        journal.watchers += [account.hear, *watchers]
        try:
            manifest = read_manifest(run.path)
            files = manifest.files if manifest else ()
            plan = undo_plan(journal, files, users=users, only=only)
            if approved_hash not in (None, plan.hash) or not (plan.is_empty or approve(plan)):
                raise PlanStale(
                    "What would be undone is not what was approved" if approved_hash else "The undo was not approved",
                    state="Nothing was changed.",
                    remedy=f"Approve it with --approve {plan.hash}, or --yes.",
                )
            if plan.is_empty:
                return account.progress, Undone(0, 0, plan.stays)
            async with connected(answers, journal, run.path, base, world, stop) as tools:
                undone = await undo_all(plan, STEPS, files, tools)
        finally:
            account.close()
            journal.close()
        return account.progress, undone


class Account:
    """Keeps the fold of a run's events up to date while one process works on it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._started = time.monotonic()
        self._before = self.progress = Progress.of(journal.events())

    def hear(self, event: Event) -> None:
        self.progress = self.progress.after(event)

    def note(self, event: Event) -> None:
        """Write down how the process ended; a finished run that was only refused another start stays finished."""
        if not self.progress.ended:
            with suppress(JournalFailed):  # the reason for it is on its way already
                self._journal.emit(event)

    def close(self) -> None:
        """Write down what this process spent."""
        spent = ProcessEnded(
            requests=self.progress.requests - self._before.requests,
            limited=self.progress.limited - self._before.limited,
            seconds=time.monotonic() - self._started,
        )
        with suppress(JournalFailed):
            self._journal.record(spent)
        self.progress = Progress.of(self._journal.events())


def _require_same(identity: Identity, journal: Journal) -> None:
    """Refuse to go on with another tenant, other data or other answers than the run was made with."""
    known = journal.recall("identity")
    if known is None:
        journal.remember("identity", identity.to_json())
        return
    differences = identity.differences(known)
    if differences:
        raise RunMismatch(
            "This is not what the run was made for",
            why="; ".join(differences),
            state="Nothing was changed.",
            remedy="Restore it and resume, or start a new run with `auth0-migrate apply`.",
        )
