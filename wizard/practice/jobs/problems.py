"""One reason why an import refuses a user, with Auth0's code, text and place."""

from __future__ import annotations

from typing import Any, NamedTuple


class Problem(NamedTuple):
    """An entry of `errors` at GET /jobs/{id}/errors; `path` is "" for the user as a whole.

    Source: Auth0 docs, "Bulk User Imports": the codes. Texts follow the validator whose sentences real answers show.
    """

    code: str
    message: str
    path: str = ""

    @property
    def reason(self) -> str:
        """The text without the place in front, which the Management API names behind."""
        return self.message.removeprefix(f"Error in {self.path} property - ")

    @property
    def body(self) -> dict[str, str]:
        body = {"code": self.code, "message": self.message}
        if self.path:
            body["path"] = self.path
        return body


def _about(path: str, text: str) -> str:
    return f"Error in {path} property - {text}" if path else text


def wrong_type(path: str, expected: str, value: Any) -> Problem:
    return Problem("INVALID_TYPE", _about(path, f"Expected type {expected} but found type {type_name(value)}"), path)


def wrong_format(path: str, form: str, value: str, code: str = "FORMAT") -> Problem:
    return Problem(code, _about(path, f"Object didn't pass validation for format {form}: {value}"), path)


def not_listed(path: str, value: Any) -> Problem:
    return Problem("ENUM_MISMATCH", _about(path, f"No enum match for: {value}"), path)


def wrong_pattern(path: str, pattern: str) -> Problem:
    return Problem("PATTERN", _about(path, f"String does not match pattern {pattern}"), path)


def too_short(path: str, value: str, minimum: int) -> Problem:
    return Problem("MIN_LENGTH", _about(path, f"String is too short ({len(value)} chars), minimum {minimum}"), path)


def too_long(path: str, value: str, maximum: int) -> Problem:
    return Problem("MAX_LENGTH", _about(path, f"String is too long ({len(value)} chars), maximum {maximum}"), path)


def too_small(path: str, value: Any, minimum: int) -> Problem:
    return Problem("MINIMUM", _about(path, f"Value {value} is less than minimum {minimum}"), path)


def too_few(path: str, count: int, minimum: int) -> Problem:
    return Problem("ARRAY_LENGTH_SHORT", _about(path, f"Array is too short ({count}), minimum {minimum}"), path)


def too_many(path: str, count: int, maximum: int) -> Problem:
    return Problem("ARRAY_LENGTH_LONG", _about(path, f"Array is too long ({count}), maximum {maximum}"), path)


def absent(path: str, key: str) -> Problem:
    return Problem("OBJECT_REQUIRED", _about(path, f"Missing required property: {key}"), path)


def not_allowed(path: str, key: str) -> Problem:
    """A key that the schema does not have. The published codes have none of their own for it."""
    return Problem("NOT_PASSED", _about(path, f"Additional properties not allowed: {key}"), path)


def refused(path: str, text: str) -> Problem:
    return Problem("NOT_PASSED", _about(path, text), path)


def type_name(value: Any) -> str:
    """Name a JSON value's type as Auth0's validator does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
