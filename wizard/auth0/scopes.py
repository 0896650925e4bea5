"""What a token allows, and what it lacks for the calls that are going to be made."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from wizard.auth0.errors import GRANT_PLACE, InsufficientScope
from wizard.counts import counted
from wizard.events import Json

ALONG_WITH = {
    "update:connections_options": ("update:connections", "read:connections", "read:connections_options"),
    "read:connections_options": ("read:connections",),
}
"""Scopes that are of no use alone: options are replaced whole, so changing them needs reading them first.

Source: Auth0 docs, "Migrate to the connection options scopes", in force since 2025-07-08.
"""


@dataclass(frozen=True, slots=True)
class MissingScope:
    """A scope (or any one of several, joined by ` or `) and the call that needs it."""

    scope: str
    call: str

    def __str__(self) -> str:
        return f"{self.scope} for {self.call}"


def scopes_of(token: Mapping[str, Json]) -> frozenset[str] | None:
    """Read the scopes of an answer of /oauth/token: from `scope`, else from the token itself, else None for unknown.

    The token is not verified: it only came from Auth0 to be sent back there.
    """
    scope = token.get("scope")
    if not isinstance(scope, str):
        value = token.get("access_token")
        scope = _claims(value).get("scope") if isinstance(value, str) else None
    return frozenset(scope.split()) if isinstance(scope, str) else None


def missing_scopes(granted: Collection[str] | None, needed: Mapping[str, str]) -> list[MissingScope]:
    """Name what is missing, in the order of `needed`; nothing when it is unknown what was granted.

    Args:
        granted: Scopes of the token, from `scopes_of`.
        needed: Scope to the call that needs it; `read:users or create:users` where one of several is enough.
    """
    if granted is None:
        return []
    have = frozenset(granted)
    missing: dict[str, MissingScope] = {}
    for scopes, call in needed.items():
        for one in (scopes, *ALONG_WITH.get(scopes, ())):
            if have.isdisjoint(one.split(" or ")):
                missing.setdefault(one, MissingScope(one, call))
    return list(missing.values())


def require_scopes(granted: Collection[str] | None, needed: Mapping[str, str]) -> None:
    """Refuse before anything is sent.

    Raises:
        InsufficientScope: names all that are missing at once, each with the call that needs it.
    """
    missing = missing_scopes(granted, needed)
    if missing:
        raise insufficient(missing)


def insufficient(missing: Sequence[MissingScope]) -> InsufficientScope:
    """The error that names all missing scopes at once."""
    names = [one.scope for one in missing]
    error = InsufficientScope(
        f"The application lacks {counted(len(names), 'scope')} of the Auth0 Management API",
        why=", ".join(map(str, missing)),
        remedy=f"Grant {', '.join(names)} under {GRANT_PLACE}, then run the same command again.",
    )
    error.scopes = tuple(names)
    return error


def _claims(token: str) -> Mapping[str, Json]:
    """The payload of a JWT; empty for an opaque token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
