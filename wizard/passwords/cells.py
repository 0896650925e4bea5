"""Cells of password columns as text: a database may give the bytes of a digest themselves, a directory several values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wizard.rejects import Reject


def stored_text(cell: Any, refusal: Reject) -> str:
    """The cell as text: bytes that are no printable ASCII as hex, and the best of a list.

    Raises:
        Refused: another structure.
    """
    if isinstance(cell, list) and cell and all(isinstance(each, str | bytes) for each in cell):
        return best_of([stored_text(each, refusal) for each in cell])
    if isinstance(cell, bytes | bytearray | memoryview):
        data = bytes(cell)
        return data.decode() if data.isascii() and data.decode().isprintable() else data.hex()
    from wizard.mapping.values import text

    return text(cell, refusal)


def best_of(values: Sequence[str]) -> str:
    """Of several passwords of one account, the first that Auth0 takes, else the first; a directory lets all of them in."""
    if len(values) == 1:
        return values[0]
    from wizard.passwords.judging import judge_value

    verdicts = [judge_value(value.strip()) for value in values]
    travels = (each.carried_by != "none" and each.likely != "refused" for each in verdicts)
    return next((value for value, good in zip(values, travels, strict=True) if good), values[0])
