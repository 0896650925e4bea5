"""Spring Security's delegating passwords: `{id}` and what the encoder of that name wrote.

Source: Spring Security reference, "Password Storage", and the encoders' documentation: MessageDigestPasswordEncoder puts
`{salt}` with its braces behind the password; Pbkdf2PasswordEncoder writes salt and hash in hex and appends its secret to the salt.
"""

from __future__ import annotations

import re

from wizard.passwords import argon2, bcrypt, families, ldap, scrypt
from wizard.passwords.digests import digest
from wizard.passwords.encoded import SIZES, from_hex
from wizard.passwords.pbkdf2 import pbkdf2 as _pbkdf2
from wizard.passwords.recipe import Verdict, damaged, refused, unchecked

DIGEST = re.compile(r"\{(MD4|MD5|SHA-1|SHA-256|SHA-512)\}(\{[^{}]*\})?([0-9a-fA-F]+)")
OAK = re.compile(r"\{SHA-(?:1|256|512)\}[0-9a-fA-F]+-[0-9]+-[0-9a-fA-F]+")
"""Of Jackrabbit Oak: salt, iterations and hash."""

NEW = "SpringSecurity_v5_8"


def delegated(value: str) -> Verdict:
    """`{bcrypt}`, `{argon2}` or `{scrypt}`, also of a version (`{argon2@SpringSecurity_v5_8}`), before the usual form."""
    head, _, inner = value.partition("}")
    name = head[1:].partition("@")[0].lower()  # OpenLDAP's modules write such names in capitals
    known = {"bcrypt": bcrypt.judge, "argon2": argon2.judge, "scrypt": scrypt.spring}
    return known[name](inner)


def inside_ldap(value: str) -> Verdict:
    """`{ldap}{SSHA}…`: the older name of LDAP's digests."""
    inner = value.removeprefix("{ldap}")
    if inner[:1] == "{" and re.match(r"\{s?(sha|md5)\}", inner, re.IGNORECASE):
        return ldap.judge(inner)
    return damaged("Spring {ldap}")


def digests(value: str) -> Verdict:
    """`{SHA-256}{salt}hex`, and in base64 what LDAP directories write under the same names."""
    if value[:7].upper() == "{MD5}$1":
        return refused("crypt(3)", "1", families.CRYPT)  # Dovecot's {MD5} is MD5-CRYPT
    if OAK.fullmatch(value):
        return unchecked(refused("digest of Oak", "iterated", families.ITERATED))
    found = DIGEST.fullmatch(value)
    if found is None or len(found[3]) != 2 * SIZES[found[1].lower().replace("-", "")]:
        return ldap.judge(value) if value[:5].upper() == "{MD5}" else damaged("digest of Spring")
    algorithm = found[1].lower().replace("-", "")
    salt = found[2].encode("utf-8", "replace") if found[2] else b""
    return digest(f"{algorithm} of Spring", algorithm, from_hex(found[3]), salt, position="suffix")


def pbkdf2(value: str, *, secret: bytes = b"", iterations: int | None = None) -> Verdict:
    """`{pbkdf2}` and hex of salt and hash, which says neither the iterations nor whether there is a secret.

    Args:
        secret, iterations: As declared; without them Spring's defaults are assumed.
    """
    head, _, inner = value.rpartition("}")
    new = head.lower().endswith(NEW.lower())
    size, algorithm, usual = (16, "sha256", 310_000) if new else (8, "sha1", 185_000)
    data = from_hex(inner)
    if data is None or len(data) != size + 32:
        return damaged("pbkdf2 of Spring", why="it has not the length of Spring's salt and hash")
    assumed = [] if iterations else [f"{usual:,} iterations"]
    assumed += [] if secret else ["no secret"]
    assumes = f"{' and '.join(assumed)}, Spring's defaults" if assumed else ""
    rounds = iterations or usual
    return _pbkdf2("pbkdf2 of Spring", algorithm, rounds, data[:size] + secret, data[size:], assumes=assumes)


def iterated(value: str) -> Verdict:
    """`{sha256}` and hex of 8 bytes of salt and a digest that StandardPasswordEncoder made in 1024 rounds; else it is LDAP's."""
    data = from_hex(value.partition("}")[2])
    if data is None or len(data) != 8 + SIZES["sha256"]:
        return ldap.judge(value)
    return refused("sha256 of Spring", "", "SHA-256 is applied 1024 times, and Auth0 applies digests once")
