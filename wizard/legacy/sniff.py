"""Tell by the beginning of a file how its users are written, where it speaks for itself."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import orjson

from wizard.errors import SourceError
from wizard.legacy.json_layout import (
    DEEPEST,
    LISTS,
    OTHER_LISTS,
    is_map_of_users,
    is_user,
    lists_in,
    member_of_users,
)
from wizard.legacy.opened import opened

LOOK = 1 << 20
_LDIF = re.compile(r"\s*(?:#[^\n]*\n(?: [^\n]*\n)*|\s)*(?:version:\s*\d|dn::?\s)", re.IGNORECASE)
_ARRAY = re.compile(r"\s*\[\s*[\[{\]]")
_OF_A_USER = frozenset({"id", "_id", "user_id", "userid", "username", "uid"})
_OBJECT = re.compile(r'\s*\{\s*["}]')


def kind_of_file(path: Path) -> str:
    """json, ndjson or ldif by its first characters; csv for everything else, also what cannot be read."""
    try:
        with opened(path) as file:
            head = file.read(LOOK)
    except SourceError:
        return "csv"  # which says what is wrong
    text = text_of(head)
    if _ARRAY.match(text):
        return "json"
    if _OBJECT.match(text):
        return _one_or_many(text)
    return "ldif" if _LDIF.match(text) else "csv"


def beginning_of(path: Path) -> str:
    """The first megabyte as text; empty if it cannot be read."""
    try:
        with opened(path) as file:
            return text_of(file.read(LOOK))
    except SourceError:
        return ""


def _one_or_many(text: str) -> str:
    """One object that holds a list, or one object a line."""
    line, _, rest = text.lstrip().partition("\n")
    try:
        first = orjson.loads(line)
    except ValueError:
        return "json"
    return "json" if not rest.strip() and _holds_users(first) else "ndjson"


def _holds_users(value: dict[str, Any]) -> bool:
    """Whether an object holds a list or a map of users; a user may have lists too."""
    named = lists_in(value)
    if (
        "users" in named
        or "Users" in named
        or is_map_of_users(value)
        or member_of_users(orjson.dumps(value).decode())[0]
    ):
        return True
    holds_list = any(isinstance(part, list) and part and isinstance(part[0], dict) for part in value.values())
    return not is_user(value) and (bool(named) or holds_list or _wraps_list(value))


def _wraps_list(value: dict[str, Any]) -> bool:
    """Whether an object that is no user holds a list of users further down."""
    if any("mail" in key.lower() or key.lower() in _OF_A_USER for key in value):
        return False
    level = [value]
    for _ in range(DEEPEST):
        members = [member for each in level for member in each.items()]
        if any(
            name in (*LISTS, *OTHER_LISTS) and isinstance(part, list) and part[:1] and isinstance(part[0], dict)
            for name, part in members
        ):
            return True
        level = [part for _, part in members if isinstance(part, dict)]
    return False


def text_of(head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(name, "replace")
    if head[1:2] == b"\0" or head[:1] == b"\0":
        return head.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace")
    return head.decode("utf-8", "replace")
