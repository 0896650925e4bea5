"""Dates as Auth0 writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(text: object) -> float | None:
    """UNIX time of a date as Auth0 writes it, such as `2023-01-25T17:48:16.647Z`; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return None if found is None else found.replace(tzinfo=found.tzinfo or UTC).timestamp()
