"""Keycloak: a realm export with users (`kc.sh export --users same_file` or `realm_file`).

Source: Keycloak docs, "Importing and exporting realms"; UserRepresentation and CredentialRepresentation of its Admin API.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.legacy.stores.parts import base32_text, compact, from_json, objects
from wizard.legacy.stores.store import Made, Row, Seen, Store, signs, unless
from wizard.mapping.words import LEFT_FACTOR

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource

_OLD = ("algorithm", "hashIterations", "salt", "hashedSaltedValue")
_FACTORS = ("otp", "totp", "webauthn")
_NEW = ("credentialData", "secretData")


def _make(row: Row) -> Made:
    credentials = objects(row.get("credentials"))
    password = next((each for each in credentials if each.get("type") == "password"), None)
    secret = _totp(credentials)
    known = row.get("totp") is True or any(each.get("type") in _FACTORS for each in credentials)
    return {
        "password": _password(password),
        "totp_secret": secret,
        LEFT_FACTOR: "otp" if known and not secret else None,
    }


def _password(credential: dict[str, Any] | None) -> str | None:
    """The credential as JSON, old form or new, without its id and label; a plain password as one."""
    if credential is None:
        return None
    kept = {name: credential[name] for name in (*_NEW, *_OLD) if credential.get(name) is not None}
    if not kept and isinstance(plain := credential.get("value"), str) and plain:
        return "{noop}" + plain  # a realm written by hand, which Keycloak hashes when it reads it
    return compact({"type": "password", **kept}) if kept else None


def _totp(credentials: list[dict[str, Any]]) -> str | None:
    """The secret of the only kind of codes that Auth0 checks: SHA-1, 6 digits, every 30 seconds."""
    for each in credentials:
        facts, secret = from_json(each.get("credentialData")), from_json(each.get("secretData"))
        if each.get("type") not in ("otp", "totp") or facts.get("subType", "totp") != "totp":
            continue
        if (facts.get("digits", 6), facts.get("period", 30)) != (6, 30) or facts.get("algorithm") not in (
            None,
            "HmacSHA1",
        ):
            continue
        value = secret.get("value")
        if isinstance(value, str) and value:
            return value if facts.get("secretEncoding") == "BASE32" else base32_text(value.encode())
    return None


_PART = re.compile(r"(.+-users-)[0-9]+(\.json(?:\.gz)?)")


def _look_beside(source: LegacySource) -> Seen:
    """Unless it is told otherwise, Keycloak exports users in files of 50: `shop-users-0.json`, `shop-users-1.json`, …"""
    path = getattr(source, "path", None)
    part = _PART.fullmatch(path.name) if isinstance(path, Path) else None
    if not isinstance(path, Path) or part is None:
        return Seen()
    names = (_PART.fullmatch(each.name) for each in path.absolute().parent.iterdir())
    count = sum(name is not None and name[1] == part[1] for name in names)
    if count < 2:
        return Seen()
    together = f"jq -s '{{users: map(.users) | add}}' {part[1]}*{part[2]}"
    return Seen(
        warnings=(
            f"This is one of {count:,} files with users of this realm, and only this one is read. Export them in one "
            f"(kc.sh export --users same_file), or put them together ({together} > users.json).",
        )
    )


STORE = Store(
    key="keycloak",
    title="Keycloak users",
    signs=signs(
        "username credentials emailVerified",
        "username credentials createdTimestamp",
        "username enabled emailVerified createdTimestamp",
    ),
    forms=frozenset(("json", "ndjson")),
    profile={
        "user_id": "id",
        "email": "email",
        "email_verified": "emailVerified",
        "given_name": "firstName",
        "family_name": "lastName",
        "blocked": unless("enabled"),
        "mfa": {"totp": "totp_secret"},
    },
    passwords={"column": "password"},
    created="createdTimestamp",
    verified="emailVerified",
    hashes_in="credentials",
    made=("password", "totp_secret", LEFT_FACTOR),
    make=_make,
    reads=("credentials", "totp"),
    look=_look_beside,
    notes=(
        "Second factors other than codes of 6 digits with SHA-1 every 30 seconds stay behind; prepare counts their users.",
        "Map username only if it is not the e-mail address and the connection takes usernames.",
        "The Admin API (GET /users) gives no credentials; kc.sh export does.",
        "A realm export does not say when users last logged in.",
        "Users of federated directories have no password in it.",
    ),
)
