"""Families of password hashes that stay behind, told by their beginning, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wizard.passwords.recipe import WAY_OUT, Code, Recipe, Verdict, damaged, refused, unchecked

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


def _nowhere(recipe: Recipe) -> Recipe:
    """The same of passwords that the legacy API cannot check either."""
    return lambda value: unchecked(recipe(value))


_phpass = _family("phpass", ITERATED, r"\$[PH]\$([./0-9A-Za-z])")
_drupal = _family("Drupal 7", ITERATED, r"U?\$S\$([./0-9A-Za-z])")
_over_sha256 = _family("bcrypt over SHA-256", NESTED)
_crypt = _family("crypt(3)", CRYPT, r"\$([0-9a-z]{1,6})(?:-crypt)?\$")
_of_dovecot = _family("crypt(3)", CRYPT, r"\{([A-Z0-9]+)-CRYPT\}")
_plain = _family("plain text", PLAIN)
_firebase = _family("Firebase scrypt", f"Firebase's scrypt is its own variant, which Auth0 cannot check; {WAY_OUT}")
_sasl = _family("SASL", f"the password is with another service, which the directory asks (SASL); {WAY_OUT}")
_layered = _family("layered hash of MediaWiki", NESTED, r":([A-Za-z0-9-]{1,24}):")
_KEY_OF_FIREBASE = re.compile(r"\$fbscrypt\$[^$]*\bsk=[^,$]")


CHECKED_CRYPT = re.compile(r"\$(?:1|5|6|apr1|sha1)\$|\$md5[,$]|[./0-9A-Za-z]{13}\Z|_[./0-9A-Za-z]{19}\Z")
"""The kinds of crypt(3) that the legacy API checks."""


def _dovecot(value: str) -> Verdict:
    return _of_dovecot(value) if CHECKED_CRYPT.match(value.partition("}")[2]) else damaged("crypt(3)")


def _of_firebase(value: str) -> Verdict:
    """GoTrue may write the key of the project among the parameters; without it nobody can check the hash."""
    found = _firebase(value)
    return found if _KEY_OF_FIREBASE.match(value) else unchecked(found)


def _upgraded(value: str) -> Verdict:
    """What Drupal 7 made of the MD5 of older versions."""
    return _drupal(value) if value.startswith(("U$S$", "U$P$", "U$H$")) else unknown(value)


REFUSED: Mapping[str, Recipe] = {
    **{f"${name}$": _crypt for name in ("1", "5", "6", "apr1")},
    **{f"${name}$": _nowhere(_crypt) for name in ("7", "y", "gy", "sm3")},
    **{f"${name}-crypt$": _crypt for name in ("md5", "sha256", "sha512")},
    "$P$": _phpass,
    "$H$": _phpass,
    "$S$": _drupal,
    "U$": _upgraded,
    "$wp$": _family("bcrypt over HMAC of WordPress", NESTED, r"\$wp\$(2y\$\d{2})\$"),
    "$bcrypt-sha256$": _over_sha256,
    "bcrypt_sha256$": _over_sha256,
    "$shiro1$": _nowhere(_family("Apache Shiro 1", ITERATED, r"\$shiro1\$([A-Z0-9-]{1,12})\$")),
    "$fbscrypt$": _of_firebase,
    "$firescrypt$": _firebase,
    "$f_scrypt$": _nowhere(_firebase),
    "{SASL}": _nowhere(_sasl),
    ":B:": _layered,
    ":pbkdf2-legacyA:": _nowhere(_layered),
    ":pbkdf2-legacyB:": _nowhere(_layered),
    "{noop}": _plain,
    "{CLEARTEXT}": _plain,
    "{CLEAR}": _plain,
    "{PLAIN}": _plain,
    "plain$": _plain,
    **{f"{{{name}-CRYPT}}": _dovecot for name in ("DES", "MD5", "SHA256", "SHA512")},
    **{f"{{SCRAM-SHA-{bits}}}": _nowhere(_family("SCRAM", OWN)) for bits in (1, 256)},
    "SCRAM-SHA-256$": _family("SCRAM of PostgreSQL", OWN),
    "$p5k2$": _family("pbkdf2 of other makers", f"nobody could prove its translation yet; {WAY_OUT}"),
    "0x0100": _family("SQL Server login", OWN),
    "0x0200": _nowhere(_family("SQL Server login", OWN)),
    "crypt$": _crypt,
}
"""By the head of the value."""

MASKED = re.compile(
    r"\*{3,}|x{3,}|X{3,}|•{3,}|<?(?:redacted|REDACTED|hidden|HIDDEN|masked|MASKED)>?|\[(?:REDACTED|redacted)\]"
)
"""What exports put where they do not tell the hash."""

MYSQL = re.compile(r"\*[0-9A-F]{40}")
DES = re.compile(r"[./0-9A-Za-z]{13}")
DISABLED = re.compile(r"[!*].{0,60}|LK\*|NP|x|not cached", re.ASCII)
"""Markers of accounts without a password here; Django writes random letters behind its exclamation mark, Moodle that another
service checks the password. Source: Moodle, lib/authlib.php, AUTH_PASSWORD_NOT_CACHED."""

aix = _nowhere(_family("crypt of AIX", f"nobody could prove its translation yet; {WAY_OUT}", r"\{(s[a-z0-9]+)\}"))
mysql = _family("MySQL login", NESTED)
disabled = _family("disabled", NONE, code="password_disabled")
masked = _family(
    "hidden", "the export hides the hashes; export them from the database itself", code="password_undeclared"
)
unknown = _family(
    "unknown", "the format is not recognised; it may be plain text or of a home-made kind", code="password_undeclared"
)
