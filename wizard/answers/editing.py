"""Changes single values of a TOML text and leaves every other character as its author wrote it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import AoT, InlineTable, Item, Table

from wizard.answers.given import Answers, canonical, plain
from wizard.answers.section import Section, heading, parts, validated


def edited(text: str, present: Mapping[str, Any], answers: Answers, *, afresh: bool) -> str:
    """The text with the values of the answers.

    Args:
        text: Valid TOML.
        present: The same, parsed.
        answers: Every section of it gets its values; other tables are not touched.
        afresh: Write each section that differs anew, at the end, without its comments.
    """
    document = tomlkit.parse(text)
    for section in answers:
        now = _read(type(section), present.get(section.table, {}))
        if now is not None and canonical(plain(now)) == canonical(plain(section)):
            continue
        table = document.get(section.table)
        if isinstance(table, MutableMapping) and not afresh:
            _edit_model(table, section, now)
            continue
        if table is not None:
            document.remove(section.table)
        added = _new_table(plain(section))
        added.trivia.indent = f"\n# {heading(type(section))}\n"
        document.add(section.table, added)
    return tomlkit.dumps(document)


def _read(kind: type[Section], values: Any) -> Section | None:
    """The section that the file holds now; None if it is not valid."""
    try:
        return validated(kind, values) if isinstance(values, Mapping) else None
    except ValidationError:
        return None


def _edit_model(table: MutableMapping[str, Any], wanted: BaseModel, now: BaseModel | None) -> None:
    known = parts(wanted)
    before = parts(now) if now is not None else {}
    for key in [key for key in table if key not in known]:
        del table[key]
    for key, (value, _) in known.items():
        old = before[key][0] if key in before else None
        if old is not None and canonical(plain(old)) == canonical(plain(value)):
            continue
        _put(table, key, value, old)


def _put(table: MutableMapping[str, Any], key: str, value: Any, old: Any) -> None:
    """Set one key, going into tables rather than replacing them."""
    inner = table.get(key)
    if value is None:
        table.pop(key, None)
    elif isinstance(value, BaseModel) and isinstance(inner, MutableMapping):
        _edit_model(inner, value, old if type(old) is type(value) else None)
    elif isinstance(value, Mapping) and isinstance(inner, MutableMapping):
        _edit_mapping(inner, value)
    else:
        table[key] = (_inline if isinstance(table, InlineTable) else _new)(plain(value))


def _edit_mapping(table: MutableMapping[str, Any], wanted: Mapping[Any, Any]) -> None:
    values = {str(plain(key)): value for key, value in wanted.items()}
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        if key not in table or isinstance(table[key], MutableMapping) or not _same(table[key], value):
            _put(table, key, value, None)


def _same(item: Any, value: Any) -> bool:
    return canonical(item.unwrap() if isinstance(item, Item) else item) == canonical(plain(value))


def _new(value: Any) -> Any:
    """The plain value as tomlkit holds it."""
    if isinstance(value, dict):
        return _new_table(value)
    if value and isinstance(value, list) and all(isinstance(part, dict) for part in value):
        return AoT([_new_table(part) for part in value])
    return tomlkit.item(value)


def _new_table(values: Mapping[str, Any]) -> Table:
    """A table with its own keys before its sub-tables, which would swallow keys that follow them."""
    table = tomlkit.table()
    made = {key: _new(value) for key, value in values.items()}
    for last in (False, True):
        for key, value in made.items():
            if isinstance(value, Table | AoT) is last:
                table.add(key, value)
    return table


def _inline(value: Any) -> Any:
    """The same inside braces, where no table of its own line can stand."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, part in value.items():
            table.add(key, _inline(part))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for part in value:
            array.append(_inline(part))
        return array
    return tomlkit.item(value)
