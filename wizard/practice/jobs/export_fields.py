"""The lines of an export file: which fields, under which names, as JSON or CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

DEFAULT_FIELDS = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "blocked",
    "identities",
    "created_at",
    "updated_at",
    "last_login",
    "last_ip",
    "logins_count",
    "last_password_reset",
)
"""What an export without `fields` holds: the profile without metadata, which has to be asked for by name."""

DATES = frozenset({"created_at", "updated_at", "last_login", "last_password_reset"})
NOTHING = object()

Fields = Sequence[dict[str, str]] | None
_step = re.compile(r"[^.\[\]]+")


def json_line(fields: Fields) -> Callable[[dict[str, Any]], bytes]:
    """Return what turns a profile into a line of NDJSON; a user's missing fields are left out of the line."""
    readers = _readers(fields)

    def line(profile: dict[str, Any]) -> bytes:
        found = ((name, read(profile)) for name, read in readers)
        return orjson.dumps({name: value for name, value in found if value is not NOTHING}) + b"\n"

    return line


def csv_header(fields: Fields) -> bytes:
    return ",".join(f'"{_doubled(name)}"' for name, _ in _readers(fields)).encode() + b"\n"


def csv_line(fields: Fields) -> Callable[[dict[str, Any]], bytes]:
    """Return what turns a profile into a line of CSV; strings start with a single quote, against formula injection.

    Source: Auth0 docs, "Bulk Export User Data": escaping of strings; dates that Auth0 wrote are left alone.
    """
    readers = _readers(fields)

    def line(profile: dict[str, Any]) -> bytes:
        return (",".join([_cell(name, read(profile)) for name, read in readers]) + "\n").encode()

    return line


def _readers(fields: Fields) -> list[tuple[str, Callable[[dict[str, Any]], Any]]]:
    asked = fields if fields else [{"name": name} for name in DEFAULT_FIELDS]
    return [(each.get("export_as", each["name"]), _reader(each["name"])) for each in asked]


def _reader(path: str) -> Callable[[dict[str, Any]], Any]:
    """Return what finds `identities[0].connection` or `user_metadata.country` in a profile."""
    steps = _step.findall(path)
    if steps == [path]:
        return lambda profile: profile.get(path, NOTHING)

    def read(profile: dict[str, Any]) -> Any:
        value: Any = profile
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return NOTHING
        return value

    return read


def _cell(name: str, value: Any) -> str:
    if value is NOTHING or value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if name in DATES else f'"\'{_doubled(text)}"'


def _doubled(text: str) -> str:
    return text.replace('"', '""')
