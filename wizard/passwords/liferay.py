"""PBKDF2 as Liferay keeps it: base64 of the bits of the hash and the iterations, four bytes each, of the salt and the hash.

Versions since 7.4 write the algorithm before it, in braces; those before were all of PBKDF2WithHmacSHA1 unless configured
otherwise.
Source: Liferay Portal, PBKDF2PasswordEncryptor and CompositePasswordEncryptor.
"""

from __future__ import annotations

import re
import struct

from wizard.passwords.encoded import from_base64
from wizard.passwords.pbkdf2 import pbkdf2
from wizard.passwords.recipe import Verdict, damaged

SCHEME = "pbkdf2 of Liferay"
NAMED = re.compile(r"\{PBKDF2WithHmacSHA(1|224|256|384|512)(?:/[0-9]+)*\}(.*)", re.DOTALL)
BITS_OF_OLD = 160
SALT_OF_OLD = 8
"""Bytes."""


def judge(value: str) -> Verdict | None:
    """Judge what names its algorithm, or is of the size that Liferay's default has; None if it is neither."""
    if (found := NAMED.fullmatch(value)) is not None:
        digest, data = f"sha{found[1]}", from_base64(found[2])
        return damaged(SCHEME, digest) if data is None else _translated(digest, data)
    if not value.startswith("AAAAoA"):
        return None
    data = from_base64(value)
    if data is None or len(data) != 8 + SALT_OF_OLD + BITS_OF_OLD // 8:
        return None
    return _translated("sha1", data, assumes="that Liferay wrote it, with its PBKDF2WithHmacSHA1")


def _translated(digest: str, data: bytes, assumes: str = "") -> Verdict:
    if len(data) < 8:
        return damaged(SCHEME, digest)
    bits, iterations = struct.unpack(">II", data[:8])
    size = (bits + 7) // 8
    if not size or not iterations or len(data) <= 8 + size:
        return damaged(SCHEME, digest)
    return pbkdf2(SCHEME, digest, iterations, data[8:-size], data[-size:], assumes=assumes)
