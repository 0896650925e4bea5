"""What was at a place of the tenant before a run changed it, so that an undo can put it back.

Source code of others may hold credentials of the legacy store, and sealed values are nobody else's business. Of these the
journal has only the name of a file in the run's folder, which is for its owner alone and goes when the run is purged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.answers.atomic import write_atomically
from wizard.errors import WizardError

if TYPE_CHECKING:
    from wizard.journal import Journal

FACT = "before:"
"""How the journal's facts about places begin."""

FILE = "before."
"""How the files begin that have what the journal is not to hold."""

PRIVATE = ("customScripts", "configuration", "action", "rule")
"""What is kept in files, where there is any: scripts, sealed values, the code of an Action or of a Rule."""

KEPT = "kept_in"
"""The key under which the journal names the file; its name has the SHA-256 of place and content."""

WORDS = {
    "custom_database": "the scripts that the connection {} had before",
    "connection": "the scripts and configuration values that the connection {} had before",
    "cutover": "the scripts that the connection {} had before the cutover",
    "action": "the code that the Action “{}” had before",
    "rule": "the code that the Rule “{}” had before",
}


def remember_before(journal: Journal, place: str, before: Mapping[str, Any]) -> None:
    """Keep what was at a place before this run changed it for the first time; later calls change nothing."""
    if journal.recall(FACT + place) is None:
        journal.remember(FACT + place, _split(journal, place, before))


def before(journal: Journal, place: str) -> dict[str, Any] | None:
    """What was at a place before this run changed it; None when it did not, or has put it back.

    Raises:
        WizardError: it is not kept any more.
    """
    found = journal.recall(FACT + place)
    if not isinstance(found, dict):
        return None
    name = found.pop(KEPT, None)
    if name is None:  # all of it, as earlier versions kept everything
        return found
    content = _content(journal, place, name)
    if content is None:
        words = _in_words(place)
        raise WizardError(
            f"{words[:1].upper()}{words[1:]} cannot be put back",
            why="the files that had them were purged, or changed since",
            state="What is there now stays.",
            remedy="Put them back in the Dashboard from a copy of your own; a resume or another undo does not do it.",
        )
    return {**found, **json.loads(content)}


def forget_before(journal: Journal, place: str) -> None:
    """It is put back: another change of this run begins anew."""
    found = journal.recall(FACT + place)
    journal.remember(FACT + place, None)
    if journal.folder is not None and isinstance(found, dict) and KEPT in found:
        (journal.folder / found[KEPT]).unlink(missing_ok=True)


def lost_before(journal: Journal, kind: str = "") -> list[str]:
    """What cannot be put back any more, in words; `kind` is how its place begins, such as `cutover`."""
    return [
        f"{_in_words(place)}: the files that had them were purged"
        for key, found in journal.facts().items()
        if (place := key.removeprefix(FACT)).startswith(kind)
        and key.startswith(FACT)
        and isinstance(found, dict)
        and KEPT in found
        and _content(journal, place, found[KEPT]) is None
    ]


def purge_before(journal: Journal) -> int:
    """Take out of the journal what earlier versions have put there; returns how many places cannot be put back any more."""
    count = 0
    for key, found in journal.facts().items():
        if key.startswith(FACT) and isinstance(found, dict):
            private = {name: found[name] for name in PRIVATE if found.get(name)}
            if private:
                public = {name: value for name, value in found.items() if name not in private}
                journal.remember(key, {**public, KEPT: _name(key.removeprefix(FACT), json.dumps(private))})
            count += bool(private) or KEPT in found
    journal.shrink()
    return count


def _split(journal: Journal, place: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """What the journal is to hold, once the rest is safe in a file; in a journal without a folder, all of it."""
    private = {name: before[name] for name in PRIVATE if before.get(name)}
    if not private or journal.folder is None:
        return dict(before)
    content = json.dumps(private)
    name = _name(place, content)
    write_atomically(journal.folder / name, content)
    return {**{key: value for key, value in before.items() if key not in private}, KEPT: name}


def _in_words(place: str) -> str:
    kind, _, where = place.partition(":")
    return WORDS[kind].format(where)


def _name(place: str, content: str) -> str:
    return f"{FILE}{hashlib.sha256(f'{place}:{content}'.encode()).hexdigest()}.json"


def _content(journal: Journal, place: str, name: str) -> str | None:
    """What such a file has, if it is there and as it was written."""
    if journal.folder is None:
        return None
    try:
        content = (journal.folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return content if _name(place, content) == name else None
