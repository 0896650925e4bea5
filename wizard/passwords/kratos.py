"""What Ory Kratos keeps of passwords that were imported into it: single digests by a pattern, and HMAC.

A pattern such as `{SALT}{PASSWORD}` says what was put together before the digest. Auth0 takes a salt on one side only.
Source: Ory Kratos, hash/hash_comparator.go.
"""

from __future__ import annotations

import re

from wizard.passwords import families
from wizard.passwords.digests import digest, hmac
from wizard.passwords.encoded import from_base64, from_hex
from wizard.passwords.recipe import WAY_OUT, Verdict, damaged, refused

BY_PATTERN = re.compile(
    r"\$(md5|sha1|sha256|sha512)\$pf=([A-Za-z0-9+/]*={0,2})\$([A-Za-z0-9+/]*={0,2})\$([A-Za-z0-9+/]+={0,2})"
)
UNSALTED = re.compile(r"\$md5\$([A-Za-z0-9+/]{22}==)")
HMAC = re.compile(r"\$hmac-([a-z0-9]+)\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]*={0,2})")
PASSWORD, SALT = b"{PASSWORD}", b"{SALT}"
ONE_SIDE = f"Auth0 takes a salt before or after the password, and this one has more than that; {WAY_OUT}"


def patterned(value: str) -> Verdict:
    """`$sha256$pf=<base64 of the pattern>$<base64 of the salt>$<base64>`; others of these heads are of somebody else."""
    if (plain := UNSALTED.fullmatch(value)) is not None:
        return digest("md5 of Kratos", "md5", from_base64(plain[1]), parameters="without salt")
    found = BY_PATTERN.fullmatch(value)
    algorithm = value[1:].partition("$")[0]
    scheme = f"{algorithm} of Kratos"
    if found is None:
        if value.startswith(f"${algorithm}$pf="):
            return damaged(scheme)
        return families.REFUSED["$1$"](value) if algorithm in ("md5", "sha1") else families.unknown(value)
    pattern, salt = from_base64(found[2]), from_base64(found[3])
    if pattern is None or salt is None or not pattern:
        return damaged(scheme)
    if pattern.count(PASSWORD) != 1:
        return refused(scheme, "", ONE_SIDE)
    before, after = (part.replace(SALT, salt) for part in pattern.split(PASSWORD))
    if before and after:
        return refused(scheme, "", ONE_SIDE)
    position = "suffix" if after else "prefix"
    return digest(scheme, algorithm, from_base64(found[4]), before or after, position=position)


def keyed(value: str) -> Verdict:
    """`$hmac-sha256$<base64 of the hex>$<base64 of the key>`."""
    found = HMAC.fullmatch(value)
    if found is None:
        return damaged("hmac of Kratos")
    hexed, key = from_base64(found[2]), from_base64(found[3])
    if hexed is None or key is None or not hexed.isascii():
        return damaged("hmac of Kratos", found[1])
    return hmac("hmac of Kratos", found[1], from_hex(hexed.decode()), key, parameters=found[1])
