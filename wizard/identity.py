"""What a run is about: found again by its answers and data, and told from one that is not the same."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wizard.account import APPROVAL, GIVEN
from wizard.answers import Answers, from_tables, load, save
from wizard.clock import RealClock
from wizard.errors import RunMismatch, WizardError
from wizard.journal import Journal
from wizard.legacy.answers import SourceAnswers
from wizard.progress import Progress
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import REHEARSAL, TenantAnswers
from wizard.tools import Stop
from wizard.world import World

LATER = frozenset(f"{section.table}.{key}" for section in SECTIONS for key in section.later)
"""The answers that may be given while a run goes on."""


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
            if changed := _lasting_differences(now, then):
                return [f"{name} is no longer as the run was made with" for name in changed]
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


async def run_of(
    answers: Answers, origin: Origin, *, world: World, runs: Runs, fresh: bool = False, stop: Stop | None = None
) -> RunFolder:
    """The run of exactly these answers and data, finished or not; a new one when there is none, or when `fresh`.

    Raises:
        SourceError: the legacy store cannot be read.
    """
    wanted = await _identity(answers, Path(origin.base), world, stop)

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


async def existing_run(
    answers: Answers, *, base: Path, world: World, runs: Runs, stop: Stop | None = None
) -> RunFolder | None:
    """The run of exactly these answers and data, if there is one."""
    return _run_with(await _identity(answers, base, world, stop), runs)


async def _identity(answers: Answers, base: Path, world: World, stop: Stop | None) -> dict[str, Any]:
    secret = world.secret(answers[TenantAnswers].domain, stop)
    _, source = await world.sources.open(answers[SourceAnswers], secret=secret, base=base)
    return Identity.of(answers, source.fingerprint).to_json()


def _run_with(identity: Mapping[str, Any], runs: Runs) -> RunFolder | None:
    for run in runs.all():
        with suppress(WizardError):  # a damaged journal of an old run stands in nobody's way; `runs` names it
            if _as_lasting(facts_of(run)["identity"]) == identity:
                return run
    return None


def _as_lasting(known: dict[str, Any] | None) -> dict[str, Any] | None:
    """A kept identity without answers that may change by now: a run of before was made with more of them."""
    if known is None:
        return None
    tables = {
        table: {key: value for key, value in values.items() if f"{table}.{key}" not in LATER}
        for table, values in known["answers"].items()
    }
    return {**known, "answers": tables}


def require_same(identity: Identity, journal: Journal) -> None:
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


def forget_if_unapproved(run: RunFolder) -> bool:
    """Remove a run that was refused before anything of it was approved; true when it is gone."""
    if facts_of(run)["approval"] is not None:
        return False
    with run.locked():
        if facts_of(run)["approval"] is not None:  # by another process, which had the lock until now
            return False
        shutil.rmtree(run.path, ignore_errors=True)  # where an open lock cannot be deleted, only that is left
    return True


def facts_of(run: RunFolder) -> dict[str, Any]:
    """What the journal of a run remembers, read without disturbing a process that works on it."""
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        return {key: journal.recall(key) for key in ("identity", "origin", APPROVAL, "approved_hash", GIVEN)}
    finally:
        journal.close()


def is_rehearsal(run: RunFolder) -> bool:
    """Whether it goes into a practice tenant."""
    return _tenant_of(run).get("environment") == "practice"


def is_of_the_wizard(run: RunFolder) -> bool:
    """Whether it rehearses with a tenant that only the wizard serves, so that no command can go on with it."""
    tenant = _tenant_of(run)
    return tenant.get("environment") == "practice" and tenant.get("client_secret") == REHEARSAL


def _tenant_of(run: RunFolder) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (facts_of(run)["identity"] or {}).get("answers", {}).get("tenant", {})
    return found


def origin_of(run: RunFolder) -> Origin:
    """Where the answers of a run came from."""
    known = facts_of(run)["origin"] or {"base": str(run.path)}
    return Origin(known["base"], known.get("file"), tuple(known.get("flags", ())))


def going_on(run: RunFolder) -> str:
    """The command that goes on with a run; where nothing was approved before it stopped, `apply` asks for that."""
    facts, origin = facts_of(run), origin_of(run)
    if facts[APPROVAL] is None and facts[GIVEN] is None and origin.file is not None:
        return run.command("apply", origin.file, *(word for flag in origin.flags for word in ("--set", flag)))
    return run.command("resume", run.id)


def progress_of(run: RunFolder) -> Progress:
    """Where a run stands."""
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        return Progress.of(journal.events())
    finally:
        journal.close()


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
    from wizard.confirmation import confirm_anew, confirms

    now = load(run.answers, SECTIONS, environment={}, flags=flags)
    with run.locked():
        keep(run, now, answers)
        if confirms(now, answers):
            confirm_anew(run)
    return now


def decided_since(run: RunFolder, answers: Answers) -> Sequence[str]:
    """The keys that were decided otherwise while the run went on than these answers, which it is applied with now, say.

    A name that confirms a cutover is none of them where it counts no more.
    """
    from wizard.confirmation import CONFIRM, is_withdrawn

    kept = load(run.answers, SECTIONS, environment={})
    otherwise = [name for name in kept.differences(answers) if name in LATER]
    return [name for name in otherwise if name != CONFIRM or not is_withdrawn(run)]


def keep(run: RunFolder, now: Answers, before: Answers) -> None:
    """Write down the answers of a locked run with what was decided since.

    Raises:
        RunMismatch: they differ in what the run was made for.
    """
    if refused := _lasting_differences(now, before):
        raise RunMismatch(
            f"Run {run.id} was made with other answers",
            why=f"these cannot change while it goes on: {', '.join(refused)}",
            state="Nothing was changed.",
            remedy=f"Start a new run for them. What can be decided now: {', '.join(sorted(LATER))}.",
        )
    save(run.answers, now)
