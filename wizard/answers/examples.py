"""Example values for a field, written on one line as TOML: for messages and for the commented template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wizard.answers.given import plain
from wizard.answers.section import choices, is_secret, keys

BY_TYPE: Mapping[Any, Any] = {
    bool: True,
    int: 1,
    float: 1.0,
    dict: {},
    list: [],
    tuple: [],
    date: date(2026, 1, 31),
    datetime: datetime(2026, 1, 31, 12, tzinfo=UTC),
}


def example(key: str, field: FieldInfo | None) -> str:
    """A value as the file would have it: the field's own example, a choice, or one of its type."""
    return inline(sample(key, field))


def sample(key: str, field: FieldInfo | None) -> Any:
    """A value of the field's type; its author's first example where there is one, and a number's default, which fits."""
    if field is None:
        return "..."
    if field.examples:
        return field.examples[0]
    if is_secret(field):
        return f"keyring:{key}"
    if isinstance(field.default, int | float) and not isinstance(field.default, bool):
        return field.default
    return next((_of_type(part) for part in choices(field.annotation) if part is not type(None)), "...")


def inline(value: Any) -> str:
    """Write the value on one line, as TOML 1.0 has it.

    Raises:
        TypeError: TOML has no word for it (None in a list).
    """
    value = plain(value)
    if isinstance(value, dict):
        parts = [f"{bare_or_quoted(key)} = {inline(part)}" for key, part in value.items()]
        return "{ " + ", ".join(parts) + " }" if parts else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else str(value.isoformat())


def bare_or_quoted(key: str) -> str:
    """The key as TOML writes it, in quotes only where it must be."""
    bare = key and all(char.isascii() and (char.isalnum() or char in "_-") for char in key)
    return key if bare else inline(key)


def _of_type(kind: Any) -> Any:
    base = get_origin(kind) or kind
    if base is Literal:
        return get_args(kind)[0]
    if isinstance(base, type) and issubclass(base, Enum):
        return next(iter(base)).value
    if isinstance(base, type) and issubclass(base, BaseModel):
        return {key: sample(key, field) for key, field in keys(base).items() if field.is_required()}
    return BY_TYPE.get(base, "...")
