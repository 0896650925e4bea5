"""Whether a user in Auth0 is the user that was prepared: field by field, by Auth0's own rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wizard.doorway.guards import FLAGS as NOTES_OF_GUARDS

FLAGS = ("email_verified", "phone_verified", "blocked")
"""True or false; absent means false on both sides, as Auth0 fills them in."""

TEXTS = ("email", "username", "phone_number", "given_name", "family_name", "name", "nickname", "picture")
LOWERED = frozenset({"email", "username"})
"""Texts that Auth0 stores in lower case."""

OBJECTS = ("user_metadata", "app_metadata")

FIELDS = FLAGS + TEXTS + OBJECTS
"""What can be compared. Hashes and second factors are in no export; of user_id only the match itself is checked."""

ID_TAKEN = "id_taken"
"""The status of a prepared user that is not in Auth0 as its id is that of another user, whose fields differ."""

DUPLICATE = "duplicate"
"""What a prepared user was refused as that is missing though Auth0 said it had it already."""

THERE_BEFORE = "there_before"
"""In a copy of the list of rejects: the user is in the connection, and was so before anybody could move."""

Cells = Mapping[str, str | None]
"""One user as the comparison reads it: flags as `true` or `false`, texts as they are, objects as JSON text; None if absent."""


def differences(prepared: Cells, stored: Cells) -> list[str]:
    """Name the fields of a prepared user that Auth0 holds otherwise.

    A text or object that was not given may be anything: Auth0 fills in name, nickname and picture, and what was there
    before stays. An empty object that was given may be absent. What the migration's own guards note in app_metadata at a
    login is no part of the profile.
    Source: Auth0 docs, "Bulk User Import Database Schema and Examples".
    """
    return [name for name in FIELDS if not _same(name, prepared.get(name), stored.get(name))]


def finding(user_id: str, file: str, pairs: list[tuple[Any, ...]]) -> dict[str, Any] | None:
    """The line of `verify.ndjson` for a prepared user and every user it was matched with; None if nothing differs."""
    names, found_as, status = set[str](), None, "different"
    for _, _, stored_id, elsewhere, taken, *cells in pairs:
        half = len(cells) // 2
        names.update(differences(_cells(cells[:half]), _cells(cells[half:])))
        if elsewhere:
            names.add("user_id")
            found_as = stored_id
        if taken:
            status = ID_TAKEN
    if not names:
        return None
    line: dict[str, Any] = {"user_id": user_id, "status": status, "file": file}
    line["fields"] = [name for name in ("user_id", *FIELDS) if name in names]
    return line if found_as is None else {**line, "found_as": found_as}


def _cells(values: Sequence[Any]) -> dict[str, str | None]:
    """One side of a pair: a number with a bit for each flag, then texts and objects."""
    flags, *texts = values
    cells: dict[str, str | None] = {name: "true" if flags >> n & 1 else None for n, name in enumerate(FLAGS)}
    return cells | dict(zip(FIELDS[len(FLAGS) :], texts, strict=True))


def _same(name: str, given: str | None, stored: str | None) -> bool:
    if name in FLAGS:
        return (given == "true") == (stored == "true")
    if given is None or given == stored:
        return True
    if name in OBJECTS:
        return same_json(given, stored if stored is not None else "{}", but=NOTES_OF_GUARDS)
    return name in LOWERED and stored is not None and given.lower() == stored.lower()


def same_json(left: str, right: str, *, but: Sequence[str] = ()) -> bool:
    """Whether two JSON texts mean the same, whatever the order of keys and the spelling of numbers.

    Whole numbers count in full, so a number past 2**53 that came back rounded is a difference. JSON that is nested too
    deeply to be read is the same only if the texts are equal.

    Args:
        but: Keys of the right object that do not count where the left one has none of that name.
    """
    try:
        one, other = json.loads(left), json.loads(right)
        if isinstance(one, dict) and isinstance(other, dict):
            other = {key: value for key, value in other.items() if key in one or key not in but}
        return _same_value(one, other)
    except RecursionError:
        return left == right


def _same_value(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        if not isinstance(right, dict) or left.keys() != right.keys():
            return False
        return all(_same_value(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(map(_same_value, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
