"""Auth0's own OpenAPI document, where it is at hand; it is no part of the product."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[4] / "shared" / "auth0" / "management-api-slice.openapi.json"


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return loaded


def expanded(schema: Any, *, loose: bool = False) -> Any:
    """The schema with its references followed; loose, it lets unknown keys pass."""
    if isinstance(schema, list):
        return [expanded(part, loose=loose) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return expanded(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], loose=loose)
    return {
        name: expanded(part, loose=loose)
        for name, part in schema.items()
        if not (loose and name in {"additionalProperties", "enum", "format"})
    }


def operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path][method.lower()]
    return found
