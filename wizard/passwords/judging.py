"""Judge one stored password by the value alone, where it speaks for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from wizard.passwords import (
    argon2,
    aspnet,
    bcrypt,
    digests,
    families,
    kratos,
    ldap,
    liferay,
    magento,
    pbkdf2,
    records,
    scrypt,
    spring,
    xenforo,
)
from wizard.passwords.encoded import SIZES, SQL_SERVER, from_base64
from wizard.passwords.recipe import Recipe, Verdict, refused

HEAD = re.compile(r"[$:{]?[A-Za-z0-9_.@-]*[$:}]?")

_django_pbkdf2 = {f"pbkdf2_{name}$": pbkdf2.django for name in ("sha1", "sha256", "sha512")}
_passlib_pbkdf2 = {f"$pbkdf2{name}$": pbkdf2.passlib for name in ("", *(f"-{each}" for each in SIZES))}
_argon2 = {f"${name}$": argon2.judge for name in ("argon2id", "argon2i", "argon2d")}
_bcrypt = {f"${name}$": bcrypt.judge for name in ("2", "2a", "2b", "2x", "2y")}
_ldap = {f"{{{name}}}": ldap.judge for name in ("SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}
_ldap |= {f"{{S{name}}}": ldap.judge for name in ("SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5")}
_spring = {f"{{{name}@SpringSecurity_v5_8}}": spring.delegated for name in ("argon2", "scrypt", "bcrypt")}


def _php(value: str) -> Verdict:
    """What password_hash of PHP made, and others that write bcrypt and argon2 as it does."""
    return argon2.judge(value) if value.startswith("$argon2") else bcrypt.judge(value)


def _unwrapped(head: str, inner: Recipe) -> Recipe:
    """What stands behind a wrapping that adds nothing."""
    return lambda value: inner(value[len(head) :])


HEADS: Mapping[str, Recipe] = {
    **_bcrypt,
    "bcrypt$": _unwrapped("bcrypt$", bcrypt.judge),
    "{BLF-CRYPT}": _unwrapped("{BLF-CRYPT}", bcrypt.judge),
    **_argon2,
    "argon2$": lambda value: argon2.judge(value[len("argon2") :]),
    ":argon2:": _unwrapped(":argon2:", argon2.judge),
    **{head: _unwrapped(head, argon2.judge) for head in ("{ARGON2}", "{ARGON2I}", "{ARGON2ID}")},
    **_django_pbkdf2,
    **_passlib_pbkdf2,
    "pbkdf2:": pbkdf2.werkzeug,
    "{PKCS5S2}": pbkdf2.atlassian,
    **{f"{{PBKDF2{name}}}": pbkdf2.openldap for name in ("", "-SHA1", "-SHA256", "-SHA512")},
    **{f"{{PBKDF2-HMAC-SHA{bits}}}": pbkdf2.openldap for bits in (256, 512)},
    "{PBKDF2_SHA256}": pbkdf2.directory_389,
    "grub.pbkdf2.sha512.": pbkdf2.grub,
    ":pbkdf2:": pbkdf2.mediawiki,
    **{f"PBKDF2WithHmacSHA{bits}:": pbkdf2.jakarta for bits in (1, 224, 256, 384, 512)},
    "scrypt:": scrypt.werkzeug,
    "scrypt$": scrypt.django,
    "$scrypt$": scrypt.phc,
    "s2:": scrypt.lucia,
    "$bcrypt$": bcrypt.phc,
    "$shiro2$": lambda value: _php(value[len("$shiro2") :]),
    **_ldap,
    **{f"{head[:-1]}.{form}}}": ldap.encoded for head in (*_ldap, "{MD5}") for form in ("HEX", "B64", "BASE64")},
    **{f"{{{name}-MD5}}": ldap.md5 for name in ("PLAIN", "LDAP")},
    "{CRYPT}": ldap.crypt,
    "{crypt}": ldap.crypt,
    **{f"{name}$": digests.dollars for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    "$3$": digests.nthash,
    "{NTLM}": digests.nthash,
    ":A:": digests.mediawiki,
    **_spring,
    **{f"{{{name}}}": spring.delegated for name in ("bcrypt", "argon2", "scrypt")},
    **{f"{{{name}}}": spring.digests for name in ("MD4", "MD5", "SHA-1", "SHA-256", "SHA-512")},
    "{ldap}": spring.inside_ldap,
    "{pbkdf2}": spring.pbkdf2,
    "{pbkdf2@SpringSecurity_v5_8}": spring.pbkdf2,
    "{sha256}": spring.iterated,
    **families.REFUSED,
    **{f"${name}$": kratos.patterned for name in ("md5", "sha1", "sha256", "sha512")},
    **{f"$hmac-{name}$": kratos.keyed for name in ("md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
}
"""What a value begins with, to its recipe. A new format is a row here, and a vector that proves it."""

CAPITALS: Mapping[str, Recipe] = {head.upper(): recipe for head, recipe in HEADS.items() if head[0] == "{"} | {
    "{SHA256}": ldap.judge
}
"""LDAP's schemes are the same in any case."""

NOTHING = frozenset({"NULL", "null", "\\N"})
"""What exports of databases write where there is nothing."""

HEX_DIGEST = re.compile(r"[0-9a-fA-F]+")
LEAST_HEX = 48
"""Letters; longer hex than this is no password that somebody typed."""

ASK = (
    'a bare digest does not say how it was made: declare format in [passwords], such as "md5" or "sha256", and salt if there '
    "is one, or let a proof with an account whose password you know find it out (passwords prove)"
)
LAYOUT = re.compile(r"[0-9a-fA-F]{32,}[:.$|][!-~]{1,64}(?:[:.$|][!-~]{1,64})?|[!-~]{1,64}[:.$|][0-9a-fA-F]{32,}")
NUMBERED = re.compile(r"[1-3]\|(?=\$)")
"""What Nextcloud and ownCloud write before what PHP made: the number of their way of hashing."""

JENKINS = "#jbcrypt:"
"""What Jenkins writes before bcrypt."""

_NAMED_ROUNDS = re.compile(r"(?:^|[$:,;|/ ])(?:i|t|w|c|iter|iterations?|rounds?)=([1-9][0-9]{0,9})\b", re.IGNORECASE)
_ROUNDS = re.compile(r"(?<![A-Za-z0-9=-])[1-9][0-9]{2,9}(?![A-Za-z0-9])")
_DIGEST = re.compile(r"sha[-_]?(1|224|256|384|512)(?![0-9])", re.IGNORECASE)


def rounds_in(told: str, digest: str) -> int:
    """The iterations of PBKDF2 that a cell tells: a number, or words such as `$pbkdf2-sha256$i=64000,l=32$`; 0 for none.

    Words that tell of another algorithm or digest tell none of this one.
    """
    told = told.strip()
    if told.isascii() and told.isdecimal() and len(told) <= 10:
        return int(told)
    named = _DIGEST.search(told)
    if "pbkdf2" not in told.lower() or (named and f"sha{named[1]}" != digest):
        return 0
    if by_name := _NAMED_ROUNDS.search(told):
        return int(by_name[1])
    return max(map(int, _ROUNDS.findall(told)), default=0)


def judge_value(value: str) -> Verdict:
    """Judge what is in one cell, without white space around it, by itself."""
    if not value or value in NOTHING:
        return Verdict("none", "", "none", "there is no password", None, "password_missing")
    head = HEAD.match(value)[0]  # type: ignore[index]  # all parts are optional, so it always matches
    recipe = HEADS.get(head)
    if recipe is not None:
        return recipe(value)
    return _without_head(value, head)


def _without_head(value: str, head: str) -> Verdict:
    """Judge by the shape of the whole value."""
    if head[:1] == "{" and (recipe := CAPITALS.get(head.upper())) is not None:
        return recipe(value)
    if value[0] == "{" and (found := records.judge(value)) is not None:
        return found
    return of_maker(value) or bare(value) or families.unknown(value)


def of_maker(value: str) -> Verdict | None:
    """Judge what one maker alone writes in this shape; None if it is of none."""
    if (numbered := NUMBERED.match(value)) is not None:
        return _php(value[numbered.end() :])
    if value.startswith(JENKINS):
        return bcrypt.judge(value[len(JENKINS) :])
    if value[0] == "$" and (found := scrypt.spring(value)).carried_by != "none":
        return replace(found, assumes="that Spring wrote it")
    if value.startswith("grub.pbkdf2.sha512."):
        return pbkdf2.grub(value)
    if SQL_SERVER.fullmatch(value):
        return families.REFUSED[value[:6]](value)
    if families.MYSQL.fullmatch(value):
        return families.mysql(value)
    if families.MASKED.fullmatch(value):
        return families.masked(value)
    if families.DISABLED.fullmatch(value):
        return families.disabled(value)
    php = xenforo.judge(value) if value.startswith(xenforo.BEGINNING) else None
    return php or liferay.judge(value) or aspnet.judge(value) or magento.judge(value)


def bare(value: str) -> Verdict | None:
    """A digest that does not say how it was made is asked about; None if it looks like none."""
    if HEX_DIGEST.fullmatch(value) and len(value) // 2 in SIZES.values() and len(value) % 2 == 0:
        return refused(f"hex digest of {len(value) * 4} bits", "", ASK, "password_undeclared")
    if HEX_DIGEST.fullmatch(value) and len(value) >= LEAST_HEX and len(value) % 2 == 0:
        return refused(f"hex of {len(value) * 4} bits", "", ASK, "password_undeclared")
    if len(value) % 4 == 0 and value.endswith("=") and (data := from_base64(value)) and len(data) in SIZES.values():
        return refused(f"base64 digest of {len(data) * 8} bits", "", ASK, "password_undeclared")
    if LAYOUT.fullmatch(value):
        return refused("hex digest with salt", "", ASK, "password_undeclared")
    return None
