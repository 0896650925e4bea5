"""Cells of password columns as text: a database may give the bytes of a digest themselves."""

from __future__ import annotations

from typing import Any

from wizard.rejects import Reject


def stored_text(cell: Any, refusal: Reject) -> str:
    """The cell as text: bytes that are no printable ASCII as hex.

    Raises:
        Refused: a structure.
    """
    if isinstance(cell, bytes | bytearray | memoryview):
        data = bytes(cell)
        return data.decode() if data.isascii() and data.decode().isprintable() else data.hex()
    from wizard.mapping.values import text

    return text(cell, refusal)
