"""Users in the errors of an import job: as they were sent, but for what nobody should read."""

from __future__ import annotations

from typing import Any

HIDDEN = "*****"
PLAIN_HASH_MEMBERS = frozenset({"algorithm", "encoding", "digest", "position"})
SECRET_WORDS = ("password", "secret", "hash", "salt")


def redacted(user: Any) -> dict[str, Any]:
    """Return the user with hashes, salts, keys and MFA secrets as `*****`; an entry that is no object becomes {}."""
    if not isinstance(user, dict):
        return {}
    shown = {}
    for key, value in user.items():
        if key == "custom_password_hash":
            shown[key] = _hash(value)
        elif key == "mfa_factors":
            shown[key] = _without_values(value)
        elif any(word in key.lower() for word in SECRET_WORDS):
            shown[key] = HIDDEN
        else:
            shown[key] = value
    return shown


def _hash(value: Any) -> Any:
    """Keep algorithm and encodings, numbers too; hide every other text."""
    if isinstance(value, dict):
        return {
            key: part if key in PLAIN_HASH_MEMBERS and isinstance(part, str) else _hash(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_hash(part) for part in value]
    return HIDDEN if isinstance(value, str) else value


def _without_values(value: Any) -> Any:
    """Hide TOTP secrets; phone numbers and addresses stay, as they do elsewhere in the profile."""
    if isinstance(value, dict):
        return {key: HIDDEN if key == "secret" else _without_values(part) for key, part in value.items()}
    return [_without_values(part) for part in value] if isinstance(value, list) else value
