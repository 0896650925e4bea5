"""Where the users of a run are: the parts of the one sum, in the words that command line, report and screens share.

read = imported + deleted by undo + migrated at login + already there + rejected + left behind as decided, and what is left.
Of those whom Auth0 refused as it had them already, a comparison tells who is not there: they have words of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wizard.progress import Progress

Fate = Literal["imported", "removed", "migrated", "already_there", "taken", "unfound", "rejected", "skipped"]

WORDS: Mapping[Fate, str] = {
    "imported": "imported",
    "removed": "deleted by undo",
    "migrated": "migrated at login",
    "already_there": "already there",
    "taken": "not imported: id taken",
    "unfound": "duplicate, found nowhere",
    "rejected": "rejected",
    "skipped": "left behind as decided",
}

UNACCOUNTED = "not accounted for"


@dataclass(frozen=True, slots=True)
class Part:
    """Users of one fate; `fate` is None for those who have none yet."""

    fate: Fate | None
    words: str
    users: int


def parts(now: Progress) -> Sequence[Part]:
    """All that add up to the users read, those of nobody too; the rest comes last, below zero where users count twice."""
    known = [Part(fate, words, getattr(now, fate)) for fate, words in WORDS.items()]
    return [*known, Part(None, words_of_rest(now), now.read - now.users_done)]


def words_of_rest(now: Progress) -> str:
    """What is to be said of users without a fate: while a run is not over, it has only not come to them."""
    if moves_still(now):
        return "not moved yet"
    if now.was_undone and "upload" not in now.steps_done:
        return "not moved"
    return "still to do" if is_under_way(now) and now.read > now.users_done else UNACCOUNTED


def moves_still(now: Progress) -> bool:
    """Whether the automatic phase goes on, so that nobody is missing yet."""
    return bool(now.looks) and not (now.accounted or now.ended or now.was_undone)


def is_under_way(now: Progress) -> bool:
    """Whether something is still to be done for users, now or when the run goes on."""
    return not (now.was_undone or "upload" in now.steps_done) and (bool(now.waiting) or not now.ended)
