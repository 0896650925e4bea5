"""Message digests by the names Auth0 prints, including two that OpenSSL 3 hides."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

Digest = Callable[..., Any]
"""Makes a hash object, as hashlib.sha256 does: called with no argument or with the first bytes."""

ALIASES = {
    "ripemd": "ripemd160",
    "rmd160": "ripemd160",
    "ripemd160WithRSA": "ripemd160",
    "RSA-RIPEMD160": "ripemd160",
    "mdc2WithRSA": "mdc2",
    "RSA-MDC2": "mdc2",
    "RSA-MD4": "md4",
    "RSA-MD5": "md5",
    "RSA-SHA1-2": "sha1",
    "ssl3-md5": "md5",
    "ssl3-sha1": "sha1",
    **{f"RSA-{name.upper()}": name for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
    **{f"{name}WithRSAEncryption": name for name in ("md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
}
"""OpenSSL's other names of the same digests, as Auth0 lists them for pbkdf2."""

HMAC_DIGESTS = frozenset({"md4", "md5", "ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512", "whirlpool"})
SLOW_TURNS = 20_000
"""Turns of HMAC that are worth computing without a library: some seconds."""

PBKDF2_DIGESTS = HMAC_DIGESTS | frozenset(ALIASES) | {"mdc2"}


class UnsupportedDigest(Exception):
    """Auth0 knows this digest and this machine does not; nothing can be said about the hash."""


def digest(name: str) -> Digest:
    """Return the digest of that name.

    Raises:
        UnsupportedDigest: no library here has it (mdc2 always; ripemd160 on some systems).
    """
    name = ALIASES.get(name, name)
    if name in hashlib.algorithms_available:
        try:
            hashlib.new(name, usedforsecurity=False)
        except ValueError:  # listed by OpenSSL, but its provider is not loaded
            pass
        else:
            return lambda first=b"": hashlib.new(name, first, usedforsecurity=False)
    if name == "md4":
        from passlib.crypto.digest import lookup_hash

        md4: Callable[..., Any] = lookup_hash("md4").const
        return md4
    if name == "whirlpool":
        from wizard.practice.hashes.whirlpool import Whirlpool

        return Whirlpool
    raise UnsupportedDigest(name)


def hmac_digest(name: str, key: bytes, message: bytes) -> bytes:
    """Return HMAC (RFC 2104) of the message."""
    return hmac.new(key, message, digest(name)).digest()


def pbkdf2(name: str, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """Return PBKDF2 (RFC 2898, 5.2) with HMAC of that digest.

    Digests outside OpenSSL (md4, whirlpool) are computed here, a hundred times as slow.

    Raises:
        UnsupportedDigest: no library here has the digest, or the work would take minutes without one.
    """
    name = ALIASES.get(name, name)
    try:
        return hashlib.pbkdf2_hmac(name, password, salt, iterations, length)
    except ValueError:
        pass
    keyed = hmac.new(password, b"", digest(name))
    if iterations * -(-length // keyed.digest_size) > SLOW_TURNS:
        raise UnsupportedDigest(f"{name} with {iterations:,} iterations")
    key = b""
    for block in range(1, -(-length // keyed.digest_size) + 1):
        turn = _again(keyed, salt + block.to_bytes(4, "big"))
        total = int.from_bytes(turn, "big")
        for _ in range(iterations - 1):
            turn = _again(keyed, turn)
            total ^= int.from_bytes(turn, "big")
        key += total.to_bytes(keyed.digest_size, "big")
    return key[:length]


def _again(keyed: hmac.HMAC, message: bytes) -> bytes:
    fresh = keyed.copy()
    fresh.update(message)
    return fresh.digest()
