"""Families of password hashes that stay behind, told by their beginning, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wizard.passwords.recipe import WAY_OUT, Code, Recipe, Verdict, refused

NESTED = f"Auth0 cannot apply one hash to another; {WAY_OUT}"
ITERATED = f"Auth0 applies digests once, and this one is applied again and again; {WAY_OUT}"
CRYPT = f"Auth0 does not take crypt(3) hashes; {WAY_OUT}"
OWN = f"Auth0 has no algorithm for it; {WAY_OUT}"
PLAIN = (
    "it is the password itself, not a hash; hash it with bcrypt before the migration, and delete the file afterwards"
)
NONE = "the account has no usable password"


def _family(scheme: str, why: str, parameters: str = "", code: Code = "password_unsupported") -> Recipe:
    """A recipe that says the same about every value; the pattern finds what tells members apart."""
    pattern = re.compile(parameters, re.ASCII) if parameters else None

    def judge(value: str) -> Verdict:
        found = pattern.match(value) if pattern else None
        return refused(scheme, found[1] if found else "", why, code)

    return judge


_phpass = _family("phpass", ITERATED, r"\$[PH]\$([./0-9A-Za-z])")
_drupal = _family("Drupal 7", ITERATED, r"U?\$S\$([./0-9A-Za-z])")
_over_sha256 = _family("bcrypt over SHA-256", NESTED)
_crypt = _family("crypt(3)", CRYPT, r"\$([0-9a-z]{1,6})(?:-crypt)?\$")
_dovecot = _family("crypt(3)", CRYPT, r"\{([A-Z0-9]+)-CRYPT\}")
_plain = _family("plain text", PLAIN)
_firebase = _family("Firebase scrypt", f"Firebase's scrypt is its own variant, which Auth0 cannot check; {WAY_OUT}")
_sasl = _family("SASL", f"the password is with another service, which the directory asks (SASL); {WAY_OUT}")
_layered = _family("layered hash of MediaWiki", NESTED, r":([A-Za-z0-9-]{1,24}):")

REFUSED: Mapping[str, Recipe] = {
    **{f"${name}$": _crypt for name in ("1", "5", "6", "7", "y", "gy", "sm3", "apr1")},
    **{f"${name}-crypt$": _crypt for name in ("md5", "sha256", "sha512")},
    "$P$": _phpass,
    "$H$": _phpass,
    "$S$": _drupal,
    "U$": _drupal,
    "$wp$": _family("bcrypt over HMAC of WordPress", NESTED, r"\$wp\$(2y\$\d{2})\$"),
    "$bcrypt-sha256$": _over_sha256,
    "bcrypt_sha256$": _over_sha256,
    "$shiro1$": _family("Apache Shiro 1", ITERATED, r"\$shiro1\$([A-Z0-9-]{1,12})\$"),
    **dict.fromkeys(("$fbscrypt$", "$firescrypt$", "$f_scrypt$"), _firebase),
    "{SASL}": _sasl,
    ":B:": _layered,
    ":pbkdf2-legacyA:": _layered,
    ":pbkdf2-legacyB:": _layered,
    "{noop}": _plain,
    "{CLEARTEXT}": _plain,
    "{CLEAR}": _plain,
    "{PLAIN}": _plain,
    "plain$": _plain,
    **{f"{{{name}-CRYPT}}": _dovecot for name in ("DES", "MD5", "SHA256", "SHA512")},
    **{f"{{SCRAM-SHA-{bits}}}": _family("SCRAM", OWN) for bits in (1, 256)},
    "SCRAM-SHA-256$": _family("SCRAM of PostgreSQL", OWN),
    "$p5k2$": _family("pbkdf2 of other makers", f"nobody could prove its translation yet; {WAY_OUT}"),
    "0x0100": _family("SQL Server login", OWN),
    "0x0200": _family("SQL Server login", OWN),
    "crypt$": _crypt,
}
"""By the head of the value."""

MASKED = re.compile(
    r"\*{3,}|x{3,}|X{3,}|•{3,}|<?(?:redacted|REDACTED|hidden|HIDDEN|masked|MASKED)>?|\[(?:REDACTED|redacted)\]"
)
"""What exports put where they do not tell the hash."""

MYSQL = re.compile(r"\*[0-9A-F]{40}")
DES = re.compile(r"[./0-9A-Za-z]{13}")
DISABLED = re.compile(r"[!*].{0,60}|LK\*|NP|x", re.ASCII)
"""Markers of locked accounts; Django writes random letters behind its exclamation mark."""

aix = _family("crypt of AIX", f"nobody could prove its translation yet; {WAY_OUT}", r"\{(s[a-z0-9]+)\}")
mysql = _family("MySQL login", NESTED)
disabled = _family("disabled", NONE, code="password_disabled")
masked = _family(
    "hidden", "the export hides the hashes; export them from the database itself", code="password_undeclared"
)
unknown = _family(
    "unknown", "the format is not recognised; it may be plain text or of a home-made kind", code="password_undeclared"
)
