"""Does this password belong to that imported hash? Checked by Auth0's printed rules, with reference libraries.

This module knows nothing of how the product translates legacy hashes: a mistake made there must show here as a
wrong password, as it would in a real tenant.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

from wizard.practice.hashes.digests import UnsupportedDigest, digest, hmac_digest, pbkdf2
from wizard.practice.hashes.known_good import known_good, remember

MEMORY_LIMIT = 1 << 30
"""Bytes that one check may use; a hash that asks for more is not checked."""

ITERATION_LIMIT = 20_000_000
"""Turns of PBKDF2 that one check may take."""
BCRYPT_COST_LIMIT = 16
"""Logarithm of the rounds of bcrypt that one check may take: some seconds."""
PASSES_LIMIT = 1 << 32
"""Bytes that argon2 or scrypt may go over, all passes together."""

PBKDF2_STRING = re.compile(
    r"\$pbkdf2-(?P<digest>[A-Za-z0-9-]+)\$(?:(?P<parameters>[il]=[0-9]+(?:,[il]=[0-9]+)?)\$)?"
    r"(?P<salt>[A-Za-z0-9+/]*)\$(?P<hash>[A-Za-z0-9+/]+)"
)
ARGON2_STRING = re.compile(
    r"\$(?P<kind>argon2(?:id|i|d))\$v=19\$m=(?P<memory>[0-9]+),t=(?P<passes>[0-9]+),p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
)
LDAP_STRING = re.compile(r"\{(?P<scheme>s?md5|s?sha(?:1|224|256|384|512)?)\}(?P<value>[A-Za-z0-9+/]+=*)", re.IGNORECASE)


class UnsupportedHash(Exception):
    """Auth0 accepts this hash, and this machine cannot check it: `str()` says why."""


def verify(password: str, stored: str | Mapping[str, Any]) -> bool:
    """Say whether the typed password belongs to the stored hash.

    Args:
        password: As typed.
        stored: A `password_hash` (bcrypt) or a `custom_password_hash` object that an import would accept.

    Raises:
        UnsupportedHash: the digest exists in no library here, or the check would take minutes or over a GiB.
    Source: Auth0 docs, "Bulk User Import Schema", supported hash algorithms.
    """
    if isinstance(stored, str):
        return _bcrypt(transcoded(password, "utf8"), stored)
    typed = transcoded(password, (stored.get("password") or {}).get("encoding", "utf8"))
    try:
        return CHECKS[stored["algorithm"]](typed, stored)
    except ValueError:  # a part is not of the encoding it claims: belongs to no password
        return False
    except UnsupportedDigest as missing:
        raise UnsupportedHash(f"no library on this machine computes {missing}") from missing


def transcoded(password: str, encoding: str) -> bytes:
    """Encode the typed password as the runtime behind Auth0 does: `ascii`, `latin1` and `binary` keep the low bytes."""
    units = password.encode("utf-16-le", "surrogatepass")
    if encoding in {"utf16le", "ucs2"}:
        return units
    if encoding in {"latin1", "binary", "ascii"}:
        return units[::2]
    return units.decode("utf-16-le", "replace").encode()


def decoded(value: str, encoding: str) -> bytes:
    """Decode a hash, salt or key; hex in either case, base64 also with the URL-safe alphabet and without padding.

    Raises:
        ValueError: not of that encoding.
    """
    if encoding == "hex":
        return binascii.unhexlify(value)
    if encoding == "base64":
        plain = value.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    return value.encode("utf-8", "replace")


def _same(computed: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(computed, expected)


def _expected(stored: Mapping[str, Any]) -> bytes:
    return decoded(stored["hash"]["value"], stored["hash"]["encoding"])


def _salted(typed: bytes, stored: Mapping[str, Any]) -> bytes:
    """Put the salt before (by default) or after the password."""
    salt = stored.get("salt")
    if salt is None:
        return typed
    value = decoded(salt["value"], salt.get("encoding", "utf8"))
    return typed + value if salt.get("position") == "suffix" else value + typed


def _bcrypt(typed: bytes, value: str) -> bool:
    import bcrypt

    if value[4:6].isdecimal() and int(value[4:6]) > BCRYPT_COST_LIMIT:
        raise UnsupportedHash(f"the bcrypt hash asks for a cost above {BCRYPT_COST_LIMIT}")
    counted = typed[:72]
    if known_good(counted, value):
        return True
    try:
        good = bcrypt.checkpw(counted, value.encode("utf-8", "replace"))
    except ValueError:  # not a bcrypt string: belongs to no password
        return False
    if good:
        remember(counted, value)
    return good


def _check_bcrypt(typed: bytes, stored: Mapping[str, Any]) -> bool:
    return _bcrypt(_salted(typed, stored), stored["hash"]["value"])


def _check_plain(typed: bytes, stored: Mapping[str, Any]) -> bool:
    return _same(digest(stored["algorithm"])(_salted(typed, stored)).digest(), _expected(stored))


def _check_hmac(typed: bytes, stored: Mapping[str, Any]) -> bool:
    settings = stored["hash"]
    key = decoded(settings["key"]["value"], settings["key"].get("encoding", "utf8"))
    return _same(hmac_digest(settings["digest"], key, _salted(typed, stored)), _expected(stored))


def _check_ldap(typed: bytes, stored: Mapping[str, Any]) -> bool:
    found = LDAP_STRING.fullmatch(stored["hash"]["value"])
    if found is None:
        return False
    scheme = found["scheme"].lower()
    salted = scheme in {"smd5"} or scheme.startswith("ssha")
    make = digest({"sha": "sha1"}.get(name := scheme[salted:], name))
    value = decoded(found["value"], "base64")
    size = make().digest_size
    return (salted or len(value) == size) and _same(make(typed + value[size:]).digest(), value[:size])


def _check_pbkdf2(typed: bytes, stored: Mapping[str, Any]) -> bool:
    found = PBKDF2_STRING.fullmatch(stored["hash"]["value"])
    if found is None:
        return False
    parameters = {"i": "100000", "l": "64"}
    parameters |= dict(pair.split("=") for pair in (found["parameters"] or "").split(",") if pair)
    salt, expected = decoded(found["salt"], "base64"), decoded(found["hash"], "base64")
    length, iterations = int(parameters["l"]), int(parameters["i"])
    if iterations > ITERATION_LIMIT:
        raise UnsupportedHash(f"the pbkdf2 hash asks for more than {ITERATION_LIMIT:,} iterations")
    return length == len(expected) and _same(pbkdf2(found["digest"], typed, salt, iterations, length), expected)


def _check_argon2(typed: bytes, stored: Mapping[str, Any]) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError
    from argon2.low_level import Type, verify_secret

    value = stored["hash"]["value"]
    found = ARGON2_STRING.fullmatch(value)
    if found is None:
        return False
    memory = int(found["memory"]) * 1024
    if memory > MEMORY_LIMIT or memory * int(found["passes"]) > PASSES_LIMIT:
        raise UnsupportedHash("the argon2 hash asks for more memory or time than a rehearsal spends")
    kind = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}[found["kind"]]
    try:
        return verify_secret(value.encode(), typed, kind)
    except (VerificationError, InvalidHashError):
        return False


def _check_scrypt(typed: bytes, stored: Mapping[str, Any]) -> bool:
    cost, block, lanes = (int(stored.get(key, usual)) for key, usual in SCRYPT_DEFAULTS.items())
    needed = 128 * block * (cost + lanes + 2)
    if needed > MEMORY_LIMIT or 128 * block * cost * lanes > PASSES_LIMIT:
        raise UnsupportedHash("the scrypt hash asks for more memory or time than a rehearsal spends")
    salt = stored.get("salt")
    value = b"" if salt is None else decoded(salt["value"], salt.get("encoding", "utf8"))
    expected = _expected(stored)
    length = int(stored["keylen"])
    if length != len(expected):
        return False
    try:
        key = hashlib.scrypt(typed, salt=value, n=cost, r=block, p=lanes, dklen=length, maxmem=needed + (1 << 20))
    except ValueError:  # parameters outside RFC 7914, such as a cost of 2^17 with a block of one
        return False
    return _same(key, expected)


SCRYPT_DEFAULTS = {"cost": 16384, "blockSize": 8, "parallelization": 1}

CHECKS: dict[str, Callable[[bytes, Mapping[str, Any]], bool]] = {
    "argon2": _check_argon2,
    "bcrypt": _check_bcrypt,
    "hmac": _check_hmac,
    "ldap": _check_ldap,
    "pbkdf2": _check_pbkdf2,
    "scrypt": _check_scrypt,
    **dict.fromkeys(("md4", "md5", "sha1", "sha256", "sha512"), _check_plain),
}
