"""The journey through the steps: what is answered, what is still to do, and what a changed answer touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from wizard.answers import Answers, Section
from wizard.answers.section import keys
from wizard.progress import Progress
from wizard.runner import AnyStep, steps_for
from wizard.steps import STEPS
from wizard.steps.strategy import StrategyAnswers


class State(Enum):
    """Where a step stands, by a sign and a word, so that neither colour nor memory is needed.

    What is answered is only decided; done is what the run has carried out.
    """

    TO_DO = ("·", "to do")
    HERE = ("▸", "here")
    ANSWERED = ("●", "answered")
    DONE = ("✓", "done")
    ATTENTION = ("!", "attention")
    WAITING = ("◌", "waiting")
    FAILED = ("✗", "failed")

    @property
    def sign(self) -> str:
        return self.value[0]

    @property
    def word(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Stop:
    """One row of the rail. `step` is None for what the engine has no answers for: review, run, results, finish."""

    key: str
    title: str
    group: str
    step: AnyStep | None = None


GROUPS = ("Connect", "Set up", "Migrate", "Finish")
GROUP_OF = {
    "tenant": "Connect", "source": "Connect", "trickle": "Migrate", "prepare": "Migrate", "upload": "Migrate",
    "verify": "Migrate", "cutover": "Finish",
}  # fmt: skip
"""Steps that are not named here belong to the set-up."""

SHORT = {
    "source": "Legacy store", "connection": "Connection", "legacy_api": "Legacy API", "upload": "Upload",
}  # fmt: skip
"""Titles that are shorter on the rail than in the engine."""

AFTER = (
    Stop("review", "Review", "Migrate"),
    Stop("run", "Run", "Migrate"),
    Stop("results", "Results", "Finish"),
    Stop("finish", "Finish", "Finish"),
)

TOUCHES: Mapping[str, Sequence[str]] = {
    "tenant": ("connection", "applications", "verify"),
    "source": ("profile", "passwords", "strategy", "legacy_api", "prepare"),
    "profile": ("passwords", "connection", "scripts", "guards", "prepare"),
    "passwords": ("strategy", "prepare"),
    "strategy": ("connection",),
    "connection": ("applications", "custom_database", "scripts", "guards"),
    "applications": ("verify",),
    "custom_database": (),
    "legacy_api": ("scripts", "guards"),
    "scripts": ("guards",),
    "guards": (),
    "trickle": (),
    "cutover": (),
    "prepare": (),
    "upload": (),
    "verify": (),
}
"""Which later answers another answer may make wrong. A step that is not named here touches all that follow it."""


@dataclass
class Journey:
    """The answers so far and the place among the steps; knows nothing of screens.

    Args:
        base: Where relative paths in the answers start.
        suggested: Values to begin a form with, by table.
        file: The answers file they were opened from, or saved to.
        own_file: The file that a rehearsal was saved to for a tenant of one's own.
    """

    base: Path
    suggested: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    file: Path | None = None
    own_file: Path | None = None
    touched: set[str] = field(default_factory=set)
    anew: set[str] = field(default_factory=set)
    """Steps answered otherwise since a plan was approved: what the run has done was done with other answers."""
    here: str = "tenant"
    approved: str = ""
    progress: Progress = field(default_factory=Progress)
    heard: list[Callable[[str], None]] = field(default_factory=list)

    @property
    def strategy(self) -> str:
        return self.answers[StrategyAnswers].way if self.answers.has(StrategyAnswers) else "bulk"

    @property
    def steps(self) -> Sequence[AnyStep]:
        """The steps whose answers this strategy needs."""
        return steps_for(self.strategy, STEPS)

    @property
    def stops(self) -> Sequence[Stop]:
        """Every row of the rail, in order, grouped."""
        asked = [
            Stop(step.key, SHORT.get(step.key, step.title), GROUP_OF.get(step.key, "Set up"), step)
            for step in self.steps
        ]
        return sorted([*asked, *AFTER], key=lambda stop: GROUPS.index(stop.group))

    def stop(self, key: str) -> Stop:
        return next(stop for stop in self.stops if stop.key == key)

    def is_answered(self, key: str) -> bool:
        step = self.stop(key).step
        return step is not None and self.answers.has(step.section)

    @property
    def unanswered(self) -> Sequence[Stop]:
        """The stops whose answers are missing; what is only decided while the run goes on is not asked before."""
        return [
            stop
            for stop in self.stops
            if stop.step is not None and not is_decided_later(stop.step) and not self.answers.has(stop.step.section)
        ]

    @property
    def is_complete(self) -> bool:
        return not self.unanswered

    def state(self, key: str) -> State:
        """How the rail shows a step."""
        if key == self.here:
            return State.HERE
        now, step = self.progress, self.stop(key).step
        if now.waiting and now.step == key:
            return State.WAITING
        if step is None:
            return self._state_after(key)
        if is_decided_later(step):
            return State.DONE if now.ended and self._is_done(key) else State.TO_DO
        if not self.is_answered(key):
            return State.TO_DO
        if key in self.touched:
            return State.ATTENTION
        return State.DONE if self._is_done(key) else State.ANSWERED

    def _is_done(self, key: str) -> bool:
        """Whether the run has carried a step out, is past it, and was not undone since."""
        now = self.progress
        under_way = key == now.step and not now.ended
        return key in now.steps_done and not under_way and not now.was_undone and key not in self.anew

    def _state_after(self, key: str) -> State:
        now = self.progress
        if key == "review":
            return State.DONE if self.approved or now.run else State.TO_DO
        if not now.run:
            return State.TO_DO
        if now.ended:
            looked_at = {"complete": State.DONE}.get(now.verdict, State.ATTENTION)
            return State.DONE if key == "run" else looked_at
        if key != "run":
            return State.TO_DO
        return State.FAILED if now.error else State.WAITING

    def give(self, key: str, section: Section) -> Sequence[Stop]:
        """Take the answer of a step; returns the answered later steps that it may make wrong."""
        kind = type(section)
        before = Answers([self.answers[kind]]) if self.answers.has(kind) else None
        self.answers = Answers(sorted(self._complete(section), key=_place))
        self.touched.discard(key)
        if before is None or before.lasting() == Answers([section]).lasting():
            return ()
        self.approved = ""
        self.anew.add(key)
        touched = self._made_wrong_by(key)
        self.touched |= {stop.key for stop in touched}
        return touched

    def touched_with(self, answers: Answers) -> set[str]:
        """The steps to look at again once these are the answers: those there are, and what the changed ones may make wrong."""
        found = set(self.touched)
        for stop in self.stops:
            if stop.step is None or not (self.answers.has(stop.step.section) and answers.has(stop.step.section)):
                continue
            before, now = (Answers([one[stop.step.section]]).lasting() for one in (self.answers, answers))
            if before != now:
                found |= {one.key for one in self._made_wrong_by(stop.key)}
        return found

    def approve(self, plan: str) -> None:
        """Take the approval of the plan with this hash, which is of the answers as they are now."""
        self.approved = plan
        self.anew.clear()

    def decide(self, section: Section) -> None:
        """Take an answer that may be given while a run goes on; what was approved stays so."""
        self.answers = Answers(sorted(self._complete(section), key=_place))

    def as_if(self, section: Section) -> Journey:
        """The same journey had this been answered; a copy to look at."""
        return replace(self, answers=Answers(sorted(self._complete(section), key=_place)))

    def _complete(self, section: Section) -> Answers:
        """The answers with this one, and with what is decided later left as it is without a word."""
        answers = self.answers.replace(section)
        way = answers[StrategyAnswers].way if answers.has(StrategyAnswers) else "bulk"
        for step in steps_for(way, STEPS):
            if is_decided_later(step) and answers.has(StrategyAnswers) and not answers.has(step.section):
                answers = answers.replace(step.section())
        return answers

    def _made_wrong_by(self, key: str) -> Sequence[Stop]:
        """The answered later stops that a changed answer may make wrong."""
        touched = TOUCHES.get(key, tuple(stop.key for stop in self.later(key)))
        return [stop for stop in self.later(key) if stop.key in touched and self.is_answered(stop.key)]

    def later(self, key: str) -> Sequence[Stop]:
        """The stops after this one that have answers."""
        stops = list(self.stops)
        return [stop for stop in stops[stops.index(self.stop(key)) + 1 :] if stop.step is not None]

    def beside(self, key: str, offset: int) -> str:
        """The key of the stop before (-1) or after (1) this one; the same at the ends."""
        keys = [stop.key for stop in self.stops]
        return keys[min(max(keys.index(key) + offset, 0), len(keys) - 1)]

    def may_go_to(self, key: str) -> bool:
        """Whether everything that this stop builds on is there."""
        stops = list(self.stops)
        if key in ("review", "run"):
            return self.is_complete and (key == "review" or bool(self.approved or self.progress.run))
        step = self.stop(key).step
        if step is None or is_decided_later(step):
            return bool(self.progress.run)
        before = [stop for stop in stops[: stops.index(self.stop(key))] if stop.step is not None]
        return all(self.is_answered(stop.key) for stop in before)

    def given(self, key: str) -> dict[str, Any]:
        """What a form of this step begins with: the answer, else what other answers say about it, or is suggested."""
        step, tables = self.stop(key).step, self.answers.tables()
        table = step.section.table if step else key
        if table in tables:
            return tables[table]
        preset: dict[str, Any] = {}
        for section in self.answers:
            preset |= section.presets(tables[section.table]).get(table, {})
        return {**preset, **self.suggested.get(table, {})}


def is_decided_later(step: AnyStep) -> bool:
    """Whether a step is only decided by what the run shows, and so comes after it."""
    return GROUP_OF.get(step.key) == "Finish" and set(keys(step.section)) <= step.section.later


def _place(section: Section) -> int:
    """The place of a section among the steps, so that answers are in the same order however they were given."""
    return [step.section for step in STEPS].index(type(section))
