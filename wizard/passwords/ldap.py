"""Digests of LDAP directories, `{SSHA}…` and its kin, which Auth0 takes whole; and `{CRYPT}`, which it does not.

Source: RFC 2307 and its descendants; Auth0 docs, "Bulk User Import Database Schema and Examples", ldap; Dovecot docs,
"Password Schemes"; passlib docs, ldap_hex_sha1; Joomla, UserHelper (sha256).
"""

from __future__ import annotations

import re

from wizard.passwords import bcrypt, families
from wizard.passwords.digests import digest as single
from wizard.passwords.encoded import SIZES, canonical, from_base64, from_hex, phc
from wizard.passwords.recipe import FAST, UNSALTED, Verdict, custom, damaged, refused, unchecked

HEX = re.compile(r"[0-9a-f]{24,}|[0-9A-F]{24,}")
WHOLE = re.compile(r"\{([A-Za-z0-9]+)\}([A-Za-z0-9+/_-]+)={0,2}")
AIX = re.compile(r"\{s(?:md5|sha1|sha256|sha512)\}(?:[0-9]{2}\$)?[./0-9A-Za-z]+\$[./0-9A-Za-z]+")
JOOMLA = re.compile(r"\{SHA256\}([0-9a-f]{64}):(.+)", re.DOTALL)


def judge(value: str) -> Verdict:
    """Judge `{SCHEME}` and base64 of a digest, salt behind it if the scheme begins with S; AIX and Joomla write other things so."""
    if AIX.fullmatch(value):
        return families.aix(value)
    if (found := JOOMLA.fullmatch(value)) is not None:
        salt, assumes = found[2].encode("utf-8", "replace"), "that Joomla wrote it, with the salt behind the password"
        return single("sha256 of Joomla", "sha256", from_hex(found[1]), salt, position="suffix", assumes=assumes)
    scheme = value.partition("}")[0][1:].upper()
    salted = scheme.startswith("SS") or scheme == "SMD5"
    name = scheme[1:] if salted else scheme
    digest = {"SHA": "sha1"}.get(name, name.lower())
    parameters, assumes = scheme, ""
    found = WHOLE.fullmatch(value)
    plain = canonical(found[2]) if found else None
    if found is not None and len(found[2]) % 2 == 0 and HEX.fullmatch(found[2]):
        # No base64 of a digest looks so by chance.
        plain = phc(bytes.fromhex(found[2]))
        assumes = "that the hex is of digest and salt" if salted else ""
    if plain is None:
        return damaged("LDAP digest", parameters, "what follows the scheme is not base64")
    size = len(plain) * 3 // 4
    if size < SIZES[digest] + salted or (not salted and size != SIZES[digest]):
        return damaged("LDAP digest", parameters)
    written = scheme if digest != "sha1" else "SSHA" if salted else "SHA"
    padded = plain + "=" * (-len(plain) % 4)
    stored = {"algorithm": "ldap", "hash": {"value": f"{{{written}}}{padded}", "encoding": "utf8"}}
    return custom("LDAP digest", parameters, stored, weak=FAST if salted else UNSALTED, assumes=assumes)


def encoded(value: str) -> Verdict:
    """`{SSHA256.HEX}` or `{SSHA256.B64}`: Dovecot says in which of them what follows is written."""
    scheme, _, inner = value[1:].partition("}")
    name, _, form = scheme.upper().partition(".")
    data = from_hex(inner) if form == "HEX" else from_base64(inner)
    if data is None:
        return damaged("LDAP digest", name, f"what follows the scheme is not {'hex' if form == 'HEX' else 'base64'}")
    return judge(f"{{{name}}}{phc(data)}")


def md5(value: str) -> Verdict:
    """`{PLAIN-MD5}hex` and `{LDAP-MD5}base64` of Dovecot."""
    scheme, _, inner = value[1:].partition("}")
    return encoded(f"{{MD5.{'HEX' if scheme.upper() == 'PLAIN-MD5' else 'B64'}}}{inner}")


def crypt(value: str) -> Verdict:
    """Judge what follows `{CRYPT}`: bcrypt is bcrypt in any wrapping, a mark locks the account, and the rest stays behind."""
    inner = value[value.index("}") + 1 :]
    if inner.startswith(("$2a$", "$2b$", "$2y$")):
        return bcrypt.judge(inner)
    if families.DISABLED.fullmatch(inner):
        return families.disabled(value)
    seen = re.match(r"\$[0-9a-z]{1,4}\$", inner)
    found = refused("crypt in LDAP", seen[0] if seen else "", families.CRYPT)
    return found if families.CHECKED_CRYPT.match(inner) else unchecked(found)
