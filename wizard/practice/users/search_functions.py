"""What SQL asks Python about a user while searching: values inside metadata, and defaults that are not stored."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from wizard.practice.users.defaults import nickname_of, picture_of


def register(db: sqlite3.Connection) -> None:
    """Give the connection the functions that `search_sql` uses."""
    db.create_function("fold", 1, fold, deterministic=True)
    db.create_function("nickname_of", 1, nickname_of, deterministic=True)
    db.create_function("picture_of", 3, picture_of, deterministic=True)
    db.create_function("metadata_matches", 3, metadata_matches, deterministic=True)
    db.create_function("metadata_matches", 4, metadata_matches, deterministic=True)


def fold(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def metadata_matches(profile: str, field: str, test: str, value: str = "") -> bool:
    """Say whether any value at `app_metadata.a.b` passes; arrays on the way and at the end are looked into.

    Args:
        test: `exists`, `is` (text of the value), `like` (a GLOB pattern) or `within` (JSON of low, sign, high, sign).
    """
    found = values_at(profile, field)
    if test == "exists":
        return any(True for _ in found)
    if test == "is":
        return any(_is(each, value) for each in found)
    if test == "like":
        return any(isinstance(each, str) and _globbed(value).fullmatch(each) is not None for each in found)
    low, low_sign, high, high_sign = orjson.loads(value)
    return any(_holds(each, low_sign, low) and _holds(each, high_sign, high) for each in found)


def values_at(profile: str, field: str) -> Iterator[str | float | bool]:
    """Yield the scalars at a path; null, empty arrays and empty objects are not indexed."""
    parts = [orjson.loads(profile)]
    for key in field.split("."):
        parts = [below[key] for part in parts for below in _objects(part) if key in below]
    for part in parts:
        yield from _scalars(part)


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    elif isinstance(part, list):
        for item in part:
            yield from _objects(item)


def _scalars(part: Any) -> Iterator[str | float | bool]:
    if isinstance(part, (str, int, float)):
        yield part
    elif isinstance(part, (list, dict)):
        for item in part.values() if isinstance(part, dict) else part:
            yield from _scalars(item)


def _is(found: str | float | bool, asked: str) -> bool:
    if isinstance(found, bool):
        return asked == ("true" if found else "false")
    if isinstance(found, str):
        return found == asked
    return found == _figure(asked)


def _holds(found: str | float | bool, sign: str, bound: str | None) -> bool:
    if bound is None:
        return True
    if isinstance(found, bool):
        return False
    left, right = (found, bound) if isinstance(found, str) else (found, _figure(bound))
    if right is None:
        return False
    smaller, larger = left < right, left > right  # type: ignore[operator]  # both texts or both numbers
    return {">": larger, ">=": not smaller, "<": smaller, "<=": not larger}[sign]


def _figure(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _globbed(glob: str) -> re.Pattern[str]:
    """Compile a GLOB pattern with literals in brackets, the one form `search_sql` writes."""
    parts = re.split(r"(\[.\]|\*|\?)", glob, flags=re.DOTALL)
    words = {"*": ".*", "?": "."}
    return re.compile(
        "".join(
            words.get(part) or re.escape(part[1] if re.fullmatch(r"\[.\]", part, re.S) else part) for part in parts
        ),
        re.DOTALL,
    )
