"""scrypt in the forms of several makers, to the members that Auth0 takes.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples", scrypt: keylen, cost, blockSize, parallelization, salt;
of makers, @adonisjs/hash (drivers/scrypt), Ory Kratos (hash/hasher_scrypt.go), Lucia 2 (utils/crypto).
"""

from __future__ import annotations

import re
from base64 import b64encode

from wizard.passwords.encoded import from_base64, from_hex
from wizard.passwords.pbkdf2 import HEX, IN_HEX
from wizard.passwords.recipe import LOW_COST, Verdict, custom, damaged, refused, unchecked

LEAST_COST = 1 << 14
LEAST_KEY = 16
MOST_LOG = 31
"""From here on, what is called the logarithm of N is N itself."""

WERKZEUG = re.compile(r"scrypt:([0-9]{1,9}):([0-9]{1,4}):([0-9]{1,4})\$([^$]*)\$([0-9a-fA-F]+)")
DJANGO = re.compile(r"scrypt\$([0-9]{1,9})\$([^$]*)\$([0-9]{1,4})\$([0-9]{1,4})\$([A-Za-z0-9+/]+={0,2})")
PHC = re.compile(
    r"\$scrypt\$(ln|n)=([1-9][0-9]{0,9}),r=([0-9]{1,4}),p=([0-9]{1,4})\$([A-Za-z0-9+/]*)=*\$([A-Za-z0-9+/]+)=*"
)
LUCIA = re.compile(r"s2:([^:]+):([0-9a-fA-F]+)")
SPRING = re.compile(r"\$([0-9a-f]{5,8})\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})")


def scrypt(
    scheme: str,
    numbers: tuple[int, int, int],
    salt: bytes | None,
    key: bytes | None,
    *,
    size: int | None = None,
    assumes: str = "",
) -> Verdict:
    """Translate what was read: cost (N), block size (r) and parallelization (p), salt and hash as bytes.

    The salt goes as base64 always: as text it might hold bytes that are none.
    """
    cost, block, lanes = numbers
    parameters = f"N={cost}, r={block}, p={lanes}"
    if salt is None or not key or (size is not None and len(key) != size):
        return damaged(scheme, parameters)
    if cost < 2 or cost & (cost - 1) or not block or not lanes:
        return damaged(scheme, parameters, "the parameters are out of range")
    if cost >> 16 * block:  # RFC 7914, section 2
        why = f"libraries compute scrypt with r={block} for N below {1 << 16 * block:,} only, as its standard has it"
        return unchecked(refused(scheme, parameters, why))
    stored = {
        "algorithm": "scrypt",
        "hash": {"value": key.hex(), "encoding": "hex"},
        "salt": {"value": b64encode(salt).decode(), "encoding": "base64"},
        "keylen": len(key),
        "cost": cost,
        "blockSize": block,
        "parallelization": lanes,
    }
    weak = LOW_COST if cost < LEAST_COST else ""
    if not salt:
        del stored["salt"]
    return custom(scheme, parameters, stored, weak=weak, assumes=assumes)


def werkzeug(value: str) -> Verdict:
    """`scrypt:<N>:<r>:<p>$<salt as text>$<hex of 64 bytes>`."""
    found = WERKZEUG.fullmatch(value)
    if found is None:
        return damaged("scrypt of Werkzeug")
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    return scrypt(
        "scrypt of Werkzeug", numbers, found[4].encode("utf-8", "replace"), from_hex(found[5]), size=64
    )  # fmt: skip


def django(value: str) -> Verdict:
    """`scrypt$<N>$<salt as text>$<r>$<p>$<base64 of 64 bytes>`."""
    found = DJANGO.fullmatch(value)
    if found is None:
        return damaged("scrypt of Django")
    numbers = (int(found[1]), int(found[3]), int(found[4]))
    return scrypt(
        "scrypt of Django", numbers, found[2].encode("utf-8", "replace"), from_base64(found[5]), size=64
    )  # fmt: skip


def phc(value: str) -> Verdict:
    """`$scrypt$ln=<log N>,r=<r>,p=<p>$<base64>$<base64>`; AdonisJS writes N itself as n, and Ory Kratos as ln."""
    found = PHC.fullmatch(value)
    if found is None:
        return damaged("scrypt (PHC)")
    if HEX.fullmatch(found[6]):
        return refused("scrypt (PHC)", "", IN_HEX, "password_undeclared")
    number = int(found[2])
    cost = 1 << number if found[1] == "ln" and number < MOST_LOG else number
    return scrypt("scrypt (PHC)", (cost, int(found[3]), int(found[4])), from_base64(found[5]), from_base64(found[6]))


def lucia(value: str) -> Verdict:
    """`s2:<salt as text>:<hex of 64 bytes>`, always with the same parameters."""
    found = LUCIA.fullmatch(value)
    if found is None:
        return damaged("scrypt of Lucia")
    return scrypt("scrypt of Lucia", (16_384, 16, 1), found[1].encode("utf-8", "replace"), from_hex(found[2]), size=64)


def spring(value: str) -> Verdict:
    """`$<parameters in hex>$<base64>$<base64>`: log N in the upper half, then a byte each of r and p."""
    found = SPRING.fullmatch(value)
    if found is None:
        return damaged("scrypt of Spring")
    packed = int(found[1], 16)
    numbers = (1 << min(packed >> 16, 40), packed >> 8 & 0xFF, packed & 0xFF)
    salt, key = from_base64(found[2]), from_base64(found[3])
    return scrypt("scrypt of Spring", numbers, salt, key if key and len(key) >= LEAST_KEY else None)
