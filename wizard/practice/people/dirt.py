"""Every kind of dirt that real stores hold, as changes to an invented person; keyed by the code of the reject it becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.practice.people.invented import Person

LARGE = "profile_large"
"""No reject: a profile over 10 KB, which Auth0 takes with a warning."""
RAGGED = "ragged_row"
UNDECODABLE = "undecodable"
FILE_ONLY = frozenset((RAGGED, UNDECODABLE))

UNREADABLE = "\udcff\udcfe"
"""Two bytes that are not UTF-8, as `surrogateescape` writes them."""


@dataclass(frozen=True)
class Kind:
    """How a row becomes dirty: the person and the turn (from 0) give the dirty person; duplicates come in pairs."""

    soil: Callable[[Person, int], Person]
    rows: int = 1


def _one_of(field: str, values: Sequence[str]) -> Kind:
    def soil(person: Person, turn: int) -> Person:
        changes: dict[str, Any] = {field: values[turn % len(values)]}
        return replace(person, **changes)

    return Kind(soil)


def _pair(field: str, values: tuple[str, str]) -> Kind:
    def soil(person: Person, turn: int) -> Person:
        changes: dict[str, Any] = {field: values[turn % 2].format(turn // 2 + 1)}
        return replace(person, **changes)

    return Kind(soil, rows=2)


def _broken_value(person: Person, turn: int) -> Person:
    if turn % 4 == 3:
        return replace(person, preferences='{"theme": ')
    return replace(person, birth_date=("31.02.1999", "0000-00-00", "soon")[turn % 4])


KINDS: Mapping[str, Kind] = {
    "email_missing": _one_of("email", ("", " ")),
    "email_invalid": _one_of(
        "email",
        ("kim at example.com", "kim@", "@example.com", "kim@@example.com", "kim@example..com", "k im@example.com"),
    ),
    "duplicate_email": _pair("email", ("Twin{}@example.com", "twin{}@EXAMPLE.com")),
    "duplicate_user_id": _pair("id", ("twin{}", "twin{}")),
    RAGGED: Kind(lambda person, turn: person),
    "phone_number_invalid": _one_of("phone", ("n/a", "+000 123", "12", "ask reception")),
    "username_invalid": _one_of("username", ("kim lee", "kïm", "<kim>", "kim/lee")),
    "username_too_long": _one_of("username", ("abcdefghijklmnopqrstuvwxyz",)),
    "value_invalid": Kind(_broken_value),
    "metadata_key_forbidden": _one_of("preferences", ('{"theme.colour": "red"}', '{"$where": "1"}')),
    UNDECODABLE: _one_of("last_name", ("M" + UNREADABLE + "ller",)),
    "given_name_too_long": _one_of("first_name", ("Nebuchadnezzar " * 11,)),
    "boolean_invalid": _one_of("email_verified", ("maybe", "unknown")),
    "user_id_missing": _one_of("id", ("", "  ")),
    "email_too_long": _one_of("email", ("k" * 65 + "@example.com",)),
    "control_character": _one_of("last_name", ("Bell\x07", "Null\x1b[31m")),
    "duplicate_username": _pair("username", ("Twin{}", "twin{}")),
    LARGE: _one_of("preferences", (json.dumps({"theme": "dark", "biography": "Once upon a time. " * 700}),)),
}


def ragged(person: Person, turn: int) -> list[str]:
    """Too few cells, or one too many."""
    return [*person.row, "left over"] if turn % 2 else person.row[:-2]
