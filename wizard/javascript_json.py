"""JSON as JavaScript may have written it: half a surrogate pair in a text does no harm."""

from __future__ import annotations

import json
from typing import Any


def loads(content: bytes) -> Any:
    """The value; strict and quick where the text is, else the patient way.

    Raises:
        ValueError, RecursionError: it is no JSON, or nested too deeply.
    """
    import orjson

    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content, parse_constant=_no_json)


def well_formed(content: bytes) -> Any:
    """The value, with half a surrogate pair become U+FFFD: what a store keeps of a text that JavaScript has read.

    Raises:
        ValueError, RecursionError: it is no JSON in UTF-8, or nested too deeply.
    """
    import orjson

    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        value = json.loads(content.decode(), parse_constant=_no_json)
        text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return orjson.loads(text)


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
