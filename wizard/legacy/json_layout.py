"""How a JSON file that is no plain list of users keeps them, told by its beginning."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

Layout = Literal["list", "sequence", "map", "realms", "table"]
"""A list, alone or in an object; objects one after another; an object with a user a key; Keycloak's export of all realms; a
table of phpMyAdmin."""

ENOUGH = 0.8
"""Share of the members looked at that must look like users."""

LOOKED_AT = 50

_MEMBER = re.compile(r'\s*,?\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_REALMS = re.compile(r'\s*\[\s*\{\s*(?:"id"\s*:\s*"[^"]*"\s*,\s*)?"realm"\s*:\s*"')
_TABLE = re.compile(r'\s*\[\s*\{\s*"type"\s*:\s*"header"')
_LOGIN = frozenset({"username", "login", "user_login"})


def layout_of(text: str) -> Layout:
    """The layout of the file that begins with this text.

    Source: Keycloak's RealmRepresentation, whose first members are id and realm; phpMyAdmin's plugin "Export to JSON", which
    writes a header, the database, and each table with its rows in data; MongoDB docs, mongoexport --pretty.
    """
    if _REALMS.match(text):
        return "realms"
    if _TABLE.match(text):
        return "table"
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] != "{":
        return "list"
    if is_map_of_users(members_of(text)) or member_of_users(text)[0]:
        return "map"
    try:
        first, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return "list"
    rest = text[end:].lstrip()
    return "sequence" if rest.startswith("{") or (not rest and is_user(first) and not lists_in(first)) else "list"


def member_of_users(text: str) -> tuple[str, int]:
    """The member of the object that the text begins with under which users are kept by key, and where its value begins.

    The member is "" if there is none, the object is a user itself, or it has a list that may be of users.
    """
    from wizard.legacy.json import LISTS

    found, at, decoder = ("", 0), text.find("{") + 1, json.JSONDecoder()
    while name := _MEMBER.match(text, at):
        named, begin = str(json.loads(name[1])), text[name.end() : name.end() + 1]
        if (named in LISTS and begin == "[") or is_user({named: None}) or named.lower() in _LOGIN:
            return "", 0
        if named in ("users", "Users") and begin == "{" and is_map_of_users(members_of(text, name.end()), fewest=1):
            found = named, name.end()
        try:
            _, at = decoder.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break
    return found


def members_of(text: str, start: int = 0) -> dict[str, Any]:
    """The first members of the object that begins there in the text; it may be cut off."""
    at, found, decoder = text.find("{", start) + 1, dict[str, Any](), json.JSONDecoder()
    while len(found) < LOOKED_AT and (name := _MEMBER.match(text, at)):
        try:
            found[json.loads(name[1])], at = decoder.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break
    return found


def is_map_of_users(members: dict[str, Any], *, fewest: int = 2) -> bool:
    """Whether each member is an object, and nearly all have what a user logs in with."""
    values = list(members.values())
    if len(values) < fewest or not all(isinstance(value, dict) for value in values):
        return False
    fitting = sum(any("mail" in key.lower() or key.lower() in _LOGIN for key in value) for value in values)
    return fitting / len(values) >= ENOUGH


def key_column(members: dict[str, Any]) -> str:
    """The column for the keys of a map; its users may have one of that name."""
    return "_key" if any("key" in value for value in members.values() if isinstance(value, dict)) else "key"


def is_user(value: dict[str, Any]) -> bool:
    """Whether an object by itself is a user."""
    return "_id" in value or any("mail" in key.lower() for key in value)


def holds_users(columns: Sequence[str]) -> bool:
    """Whether objects with these columns may be users: they have what one logs in with."""
    return any("mail" in column.lower() or column.rpartition(".")[2].lower() in _LOGIN for column in columns)


def lists_in(value: dict[str, Any]) -> list[str]:
    """Members that are lists of objects under a name for users, or empty."""
    from wizard.legacy.json import LISTS

    return [
        name
        for name, part in value.items()
        if name in LISTS and isinstance(part, list) and (not part or isinstance(part[0], dict))
    ]
