"""An answers file to fill in: every table and key with what it means, its default and an example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wizard.answers.examples import bare_or_quoted, example, inline
from wizard.answers.reading import VERSION
from wizard.answers.section import Section, choices, heading, is_secret, keys, models

WIDTH = 110

OPENING = f"""\
# Answers of auth0-migrate.
#
# A line that starts with "# " explains; a line that starts with "#" alone is a key to uncomment: remove the "#" and
# write your value. Keys marked "Required" must be written; the others show their default or an example.
# Secrets are never written here, only named: "keyring:NAME" (stored with `auth0-migrate secrets set NAME`) or
# "env:NAME" (an environment variable).
#
# For completion and checks in an editor: `auth0-migrate answers schema --out answers.schema.json`, and the first line
# of this file must be: #:schema ./answers.schema.json

version = {VERSION}
"""


Found = Mapping[str, Any]
Remarks = Mapping[str, str]


def template(
    sections: Sequence[type[Section]],
    found: Mapping[str, Found] | None = None,
    remarks: Mapping[str, Remarks] | None = None,
) -> str:
    """The text of a commented answers file for these sections; valid TOML as it is, complete once its keys are filled.

    Args:
        found: Values known already, plain, by table and key: written where the example would stand.
        remarks: What else to say of a key, by table and key: how its value is known, or why it is not; in lines.
    """
    known, told = found or {}, remarks or {}
    parts = (
        "\n".join([*_section(section, known.get(section.table, {}), told.get(section.table, {})), ""])
        for section in sections
    )
    return "\n".join([OPENING, *parts])


def _section(section: type[Section], found: Found, remarks: Remarks) -> Iterator[str]:
    optional = not any(field.is_required() for field in section.model_fields.values())
    yield from _comment(f"{heading(section).rstrip('.')}.{' All of it may be left out.' if optional else ''}")
    yield f"[{section.table}]"
    yield from _model(section, (section.table,), found, remarks)
    for model, names in _written_either_way(section).items():
        yield ""
        yield from _comment(f"Instead of text, {', '.join(names)} may be a table with these keys:")
        for key, field in keys(model).items():
            yield f"#   {bare_or_quoted(key)} = {_shown(key, field)}"
            yield from _comment(_told(key, field), indent="#       ")


def _model(
    model: type[BaseModel], path: tuple[str, ...], found: Found, remarks: Remarks, mark: str = ""
) -> Iterator[str]:
    """The keys of a table, then the tables inside it; `mark` is "#" where a table itself is commented out."""
    inner = {key: field for key, field in keys(model).items() if key not in found and _nested(field.annotation)}
    for key, field in keys(model).items():
        if key not in inner:
            yield from _comment(_told(key, field))
            for line in remarks.get(key, "").splitlines():
                yield from _comment(line)
            yield (
                f"{bare_or_quoted(key)} = {inline(found[key])}"
                if key in found
                else f"#{bare_or_quoted(key)} = {_shown(key, field)}"
            )
    for key, field in inner.items():
        for number, (header, kind) in enumerate(_nested(field.annotation)):
            name = header.format(".".join(map(bare_or_quoted, (*path, key))))
            marked = mark or ("" if field.is_required() and len(_nested(field.annotation)) == 1 else "#")
            yield ""
            yield from _comment(_told(key, field) if number == 0 else "Or:")
            yield f"{marked}{name}"
            yield from _model(kind, (*path, key), {}, {}, marked)


def _nested(annotation: Any) -> list[tuple[str, type[BaseModel]]]:
    """The models that are written as tables of their own, each with the form of its header.

    None where the value may be something else than a table: such a value is shown on one line.
    """
    found = []
    for part in (part for part in choices(annotation) if part is not type(None)):
        inner, header = part, "[{}]"
        if get_origin(part) in (list, tuple):
            inner, header = get_args(part)[0], "[[{}]]"
        elif get_origin(part) is dict:
            inner, header = get_args(part)[1], "[{}.NAME]"
        if len(models(inner)) < len(list(choices(inner))):
            return []
        found += [(header, model) for model in models(inner)]
    return found


def _written_either_way(model: type[BaseModel]) -> dict[type[BaseModel], list[str]]:
    """The models that stand for a text where more must be said, each with the keys that take one."""
    found: dict[type[BaseModel], list[str]] = {}
    for key, field in keys(model).items():
        nested = [inner for _, inner in _nested(field.annotation)]
        for kind in models(field.annotation) if not nested else ():
            found.setdefault(kind, []).append(key)
        for inner in nested:
            for kind, names in _written_either_way(inner).items():
                found.setdefault(kind, []).extend(f"{key}.{name}" for name in names)
    return found


def _told(key: str, field: FieldInfo) -> str:
    """Title, description, and what may be written, as sentences."""
    title = field.title or key.replace("_", " ").capitalize()
    sentences = [f"{title}: {field.description}" if field.description else title]
    allowed = [inline(value) for value in _allowed(field.annotation)]
    if allowed:
        others = sum(part is not type(None) for part in choices(field.annotation)) > 1
        sentences.append(f"{'Or one' if others else 'One'} of {', '.join(allowed)}")
    if is_secret(field) and "keyring:" not in sentences[0]:
        sentences.append("Names a secret, never holds it: keyring:NAME or env:NAME")
    if field.is_required():
        sentences.append("Required")
    elif _default(field) is None:
        sentences.append("Optional")
    elif _default(field) in ("", [], (), {}):
        sentences.append("Empty by default")
    return " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)


def _shown(key: str, field: FieldInfo) -> str:
    default = None if field.is_required() else _default(field)
    return example(key, field) if default in (None, "", [], (), {}) else inline(default)


def _default(field: FieldInfo) -> Any:
    if field.default_factory is not None and field.default_factory_takes_validated_data:
        return None
    return field.get_default(call_default_factory=True)


def _allowed(annotation: Any) -> Iterator[Any]:
    for part in choices(annotation):
        if get_origin(part) is Literal:
            yield from get_args(part)
        elif isinstance(part, type) and issubclass(part, Enum):
            yield from (member.value for member in part)


def _comment(text: str, indent: str = "# ") -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
