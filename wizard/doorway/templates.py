"""Renders the scripts, Actions and Rules under assets/; whatever an operator has typed enters them as JSON."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = Path(__file__).parents[2] / "assets"

SCRIPT_BUDGET_MS = 15_000
"""All requests of a script together; Auth0 ends a script after about 20 seconds."""

GUARD_BUDGET_MS = 5_000
"""All requests of a guard together; the Actions of a trigger share 20 seconds."""

SETTINGS = ("TOKEN_URL", "LEGACY_API_URL", "LEGACY_API_AUDIENCE", "LEGACY_API_CLIENT_ID", "LEGACY_API_CLIENT_SECRET")
"""What scripts and guards must be told: configuration values of the connection, secrets of an Action."""


def javascript(value: Any) -> str:
    """The value as a JavaScript literal in ASCII: neither a quote nor a line separator can end it early."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - JavaScript, whose values pass `javascript`
        loader=FileSystemLoader(ASSETS),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["js"] = javascript
    return environment


def rendered(name: str, *, budget_ms: int = SCRIPT_BUDGET_MS, **values: Any) -> str:
    """The text of `assets/{name}.js.j2`.

    Args:
        name: `scripts/login` for instance.
        budget_ms: How long its requests may take together.
        values: What the template names; text goes through the filter `js`.
    """
    in_function = not name.startswith("actions/")
    values |= {
        "budget_ms": budget_ms,
        "request_ms": budget_ms * 2 // 3,
        "with_https": in_function,
        "keys": SETTINGS,
    }

    def part(part_name: str) -> str:
        text = _environment().get_template(f"parts/{part_name}.js.j2").render(values).rstrip("\n")
        return indent(text, "  ") if in_function else text

    return _environment().get_template(f"{name}.js.j2").render(values, part=part)
