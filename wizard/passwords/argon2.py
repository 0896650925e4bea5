"""argon2: the PHC string, in the form that libsodium reads, which Auth0 checks it with.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples", supported hash algorithms; libsodium, crypto_pwhash:
order of the parameters, version 19, least sizes, and 127 characters at most.
"""

from __future__ import annotations

import re

from wizard.passwords.encoded import canonical
from wizard.passwords.recipe import LOW_COST, Verdict, custom, damaged, refused, unchecked

WHOLE = re.compile(
    r"\$(?P<kind>argon2(?:id|i|d))\$(?:v=(?P<version>[0-9]{1,4})\$)?(?P<parameters>[mtp]=[0-9]{1,10},[mtp]=[0-9]{1,10},"
    r"[mtp]=[0-9]{1,10})(?P<more>,[a-z]+=[^$]*)?\$(?P<salt>[A-Za-z0-9+/]+)=*\$(?P<hash>[A-Za-z0-9+/]+)=*"
)
BEGINNING = re.compile(r"\$(argon2(?:id|i|d))\$")
LONGEST = 127
"""Characters: libsodium's strings have 128 bytes, one of them the end."""
LEAST_SALT, LEAST_HASH = 8, 16
WEAK_MEMORY = 7168
"""KiB with one pass more than OWASP's least is still reasonable; below, say so."""


def judge(value: str) -> Verdict:
    """Judge a value that begins as an argon2 string does."""
    found = WHOLE.fullmatch(value)
    if found is None:
        kind = BEGINNING.match(value)
        return damaged("argon2", kind[1] if kind else "")
    numbers = {part[0]: int(part[2:]) for part in found["parameters"].split(",")}
    if len(numbers) != 3:
        return damaged("argon2", found["kind"], "a parameter is missing")
    return string(found["kind"], found["version"] or "16", numbers, found["salt"], found["hash"], more=found["more"])


def string(
    kind: str, version: str, numbers: dict[str, int], salt: str, digest: str, *, more: str | None = None
) -> Verdict:
    """Put the parts together as Auth0 takes them.

    Args:
        version: Of the algorithm, decimal: 19 is 1.3.
        numbers: m (KiB), t (passes) and p (lanes).
        salt, digest: In base64.
        more: Parameters beside these, such as a key.
    """
    memory, passes, lanes = numbers["m"], numbers["t"], numbers["p"]
    name = f"{kind}, m={memory}, t={passes}, p={lanes}"
    if more:
        why = "it was made with a key or further data, which Auth0 cannot be given"
        return unchecked(refused("argon2", name, why))
    if version != "19":
        return refused("argon2", f"{name}, version {version}", "Auth0 checks version 19 (1.3) of argon2 only")
    if kind == "argon2d":
        return refused("argon2", name, "libsodium, which Auth0 checks argon2 with, has no argon2d")
    plain_salt, plain_hash = canonical(salt), canonical(digest)
    if plain_salt is None or plain_hash is None:
        return damaged("argon2", name, "salt or hash is not base64")
    if not (lanes and passes) or memory < 8 * lanes:
        return damaged("argon2", name, "the parameters are out of range")
    if len(plain_salt) * 3 // 4 < LEAST_SALT or len(plain_hash) * 3 // 4 < LEAST_HASH:
        why = f"libsodium wants {LEAST_SALT} bytes of salt and {LEAST_HASH} of hash at least"
        return unchecked(refused("argon2", name, why))
    if (length := len(plain_hash) * 3 // 4) % 4:
        return damaged(
            "argon2", name, f"its hash has {length} bytes, which no library makes unasked; it may be cut short"
        )
    written = f"${kind}$v=19$m={memory},t={passes},p={lanes}${plain_salt}${plain_hash}"
    if len(written) > LONGEST:
        return refused("argon2", name, f"libsodium reads argon2 strings of at most {LONGEST} characters")
    stored = {"algorithm": "argon2", "hash": {"value": written}}
    weak = LOW_COST if memory < WEAK_MEMORY else ""
    if kind == "argon2i":
        open_question = "Auth0's documents do not say whether argon2i is taken, only argon2id is shown"
        return custom("argon2", name, stored, weak=weak, unconfirmed=open_question, likely="refused")
    return custom("argon2", name, stored, weak=weak)
