"""Bytes as stores write them: hex, and base64 in its alphabets, to the forms that Auth0 takes."""

from __future__ import annotations

import binascii
import re
from typing import Literal

Encoding = Literal["hex", "base64"]

SIZES = {
    "md4": 16,
    "md5": 16,
    "sha1": 20,
    "ripemd160": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
    "whirlpool": 64,
}
"""Bytes of each digest that Auth0 takes in hmac and pbkdf2."""

HEX = re.compile(r"(?:\\x|0x)?((?:[0-9a-fA-F]{2})+)")
"""With what PostgreSQL or MySQL write before the bytes of a binary column."""

SQL_SERVER = re.compile(r"0x0100[0-9a-fA-F]{48}(?:[0-9a-fA-F]{40})?|0x0200[0-9a-fA-F]{136}")
"""What SQL Server writes of its own logins: a version, four bytes of salt, and one digest or two. It is a format of its own."""

PYTHON = re.compile(r"b(['\"])(\$[^'\"\\]+)\1")
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
USUAL = bytes.maketrans(b"-_.", b"+/+")
"""URL-safe base64, and passlib's, which writes a dot for the plus."""

PADDING = (b"", b"===", b"==", b"=")
"""By the length modulo four; three are never right, and are refused as such."""


def phc(data: bytes) -> str:
    """Base64 with the usual alphabet and without padding, as PHC strings have it."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").decode()


def from_base64(text: str) -> bytes | None:
    """The bytes of base64 in any of its alphabets, padded or not; None if it is none."""
    try:
        plain = text.encode("ascii").translate(USUAL).rstrip(b"=")
        return binascii.a2b_base64(plain + PADDING[len(plain) % 4], strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def from_hex(text: str) -> bytes | None:
    """The bytes of hex in any case; None if it is none."""
    found = HEX.fullmatch(text)
    return binascii.unhexlify(found[1]) if found else None


def from_dump(value: str) -> str:
    """What a binary column holds, of its bytes as a dump writes them: text where it is text, else hex alone.

    Source: PostgreSQL docs, "Binary Data Types" (`\\x…`); MySQL manual, mysqldump --hex-blob (`0x…`); Python docs, bytes, which
    its programs write as `b'$2b$…'` where they turn a hash into text.
    """
    if value[:1] == "b" and (found := PYTHON.fullmatch(value)) is not None:
        return found[2]
    if value[1:2] != "x" or SQL_SERVER.fullmatch(value) or (data := from_hex(value)) is None:
        return value
    return data.decode() if data.isascii() and data.decode().isprintable() else data.hex()


def canonical(text: str, size: int | None = None) -> str | None:
    """Base64 in PHC's form; None if it is none, its last bits are not zero, or it is not of that many bytes."""
    data = from_base64(text)
    if data is None or (size is not None and len(data) != size):
        return None
    return phc(data)
