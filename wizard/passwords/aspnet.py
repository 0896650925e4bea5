"""ASP.NET Identity: blobs in base64 that begin with their version.

Source: Microsoft Learn, "PasswordHasher<TUser>": version 2 is PBKDF2 with HMAC-SHA1 and 1000 iterations; version 3 names the digest,
the iterations and the length of the salt, each as a big-endian number of 32 bits.
"""

from __future__ import annotations

import re
import struct

from wizard.passwords.encoded import from_base64
from wizard.passwords.pbkdf2 import pbkdf2
from wizard.passwords.recipe import Verdict, damaged

LOOKS_LIKE = re.compile(r"A[A-Za-z0-9+/]{30,}={0,2}")
DIGESTS = ("sha1", "sha256", "sha512")
LEAST_SALT = LEAST_KEY = 16
"""Bytes; what Identity itself refuses to check when shorter."""


def judge(value: str) -> Verdict | None:
    """Judge base64 whose first byte is 0 or 1; None if it is no such blob."""
    if not LOOKS_LIKE.fullmatch(value):
        return None
    data = from_base64(value)
    if data is None:
        return damaged("ASP.NET Identity") if value.startswith("AQAAAA") else None
    if data[0] == 0 and len(data) == 49:
        return pbkdf2("ASP.NET Identity v2", "sha1", 1000, data[1:17], data[17:])
    if data[0] == 1 and value.startswith("AQAAAA"):
        return _version_3(data)
    return None


def _version_3(data: bytes) -> Verdict:
    if len(data) < 13:
        return damaged("ASP.NET Identity v3")
    digest, iterations, length = struct.unpack(">III", data[1:13])
    salt, key = data[13 : 13 + length], data[13 + length :]
    if digest >= len(DIGESTS) or not iterations or length < LEAST_SALT or len(key) < LEAST_KEY:
        return damaged("ASP.NET Identity v3")
    return pbkdf2("ASP.NET Identity v3", DIGESTS[digest], iterations, salt, key)
