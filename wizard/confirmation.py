"""Whether a cutover is confirmed: a name that was given for one that was taken back since counts no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.answers import Answers, save
from wizard.clock import RealClock
from wizard.journal import Journal
from wizard.steps.cutover import WITHDRAWN, CutoverAnswers

if TYPE_CHECKING:
    from wizard.runs import RunFolder

CONFIRM = "cutover.confirm"
"""The key of the answers that confirms."""


def withdraw(run: RunFolder, answers: Answers, journal: Journal) -> Answers:
    """Let the cutover of a run wait to be confirmed anew, whatever the answers that it was made with say."""
    journal.remember(WITHDRAWN, True)
    unconfirmed = _unconfirmed(answers)
    save(run.answers, unconfirmed)
    return unconfirmed


def as_confirmed(answers: Answers, journal: Journal) -> Answers:
    """The answers without a confirmation that was withdrawn: files and open wizards may still hold it."""
    return _unconfirmed(answers) if journal.recall(WITHDRAWN) else answers


def confirm_anew(run: RunFolder) -> None:
    """From now on the answers of the run say again whether its cutover is confirmed."""
    journal = Journal(run.journal, now=RealClock().now)
    try:
        if journal.recall(WITHDRAWN):
            journal.remember(WITHDRAWN, None)
    finally:
        journal.close()


def is_withdrawn(run: RunFolder) -> bool:
    """Whether the cutover of a run was taken back and is not confirmed anew."""
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        return bool(journal.recall(WITHDRAWN))
    finally:
        journal.close()


def confirms(now: Answers, before: Answers) -> bool:
    """Whether a name is given that was not given before."""
    given = [answers[CutoverAnswers].confirm if answers.has(CutoverAnswers) else "" for answers in (now, before)]
    return bool(given[0]) and given[0] != given[1]


def _unconfirmed(answers: Answers) -> Answers:
    if not answers.has(CutoverAnswers):
        return answers
    return answers.replace(answers[CutoverAnswers].model_copy(update={"confirm": ""}))
