"""Numbers with what they count, in words."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """`1 user`, `1,240 users`; `several` where more than one is not just an s longer."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
