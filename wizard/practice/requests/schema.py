"""JSON checked against a schema, with the words Auth0's validator uses.

Shapes are JSON Schema in the subset the practice tenant needs: type, enum, pattern, format, the size limits, items,
properties, required, additionalProperties and propertyNames.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a value: code (INVALID_TYPE, PATTERN...), Auth0's words, and where (`options.name`)."""

    code: str
    message: str
    path: str


def obj(
    properties: Mapping[str, Shape] | None = None,
    *required: str,
    more: bool | Shape = False,
    names: Shape | None = None,
    **limits: int,
) -> Shape:
    """An object; `more` says what other keys may hold, `names` what keys may look like."""
    shape: dict[str, Any] = {"type": "object", "properties": properties or {}, "additionalProperties": more}
    return shape | {"required": list(required)} | ({} if names is None else {"propertyNames": names}) | limits


def text(
    low: int | None = None, high: int | None = None, *, pattern: str | None = None, form: str | None = None
) -> Shape:
    limits = {"minLength": low, "maxLength": high, "pattern": pattern, "format": form}
    return {"type": "string"} | {name: limit for name, limit in limits.items() if limit is not None}


def number(low: float | None = None, high: float | None = None, kind: str = "integer") -> Shape:
    limits = {"minimum": low, "maximum": high}
    return {"type": kind} | {name: limit for name, limit in limits.items() if limit is not None}


def many(items: Shape, low: int | None = None, high: int | None = None) -> Shape:
    limits = {"minItems": low, "maxItems": high}
    return {"type": "array", "items": items} | {name: limit for name, limit in limits.items() if limit is not None}


def choice(*values: str | None) -> Shape:
    return {"enum": list(values)}


def nullable(shape: Shape) -> Shape:
    """The same shape, or null."""
    if "enum" in shape:
        return {**shape, "enum": [*shape["enum"], None]}
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    return {**shape, "type": [*kinds, "null"]}


FLAG: Shape = {"type": "boolean"}
ANYTHING: Shape = {}
OPEN: Shape = {"type": "object", "additionalProperties": True}

FORMATS: dict[str, Callable[[str], object]] = {
    "client-id": re.compile(r"[^\s/]{1,128}").fullmatch,
    "credential-id": re.compile(r"cred_[A-Za-z0-9]{16,}").fullmatch,
    "connection-realm": re.compile(r"[^\s]{1,128}").fullmatch,
    "email-or-empty": re.compile(r"|[^@\s]+@[^@\s]+").fullmatch,
    "url-or-empty": re.compile(r"|[A-Za-z][A-Za-z0-9+.-]*:\S+").fullmatch,
    "https-url-or-empty": re.compile(r"|https://\S+").fullmatch,
    "hostname": re.compile(
        r"(?!.{254})[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
    ).fullmatch,
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)").fullmatch,
}
"""Formats this module knows; a shape's format must be one of them."""


def problems(value: Any, shape: Shape, path: str = "") -> Iterator[Problem]:
    """Yield what is wrong with the value, outermost first."""
    found = kind_of(value)
    wanted = shape.get("type")
    if wanted is not None and not _is(found, wanted):
        named = wanted if isinstance(wanted, str) else ",".join(wanted)
        yield Problem("INVALID_TYPE", f"Expected type {named} but found type {found}", path)
        return
    if "enum" in shape and value not in shape["enum"]:
        yield Problem("ENUM_MISMATCH", f"No enum match for: {_shown(value)}", path)
    elif found == "string":
        yield from _text_problems(value, shape, path)
    elif found in {"integer", "number"}:
        yield from _number_problems(value, shape, path)
    elif found == "array":
        yield from _array_problems(value, shape, path)
    elif found == "object":
        yield from _object_problems(value, shape, path)


def kind_of(value: Any) -> str:
    """Name the JSON type of a value; whole numbers are integers however they were written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    kinds = {float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]


def _is(found: str, wanted: str | list[str]) -> bool:
    allowed = [wanted] if isinstance(wanted, str) else wanted
    return found in allowed or (found == "integer" and "number" in allowed)


def _text_problems(value: str, shape: Shape, path: str) -> Iterator[Problem]:
    length = len(value)
    if length < shape.get("minLength", 0):
        yield Problem("MIN_LENGTH", f"String is too short ({length} chars), minimum {shape['minLength']}", path)
    if length > shape.get("maxLength", length):
        yield Problem("MAX_LENGTH", f"String is too long ({length} chars), maximum {shape['maxLength']}", path)
    if "pattern" in shape and not _compiled(shape["pattern"]).search(value):
        yield Problem("PATTERN", f"String does not match pattern {shape['pattern']}", path)
    if "format" in shape and not FORMATS[shape["format"]](value):
        yield Problem("FORMAT", f"Object didn't pass validation for format {shape['format']}: {value}", path)


def _number_problems(value: float, shape: Shape, path: str) -> Iterator[Problem]:
    if value < shape.get("minimum", value):
        yield Problem("MINIMUM", f"Value {value} is less than minimum {shape['minimum']}", path)
    if value > shape.get("maximum", value):
        yield Problem("MAXIMUM", f"Value {value} is greater than maximum {shape['maximum']}", path)


def _array_problems(value: list[Any], shape: Shape, path: str) -> Iterator[Problem]:
    length = len(value)
    if length < shape.get("minItems", 0):
        yield Problem("ARRAY_LENGTH_SHORT", f"Array is too short ({length}), minimum {shape['minItems']}", path)
    if length > shape.get("maxItems", length):
        yield Problem("ARRAY_LENGTH_LONG", f"Array is too long ({length}), maximum {shape['maxItems']}", path)
    if shape.get("items"):
        for index, item in enumerate(value):
            yield from problems(item, shape["items"], _join(path, str(index)))


def _object_problems(value: dict[str, Any], shape: Shape, path: str) -> Iterator[Problem]:
    if len(value) < shape.get("minProperties", 0):
        message = f"Too few properties defined ({len(value)}), minimum {shape['minProperties']}"
        yield Problem("OBJECT_PROPERTIES_MINIMUM", message, path)
    if len(value) > shape.get("maxProperties", len(value)):
        message = f"Too many properties defined ({len(value)}), maximum {shape['maxProperties']}"
        yield Problem("OBJECT_PROPERTIES_MAXIMUM", message, path)
    for name in value if "propertyNames" in shape else ():
        yield from _text_problems(name, shape["propertyNames"], path)
    for name in shape.get("required", ()):
        if name not in value:
            yield Problem("OBJECT_REQUIRED", f"Missing required property: {name}", path)
    known: Mapping[str, Shape] = shape.get("properties", {})
    more = shape.get("additionalProperties", True)
    surplus = [name for name in value if name not in known]
    if surplus and more is False:
        yield Problem("NOT_PASSED", f"Additional properties not allowed: {','.join(surplus)}", path)
    for name, part in value.items():
        inner = known.get(name, more if isinstance(more, Mapping) else ANYTHING)
        if inner:
            yield from problems(part, inner, _join(path, name))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "null" if value is None else str(value)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # JSON Schema's $ means the very end; Python's also allows a newline there.
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)
