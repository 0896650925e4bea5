"""Single digests and HMAC, with salt before or after: what the operator declares, and the few forms that tell.

Source: Auth0 docs, "Bulk User Import Database Schema and Examples": md4, md5, sha1, sha256, sha512 in one pass; hmac.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

from wizard.counts import counted
from wizard.passwords import pbkdf2
from wizard.passwords.encoded import SIZES, from_hex
from wizard.passwords.recipe import FAST, UNSALTED, Verdict, custom, damaged, refused, unchecked

ONCE = frozenset({"md4", "md5", "sha1", "sha256", "sha512"})
"""Digests that Auth0 takes without HMAC."""

DOLLARS = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512)\$([^$]*)\$([0-9a-fA-F]+)")
NPM = re.compile(r"(md5|sha1|sha256|sha512)\$([^$]+)\$([1-9][0-9]{0,8})\$([0-9a-fA-F]+)")
NTHASH = re.compile(r"(?:\$3\$\$|\{NTLM\})([0-9a-fA-F]{32})", re.IGNORECASE)
MEDIAWIKI = re.compile(r":A:([0-9a-fA-F]{32})")
BY_NPM = "that the npm package password-hash wrote it, which uses HMAC with the salt as key"
BY_WERKZEUG = "that Werkzeug (Flask) wrote it, which uses HMAC with the salt as key"


def digest(
    scheme: str,
    algorithm: str,
    hashed: bytes | None,
    salt: bytes = b"",
    *,
    position: str = "prefix",
    letters: str = "utf8",
    assumes: str = "",
    parameters: str = "",
) -> Verdict:
    """Translate one pass of a digest over password and salt, as bytes."""
    if algorithm not in ONCE:
        return unchecked(refused(scheme, parameters, f"Auth0 takes {algorithm} with HMAC or in pbkdf2 only"))
    if hashed is None or len(hashed) != SIZES[algorithm]:
        return damaged(scheme, parameters, "it has not the length of this digest")
    stored: dict[str, Any] = {"algorithm": algorithm, "hash": {"value": hashed.hex(), "encoding": "hex"}}
    if salt:
        stored["salt"] = {**as_member(salt), "position": position}
    if letters != "utf8":
        stored["password"] = {"encoding": letters}
    return custom(scheme, parameters, stored, weak=FAST if salt else UNSALTED, assumes=assumes)


def hmac(
    scheme: str,
    algorithm: str,
    hashed: bytes | None,
    key: bytes,
    salt: bytes = b"",
    *,
    position: str = "prefix",
    letters: str = "utf8",
    assumes: str = "",
    parameters: str = "",
) -> Verdict:
    """Translate HMAC with a key over the password, and a salt if there is one."""
    if hashed is None or len(hashed) != SIZES[algorithm]:
        return damaged(scheme, parameters, "it has not the length of this digest")
    if not key:
        return damaged(scheme, parameters, "the key is empty")
    settings = {"value": hashed.hex(), "encoding": "hex", "digest": algorithm, "key": as_member(key)}
    stored: dict[str, Any] = {"algorithm": "hmac", "hash": settings}
    if letters != "utf8":
        stored["password"] = {"encoding": letters}
    if not salt:
        return custom(scheme, parameters, stored, weak=FAST, assumes=assumes)
    stored["salt"] = {**as_member(salt), "position": position}
    open_question = "Auth0's documents do not say whether hmac may have a salt beside its key"
    return custom(
        scheme, parameters, stored, weak=FAST, assumes=assumes, unconfirmed=open_question, likely="accepted"
    )  # fmt: skip


def as_member(data: bytes) -> dict[str, str]:
    """Salt or key as Auth0 takes them: text if it is printable, else base64."""
    if data.isascii() and (text := data.decode()).isprintable():
        return {"value": text, "encoding": "utf8"}
    return {"value": b64encode(data).decode(), "encoding": "base64"}


def dollars(value: str) -> Verdict:
    """`sha256$salt$hex`: Werkzeug before 3.0, or Django before 1.4 for md5 and sha1; only without salt are both the same."""
    found = DOLLARS.fullmatch(value)
    head = value.partition("$")[0]
    if value.count("$") == 3:
        return of_npm(value)
    if value.count("$") == 4:
        return pbkdf2.npm(value)
    if found is None or len(found[3]) != 2 * SIZES[head]:
        return damaged("digest with dollars", head)
    if not found[2]:
        return digest(f"{head} of Django", head, from_hex(found[3]), parameters="without salt")
    if head in ("md5", "sha1"):
        why = 'Django and Werkzeug both write this form and mean another computation; declare format = "django" or "werkzeug"'
        return refused(f"salted {head}", "of Django or Werkzeug", why, "password_undeclared")
    return of_werkzeug(value, assumes=BY_WERKZEUG)


def of_npm(value: str) -> Verdict:
    """`sha1$salt$1$hex` of the npm package password-hash: HMAC with the salt as key, over itself if it has more iterations."""
    found = NPM.fullmatch(value)
    if found is None or len(found[4]) != 2 * SIZES[found[1]]:
        return damaged("digest with dollars", value.partition("$")[0])
    parameters = f"{found[1]}, {counted(int(found[3]), 'iteration')}"
    if found[3] != "1":
        return unchecked(refused("hmac of password-hash", parameters, "Auth0 applies HMAC once"))
    key = found[2].encode("utf-8", "replace")
    return hmac(
        "hmac of password-hash", found[1], from_hex(found[4]), key, parameters=parameters, assumes=BY_NPM
    )  # fmt: skip


def of_werkzeug(value: str, *, assumes: str = "") -> Verdict:
    """HMAC in disguise: the salt is the key."""
    found = DOLLARS.fullmatch(value)
    if found is None:
        return damaged("hmac of Werkzeug")
    key = found[2].encode("utf-8", "replace")
    return hmac("hmac of Werkzeug", found[1], from_hex(found[3]), key, parameters=found[1], assumes=assumes)


def of_django(value: str) -> Verdict:
    """The salt stands before the password."""
    found = DOLLARS.fullmatch(value)
    if found is None:
        return damaged("digest of Django")
    salt = found[2].encode("utf-8", "replace")
    return digest(f"{found[1]} of Django", found[1], from_hex(found[3]), salt, parameters="salt before")


def nthash(value: str) -> Verdict:
    """`$3$$<hex>` and `{NTLM}<hex>`: NTLM as FreeBSD and Dovecot write it."""
    found = NTHASH.fullmatch(value)
    if found is None:
        return damaged("NTLM")
    return digest("NTLM", "md4", from_hex(found[1]), letters="utf16le")


def mediawiki(value: str) -> Verdict:
    """`:A:<hex>`: MD5 without salt."""
    found = MEDIAWIKI.fullmatch(value)
    return digest("md5 of MediaWiki", "md5", from_hex(found[1])) if found else damaged("md5 of MediaWiki")
