"""Answers from the environment and from `--set`: one value for one key, written as in the file or as bare text.

    AUTH0_MIGRATE_CONNECTION__NAME=acme-users        [connection] name
    AUTH0_MIGRATE_PROFILE__COLUMNS='{ mail = "email" }'
    --set connection.name=acme-users

Names of variables are not case-sensitive. A value is read as TOML where that gives the type the key has, else as text.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from wizard.answers.problems import Problem
from wizard.answers.section import Section, keys, models

PREFIX = "AUTH0_MIGRATE_"


@dataclass(frozen=True, slots=True)
class Override:
    """One answer from outside the file; `origin` is the variable or the flag that gave it."""

    origin: str
    path: tuple[str, ...]
    value: Any


def from_environment(environment: Mapping[str, str], sections: Sequence[type[Section]]) -> list[Override]:
    """The answers among the environment variables; those without a double underscore are none."""
    found = []
    for name, text in sorted(environment.items()):
        if name.upper().startswith(PREFIX) and "__" in name[len(PREFIX) :]:
            path = tuple(name[len(PREFIX) :].lower().split("__"))
            found.append(Override(name, path, _value(text, path, sections)))
    return found


def from_flags(flags: Iterable[str], sections: Sequence[type[Section]]) -> tuple[list[Override], list[Problem]]:
    """The answers given with `--set TABLE.KEY=VALUE`; a later flag wins."""
    found, problems = [], []
    for number, flag in enumerate(flags, start=1):
        name, equals, text = flag.partition("=")
        path = _key_path(name) if equals else ()
        if len(path) < 2:
            place = f"--set {name.strip()}" if path else f"--set number {number}"
            remedy = "write --set TABLE.KEY=VALUE, for example --set connection.name=acme-users."
            problems.append(Problem(place, None, "", "", "is not of the form TABLE.KEY=VALUE", remedy))
        else:
            found.append(Override(f"--set {name.strip()}", path, _value(text, path, sections)))
    return found, problems


def lay_over(tables: dict[str, Any], overrides: Iterable[Override]) -> dict[str, Any]:
    """Copy the tables with each override in its place."""
    merged = dict(tables)
    for override in overrides:
        merged = _with(merged, override.path, override.value)
    return merged


def _with(table: Any, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, rest = path[0], path[1:]
    kept = dict(table) if isinstance(table, dict) else {}
    kept[first] = _with(kept.get(first), rest, value) if rest else value
    return kept


def _key_path(name: str) -> tuple[str, ...]:
    """Split a key as TOML does (`a."b.c"`); () if it is none."""
    try:
        value: Any = tomllib.loads(f"{name} = 0") if "\n" not in name else {}
    except tomllib.TOMLDecodeError:
        return ()
    path: tuple[str, ...] = ()
    while isinstance(value, dict) and len(value) == 1:
        [(key, value)] = value.items()
        path = (*path, key)
    return path


def _value(text: str, path: tuple[str, ...], sections: Sequence[type[Section]]) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
        value = parsed["value"] if len(parsed) == 1 else text
    except tomllib.TOMLDecodeError:
        return text
    if isinstance(value, date | datetime | time):
        return text  # the file's types take a date as text too, and a text keeps its spelling
    return text if not _fits(value, path, sections) and _fits(text, path, sections) else value


def _fits(value: Any, path: tuple[str, ...], sections: Sequence[type[Section]]) -> bool:
    """Whether the key at this path could hold the value, going by its type alone."""
    for annotation in _annotations(path, sections):
        try:
            TypeAdapter(annotation).validate_json(json.dumps(value, default=str), strict=True)
        except (ValidationError, PydanticSchemaGenerationError):
            continue
        return True
    return False


def _annotations(path: tuple[str, ...], sections: Sequence[type[Section]]) -> Iterator[Any]:
    reached: list[type[BaseModel]] = [section for section in sections if section.table == path[0]]
    for key in path[1:-1]:
        reached = [part for model in reached if key in keys(model) for part in models(keys(model)[key].annotation)]
    for model in reached:
        if path[-1] in keys(model):
            yield keys(model)[path[-1]].annotation
