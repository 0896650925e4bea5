"""bcrypt: cost 10 of the prefixes 2a and 2b as `password_hash`, other costs and 2y as `custom_password_hash`.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples", password_hash and supported hash algorithms.
"""

from __future__ import annotations

import re
from binascii import b2a_base64

from wizard.passwords.encoded import from_base64
from wizard.passwords.recipe import AS_IT_IS, LOW_COST, Verdict, custom, damaged, refused, unchecked

PASSWORD_HASH = re.compile(r"\$2[ab]\$10\$[./A-Za-z0-9]{53}")
"""What `password_hash` takes, exactly."""

WHOLE = re.compile(r"\$(2[aby])\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
BEGINNING = re.compile(r"\$(2[abxy]?)\$(?:([0-9]{2})\$)?")
OTHER_COSTS = "Auth0's documents name no cost but 10 for bcrypt; others are known to work as custom hashes"
LOWEST_COST = 10

PHC = re.compile(r"\$bcrypt\$v=(97|98|121)\$r=([0-9]{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
ALPHABET = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


def phc(value: str) -> Verdict:
    """`$bcrypt$v=98$r=10$<salt>$<hash>` of npm's @phc/bcrypt, in usual base64; the version is the letter of the prefix."""
    found = PHC.fullmatch(value)
    salt, hashed = (from_base64(found[3]), from_base64(found[4])) if found else (None, None)
    if found is None or salt is None or hashed is None or (len(salt), len(hashed)) != (16, 23):
        return damaged("bcrypt", "PHC")
    return judge(f"$2{chr(int(found[1]))}${int(found[2]):02}${_own(salt)}{_own(hashed)}")


def _own(data: bytes) -> str:
    """In the base64 of bcrypt."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(ALPHABET).decode()


def judge(value: str) -> Verdict:
    """Judge a value that begins as bcrypt does."""
    if PASSWORD_HASH.fullmatch(value):
        return Verdict("bcrypt", f"{value[1:3]}, cost 10", "password_hash", AS_IT_IS, value)
    if found := WHOLE.fullmatch(value):
        kind, cost = found[1], int(found[2])
        stored = {"algorithm": "bcrypt", "hash": {"value": value}}
        weak = LOW_COST if cost < LOWEST_COST else ""
        if cost == 10:
            return custom("bcrypt", f"{kind}, cost 10", stored)
        return custom(
            "bcrypt", f"{kind}, cost {cost}", stored, weak=weak, unconfirmed=OTHER_COSTS, likely="accepted"
        )  # fmt: skip
    found = BEGINNING.match(value)
    if found is None:
        return damaged("bcrypt")
    variant = f"{found[1]}, cost {int(found[2])}" if found[2] else found[1]
    if found[1] == "2x":
        return unchecked(refused("bcrypt", variant, "2x marks hashes of a faulty implementation, which Auth0 refuses"))
    if found[1] == "2":
        why = "the first version of bcrypt is not among those that Auth0 takes"
        return unchecked(refused("bcrypt", variant, why))
    why = "the cost is out of range" if len(value) == 60 else "it is not 60 characters long"
    return damaged("bcrypt", variant, f"{why}, or a character is not of its alphabet")
