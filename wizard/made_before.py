"""What a run has made before and would make again: somebody else has changed it since, so that it needs a new approval."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.journal import Intent, Journal
from wizard.runner import AnyStep, Plan, Planned

CUTOVER = "change:cutover:"
APPROVED_AT = "approved_at"
"""Journal fact: the id of the last intent of a change before the newest approval, which covers making it once more."""


def note_approval(journal: Journal) -> None:
    """What the run has made up to now may be made once more, as it has just been approved."""
    journal.remember(APPROVED_AT, max((one.id for one in journal.intents("change:")), default=0))


def made_before(plan: Plan, steps: Sequence[AnyStep], journal: Journal) -> list[Planned]:
    """Changes of the plan that this run has made and not taken back, though the tenant does not show them any more.

    An undo takes back by an intent of its own; a cutover takes back what nobody needs after it. What only reads, or
    deletes for good, may be wanted again.
    """
    undone = journal.put_back("change:")
    done = [one for one in journal.intents("change:") if one.outcome == "done" and one.id not in undone]
    last: dict[str, Intent] = {one.subject: one for one in done}
    ended = max((one.id for one in journal.intents(CUTOVER) if one.outcome == "done"), default=0)
    ending = {step.key for step in steps if step.ends_at_cutover}
    lasting = {step.key for step in steps if step.puts_back}

    approved_at = journal.recall(APPROVED_AT) or 0

    def stands(planned: Planned) -> bool:
        made = last.get(f"change:{planned.step}:{planned.change.key}")
        if made is None or made.id <= approved_at or not planned.change.undo or planned.step not in lasting:
            return False
        return made.id > ended or planned.step not in ending

    return [planned for planned in plan.changes if stands(planned)]
