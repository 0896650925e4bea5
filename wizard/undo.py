"""Takes back what a run has changed, in reverse order, by the receipts in its journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.answers.atomic import write_atomically
from wizard.auth0.errors import NotFound
from wizard.counts import counted
from wizard.errors import AnswerLost, CredentialsError, Interrupted, UsageError, WizardError
from wizard.events import ChangeUndone, RunUndone, UsersRemoved
from wizard.journal import Intent, Journal
from wizard.progress import IN_ALL_THE_SAME, Progress
from wizard.runner import AnyStep, Plan, Planned, apply_plan, receipt_of

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.bulk.ledger import Part
    from wizard.bulk.manifest import PreparedFile
    from wizard.tools import Tools

CUTOVER = "cutover"
TAKE_BACK = "take-back:"
LOST_ANSWERS = 5
TOLD_EVERY = 50
"""Users between two events that tell how many are deleted: on the smallest plan a minute."""
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

    `unproven` are the ids of users that the run may have made, and cannot prove to have made; they stay, too. `again` are
    changes that are made anew after all: what users need to move at login once the door is open again.
    """

    changes: tuple[Undoing, ...]
    users: int
    stays: tuple[str, ...]
    unproven: tuple[str, ...] = ()
    again: Plan = field(default_factory=lambda: Plan(()))

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.users and self.again.is_empty

    @property
    def hash(self) -> str:
        """SHA-256 in hex over all of it: what approving it means."""
        content: list[Any] = [[[one.step, one.key, one.summary] for one in self.changes], self.users]
        content += [] if self.again.is_empty else [self.again.hash]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Undone:
    """How many changes were put back, users deleted, and changes made again; what was not, each with the reason."""

    changes: int
    users: int
    left: tuple[str, ...]
    again: int = 0


def undo_plan(journal: Journal, folder_files: Sequence[PreparedFile], *, users: bool, only: str | None) -> UndoPlan:
    """What is to be put back.

    Args:
        folder_files: The prepared files of the run.
        users: Whether the users that the run imported are deleted too.
        only: The key of the one step whose changes are put back; None for all.
    """
    undone = {intent.facts["intent"] for intent in journal.intents("undo:change:") if intent.outcome == "done"}
    made = [one for one in journal.intents("change:") if one.outcome == "done" and one.id not in undone]
    changes, stays = [], []
    for intent in reversed(made):
        _, step, key = intent.subject.split(":", 2)
        if (only is not None and step != only) or (step == CUTOVER and not intent.facts.get("undo")):
            continue  # of a cutover only the door is put back: the rest is made anew for a door that is open
        if intent.facts.get("reversible", True):
            changes.append(Undoing(intent.id, step, key, intent.facts["undo_summary"]))
        elif not (users and step == "upload"):
            stays.append(intent.facts["summary"])
    wanted = list(_parts(journal, folder_files)) if users else []
    unproven = tuple(_unproven(journal, folder_files)) if users else ()
    stays += _of_unproven(unproven)
    return UndoPlan(tuple(changes), sum(intent.result["imported"] for _, _, intent in wanted), tuple(stays), unproven)


async def made_again(plan: UndoPlan, steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> UndoPlan:
    """The plan of undoing a cutover, with what an open door needs and the tenant does not have any more.

    Raises:
        WizardError: it cannot be had; says what is missing.
    """
    from wizard.world import require_granted

    needed = _of_open_door(steps)
    await require_granted(needed, answers, tools)
    changes = []
    for step in needed:
        changes += [Planned(step.key, one) for one in step.plan(answers, await step.look(answers, tools))]
    return replace(plan, again=Plan(tuple(changes)))


async def undo_all(
    plan: UndoPlan,
    steps: Sequence[AnyStep],
    files: Sequence[PreparedFile],
    answers: Answers,
    tools: Tools,
    *,
    only: str | None = None,
) -> Undone:
    """Put back what the plan says; what cannot be is left and told. Stopped or killed, it goes on where it was.

    Args:
        only: The key of the one step that is put back; None for all.

    Raises:
        WizardError: credentials, network or the operator end it.
    """
    by_key = {step.key: step for step in steps}
    removed, kept = await _remove_users(files, plan.users, tools) if plan.users else (0, 0)
    left, count = _of_unproven(plan.unproven), 0
    if kept:
        left.append(f"{counted(kept, 'user')} of this run: the same id leads to a user of another connection")
    for one in plan.changes:
        _stop_if_asked(tools)
        intent = next(each for each in tools.journal.intents("change:") if each.id == one.intent)
        began = tools.journal.begin(f"undo:change:{one.step}:{one.key}", {"intent": one.intent})
        try:
            await _undo(by_key[one.step], intent, tools)
        except (CredentialsError, AnswerLost, Interrupted):
            raise
        except WizardError as error:
            tools.journal.settle(began, "left", {"why": error.what})
            left.append(str(error).partition("\n")[0])
            continue
        count += 1
        tools.journal.settle(began, "done", events=[ChangeUndone(one.step, one.key, one.summary)])
    missing, again = await _make_again(plan.again, _of_open_door(steps), answers, tools)
    left += missing
    tools.emit(RunUndone(len(left), only or ""))
    return Undone(count, removed, tuple(left), again)


def _of_open_door(steps: Sequence[AnyStep]) -> list[AnyStep]:
    return [step for step in steps if step.ends_at_cutover]


async def _make_again(plan: Plan, steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> tuple[list[str], int]:
    """Make what an open door needs; returns what is not back, with the way to it, and how many changes were made."""
    if plan.is_empty:
        return [], 0
    before, what = _done(tools.journal), ""
    try:
        await apply_plan(plan.approval, steps, answers, tools)
    except (CredentialsError, AnswerLost, Interrupted):
        raise
    except WizardError as error:
        what = str(error).partition("\n")[0]
    made = {subject for number, subject in _done(tools.journal).items() if number not in before}
    missing = [one for one in plan.changes if f"change:{one.step}:{one.change.key}" not in made]
    if not missing:
        return [], len(plan.changes)
    what = what or f"{counted(len(missing), 'change')} needed for it could not be made while the scripts are closed."
    resume = f"auth0-migrate resume {tools.folder.name}"
    left = f"{what} Until then no further user moves at login; when that is mended, `{resume}` brings it back"
    return [left], len(plan.changes) - len(missing)


def _done(journal: Journal) -> dict[int, str]:
    """The changes that were made, by number of the intent."""
    return {one.id: one.subject for one in journal.intents("change:") if one.outcome == "done"}


def name_unproven(plan: UndoPlan, folder: Path) -> None:
    """Write down in the run's folder who stays because the run may not have made them."""
    if plan.unproven:
        lines = [json.dumps({"user_id": f"auth0|{user_id}"}) + "\n" for user_id in plan.unproven]
        write_atomically(folder / UNPROVEN, "".join(lines))


def _unproven(journal: Journal, files: Sequence[PreparedFile]) -> Iterator[str]:
    """Users that were there when a file was sent again, of whose submission before Auth0 never told the outcome.

    That one may have made them, or somebody else: Auth0 lists no jobs, and no user says by which job it came.
    """
    from wizard.bulk.ledger import done_parts, never_told

    untold = never_told(journal)
    for part, intent in done_parts(files, journal):
        if untold.intersection(part.names) and not intent.facts["upsert"]:
            yield from intent.result.get("there", ())


def _of_unproven(ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    return [
        f"{counted(len(ids), 'user')} that may be of this run: there when a file was sent again, as it was never told what "
        f"became of it before. {UNPROVEN} in the run's folder names them; delete those that nobody else has made"
    ]


async def _undo(step: AnyStep, intent: Intent, tools: Tools) -> None:
    """Put one change back; after a lost answer the step looks again, as undoing twice does no more than once."""
    for tried in range(LOST_ANSWERS):
        try:
            await step.undo(receipt_of(intent), tools)
        except AnswerLost:
            if tried == LOST_ANSWERS - 1:
                raise
        else:
            return


def _parts(journal: Journal, files: Sequence[PreparedFile]) -> Iterator[tuple[str, Part, Intent]]:
    """The parts of which it is known which users this run has made, and whose users are not deleted yet."""
    from wizard.bulk.ledger import SUBJECT, done_parts

    gone = {intent.facts["part"] for intent in journal.intents("undo:users:") if intent.outcome == "done"}
    for subject in (SUBJECT,):
        for part, intent in done_parts(files, journal, subject):
            told = len(intent.result.get("there", ())) == intent.result["already_there"]
            if part.name not in gone and told and not intent.facts["upsert"] and intent.result["imported"]:
                yield subject, part, intent


async def _remove_users(files: Sequence[PreparedFile], total: int, tools: Tools) -> tuple[int, int]:
    """Delete the users that this run imported, by the ledger; returns how many were deleted and how many were left.

    Whose id leads to a user of another connection is left, as deleting goes by id.
    """
    from wizard.bulk.manifest import USERS
    from wizard.steps.upload import CONNECTION

    connection = await tools.tenant.connection(tools.journal.recall(CONNECTION))
    not_in = {refusal.user_id for refusal in tools.journal.refusals() if refusal.code not in IN_ALL_THE_SAME}
    told = Progress.of(
        tools.journal.events()
    ).removed  # a pass that was broken off may have told of more than is settled
    passes = [one.result for one in tools.journal.intents("undo:users:") if one.outcome == "done"]
    gone = sum(one.get("gone", one.get("removed", 0)) for one in passes)  # earlier versions noted whom they removed
    total += gone
    removed = kept = 0
    for _, part, intent in list(_parts(tools.journal, files)):
        others = {*intent.result.get("there", ()), *not_in}
        began = tools.journal.begin(f"undo:users:{part.name}", {"part": part.name})
        gone_before, kept_before = gone, kept
        for number, user in enumerate(_records(part, tools.folder / USERS), 1):
            if tools.stop() or number % TOLD_EVERY == 0:
                tools.emit(UsersRemoved(max(gone, told), total))
            _stop_if_asked(tools)
            if user["user_id"] in others:
                continue
            there = await _is_in(user, connection.name, tools)
            if there:
                await tools.tenant.delete_user(f"auth0|{user['user_id']}")
                removed += 1
            kept += there is False
            gone += there is not False
        outcome = "done" if kept == kept_before else "left"  # who is left is looked for again the next time
        found = {"gone": gone - gone_before}
        tools.journal.settle(began, outcome, found, events=[UsersRemoved(max(gone, told), total)])
    return removed, kept


def _records(part: Part, folder: Any) -> list[dict[str, Any]]:
    if not (folder / part.file.name).is_file():
        raise UsageError(
            "The files of users of this run were purged",
            why="which users it imported is not known any more",
            state="No further user was deleted.",
            remedy="Undo without --users; delete the users in the Dashboard if they are not wanted.",
        )
    return part.records(folder)


async def _is_in(user: dict[str, Any], connection: str, tools: Tools) -> bool | None:
    """Whether the user is in the connection and found by id; None where it is not there any more.

    False where the id leads to a user of another connection, and this one is found by its e-mail address only.
    """
    user_id = f"auth0|{user['user_id']}"
    try:
        if (await tools.tenant.user(user_id)).is_in(connection):
            return True
    except NotFound:
        return None
    found = await tools.tenant.users_by_email(user["email"])
    return False if any(one.user_id == user_id and one.is_in(connection) for one in found) else None


def _stop_if_asked(tools: Tools) -> None:
    if tools.stop():
        raise Interrupted("Stopped as asked", state="What was put back stays so.", remedy="Undo again to go on.")
