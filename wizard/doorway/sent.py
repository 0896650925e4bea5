"""What a run has sent to places where Auth0 shows no values: configuration of a connection, secrets of an Action.

The journal keeps, for each value, a hash keyed with a random key of the run, and what Auth0 showed in its place. A value
is current when it hashes to the same, and Auth0 still shows the same.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from wizard.journal import Journal

KEY = "sent_key"


def stale(journal: Journal, place: str, values: Mapping[str, str | None], shown: Mapping[str, str]) -> tuple[str, ...]:
    """The names whose value is not known to be in place.

    Args:
        place: Where they are: `connection:acme-users`.
        values: What should be there; None for what is not known yet.
        shown: What Auth0 shows there instead of the values, by name: a sealed value, or when it was set.
    """
    known = journal.recall(f"sent:{place}") or {}
    return tuple(
        name
        for name, value in values.items()
        if value is None or name not in shown or known.get(name) != [_hash(journal, value), _shown(shown[name])]
    )


def remember(journal: Journal, place: str, values: Mapping[str, str], shown: Mapping[str, str]) -> None:
    """Write down that these values were sent and are shown so."""
    if journal.recall(KEY) is None:
        journal.remember(KEY, secrets.token_hex(32))
    noted = {name: [_hash(journal, value), _shown(shown.get(name, ""))] for name, value in values.items()}
    journal.remember(f"sent:{place}", noted)


def digest(texts: Sequence[str]) -> str:
    """SHA-256 in hex of some texts, in order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _hash(journal: Journal, value: str) -> str:
    key = journal.recall(KEY) or ""
    return hmac.new(str(key).encode(), value.encode(), "sha256").hexdigest()


def _shown(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
