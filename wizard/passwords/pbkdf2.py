"""PBKDF2 in the forms of many makers, to the one PHC string that Auth0 reads.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples", pbkdf2: `$pbkdf2-<digest>$i=<iterations>,l=<bytes>$<salt>$<hash>`;
of makers, Mattermost (app/password/hashers), Dovecot (password-scheme-pbkdf2.c), 389 Directory Server (pbkdf2_pwd.c),
OpenDJ (PBKDF2PasswordStorageScheme), the npm package pbkdf2-password-hash.
"""

from __future__ import annotations

import re

from wizard.passwords.encoded import SIZES, from_base64, from_hex, phc
from wizard.passwords.recipe import LOW_COST, Verdict, custom, damaged, refused, unchecked

LEAST_ITERATIONS = 10_000
"""Fewer are worth a word to the operator."""

DJANGO = re.compile(r"pbkdf2_(sha1|sha256|sha512)\$([1-9][0-9]{0,9})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})")
DJANGO_BEGINNING = re.compile(r"pbkdf2_([a-z0-9]{1,12})\$(?:([0-9]+)\$)?")
PASSLIB = re.compile(
    r"\$pbkdf2(?:-(sha1|sha224|sha256|sha384|sha512))?\$([1-9][0-9]{0,9})\$([A-Za-z0-9./+]*)\$([A-Za-z0-9./+]+)"
)
PHC = re.compile(
    r"\$pbkdf2-([a-z0-9]{1,12})\$i=([1-9][0-9]{0,9})(?:,l=([1-9][0-9]{0,4}))?\$([A-Za-z0-9+/_-]*)=*\$([A-Za-z0-9+/_-]+)=*"
)
HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
IN_HEX = (
    "its hash is in hex, where this form has base64: declare format, layout and salt_encoding in [passwords], or let a proof "
    "find them out (passwords prove)"
)
LEAST_KEY = 16
"""Bytes, where nothing tells how many there are."""
MATTERMOST = re.compile(
    r"\$pbkdf2\$f=SHA(256|512),w=([1-9][0-9]{0,9}),l=([1-9][0-9]{0,4})\$([A-Za-z0-9+/]+)=*\$([A-Za-z0-9+/]+)=*"
)
DOVECOT = re.compile(r"\{PBKDF2\}\$1\$([^$]+)\$([1-9][0-9]{0,9})\$([0-9a-fA-F]+)", re.IGNORECASE)
DIRECTORY_389 = re.compile(r"\{PBKDF2_SHA256\}([A-Za-z0-9+/]{432})", re.IGNORECASE)
WERKZEUG = re.compile(r"pbkdf2:([a-z0-9]{1,12}):([1-9][0-9]{0,9})\$([^$]*)\$([0-9a-fA-F]+)")
ATLASSIAN = re.compile(r"\{PKCS5S2\}([A-Za-z0-9+/]{64})")
OPENLDAP = re.compile(
    r"\{PBKDF2(?:-(SHA1|SHA256|SHA512))?\}([1-9][0-9]{0,9})\$([A-Za-z0-9./+]+)=*\$([A-Za-z0-9./+]+)=*", re.IGNORECASE
)
OPENDJ = re.compile(r"\{PBKDF2(?:-HMAC-(SHA256|SHA512))?\}([1-9][0-9]{0,9}):([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
GRUB = re.compile(r"grub\.pbkdf2\.sha512\.([1-9][0-9]{0,9})\.([0-9A-Fa-f]+)\.([0-9A-Fa-f]+)")
MEDIAWIKI = re.compile(
    r":pbkdf2:([a-z0-9]{1,12}):([1-9][0-9]{0,9}):([1-9][0-9]{0,4}):([A-Za-z0-9+/]+={0,2}):([A-Za-z0-9+/]+={0,2})"
)
NPM = re.compile(
    r"(md5|sha1|sha224|sha256|sha384|sha512)\$([1-9][0-9]{0,9})\$([1-9][0-9]{0,4})"
    r"\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})"
)
JAKARTA = re.compile(
    r"PBKDF2WithHmacSHA(1|224|256|384|512):([1-9][0-9]{0,9}):([A-Za-z0-9+/]+={0,2}):([A-Za-z0-9+/]+={0,2})"
)


def pbkdf2(
    scheme: str,
    digest: str,
    iterations: int,
    salt: bytes | None,
    key: bytes | None,
    *,
    size: int | None = None,
    assumes: str = "",
) -> Verdict:
    """Translate what was read.

    Args:
        salt, key: None where it could not be read.
        size: Bytes that this maker's hash always has, to notice one that is cut short.
    """
    parameters = f"{digest}, {iterations:,} iterations"
    if digest not in SIZES:
        return unchecked(refused(scheme, parameters, "Auth0 does not know this digest in pbkdf2"))
    if salt is None or not key or (size is not None and len(key) != size):
        return damaged(scheme, parameters)
    written = f"$pbkdf2-{digest}$i={iterations},l={len(key)}${phc(salt)}${phc(key)}"
    weak = LOW_COST if iterations < LEAST_ITERATIONS else ""
    return custom(scheme, parameters, {"algorithm": "pbkdf2", "hash": {"value": written}}, weak=weak, assumes=assumes)


def django(value: str) -> Verdict:
    """`pbkdf2_sha256$<iterations>$<salt as text>$<base64>`."""
    found = DJANGO.fullmatch(value)
    if found is None:
        seen = DJANGO_BEGINNING.match(value)
        return damaged("pbkdf2 of Django", seen[1] if seen else "")
    digest = found[1]
    salt, key = found[3].encode("utf-8", "replace"), from_base64(found[4])
    return pbkdf2("pbkdf2 of Django", digest, int(found[2]), salt, key, size=SIZES[digest])


def passlib(value: str) -> Verdict:
    """`$pbkdf2-sha256$<iterations>$<base64 with dots>$<the same>`, and the PHC form that Auth0 itself reads."""
    if found := PASSLIB.fullmatch(value):
        digest = found[1] or "sha1"
        salt, key = from_base64(found[3]), from_base64(found[4])
        return pbkdf2("pbkdf2 of passlib", digest, int(found[2]), salt, key, size=SIZES[digest])
    if found := PHC.fullmatch(value):
        return _phc(*found.groups())
    if found := MATTERMOST.fullmatch(value):
        salt, key = from_base64(found[4]), from_base64(found[5])
        return pbkdf2("pbkdf2 of Mattermost", f"sha{found[1]}", int(found[2]), salt, key, size=int(found[3]))
    return damaged("pbkdf2 of passlib")


def _phc(digest: str, iterations: str, length: str | None, salt: str, hashed: str) -> Verdict:
    """No base64 is all hex by chance, so that hex in its place is of somebody who means it otherwise."""
    scheme, key = "pbkdf2 (PHC)", from_base64(hashed)
    parameters = f"{digest}, {int(iterations):,} iterations"
    if HEX.fullmatch(hashed):
        return refused(scheme, parameters, IN_HEX, "password_undeclared")
    if length is None and key and len(key) < LEAST_KEY:
        return damaged(scheme, parameters, f"its hash has {len(key)} bytes; it may be cut short")
    size = int(length) if length else None
    return pbkdf2(scheme, digest, int(iterations), from_base64(salt), key, size=size)


def werkzeug(value: str) -> Verdict:
    """`pbkdf2:sha256:<iterations>$<salt as text>$<hex>`."""
    found = WERKZEUG.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of Werkzeug", why="it is cut short, or does not say how many iterations it has")
    salt = found[3].encode("utf-8", "replace")
    return pbkdf2(
        "pbkdf2 of Werkzeug", found[1], int(found[2]), salt, from_hex(found[4]), size=SIZES.get(found[1])
    )  # fmt: skip


def atlassian(value: str) -> Verdict:
    """`{PKCS5S2}` and 48 bytes in base64: 16 of salt, 32 of hash; always SHA-1 with 10,000 iterations."""
    found = ATLASSIAN.fullmatch(value)
    data = from_base64(found[1]) if found else None
    if data is None:
        return damaged("pbkdf2 of Atlassian")
    return pbkdf2("pbkdf2 of Atlassian", "sha1", 10_000, data[:16], data[16:])


def openldap(value: str) -> Verdict:
    """`{PBKDF2-SHA256}<iterations>$<base64 with dots>$<the same>`; without a name it is SHA-1. Dovecot's has a 1 in front."""
    if found := DOVECOT.fullmatch(value):
        salt = found[1].encode("utf-8", "replace")
        return pbkdf2("pbkdf2 of Dovecot", "sha1", int(found[2]), salt, from_hex(found[3]), size=20)
    if found := OPENDJ.fullmatch(value):
        return _opendj((found[1] or "sha1").lower(), int(found[2]), from_base64(found[3]) or b"")
    found = OPENLDAP.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of OpenLDAP")
    digest = (found[1] or "sha1").lower()
    salt, key = from_base64(found[3]), from_base64(found[4])
    return pbkdf2("pbkdf2 of OpenLDAP", digest, int(found[2]), salt, key, size=SIZES[digest])


def _opendj(digest: str, iterations: int, data: bytes) -> Verdict:
    """`{PBKDF2-HMAC-SHA256}<iterations>:` and base64 of the hash, then 8 bytes of salt or more."""
    salt, assumes = data[SIZES[digest] :], "that OpenDJ or a directory made of it wrote it"
    if len(salt) < 8:
        return damaged("pbkdf2 of OpenDJ", digest)
    return pbkdf2("pbkdf2 of OpenDJ", digest, iterations, salt, data[: SIZES[digest]], assumes=assumes)


def directory_389(value: str) -> Verdict:
    """`{PBKDF2_SHA256}` and base64 of 4 bytes of iterations, most significant first, 64 of salt, and 256 of hash."""
    found = DIRECTORY_389.fullmatch(value)
    data = from_base64(found[1]) if found else None
    if data is None:
        return damaged("pbkdf2 of 389 Directory Server")
    iterations = int.from_bytes(data[:4], "big")
    if not 0 < iterations < 10**9:
        return damaged("pbkdf2 of 389 Directory Server", why="its iterations are out of range")
    return pbkdf2("pbkdf2 of 389 Directory Server", "sha256", iterations, data[4:68], data[68:])


def grub(value: str) -> Verdict:
    """`grub.pbkdf2.sha512.<iterations>.<hex>.<hex>`."""
    found = GRUB.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of GRUB")
    return pbkdf2("pbkdf2 of GRUB", "sha512", int(found[1]), from_hex(found[2]), from_hex(found[3]), size=64)


def mediawiki(value: str) -> Verdict:
    """`:pbkdf2:sha512:<iterations>:<bytes>:<base64>:<base64>`."""
    found = MEDIAWIKI.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of MediaWiki")
    salt, key = from_base64(found[4]), from_base64(found[5])
    return pbkdf2("pbkdf2 of MediaWiki", found[1], int(found[2]), salt, key, size=int(found[3]))


def jakarta(value: str) -> Verdict:
    """`PBKDF2WithHmacSHA256:<iterations>:<base64>:<base64>`, as Jakarta Security stores it."""
    found = JAKARTA.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of Jakarta Security")
    salt, key = from_base64(found[3]), from_base64(found[4])
    return pbkdf2("pbkdf2 of Jakarta Security", f"sha{found[1]}", int(found[2]), salt, key)


def npm(value: str) -> Verdict:
    """`sha512$<iterations>$<bytes>$<base64>$<base64>` of the npm package pbkdf2-password-hash."""
    found = NPM.fullmatch(value)
    if found is None:
        return damaged("pbkdf2 of pbkdf2-password-hash")
    salt, key, size = from_base64(found[4]), from_base64(found[5]), int(found[3])
    assumes = "that the npm package pbkdf2-password-hash wrote it"
    return pbkdf2("pbkdf2 of pbkdf2-password-hash", found[1], int(found[2]), salt, key, size=size, assumes=assumes)
