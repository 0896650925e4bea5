"""Half-made users: what they are, how many there are, and the approval of their repair."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from screens.widgets.dialogs import Question
from wizard.counts import counted
from wizard.steps.verify import VerifyAnswers

if TYPE_CHECKING:
    from screens.app import WizardApp
    from wizard.progress import Progress

NAME = "half-made"
"""What the check is called."""


def half_made(now: Progress) -> int:
    """How many users the last check found half-made."""
    found = re.match(r"([\d,]+) ", now.failed_checks.get(NAME, ""))
    return int(found[1].replace(",", "")) if found else 0


async def approve_repair(wizard: WizardApp) -> None:
    """Ask, and go to the review of exactly that repair."""
    users = half_made(wizard.work.progress)
    if not users or wizard.is_busy:
        return
    question = Question(
        f"Repair {counted(users, 'half-made user')}?",
        "Their first login broke off: Auth0 refuses them as duplicates and yet finds them nowhere, so they can neither log in "
        "nor be imported.\n\nThe repair deletes their remains by id, then by e-mail address, and imports them anew. Users that "
        "Auth0 finds stay untouched. It cannot be undone; the review shows it once more.",
        [("repair", "Go to the review"), ("stay", "Not now")],
    )
    if await wizard.push_screen_wait(question) != "repair":
        return
    from screens.frame import JourneyScreen

    verify = wizard.journey.answers[VerifyAnswers]
    allowed = max(users, verify.repair_at_most + 1)  # as many as before would plan nothing
    wizard.journey.decide(VerifyAnswers.model_validate({**verify.model_dump(), "repair_at_most": allowed}))
    if isinstance(wizard.screen, JourneyScreen):
        await wizard.screen.go("review")
