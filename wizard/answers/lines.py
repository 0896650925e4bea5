"""On which line of a TOML text each key stands, for messages; the parser of the standard library does not say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
"""Where a value is: keys of tables, and indices (from 0) of arrays."""


def lines_of(text: str) -> dict[Path, int]:
    """Map every table and key of a valid TOML text to its line, from 1.

    A statement is the shortest run of lines that parses alone, so no rule of TOML's grammar is repeated here.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    lengths: dict[Path, int] = {}
    for number, statement in _statements(text):
        if statement.lstrip().startswith("["):
            table = _open(tomllib.loads(statement), lengths)
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        else:
            for path in _paths(tomllib.loads(statement)):
                found.setdefault((*table, *path), number)
    return found


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of this value, or of the closest table around it."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    kept: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        kept.append(line)
        statement = "\n".join(kept)
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if parsed:
            yield number - len(kept) + 1, statement
        kept = []


def _open(header: dict[str, Any], lengths: dict[Path, int]) -> Path:
    """The place that a table header opens; `lengths` counts the tables of each array seen so far."""
    path: Path = ()
    value: Any = header
    while value:
        if isinstance(value, list):
            lengths[path] = lengths.get(path, 0) + 1
            path, value = (*path, lengths[path] - 1), value[0]
        else:
            [(key, value)] = value.items()
            path = (*path, key)
            if path in lengths and not isinstance(value, list):
                path = (*path, lengths[path] - 1)
    return path


def _paths(value: Any, prefix: Path = ()) -> Iterator[Path]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*prefix, key)
        yield from _paths(part, (*prefix, key))
