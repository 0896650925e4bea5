"""Turn what database drivers give into plain values that can be pickled, compared and written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from wizard.legacy.source import BadRecord

_PLAIN = frozenset((type(None), bool, int, float, Decimal, bytes, date, datetime, UUID))
UNDECODABLE = BadRecord("undecodable", "it has text that is not UTF-8")


def plain_row(row: Sequence[Any]) -> tuple[Any, ...] | BadRecord:
    """The row with plain values, or what is wrong with it."""
    try:
        return tuple([value if value.__class__ in _PLAIN else plain(value) for value in row])
    except UnicodeEncodeError:
        return UNDECODABLE


def plain(value: Any) -> Any:
    """A plain value: text, number, bytes, date, UUID, or lists and dicts of them.

    What has no plain form becomes the text the database's own client would show (addresses, times, ranges, intervals).

    Raises:
        UnicodeEncodeError: text holds bytes that were no UTF-8.
    """
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, str):
        if not value.isascii():
            value.encode()
        return str(value)
    if isinstance(value, (memoryview, bytearray)):
        return bytes(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(part) for part in value), key=repr)
    if isinstance(value, (time, timedelta)):
        return value.isoformat() if isinstance(value, time) else str(value)
    return str(value)
