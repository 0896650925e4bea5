"""Makes characters visible that a terminal would obey: what a store or a tenant calls things must not steer one."""

from __future__ import annotations

NAMED = {"\t": "\\t", "\r": "\\r", "\b": "\\b"}

BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that turn the direction of others around, so that a line reads otherwise than it is."""

OBEYED = frozenset({*range(0x20), *range(0x7F, 0xA0), *BIDI} - {ord("\n")})
"""Controls of C0 but the end of a line, DEL, those of C1, and those of direction."""

_ESCAPES = {code: NAMED.get(chr(code)) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}") for code in OBEYED}


def visible(text: str) -> str:
    r"""The text with an escape such as `\x1b` in the place of each character that a terminal would obey."""
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPES)
