"""Passwords that a service keeps as JSON: credentials of Keycloak, old and new, records of FusionAuth and Clerk.

Source: Keycloak docs, CredentialRepresentation of its Admin API; FusionAuth docs, "Password Hashing Algorithms";
Clerk docs, "Migrate to Clerk", password hashers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wizard.passwords import argon2, bcrypt
from wizard.passwords.digests import digest
from wizard.passwords.encoded import SIZES, from_base64, from_hex
from wizard.passwords.pbkdf2 import pbkdf2
from wizard.passwords.recipe import Verdict, damaged, refused, unchecked

KEYCLOAK = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
FUSIONAUTH = {
    "salted-pbkdf2-hmac-sha256": ("sha256", 32),
    "salted-pbkdf2-hmac-sha256-512": ("sha256", 64),
    "salted-pbkdf2-hmac-sha512-512": ("sha512", 64),
}
VERSIONS = {"1.0": "16", "1.3": "19"}
CLERK: Mapping[str, tuple[str, ...]] = {
    "argon2i": ("$argon2i$",),
    "argon2id": ("$argon2id$",),
    "bcrypt": ("$2",),
    "ldap_ssha": ("{SSHA}",),
    "pbkdf2_sha256_django": ("pbkdf2_sha256$",),
    "scrypt_werkzeug": ("scrypt:",),
}
"""Hashers of Clerk whose digests are what others write, and how those begin."""


def judge(value: str) -> Verdict | None:
    """Judge a JSON object; None if it is of no service that is known. A login only checks what can be translated."""
    found = _of_service(value)
    return unchecked(found) if found is not None and found.code == "password_unsupported" else found


def _of_service(value: str) -> Verdict | None:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if "credentialData" in found or "hashedSaltedValue" in found:
        return _keycloak(found)
    if "encryptionScheme" in found:
        return _fusionauth(found)
    if "password_hasher" in found:
        return _clerk(found)
    return None


def _keycloak(record: Mapping[str, Any]) -> Verdict:
    """The new form has two JSON texts inside, the old one has all in one object."""
    public, secret = _object(record.get("credentialData")), _object(record.get("secretData"))
    algorithm = str(public.get("algorithm") or record.get("algorithm") or "")
    iterations = _number(public.get("hashIterations", record.get("hashIterations")))
    salt, hashed = secret.get("salt", record.get("salt")), secret.get("value", record.get("hashedSaltedValue"))
    if algorithm == "argon2":
        return _keycloak_argon2(public, iterations, str(salt), str(hashed))
    if algorithm == "bcrypt" and isinstance(hashed, str) and hashed.startswith("$2"):
        assumes = "that the extension of Keycloak hashes the password itself"
        return replace(bcrypt.judge(hashed), scheme="bcrypt of Keycloak", assumes=assumes)
    if algorithm not in KEYCLOAK:
        return refused("Keycloak", _name(algorithm), "this algorithm comes from an extension of Keycloak")
    if not iterations:
        return damaged("pbkdf2 of Keycloak", why="it does not say how many iterations it has")
    return pbkdf2("pbkdf2 of Keycloak", KEYCLOAK[algorithm], iterations, _bytes(salt), _bytes(hashed))


def _keycloak_argon2(public: Mapping[str, Any], iterations: int, salt: str, hashed: str) -> Verdict:
    more = {name: _first(each) for name, each in _object(public.get("additionalParameters")).items()}
    kind = {"id": "argon2id", "i": "argon2i", "d": "argon2d"}.get(str(more.get("type")))
    memory, lanes = _number(more.get("memory")), _number(more.get("parallelism"))
    version = VERSIONS.get(str(more.get("version")))
    if kind is None or version is None or not (memory and lanes and iterations):
        return damaged("argon2", "of Keycloak", "a parameter is missing")
    data, length = _bytes(hashed), _number(more.get("hashLength"))
    if data is None or (length and len(data) != length):
        return damaged("argon2", "of Keycloak", "it has not the length that is told beside it")
    return argon2.string(kind, version, {"m": memory, "t": iterations, "p": lanes}, salt, hashed)


def _fusionauth(record: Mapping[str, Any]) -> Verdict:
    scheme = str(record.get("encryptionScheme") or "")
    if scheme not in FUSIONAUTH:
        why = "FusionAuth's digests are iterated or a plugin's own, which Auth0 cannot check"
        return refused("FusionAuth", _name(scheme), why)
    algorithm, size = FUSIONAUTH[scheme]
    factor = _number(record.get("factor"))
    if not factor:
        return damaged("pbkdf2 of FusionAuth", why="it does not say its factor")
    salt, hashed = _bytes(record.get("salt")), _bytes(record.get("password"))
    assumes = "that the salt is base64 of the bytes that were hashed"
    return pbkdf2("pbkdf2 of FusionAuth", algorithm, factor, salt, hashed, size=size, assumes=assumes)


def _clerk(record: Mapping[str, Any]) -> Verdict:
    """The hasher is named beside the digest, and some share a form: it alone says what the digest is of."""
    hasher, stored = str(record.get("password_hasher") or ""), str(record.get("password_digest") or "")
    if hasher in ("md5", "sha256") and len(stored) == 2 * SIZES[hasher]:
        return digest(f"{hasher} of Clerk", hasher, from_hex(stored))
    if hasher in ("pbkdf2_sha256", "pbkdf2_sha1"):
        return _clerk_pbkdf2(hasher.removeprefix("pbkdf2_"), stored)
    starts = CLERK.get(hasher)
    if starts is not None and stored.startswith(starts):
        from wizard.passwords.judging import judge_value

        return judge_value(stored)
    if hasher == "bcrypt_peppered":
        return refused("Clerk", hasher, "a pepper was appended to the password, and the export does not tell it")
    return refused("Clerk", _name(hasher), "Auth0 cannot check what this hasher makes")


def _clerk_pbkdf2(algorithm: str, stored: str) -> Verdict:
    """`pbkdf2_sha256$iterations$salt$hash` in base64; of SHA-1 the salt is text and the hash hex."""
    _, iterations, salt, hashed = stored.split("$") if stored.count("$") == 3 else ("",) * 4
    data = from_base64(salt) if algorithm == "sha256" else salt.encode("utf-8", "replace")
    made = from_base64(hashed) if algorithm == "sha256" else from_hex(hashed)
    if not _number(iterations):
        return damaged("pbkdf2 of Clerk", algorithm)
    return pbkdf2("pbkdf2 of Clerk", algorithm, _number(iterations), data, made)


def _name(text: str) -> str:
    """What may be shown of an algorithm's name."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text) else ""


def _object(value: Any) -> Mapping[str, Any]:
    """An object, or JSON of one; anything else is empty."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Any:
    """Keycloak keeps each additional parameter as a list of one."""
    return value[0] if isinstance(value, list) and value else value


def _number(value: Any) -> int:
    """A positive number, also as text; 0 for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0


def _bytes(value: Any) -> bytes | None:
    return from_base64(value) if isinstance(value, str) else None
