"""The one runner of steps: make a plan, apply exactly that plan, prove that nothing is left, gather evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from wizard.answers import Answers
from wizard.errors import AnswerLost, Interrupted, PlanStale, WizardError
from wizard.events import (
    ChangeApplied,
    ChangeStarted,
    CheckFailed,
    CheckPassed,
    StepFinished,
    StepStarted,
    WorldAwaited,
)
from wizard.journal import Intent
from wizard.step import Change, Step, Waiting
from wizard.tools import Tools

AnyStep = Step[Any, Any]

LOST_ANSWERS = 5
"""How many lost answers a step settles by looking before it gives up and leaves that to a resume."""


@dataclass(frozen=True)
class Planned:
    """A change and the step that would make it."""

    step: str
    change: Change

    @property
    def hash(self) -> str:
        """SHA-256 in hex over step, kind and fields of the change, less what is only told: what approving it means."""
        return _hash([self.step, type(self.change).__name__, _canonical(self.change)])


@dataclass(frozen=True)
class Plan:
    """Everything a run would change, in order; equal plans have equal hashes, on any machine.

    `facts` are what each step has seen of the world, by its key: they are only told, as not all of them lead to a change.
    `left_as_is` is told too: what the answers ask for and no change would bring, a sentence each.
    """

    changes: tuple[Planned, ...]
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    left_as_is: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return not self.changes

    @property
    def hash(self) -> str:
        """SHA-256 in hex over all changes in order."""
        return _hash([planned.hash for planned in self.changes])

    @property
    def approval(self) -> frozenset[str]:
        """What approving this plan allows: the hash of each change."""
        return frozenset(planned.hash for planned in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The answer of `plan`."""
        return {
            "hash": self.hash,
            "changes": [
                {
                    "step": planned.step,
                    "key": planned.change.key,
                    "summary": planned.change.summary,
                    "reversible": planned.change.reversible,
                }
                for planned in self.changes
            ],
        }


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """The value as plain JSON, for hashing."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _canonical(getattr(value, one.name)) for one in fields(value) if one.compare}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _canonical(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(part) for part in value]
    return str(value) if isinstance(value, PurePath) else value


def steps_for(strategy: str, steps: Sequence[AnyStep]) -> Sequence[AnyStep]:
    """The steps that this strategy needs, in order."""
    return [step for step in steps if strategy in step.strategies]


async def make_plan(steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> Plan:
    """Look at the world and say what applying the answers would change; writes nothing."""
    changes = []
    seen = {}
    left: list[str] = []
    tools = replace(tools, only_plans=True)
    for step in steps:
        seen[step.key] = facts = await step.inspect(answers, tools)
        changes += [Planned(step.key, change) for change in step.plan(answers, facts)]
        left += step.left_as_is(answers, facts)
    return Plan(tuple(changes), seen, tuple(left))


async def apply_plan(
    approval: frozenset[str], steps: Sequence[AnyStep], answers: Answers, tools: Tools
) -> Waiting | None:
    """Make the approved changes step by step; afterwards each step plans nothing more.

    Args:
        approval: `Plan.approval` of the plan that was approved; parts of it may be done already.

    Returns:
        None when all steps are done, or what the run waits for before it can go on.

    Raises:
        PlanStale: the world asks for a change that was not approved.
        Interrupted: a stop was requested; what was done is in the journal.
    """
    for place, step in enumerate(steps):
        tools.emit(StepStarted(step.key))
        waiting = await _gate(step, steps[:place], answers, tools)
        if waiting is None:
            facts = await _apply_step(approval, step, answers, tools)
            waiting = step.waits_for(answers, facts)
            await step.passed(answers, facts, tools)
            tools.emit(StepFinished(step.key))
        if waiting:
            tools.emit(WorldAwaited(step.key, waiting.reason, waiting.until))
            return waiting
    return None


async def _gate(step: AnyStep, before: Sequence[AnyStep], answers: Answers, tools: Tools) -> Waiting | None:
    """What keeps a step that has something to change from beginning, after the evidence that it asks for."""
    if not step.after_evidence:
        return None
    if not step.plan(answers, await step.inspect(answers, tools)):
        return None
    await check_all(before, answers, tools)
    return step.gate(answers, await step.inspect(answers, tools))


async def check_all(steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> bool:
    """Gather the evidence of every step; true when all of it is good."""
    passed = True
    for step in steps:
        for finding in await step.check(answers, tools):
            passed = passed and finding.passed
            tools.emit(
                CheckPassed(step.key, finding.name, finding.detail)
                if finding.passed
                else CheckFailed(step.key, finding.name, finding.detail, finding.remedy)
            )
        _stop_if_asked(tools)
    return passed


async def _apply_step(approval: frozenset[str], step: AnyStep, answers: Answers, tools: Tools) -> Any:
    """Apply what the step wants until it wants nothing; returns its last facts.

    A lost answer is settled by looking: when the world shows the change, it is done; otherwise it is made again.
    """
    facts = await step.inspect(answers, tools)
    wanted = step.plan(answers, facts)
    _settle_by_looking(step, wanted, tools)
    lost = 0
    while wanted:
        _require_approved(approval, step, wanted)
        try:
            for start in range(0, len(wanted), step.at_once):
                _stop_if_asked(tools)
                await _apply(step, wanted[start : start + step.at_once], tools)
        except AnswerLost:
            lost += 1
            if lost > LOST_ANSWERS:
                raise
        facts = await step.inspect(answers, tools)
        left = step.plan(answers, facts)
        _settle_by_looking(step, left, tools)
        if left and not lost:
            raise WizardError(
                f"{step.title}: applied, but Auth0 does not show it",
                why=f"still to do: {left[0].summary}",
                remedy="Resume the run; if it happens again, look at this object in the Auth0 Dashboard.",
            )
        wanted = left
    _stop_if_asked(tools)
    return facts


def _require_approved(approval: frozenset[str], step: AnyStep, wanted: Sequence[Change]) -> None:
    for change in wanted:
        if Planned(step.key, change).hash not in approval:
            raise PlanStale(
                f"{step.title}: the world has changed since the plan was approved",
                why=f"this would now be needed and was not approved: {change.summary}",
                state="It was not done.",
                remedy="Look at the new plan (`auth0-migrate plan`) and approve that.",
            )


async def _apply(step: AnyStep, changes: Sequence[Change], tools: Tools) -> None:
    """Make some changes, with their intents on disk before and their receipts after."""
    intents = []
    for change in changes:
        tools.emit(ChangeStarted(step.key, change.key, change.summary))
        facts = {
            "summary": change.summary,
            "undo_summary": change.undo_summary,
            "reversible": change.reversible,
            "undo": dict(change.undo),
        }
        intents.append(tools.journal.begin(_subject(step, change), facts))
    receipts = await step.apply_together(changes, tools)
    for intent, change, receipt in zip(intents, changes, receipts, strict=True):
        tools.journal.settle(intent, "done", receipt.facts, events=[ChangeApplied(step.key, change.key)])


def receipt_of(intent: Intent) -> Mapping[str, Any]:
    """What is known of a change that was made, for `Step.undo`: what was known beforehand, and what came back."""
    return {**intent.facts.get("undo", {}), **intent.result}


def _settle_by_looking(step: AnyStep, wanted: Sequence[Change], tools: Tools) -> None:
    """Settle intents whose receipt never came: done when no longer wanted, otherwise to be made again."""
    subjects = {_subject(step, change) for change in wanted}
    for intent in tools.journal.intents(f"change:{step.key}:"):
        if intent.outcome is None:
            tools.journal.settle(intent.id, "void" if intent.subject in subjects else "done", {"receipt_lost": True})


def _subject(step: AnyStep, change: Change) -> str:
    return f"change:{step.key}:{change.key}"


def _stop_if_asked(tools: Tools) -> None:
    if tools.stop():
        raise Interrupted("Stopped as asked", state="Everything done so far is kept.", remedy="Resume the run.")
