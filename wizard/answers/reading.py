"""Reads answers: the file, then the environment, then flags; every problem is found before any is reported."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wizard.answers.complaints import complaints
from wizard.answers.given import Answers
from wizard.answers.lines import Path as KeyPath
from wizard.answers.lines import line_of, lines_of
from wizard.answers.overrides import Override, from_environment, from_flags, lay_over
from wizard.answers.problems import AnswersInvalid, Problem, instead
from wizard.answers.section import Section, keys, validated
from wizard.errors import UsageError

VERSION = 1


def load(
    path: Path | None,
    sections: Sequence[type[Section]],
    *,
    environment: Mapping[str, str],
    flags: Iterable[str] = (),
    required: Collection[type[Section]] | None = None,
    used: Collection[type[Section]] | None = None,
) -> Answers:
    """Read the answers of a run. Priority: flag, environment, file, default.

    Args:
        path: The answers file; None for a run from environment and flags alone.
        sections: All sections that may occur, in the order of the steps.
        environment: `AUTH0_MIGRATE_TABLE__KEY` variables count as answers; see `wizard.answers.overrides`.
        flags: `table.key=value`, as given with `--set`.
        required: Sections that must be answered; None for all that the others need. A section whose fields all have defaults may always be
            left out, and any section that is there must be right.
        used: Sections whose problems count; None for all. Any other that is not right, or not filled in yet, is left out.

    Raises:
        AnswersInvalid: with every problem found, or the one syntax error.
        UsageError: the file cannot be read.
    """
    text = read_text(path) if path else f"version = {VERSION}\n"
    given, problems = from_flags(flags, sections)
    overrides = [*from_environment(environment, sections), *given]
    return read(
        text,
        sections,
        name=str(path or "environment and flags"),
        overrides=overrides,
        required=required,
        used=used,
        problems=problems,
    )


def read(
    text: str,
    sections: Sequence[type[Section]],
    *,
    name: str = "answers.toml",
    overrides: Sequence[Override] = (),
    required: Collection[type[Section]] | None = None,
    used: Collection[type[Section]] | None = None,
    problems: Sequence[Problem] = (),
) -> Answers:
    """Read answers from the text of a file; `problems` are those found before, to be reported with the others.

    The rest is as for `load`.

    Raises:
        AnswersInvalid: with every problem found, or the one syntax error, or a version this program does not know.
    """
    tables = parse(text, name)
    places = _Places(name, lines_of(text), overrides)
    problems = [*problems, *_version(tables.pop("version", None), places)]
    return _checked(lay_over(tables, overrides), sections, places, required, problems, used)


def from_tables(
    tables: Mapping[str, Any],
    sections: Sequence[type[Section]],
    *,
    name: str = "answers",
    required: Collection[type[Section]] | None = None,
) -> Answers:
    """Read answers that were parsed already, a mapping for each table; without a version.

    Raises:
        AnswersInvalid: with every problem found.
    """
    return _checked(dict(tables), sections, _Places(name, {}), required, [])


def read_text(path: Path) -> str:
    """The text of the file; a byte order mark, as some editors write, is no part of it.

    Raises:
        UsageError: no such file, no permission, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        remedy = f"check the path, or start one: `auth0-migrate answers new --out {path}`."
        raise UsageError(f"There is no answers file {path}", remedy=remedy) from None
    except UnicodeDecodeError as error:
        remedy = "save the file as UTF-8."
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start + 1})", remedy=remedy) from None
    except OSError as error:
        remedy = "check that it is a file this account may read."
        raise UsageError(f"{path} cannot be read", why=error.strerror or "", remedy=remedy) from None


@dataclass(frozen=True)
class _Places:
    """Finds who gave an answer: a flag, a variable, or a line of the file."""

    file: str
    lines: dict[KeyPath, int]
    overrides: Sequence[Override] = field(default=())

    def problem(self, path: KeyPath, message: str, remedy: str) -> Problem:
        table, key = (str(path[0]) if path else "", ".".join(map(str, path[1:])))
        for override in reversed(self.overrides):
            shared = min(len(path), len(override.path))
            if len(path) > 1 and path[:shared] == override.path[:shared]:
                return Problem(override.origin, None, table, key, message, remedy)
        return Problem(self.file, line_of(self.lines, path), table, key, message, remedy)


def parse(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        AnswersInvalid: with line and column of the syntax error.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).rpartition(" (at ")
        line, column = _line_and_column(place.rstrip(")"), text)
        message = f"is not TOML at line {line}, column {column}: {what}"
        remedy = "correct the syntax there; text goes in quotes, tables in [brackets]."
        if not name.endswith(".toml") and not re.search(r"^\s*\[+[A-Za-z_.]+\]", text, re.MULTILINE):
            begin = f"auth0-migrate answers new --from {shlex.quote(name)} --out answers.toml"
            remedy = f"give a file of answers; if {name} holds the users, `{begin}` begins one."
        raise AnswersInvalid(name, [Problem(name, line, "", "", message, remedy)]) from None


def _line_and_column(place: str, text: str) -> tuple[int, int]:
    """Read "line 3, column 5"; the parser says "end of document" for the last place."""
    numbers = [int(word) for word in place.replace(",", " ").split() if word.isdigit()]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    lines = text.rstrip("\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _version(version: Any, places: _Places) -> list[Problem]:
    """Complain of no version; refuse a file of another version, whose other problems mean nothing here."""
    if type(version) is int and version == VERSION:
        return []
    if version is None:
        remedy = f"write `version = {VERSION}` at the top."
        return [Problem(places.file, 1, "", "version", "is missing", remedy)]
    message = f"is not one that this program knows; it knows {VERSION}"
    remedy = f"write `version = {VERSION}`, or use the program that wrote the file."
    line = line_of(places.lines, ("version",))
    raise AnswersInvalid(places.file, [Problem(places.file, line, "", "version", message, remedy)])


def _checked(
    tables: dict[str, Any],
    sections: Sequence[type[Section]],
    places: _Places,
    required: Collection[type[Section]] | None,
    problems: Sequence[Problem],
    used: Collection[type[Section]] | None = None,
) -> Answers:
    found = [*problems, *_unknown_tables(tables, [section.table for section in sections], places)]
    tables = _with_presets(tables, sections)
    kept = []
    for section in sections:
        needed = section.needed(tables) if required is None else section in required
        answered, wrong = _section(section, tables.get(section.table), places, needed=needed)
        kept += answered
        if used is None or section in used:
            found += wrong
    if found:
        raise AnswersInvalid(places.file, sorted(found, key=lambda problem: (problem.line is None, problem.line or 0)))
    return Answers(kept)


def _with_presets(tables: dict[str, Any], sections: Sequence[type[Section]]) -> dict[str, Any]:
    """Fill in what one table says about others. A table that has all its required keys stands for itself."""
    by_name = {section.table: section for section in sections}
    filled = dict(tables)
    for section in sections:
        values = tables.get(section.table)
        for name, preset in section.presets(values).items() if isinstance(values, dict) else ():
            given = filled.get(name, {})
            if name not in by_name or not isinstance(given, dict):
                continue
            required = {key for key, part in keys(by_name[name]).items() if part.is_required()}
            if not required or not required <= given.keys():
                filled[name] = {**preset, **given}
    return filled


def _unknown_tables(tables: dict[str, Any], known: Sequence[str], places: _Places) -> list[Problem]:
    found = []
    for name in (name for name in tables if name not in known):
        remedy = instead(name, known, what="the tables are")
        if isinstance(tables[name], dict):
            origin = next((item.origin for item in places.overrides if item.path[0] == name), places.file)
            line = line_of(places.lines, (name,))
            found.append(Problem(places.file if line else origin, line, name, "", "is not a known table", remedy))
        else:
            found.append(places.problem((name,), "is not a table", remedy))
    return found


def _section(
    section: type[Section], values: Any, places: _Places, *, needed: bool
) -> tuple[list[Section], list[Problem]]:
    optional = not any(part.is_required() for part in section.model_fields.values())
    if values in (None, {}) and not needed and not optional:  # the template writes the heads of all tables
        return [], []
    if values is None and not optional:
        wanted = ", ".join(name for name, part in section.model_fields.items() if part.is_required())
        remedy = f"add [{section.table}] with {wanted}; `auth0-migrate answers new` shows how."
        return [], [Problem(places.file, None, section.table, "", "is missing", remedy)]
    if values is not None and not isinstance(values, dict):
        remedy = f"write it as [{section.table}] with its keys below."
        return [], [places.problem((section.table,), "must be a table", remedy)]
    try:
        return [validated(section, values or {})], []
    except ValidationError as error:
        if values in (None, {}) and not needed:  # what all keys leave open is still to be asked
            return [], []
        told = complaints(section, values or {}, error)
        return [], [places.problem((section.table, *path), message, remedy) for path, message, remedy in told]
