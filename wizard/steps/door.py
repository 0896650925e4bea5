"""Whether users can still move through a connection: open by its scripts, closed by a cutover.

Scripts that find nobody tell that some migration has ended, not whose: an undo leaves them where users have come, and so
does the cutover of an earlier run. A run that has not let anybody move yet opens such a door again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.doorway.scripts import is_closed
from wizard.steps.connection import ConnectionAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.journal import Journal

OPENED = "door_opened"
"""Journal fact: this run has had the scripts in place, so that whoever closes the door afterwards ends its migration."""

CLOSE_DOOR = "change:cutover:close-door"
"""How the intents of the change begin that closes it."""


def has_closed(journal: Journal) -> bool:
    """Whether the run has closed the door, and has not opened it again."""
    undone = journal.put_back(CLOSE_DOOR)
    return any(one.outcome == "done" and one.id not in undone for one in journal.intents(CLOSE_DOOR))


def has_ended(scripts: Mapping[str, str], journal: Journal) -> bool:
    """Whether the migration of this run through a connection with these scripts has ended."""
    return is_closed(scripts) and (bool(journal.recall(OPENED)) or has_closed(journal))


async def is_door_closed(answers: Answers, tools: Tools) -> bool:
    """Whether the migration of this run through its connection has ended."""
    connection = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
    if connection is None or connection.options is None:
        return False
    return has_ended(connection.options.scripts, tools.journal)
