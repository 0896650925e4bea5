"""Hides personal data in a sample while its shape stays to be seen."""

from __future__ import annotations

from typing import Any

OPEN = frozenset({"email_verified", "phone_verified", "blocked"})
"""Fields that tell nothing about a person."""


def masked(value: Any, key: str = "") -> Any:
    """The value with each word reduced to its first letter: `a•••@e••••••.com`."""
    if isinstance(value, dict):
        return {name: masked(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part, key) for part in value]
    if isinstance(value, bool) or value is None or key in OPEN:
        return value
    if isinstance(value, int | float):
        return "•" * len(str(value))
    return _word(str(value))


def _word(text: str) -> str:
    """Keep the first of each run of letters and digits, and everything between them."""
    shown = []
    inside = False
    for letter in text:
        known = letter.isalnum()
        shown.append("•" if known and inside else letter)
        inside = known
    return "".join(shown)
