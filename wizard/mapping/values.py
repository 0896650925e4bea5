"""Cells that are not text: what databases give, as text or as a value of JSON, without a silent change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from wizard.rejects import Refused, Reject, reject

NOT_JSON = reject("value_not_json", "metadata")
BAD_KEY = reject("metadata_key_forbidden", "metadata")
ROUNDED = reject("number_too_large")
TOO_DEEP = 100
BITS = {b"\x00": False, b"\x01": True}
"""What drivers of MySQL give for BIT(1), which is how it has booleans. Source: MySQL docs, "Bit-Value Type"."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
EXACT = float(1 << 63)
"""What readers of JSON make a float of because it is no integer of 64 bits has lost digits, and so may what is larger."""
WHOLE = float(1 << 53)
"""From here on a float does not tell one integer from the next."""


def text(value: Any, refusal: Reject) -> str:
    """The cell as text; "" for NULL.

    Raises:
        Refused: a structure, or a number that has lost digits.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float) and isfinite(value):
        if abs(value) >= WHOLE:
            raise Refused(ROUNDED)
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of_bytes(bytes(value))
    raise Refused(refusal)


def _text_of_bytes(data: bytes) -> str:
    """A bit as true or false; text in UTF-8 without control characters as it is; anything else in hex, as ids are.

    16 bytes of which the ninth begins with the bits 10 are a UUID (RFC 9562, "Variant Field").
    """
    if data in BITS:
        return "true" if BITS[data] else "false"
    if len(data) == 16 and data[8] & 0xC0 == 0x80:
        return data.hex()
    try:
        found = data.decode()
    except UnicodeDecodeError:
        return data.hex()
    return data.hex() if _CONTROLS.search(found) else found


def plain(value: Any, depth: int = 0) -> Any:
    """The cell as a value of JSON, numbers and structures kept.

    Raises:
        Refused: what JSON cannot say, or a key that Auth0 does not allow.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and isfinite(value):
        _check_digits(value)
        return value
    if isinstance(value, Decimal) and value.is_finite():
        whole = value == value.to_integral_value()
        number = int(value) if whole and abs(value) < 1 << 53 else float(value)
        return number if Decimal(str(number)) == value else format(value, "f")
    if isinstance(value, bytes) and value in BITS:
        return BITS[value]
    if depth < TOO_DEEP and isinstance(value, Mapping):
        return {_key(key): plain(part, depth + 1) for key, part in value.items()}
    if depth < TOO_DEEP and isinstance(value, list | tuple | set | frozenset):
        return [plain(part, depth + 1) for part in value]
    return text(value, NOT_JSON)


def _check_digits(number: float) -> None:
    if not -EXACT < number < EXACT:
        raise Refused(ROUNDED)


def _key(key: Any) -> str:
    if not isinstance(key, str) or "." in key or "$" in key:
        raise Refused(BAD_KEY)
    return key


def check_json(value: Any) -> None:
    """Refuse keys with a dot or dollar sign, and numbers that have lost digits, however deep."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            for key in found:
                _key(key)
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, float):
            _check_digits(found)
