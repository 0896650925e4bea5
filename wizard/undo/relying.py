"""Which other runs of this machine rely on what an undo would take away: those into the same connection that were not undone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from wizard.answers import Answers, load
from wizard.clock import RealClock
from wizard.errors import WizardError
from wizard.journal import Journal
from wizard.progress import Progress
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS
from wizard.steps.applications import RELIED_ON
from wizard.steps.door import has_closed
from wizard.steps.strategy import StrategyAnswers


@dataclass(frozen=True)
class OtherRun:
    """A run that was begun and not undone.

    `applications` are the client ids of those that it relies on; `needs_open_door` tells whether its users move at login
    still, or will. Of a run that `is_unreadable` neither is known, so that it may rely on everything.
    """

    id: str
    answers: Answers
    applications: frozenset[str] = frozenset()
    needs_open_door: bool = True
    is_unreadable: bool = False


def others_of(run: RunFolder) -> Sequence[OtherRun]:
    """The other runs beside this one that go into the same connection of the same tenant, newest first.

    Of a journal that cannot be read nobody knows where its run goes; `runs` names it.
    """
    target = _target(_journal_facts(run))
    found: list[OtherRun] = []
    for other in Runs(run.path.parent).all():
        if other.path != run.path:
            with suppress(WizardError):
                found += _relying(other, target)
    return found


def _target(facts: dict[str, object]) -> tuple[object, object] | None:
    identity = facts.get("identity")
    return (identity["domain"], identity["connection"]) if isinstance(identity, dict) else None


def _journal_facts(run: RunFolder) -> dict[str, object]:
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        return journal.facts()
    finally:
        journal.close()


def _relying(run: RunFolder, target: tuple[object, object] | None) -> Sequence[OtherRun]:
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        facts = journal.facts()
        if target is None or _target(facts) != target or facts.get("approval") is None:
            return ()
        now = Progress.of(journal.events())
        if now.taken_back or (now.undoing and not now.undoing.only):
            return ()
        try:
            answers = load(run.answers, SECTIONS, environment={})
        except WizardError:  # edited by hand, or of another version
            return [OtherRun(run.id, Answers([]), is_unreadable=True)]
        moves = answers[StrategyAnswers].is_live and not (now.ended or has_closed(journal))
        return [OtherRun(run.id, answers, frozenset(facts.get(RELIED_ON) or ()), moves)]
    finally:
        journal.close()
