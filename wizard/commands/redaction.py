"""The last net before a log file: masks what looks like a secret, a password hash or an e-mail address.

Nothing of the kind should get this far; a library's message may carry it all the same.
"""

from __future__ import annotations

import re

NAMES = "client_secret|client_assertion|access_token|password"
"""Keys whose values are masked whatever they look like."""

MASKED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "[key]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), r"\1 [secret]"),
    (re.compile(rf"(?i)({NAMES})([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"',&}}]+)"), r"\1\2[secret]"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]+):[^\s/@]+@"), r"\1:[secret]@"),
    (re.compile(r"\$(?:2[abxy]?|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*|[156])\$[A-Za-z0-9./+=$,-]{8,}"), "[hash]"),
    (re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "[e-mail]"),
)
"""Patterns and what takes their place, in this order."""


def redacted(text: str) -> str:
    """The text with everything masked that must not be written down."""
    for pattern, mask in MASKED:
        text = pattern.sub(mask, text)
    return text
