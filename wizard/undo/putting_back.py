"""Carries out a plan of undoing, in reverse order of the changes; stopped or killed, it goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers.atomic import write_atomically
from wizard.auth0.errors import RateLimitExhausted, Unreachable
from wizard.counts import counted
from wizard.errors import AnswerLost, CredentialsError, Interrupted, WizardError
from wizard.events import ChangeUndone, RunUndone, UndoStarted
from wizard.journal import Intent, Journal
from wizard.runner import AnyStep, Plan, apply_plan, receipt_of
from wizard.undo.plan import UNPROVEN, UndoPlan, connection_of, of_open_door, to_delete

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.bulk.manifest import PreparedFile
    from wizard.tools import Tools

LOST_ANSWERS = 5


@dataclass(frozen=True)
class Undone:
    """How many changes were put back, users deleted, and changes made again; what was not, each with the reason."""

    changes: int
    users: int
    left: tuple[str, ...]
    again: int = 0


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
    from wizard.bulk.repair.removal import delete_users

    by_key = {step.key: step for step in steps}
    tools.emit(UndoStarted(plan.users > 0, only or ""))
    removed = 0
    left, count = [*plan.doubtful, *plan.kept], 0
    if plan.users:
        found = await delete_users(to_delete(files, tools), await connection_of(tools), plan.in_use, tools)
        removed, left = found.deleted, [*left, *found.left]
    for one in plan.changes:
        _stop_if_asked(tools)
        intent = next(each for each in tools.journal.intents("change:") if each.id == one.intent)
        began = tools.journal.begin(f"undo:change:{one.step}:{one.key}", {"intent": one.intent})
        try:
            await _undo(by_key[one.step], intent, tools)
        except (CredentialsError, AnswerLost, Interrupted, RateLimitExhausted, Unreachable):
            raise
        except WizardError as error:
            tools.journal.settle(began, "left", {"why": error.what})
            left.append(str(error).partition("\n")[0])
            continue
        puts_back = by_key[one.step].puts_back
        count += puts_back
        told = [ChangeUndone(one.step, one.key, one.summary)] if puts_back else []
        tools.journal.settle(began, "done", events=told)
    missing, again = await _make_again(plan.again, of_open_door(steps), answers, tools)
    left += missing
    tools.emit(RunUndone(len(left), only or ""))
    return Undone(count, removed, tuple(left), again)


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


def _stop_if_asked(tools: Tools) -> None:
    if tools.stop():
        raise Interrupted("Stopped as asked", state="What was put back stays so.", remedy="Undo again to go on.")
