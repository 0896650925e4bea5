"""Turns what pydantic says about a section into what an operator can act on."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from wizard.answers.examples import example, sample
from wizard.answers.lines import Path
from wizard.answers.problems import instead
from wizard.answers.section import NOT_A_REFERENCE, Section, choices, keys, models

TYPES = {
    "string_type": "must be text in quotes",
    "json_invalid": "has text with bytes that are not UTF-8",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list in [brackets]",
    "tuple_type": "must be a list in [brackets]",
    "set_type": "must be a list in [brackets]",
    "frozen_set_type": "must be a list in [brackets]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
"""Pydantic's types of error that say only that a value is of the wrong type."""

FORMS = {
    ("connection", "name"): "must be letters and digits, with single hyphens between them",
    ("profile", "user_id_prefix"): "must be 1 to 64 characters without white space",
    ("profile", "without_email"): "must be an address with a column in braces before the @, and a domain behind it",
    ("profile", "default_country"): "must be two capital letters",
}
"""What keys with a pattern want, by table and key."""

Complaint = tuple[Path, str, str]
"""Where (keys and indices below the table), what is wrong, and the remedy."""


def complaints(section: type[Section], values: dict[str, Any], error: ValidationError) -> list[Complaint]:
    """Say what is wrong with each key; several findings about one key become one."""
    found: dict[tuple[Path, str], list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        path = _path_in_file(detail, values)
        message, remedy = _told(section, path, detail)
        messages = found.setdefault((path, remedy), [])
        if message not in messages:
            messages.append(message)
    return [(path, " or ".join(messages), remedy) for (path, remedy), messages in found.items()]


def _path_in_file(detail: ErrorDetails, values: Any) -> Path:
    """Leave out what pydantic adds to a path for the branch of a union: it is in no file."""
    kept: list[str | int] = []
    last = len(detail["loc"]) - 1
    for index, part in enumerate(detail["loc"]):
        inside = dict(enumerate(values)) if isinstance(values, list) else values
        if isinstance(inside, dict) and part in inside:
            kept.append(part)
            values = inside[part]
        elif index == last and detail["type"] == "missing":
            kept.append(part)
    return tuple(kept)


def _told(section: type[Section], path: Path, detail: ErrorDetails) -> tuple[str, str]:
    owners = _models_at(section, path[:-1])
    known = list(dict.fromkeys(key for model in owners for key in keys(model)))
    key = str(path[-1]) if path else ""
    field = next((keys(model)[key] for model in owners if key in keys(model)), None)
    write = (
        f"write {key} = {example(key, field)}"
        if key
        else f"`auth0-migrate answers new` shows what [{section.table}] holds."
    )
    match detail["type"]:
        case "extra_forbidden":
            return "is not a known key", instead(key, known, what="the keys here are")
        case "missing":
            return "is missing", write
        case "union_tag_invalid" | "union_tag_not_found":
            return "is not of a form that this key can have", write
        case kind if kind == NOT_A_REFERENCE:
            return "must name a secret, not hold it", _reference_remedy(key, field)
        case "string_pattern_mismatch" if form := FORMS.get((section.table, key)):
            return form, write.replace("write ", "for example ", 1)
        case kind:
            return TYPES.get(kind) or _in_our_words(detail["msg"]), write.replace("write ", "for example ", 1)


def _models_at(section: type[Section], path: Path) -> list[type[BaseModel]]:
    """The models whose keys stand at this place of the file."""
    reached: list[type[BaseModel]] = [section]
    for part in path:
        fields = [keys(model)[str(part)] for model in reached if str(part) in keys(model)]
        if not isinstance(part, int) and fields:
            reached = [model for field in fields for model in _models_inside(field.annotation)]
    return reached


def _models_inside(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation allows, itself or as the members of a list or table."""
    found = models(annotation)
    for part in choices(annotation):
        for inner in get_args(part) if get_origin(part) is not Literal else ():
            found += _models_inside(inner)
    return found


def _in_our_words(message: str) -> str:
    for start in ("Input should be ", "Value should be "):
        if message.startswith(start):
            return "must be " + message.removeprefix(start)
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    for subject in ("String should ", "List should ", "Dictionary should ", "Tuple should ", "Set should "):
        if message.startswith(subject):
            return "must " + message.removeprefix(subject)
    return message[:1].lower() + message[1:] if message else "is not valid"


def _reference_remedy(key: str, field: FieldInfo | None) -> str:
    """How to name a secret, and how to store it."""
    name = str(sample(key, field)).rpartition(":")[2]
    return (
        f'store it with `auth0-migrate secrets set {name} --tenant DOMAIN` and write {key} = "keyring:{name}", '
        f'or write {key} = "env:{key.upper()}" and set that variable.'
    )
