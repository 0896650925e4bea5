"""What an undo of a run would put back, by the receipts in its journal, and what stays, each with the reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wizard.auth0.errors import NotAllowed, NotFound
from wizard.counts import counted
from wizard.events import OverwritesForeseen
from wizard.journal import Journal
from wizard.progress import Progress
from wizard.runner import AnyStep, Plan, Planned, receipt_of
from wizard.undo.before import lost_before

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.auth0.models import Connection
    from wizard.bulk.manifest import PreparedFile
    from wizard.bulk.repair.made import Made
    from wizard.bulk.repair.removal import InUse, Look
    from wizard.tools import Tools
    from wizard.undo.relying import OtherRun

CUTOVER = "cutover"
IMPORTS = ("upload", "verify")
"""The steps that import users: verifying does when it repairs half-made ones."""
OF_IMPORT_MODE = ("custom_database", "scripts")
"""The steps of which one turns import mode on."""
UNPROVEN = "unproven.ndjson"
"""Names the users that the run may have made and cannot prove to have made."""


@dataclass(frozen=True)
class Undoing:
    """One change of the run to be put back; `intent` is its number in the journal."""

    intent: int
    step: str
    key: str
    summary: str


@dataclass(frozen=True)
class UndoPlan:
    """What would be put back, in this order, after deleting `users` that the run had imported; `stays` cannot be.

    `kept` are changes that could be put back and are not, each with the run that relies on it. `unproven` are the ids of users that the run may have made, and cannot prove to have made; they stay, too. `again` are
    changes that are made anew after all: what users need to move at login once the door is open again. `doubtful`
    says of which users nothing can be put back. `moved` users have come by their own login, and `linked` ones are an identity
    of another account, as the last comparison has found; they stay whatever is undone. `look` is what the tenant tells of
    the users, once it was asked; None also where it has no exports, which alone can tell. `in_use` is what was decided about
    those who have logged in or changed
    since.
    """

    changes: tuple[Undoing, ...]
    users: int
    stays: tuple[str, ...]
    kept: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    again: Plan = field(default_factory=lambda: Plan(()))
    doubtful: tuple[str, ...] = ()
    moved: int = 0
    linked: int = 0
    look: Look | None = None
    in_use: InUse | None = None

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.users and self.again.is_empty

    @property
    def hash(self) -> str:
        """SHA-256 in hex over all that the journal tells, and what was decided about users in use: what approving it means.

        Whoever logs in meanwhile, it stays the same.
        """
        content: list[Any] = [[[one.step, one.key, one.summary] for one in self.changes], self.users]
        content += [] if self.again.is_empty else [self.again.hash]
        content += [self.in_use] if self.in_use else []
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def undo_plan(journal: Journal, folder_files: Sequence[PreparedFile], *, users: bool, only: str | None) -> UndoPlan:
    """What is to be put back.

    Args:
        folder_files: The prepared files of the run.
        users: Whether the users that the run imported are deleted too.
        only: The key of the one step whose changes are put back; None for all.
    """
    undone = journal.put_back("change:")
    made = [one for one in journal.intents("change:") if one.outcome == "done" and one.id not in undone]
    changes, stays = [], []
    for intent in reversed(made):
        _, step, key = intent.subject.split(":", 2)
        if (only is not None and step != only) or (step == CUTOVER and not intent.facts.get("undo")):
            continue  # of a cutover only the door is put back: the rest is made anew for a door that is open
        if intent.facts.get("reversible", True):
            changes.append(Undoing(intent.id, step, key, intent.facts["undo_summary"]))
        elif not (users and step in IMPORTS):
            stays.append(intent.facts["summary"])
    stays += lost_before(journal, only or "")
    found = Progress.of(journal.events()) if only is None else Progress()
    plan = UndoPlan(tuple(changes), 0, tuple(stays), moved=found.migrated, linked=found.linked if users else 0)
    return _with_users(plan, journal, folder_files) if users else plan


def without_relied_on(
    plan: UndoPlan, journal: Journal, steps: Sequence[AnyStep], others: Sequence[OtherRun]
) -> UndoPlan:
    """The plan without what other runs into the same connection rely on, which is told instead."""
    by_key, made = {step.key: step for step in steps}, {one.id: one for one in journal.intents("change:")}
    changes, kept = [], []
    for one in plan.changes:
        intent = made[one.intent]
        step, receipt = by_key[one.step], receipt_of(intent)
        relying = [other.id for other in others if not other.is_unreadable and step.is_relied_on(receipt, other)]
        unreadable = [other.id for other in others if other.is_unreadable]
        if relying:
            kept.append(_kept(intent.facts["summary"], relying))
        elif unreadable:
            kept.append(
                f"{intent.facts['summary']}: run {unreadable[0]} may rely on it, as its answers cannot be read; correct its "
                "answers.toml, or move its folder away, to take it back"
            )
        else:
            changes.append(one)
    return replace(plan, changes=tuple(changes), kept=tuple(kept))


def _kept(summary: str, relying: Sequence[str]) -> str:
    several = len(relying) > 1
    runs = f"the runs {', '.join(relying[:-1])} and {relying[-1]} rely" if several else f"run {relying[0]} relies"
    return f"{summary}: {runs} on it; undo {'those' if several else 'that one'} first to take it back"


def _with_users(plan: UndoPlan, journal: Journal, files: Sequence[PreparedFile]) -> UndoPlan:
    from wizard.bulk.jobs.aftermath import untold
    from wizard.bulk.repair.made import left_to_delete, unproven

    left = left_to_delete(journal, files)
    known = sum(one.count for one in left if one.is_known)
    named = tuple(unproven(journal, files))
    doubtful = (
        *_of_unproven(named),
        *_of_unknown(left),
        *_of_untold(untold(journal, files)),
        *_of_overwritten(journal),
    )
    return replace(plan, users=known, stays=(*plan.stays, *doubtful), unproven=named, doubtful=doubtful)


def asks_of_users(journal: Journal, files: Sequence[PreparedFile]) -> bool:
    """Whether the tenant has to be asked of the users that the run has made, or is making still."""
    from wizard.bulk.jobs.aftermath import running
    from wizard.bulk.repair.made import left_to_delete

    return bool(running(journal, files)) or any(one.is_known for one in left_to_delete(journal, files))


async def follow_running(files: Sequence[PreparedFile], tools: Tools) -> None:
    """See the import jobs to their end that the run has left running, so that it is known whom they have made.

    Raises:
        WizardError: the tenant does not tell, or the operator stopped it.
    """
    from wizard.bulk.jobs.aftermath import follow

    connection = await connection_of(tools)
    if connection is not None:
        await follow(tools.journal, files, connection, tools)


async def looked_at(plan: UndoPlan, files: Sequence[PreparedFile], tools: Tools) -> UndoPlan:
    """The plan with what the tenant tells of the users that would be deleted; without, where it refuses an export.

    Deleting looks at each of them in any case, just before.

    Raises:
        WizardError: the tenant does not tell, or the application may not delete users.
    """
    from wizard.auth0.scopes import require_scopes
    from wizard.bulk.repair.removal import SCOPES, look_at

    require_scopes(await tools.tenant.scopes(), SCOPES)
    try:
        return replace(plan, look=await look_at(to_delete(files, tools), await connection_of(tools), tools))
    except NotAllowed:  # such as on the free subscription, which has no exports
        return plan


def undecided_about(plan: UndoPlan) -> str:
    """Which users to delete have logged in or changed since, or may have; empty when none has."""
    since, look = "logged in or changed since the import", plan.look
    if look is None:
        return f"Nobody can say beforehand who of {counted(plan.users, 'user')} to be deleted has {since}"
    if not look.in_use:
        return ""
    return f"{look.in_use:,} of {counted(look.there, 'user')} to be deleted {'has' if look.in_use == 1 else 'have'} {since}"


def turns_import_mode_off(plan: UndoPlan, journal: Journal) -> bool:
    """Whether it might: this run has turned it on for a connection that had used its own database without."""
    from wizard.bulk.verification.moved import since_of

    since = since_of(journal)
    return since is not None and since.was_off and any(one.step in OF_IMPORT_MODE for one in plan.changes)


async def with_import_mode(plan: UndoPlan, tools: Tools) -> UndoPlan:
    """The plan with what is told of import mode where it stays on, as users need it by now."""
    from wizard.bulk.verification.moved import came_since
    from wizard.steps.custom_database import import_mode_stays

    if not turns_import_mode_off(plan, tools.journal):
        return plan
    intents = {one.id: one for one in tools.journal.intents("change:")}
    name = next(receipt_of(intents[one.intent])["connection"] for one in plan.changes if one.step in OF_IMPORT_MODE)
    connection = await tools.tenant.connection_named(name)
    users = await came_since(connection, tools) if connection is not None else 0
    users -= (plan.look.deleted(plan.in_use) if plan.look else plan.users) if plan.users else 0
    return replace(plan, stays=(*plan.stays, import_mode_stays(name, users))) if users > 0 else plan


def to_delete(files: Sequence[PreparedFile], tools: Tools) -> list[Made]:
    """What the run's jobs have made, as far as it can be told of each user, and no undo has deleted."""
    from wizard.bulk.repair.made import left_to_delete

    return [one for one in left_to_delete(tools.journal, files) if one.is_known]


async def connection_of(tools: Tools) -> Connection | None:
    """The connection that the run uploaded to; None when it is gone, and its users with it."""
    from wizard.steps.upload import CONNECTION

    try:
        return await tools.tenant.connection(tools.journal.recall(CONNECTION))
    except NotFound:
        return None


def of_open_door(steps: Sequence[AnyStep]) -> list[AnyStep]:
    return [step for step in steps if step.ends_at_cutover]


async def made_again(plan: UndoPlan, steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> UndoPlan:
    """The plan of undoing a cutover, with what an open door needs and the tenant does not have any more.

    Raises:
        WizardError: it cannot be had; says what is missing.
    """
    from wizard.world import require_granted

    needed = of_open_door(steps)
    await require_granted(needed, answers, tools)
    changes = []
    for step in needed:
        changes += [Planned(step.key, one) for one in step.plan(answers, await step.look(answers, tools))]
    return replace(plan, again=Plan(tuple(changes)))


def _of_unknown(left: Sequence[Made]) -> list[str]:
    users = sum(one.count for one in left if not one.is_known)
    files = "of files of which Auth0 did not tell whom it made and whom it overwrote, or who was there before"
    return [f"{counted(users, 'user')} {files}"] if users else []


def _of_untold(users: int) -> list[str]:
    whose = "of files of which Auth0 never told what it took; look for them in the Dashboard"
    return [f"at most {counted(users, 'user')} {whose}"] if users else []


def _of_overwritten(journal: Journal) -> list[str]:
    foreseen = [event.users for event in journal.events() if isinstance(event, OverwritesForeseen)]
    users = foreseen[-1] if foreseen else 0
    return [f"{counted(users, 'user')} who were there before: what upsert has overwritten of them"] if users else []


def _of_unproven(ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    return [
        f"{counted(len(ids), 'user')} that may be of this run: there when a file was sent again, as it was never told what "
        f"became of it before. {UNPROVEN} in the run's folder names them; delete those that nobody else has made"
    ]
