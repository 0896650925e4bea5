"""Which password hashes an import takes and which it refuses, before anybody has typed a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wizard.practice.hashes.digests import HMAC_DIGESTS, PBKDF2_DIGESTS
from wizard.practice.hashes.verify import ARGON2_STRING, LDAP_STRING, PBKDF2_STRING, SCRYPT_DEFAULTS, decoded
from wizard.practice.jobs import problems as say
from wizard.practice.jobs.problems import Problem
from wizard.practice.switches import Switches

BCRYPT_OF_COST_10 = r"^\$2[ab]?\$10+\$[./A-Za-z0-9]{53}$"
BCRYPT = r"^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$"
HEX = r"^([0-9a-fA-F]{2})+$"
BASE64 = r"^[A-Za-z0-9+/_-]+={0,2}$"

ALGORITHMS = ("argon2", "bcrypt", "hmac", "ldap", "md4", "md5", "sha1", "sha256", "sha512", "pbkdf2", "scrypt")
AS_TEXT = frozenset({"argon2", "bcrypt", "ldap", "pbkdf2"})
"""Algorithms whose value is a string of its own; the others give bytes in hex or base64."""
WITHOUT_SALT = frozenset({"argon2", "ldap", "pbkdf2"})
"""Algorithms that refuse `salt`: it is part of the value."""

ENCODINGS = ("base64", "hex", "utf8")
PASSWORD_ENCODINGS = ("ascii", "utf8", "utf16le", "ucs2", "latin1", "binary")
MEMBERS = frozenset({"algorithm", "hash", "salt", "password", *SCRYPT_DEFAULTS, "keylen"})
PLACE = "custom_password_hash"
BASE64_PARTS = {"salt", "hash", "value"}
"""Parts of PHC and LDAP strings."""

_password_hash = re.compile(BCRYPT_OF_COST_10.rstrip("$") + r"\Z")
_bcrypt = re.compile(BCRYPT.rstrip("$") + r"\Z")
_bytes = {"hex": re.compile(HEX.rstrip("$") + r"\Z"), "base64": re.compile(BASE64.rstrip("$") + r"\Z")}
_bytes_text = {"hex": HEX, "base64": BASE64}


def validate_password_hash(value: Any) -> list[Problem]:
    """Check a `password_hash`: bcrypt with cost 10. The place is called passwordHash in Auth0's answers."""
    if not isinstance(value, str):
        return [say.wrong_type("passwordHash", "string", value)]
    return [] if _password_hash.match(value) else [say.wrong_pattern("passwordHash", BCRYPT_OF_COST_10)]


def validate_hash(value: Any, switches: Switches | None = None) -> list[Problem]:
    """Check a `custom_password_hash`; an empty list means that an import takes it.

    Source: Auth0 docs, "Bulk User Import Schema": the JSON schema and the notes on each algorithm.
    """
    shape = _shape(value)
    return shape or _rules(value, switches or Switches())


def _shape(value: Any) -> list[Problem]:
    """Check types, keys and words: what the JSON schema says."""
    if not isinstance(value, dict):
        return [say.wrong_type(PLACE, "object", value)]
    found = [say.not_allowed(PLACE, key) for key in value if key not in MEMBERS]
    found += [say.absent(PLACE, key) for key in ("algorithm", "hash") if key not in value]
    if "algorithm" in value:
        found += _word(value["algorithm"], f"{PLACE}.algorithm", ALGORITHMS)
    found += _object(value, "hash", {"encoding": ENCODINGS, "digest": sorted(HMAC_DIGESTS)}, extra="key")
    if isinstance(settings := value.get("hash"), dict):
        found += _object(settings, "key", {"encoding": ENCODINGS}, place=f"{PLACE}.hash")
    found += _object(value, "salt", {"encoding": ENCODINGS, "position": ("prefix", "suffix")})
    found += _object(value, "password", {"encoding": PASSWORD_ENCODINGS}, needs_value=False)
    for key in (*SCRYPT_DEFAULTS, "keylen"):
        if key in value and say.type_name(value[key]) != "integer":
            found.append(say.wrong_type(f"{PLACE}.{key}", "integer", value[key]))
    return found


def _object(
    parent: Mapping[str, Any],
    key: str,
    words: Mapping[str, Any],
    *,
    place: str = PLACE,
    extra: str = "",
    needs_value: bool = True,
) -> list[Problem]:
    """Check a part: its `value`, members that must be one of some words, and nothing else."""
    if key not in parent:
        return []
    part, place = parent[key], f"{place}.{key}"
    if not isinstance(part, dict):
        return [say.wrong_type(place, "object", part)]
    known = {*words, extra, "value"} if needs_value else set(words)
    found = [say.not_allowed(place, name) for name in part if name not in known]
    if needs_value and "value" not in part:
        found.append(say.absent(place, "value"))
    if needs_value and not isinstance(part.get("value", ""), str):
        found.append(say.wrong_type(f"{place}.value", "string", part["value"]))
    for name, allowed in words.items():
        if name in part:
            found += _word(part[name], f"{place}.{name}", allowed)
    return found


def _word(value: Any, place: str, allowed: Any) -> list[Problem]:
    if not isinstance(value, str):
        return [say.wrong_type(place, "string", value)]
    return [] if value in allowed else [say.not_listed(place, value)]


def _rules(value: Mapping[str, Any], switches: Switches) -> list[Problem]:
    """Check what the notes on each algorithm ask for beyond the schema."""
    algorithm, settings = value["algorithm"], value["hash"]
    found = _encoding(algorithm, settings)
    if "salt" in value:
        if algorithm in WITHOUT_SALT or (algorithm == "hmac" and switches.hmac_salt == "refused"):
            found.append(say.refused(f"{PLACE}.salt", f"salt is not allowed with {algorithm}"))
        else:
            found += _readable(value["salt"], f"{PLACE}.salt")
    if algorithm == "hmac":
        found += [say.absent(f"{PLACE}.hash", name) for name in ("digest", "key") if name not in settings]
        if "key" in settings:
            found += _readable(settings["key"], f"{PLACE}.hash.key")
    if algorithm == "scrypt":
        found += _scrypt(value)
    if algorithm in AS_TEXT:
        found += _text(algorithm, settings["value"], switches)
    return found


def _encoding(algorithm: str, settings: Mapping[str, Any]) -> list[Problem]:
    place = f"{PLACE}.hash"
    encoding = settings.get("encoding")
    if algorithm in AS_TEXT:
        return [] if encoding in {None, "utf8"} else [say.not_listed(f"{place}.encoding", encoding)]
    if encoding is None:
        return [say.absent(place, "encoding")]
    if encoding == "utf8":
        return [say.not_listed(f"{place}.encoding", encoding)]
    return _readable(settings, place)


def _readable(part: Mapping[str, Any], place: str) -> list[Problem]:
    """Check that a value is of the encoding it claims."""
    encoding = part.get("encoding", "utf8")
    if encoding == "utf8":
        return []
    wrong = [say.wrong_pattern(f"{place}.value", _bytes_text[encoding])]
    if not _bytes[encoding].match(part["value"]):
        return wrong
    try:
        decoded(part["value"], encoding)
    except ValueError:
        return wrong
    return []


def _scrypt(value: Mapping[str, Any]) -> list[Problem]:
    found = [] if "keylen" in value else [say.absent(PLACE, "keylen")]
    for key, minimum in (("keylen", 1), ("cost", 2), ("blockSize", 1), ("parallelization", 1)):
        if value.get(key, minimum) < minimum:
            found.append(say.too_small(f"{PLACE}.{key}", value[key], minimum))
    cost = int(value.get("cost", 2))
    if cost > 1 and cost & (cost - 1):
        found.append(say.refused(f"{PLACE}.cost", "cost must be a power of two"))
    return found


def _text(algorithm: str, value: str, switches: Switches) -> list[Problem]:
    place = f"{PLACE}.hash.value"
    if algorithm == "bcrypt":
        if not _bcrypt.match(value):
            return [say.wrong_pattern(place, BCRYPT)]
        if switches.bcrypt_other_costs == "refused" and value[4:6] != "10":
            return [say.wrong_pattern(place, BCRYPT_OF_COST_10)]
        return []
    if algorithm == "ldap":
        return _matches(place, value, LDAP_STRING)
    if algorithm == "argon2":
        found = ARGON2_STRING.fullmatch(value)
        if found and found["kind"] != "argon2id" and switches.argon2_i_and_d == "refused":
            return [say.refused(place, f"{found['kind']} is not supported, only argon2id")]
        return _matches(place, value, ARGON2_STRING)
    found = PBKDF2_STRING.fullmatch(value)
    if found and found["digest"] not in PBKDF2_DIGESTS:
        return [say.not_listed(place, found["digest"])]
    if found and re.search(r"\b[il]=0+\b", found["parameters"] or ""):
        return [say.too_small(place, 0, 1)]
    return _matches(place, value, PBKDF2_STRING)


def _matches(place: str, value: str, pattern: re.Pattern[str]) -> list[Problem]:
    """Check the form of a string, and that its base64 parts can be decoded."""
    shown = re.sub(r"\?P<\w+>", "", pattern.pattern)  # Python's names of groups are no JavaScript
    wrong = [say.wrong_pattern(place, f"^{shown}$")]
    found = pattern.fullmatch(value)
    if found is None:
        return wrong
    try:
        for name in BASE64_PARTS & found.groupdict().keys():
            decoded(found[name], "base64")
    except ValueError:
        return wrong
    return []
