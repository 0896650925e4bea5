"""Does a password fit a hash as Auth0 would check it after an import? What a proof rests on.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples": members of password_hash and custom_password_hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wizard.passwords.encoded import SIZES, from_base64, from_hex

MOST_MEMORY = 1 << 30
"""Bytes that one check may use."""
MOST_ROUNDS = 20_000_000
MOST_COST = 16
"""Logarithm of the rounds of bcrypt: some seconds."""
MOST_LANES = 256
"""Of argon2, each of which is a thread."""

ARGON2 = re.compile(r"\$(argon2(?:id|i|d))\$(?:v=\d+\$)?m=(\d+),t=(\d+),p=(\d+)\$")

CODECS = {"utf8": "utf-8", "utf16le": "utf-16-le", "ucs2": "utf-16-le"}
"""Others keep the low byte of each unit, as the runtime behind Auth0 does."""


class CannotCheck(Exception):
    """The hash is right by its form and this machine cannot compute it; `str()` says why."""


class NoCheck(CannotCheck):
    """No hash of this kind can be checked here, whatever its numbers."""


def fits(password: str, stored: str | Mapping[str, Any]) -> bool:
    """Say whether Auth0 would let this password in.

    Args:
        stored: The value of password_hash or custom_password_hash.

    Raises:
        CannotCheck: no library here has the digest, or the work is beyond what a proof should cost.
    """
    if isinstance(stored, str):
        return bcrypt_fits(password.encode("utf-8", "replace"), stored)
    typed = _encoded(password, stored.get("password", {}).get("encoding", "utf8"))
    return WAYS[stored["algorithm"]](typed, stored)


def bcrypt_fits(typed: bytes, value: str) -> bool:
    """Whether bcrypt of it is the value; the makers of 2y and 2a mean what 2b computes.

    Raises:
        CannotCheck: it takes too long, or the library cannot read the salt.
    """
    import bcrypt

    if int(value[4:6]) > MOST_COST:
        raise CannotCheck(f"bcrypt of cost {int(value[4:6])} takes too long")
    try:
        return bcrypt.checkpw(typed[:72], ("$2b$" + value[4:]).encode())
    except ValueError:
        why = "the bcrypt hash is damaged: its salt ends in a letter that no maker writes, or is cut short"
        raise CannotCheck(why) from None


def argon2_fits(typed: bytes, value: str) -> bool:
    """Whether argon2 of it is the value, in any kind and version of argon2.

    Raises:
        CannotCheck: it takes too much memory, time or threads, or the library cannot read or compute it.
    """
    from argon2.exceptions import Argon2Error, VerifyMismatchError
    from argon2.low_level import Type, verify_secret

    found = ARGON2.match(value)
    if found is None:
        raise NoCheck("argon2 with a key or further data")
    _bounded(*(int(number) for number in found.groups()[1:]))
    kind = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}[found[1]]
    try:
        return verify_secret(value.encode(), typed, kind)
    except VerifyMismatchError:
        return False
    except Argon2Error as error:
        raise CannotCheck(f"the library of argon2 cannot compute it: {error}") from None


def argon2_of(typed: bytes, salt: bytes, numbers: tuple[int, int, int], size: int) -> bytes:
    """So many bytes of argon2id with this memory (KiB), passes and lanes.

    Raises:
        CannotCheck: it takes too much memory, time or threads, or the library cannot compute it.
    """
    from argon2.exceptions import HashingError
    from argon2.low_level import Type, hash_secret_raw

    memory, passes, lanes = numbers
    _bounded(memory, passes, lanes)
    try:
        return hash_secret_raw(typed, salt, passes, memory, lanes, size, Type.ID)
    except HashingError as error:
        raise CannotCheck(f"the library of argon2 cannot compute it: {error}") from None


def _bounded(memory: int, passes: int, lanes: int) -> None:
    """Refuse argon2 that takes too much."""
    if memory * 1024 > MOST_MEMORY or memory * passes > MOST_ROUNDS:
        raise CannotCheck("argon2 with these parameters takes too much memory or time")
    if lanes > MOST_LANES:
        raise CannotCheck(f"argon2 of {lanes:,} lanes takes too many threads")


def scrypt_of(typed: bytes, salt: bytes, numbers: tuple[int, int, int], size: int) -> bytes:
    """So many bytes of scrypt with cost (N), block size (r) and parallelization (p).

    Raises:
        CannotCheck: it takes too much memory or time, or OpenSSL does not compute it.
    """
    cost, block, lanes = numbers
    needed = 128 * block * (cost + lanes + 2)
    if needed > MOST_MEMORY or cost * block * lanes > MOST_ROUNDS * 4:
        raise CannotCheck("scrypt with these parameters takes too much memory or time")
    if cost >> 16 * block:  # RFC 7914, section 2
        raise CannotCheck(f"scrypt with r={block} is defined for N below {1 << 16 * block:,} only")
    try:
        return hashlib.scrypt(typed, salt=salt, n=cost, r=block, p=lanes, maxmem=needed + (1 << 20), dklen=size)
    except ValueError as error:
        raise CannotCheck(f"OpenSSL does not compute scrypt with these parameters: {error}") from None


def _encoded(password: str, encoding: str) -> bytes:
    codec = CODECS.get(encoding)
    if codec is not None:
        return password.encode(codec, "replace")
    return password.encode("utf-16-le", "surrogatepass")[::2]


def _part(member: Mapping[str, Any]) -> bytes:
    """The bytes of a hash, salt or key; none if they are not of the encoding that they claim."""
    value, encoding = member["value"], member.get("encoding", "utf8")
    if encoding == "utf8":
        return str(value).encode("utf-8", "replace")
    return (from_hex(value) if encoding == "hex" else from_base64(value)) or b""


def _with_salt(typed: bytes, stored: Mapping[str, Any]) -> bytes:
    if "salt" not in stored:
        return typed
    salt = _part(stored["salt"])
    return typed + salt if stored["salt"].get("position", "prefix") == "suffix" else salt + typed


def _maker(name: str) -> Callable[..., Any]:
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        if name != "md4":
            raise CannotCheck(f"no library on this machine computes {name}") from None
        from passlib.crypto.digest import lookup_hash

        md4: Callable[..., Any] = lookup_hash("md4").const
        return md4
    return partial(hashlib.new, name, usedforsecurity=False)


def _check_bcrypt(typed: bytes, stored: Mapping[str, Any]) -> bool:
    return bcrypt_fits(_with_salt(typed, stored), stored["hash"]["value"])


def _check_digest(typed: bytes, stored: Mapping[str, Any]) -> bool:
    computed = _maker(stored["algorithm"])(_with_salt(typed, stored)).digest()
    return hmac.compare_digest(computed, _part(stored["hash"]))


def _check_hmac(typed: bytes, stored: Mapping[str, Any]) -> bool:
    settings = stored["hash"]
    maker = _maker(settings["digest"])
    computed = hmac.new(_part(settings["key"]), _with_salt(typed, stored), maker).digest()
    return hmac.compare_digest(computed, _part(settings))


def _check_ldap(typed: bytes, stored: Mapping[str, Any]) -> bool:
    scheme, _, rest = stored["hash"]["value"][1:].partition("}")
    name = scheme.lower()
    salted = name.startswith("ss") or name == "smd5"
    name = name[1:] if salted else name
    digest = "sha1" if name == "sha" else name
    data = from_base64(rest) or b""
    size = SIZES[digest]
    computed = _maker(digest)(typed + data[size:]).digest()
    return hmac.compare_digest(computed, data[:size])


def _check_pbkdf2(typed: bytes, stored: Mapping[str, Any]) -> bool:
    _, name, numbers, salt, hashed = stored["hash"]["value"].split("$")
    given = dict(part.split("=") for part in numbers.split(","))
    rounds, size = int(given["i"]), int(given["l"])
    if rounds * -(-size // 20) > MOST_ROUNDS:
        raise CannotCheck(f"pbkdf2 of {rounds:,} iterations takes too long")
    digest = name.removeprefix("pbkdf2-")
    try:
        computed = hashlib.pbkdf2_hmac(digest, typed, from_base64(salt) or b"", rounds, size)
    except ValueError:
        raise CannotCheck(f"no library on this machine computes pbkdf2 of {digest}") from None
    return hmac.compare_digest(computed, from_base64(hashed) or b"")


def _check_argon2(typed: bytes, stored: Mapping[str, Any]) -> bool:
    return argon2_fits(typed, stored["hash"]["value"])


def _check_scrypt(typed: bytes, stored: Mapping[str, Any]) -> bool:
    numbers = (stored.get("cost", 16384), stored.get("blockSize", 8), stored.get("parallelization", 1))
    salt = _part(stored["salt"]) if "salt" in stored else b""
    return hmac.compare_digest(scrypt_of(typed, salt, numbers, stored["keylen"]), _part(stored["hash"]))


WAYS: dict[str, Callable[[bytes, Mapping[str, Any]], bool]] = {
    "argon2": _check_argon2,
    "bcrypt": _check_bcrypt,
    "hmac": _check_hmac,
    "ldap": _check_ldap,
    "pbkdf2": _check_pbkdf2,
    "scrypt": _check_scrypt,
    **dict.fromkeys(("md4", "md5", "sha1", "sha256", "sha512"), _check_digest),
}
