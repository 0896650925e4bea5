"""What several stores need to work out columns: objects in lists, JSON inside text, secrets in base32."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from wizard.mapping.words import NO_MOMENT, NOTHING_WORDS


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; databases and CSV may hold it as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = orjson.loads(value)
        except ValueError:
            return []
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def from_json(value: Any) -> dict[str, Any]:
    """An object, or the one that a text is JSON of; empty if it is neither."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def compact(value: Any) -> str:
    """JSON on one line, its keys sorted, so that equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def base32_text(secret: bytes) -> str:
    """A secret as authenticator apps take it."""
    return base64.b32encode(secret).decode().rstrip("=")


def base64_bytes(text: Any) -> bytes | None:
    """What a text is base64 of; None if it is not."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def first(*values: Any) -> Any:
    """The first that is there: neither None nor empty text."""
    return next((value for value in values if value is not None and value != ""), None)


def is_there(value: Any) -> bool:
    """Whether a cell holds anything; what exports of databases write for nothing is nothing."""
    text = "" if value is None else str(value).strip().lower()
    return bool(text) and text not in NOTHING_WORDS and re.fullmatch(NO_MOMENT, text) is None


def is_true(value: Any) -> bool:
    """A boolean as files and databases have it."""
    return (
        value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "t", "1", "yes"))
    )
