"""Passwords that were found good, so that people who log in again do not wait for bcrypt again.

bcrypt is slow to hold up who guesses passwords; in a rehearsal nobody does, and its checks took half of the time. What is
kept, in memory alone, is a digest under a key of this process: neither a password nor a hash.
"""

from __future__ import annotations

import hashlib
import secrets

MOST = 100_000
"""Digests kept, some 10 MB; beyond that all are forgotten."""

_key = secrets.token_bytes(32)
_found: set[bytes] = set()


def known_good(password: bytes, stored: str) -> bool:
    """Whether this password was found to belong to this hash before; False says nothing."""
    return _digest(password, stored) in _found


def remember(password: bytes, stored: str) -> None:
    """This password belongs to this hash."""
    if len(_found) >= MOST:
        _found.clear()
    _found.add(_digest(password, stored))


def _digest(password: bytes, stored: str) -> bytes:
    return hashlib.blake2b(
        f"{len(password)}:{stored}:".encode("utf-8", "replace") + password, key=_key, digest_size=16
    ).digest()
