"""The legacy_api section: where the API in front of the legacy store is, who may call it, and how much it bears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from wizard.answers.section import SecretRef, Section

MARKS = "sqlite:migrated-users.db"
SCOPES = ("verify:passwords", "read:users", "mark:users")
"""What a token of this API may allow: POST /login; reading users; marking them as migrated."""

_REFERENCE = re.compile(r"^(keyring|env):[A-Za-z0-9_.-]{1,128}$")
_PASSWORD_IN_URL = re.compile(r"^[^:/?#]+://[^/?#]*?:[^/?#]*[^@/?#]@|[?&](password|passwd|pwd)=", re.IGNORECASE)


class LegacyApiAnswers(Section):
    """Legacy API: the service in front of the legacy store that Auth0 asks at each first login.

    An unknown user takes the time of a wrong password for the hash format that prevails in the store; users with hashes of
    a rarer format may be told from unknown ones by time.
    """

    table: ClassVar[str] = "legacy_api"
    title: ClassVar[str] = "Legacy API"

    url: str = Field(
        title="Address",
        description="Where Auth0 reaches it, from the internet and with TLS; no slash at the end.",
        examples=["https://legacy-api.example.com"],
    )
    audience: str = Field(
        title="Audience",
        description="The identifier of this API in Auth0, for which tokens are issued; it cannot change later.",
        examples=["https://legacy-api.example.com"],
        min_length=1,
        max_length=600,
    )
    client_id: str | None = Field(
        default=None,
        title="Client ID",
        description="Of the machine-to-machine application that alone may call it. Left out, any application with a "
        "grant may, which the run gives to the one it makes.",
        examples=["mZ3x…"],
        min_length=1,
    )
    marks: str = Field(
        default=MARKS,
        title="Where migrated users are marked",
        description="sqlite:FILE, relative to the folder of the answers file, or the URL of a database without its "
        "password, or env:NAME or keyring:NAME for the whole URL. The legacy tables stay as they are: marks have a "
        "table of their own.",
        examples=[MARKS, "postgresql://marks@db.example.com/shop"],
    )
    marks_password: SecretRef | None = Field(
        default=None,
        title="Password of that database's user",
        examples=["env:LEGACY_MARKS_PASSWORD"],
    )
    attempts: int = Field(
        default=10,
        ge=1,
        le=1000,
        title="Attempts for one account in a row",
        description="More attempts to log in to one account within a short time are refused, whoever makes them.",
    )
    attempt_seconds: float = Field(
        default=6.0,
        gt=0,
        le=3600,
        title="Seconds after which one more is allowed",
        description="With the default an account has 10 attempts a minute.",
    )
    accounts_watched: int = Field(
        default=100_000,
        ge=100,
        le=10_000_000,
        title="Accounts whose attempts are counted",
        description="The memory of each process is bounded by it; those that tried longest ago are forgotten first.",
    )
    hashes_at_once: int | None = Field(
        default=None,
        ge=1,
        le=256,
        title="Passwords checked at once",
        description="By each process; left out, one for each core, shared by the processes.",
    )
    logins_waiting: int = Field(
        default=200,
        ge=1,
        le=100_000,
        title="Logins that may wait for a check",
        description="By each process; more are answered with 503 at once, as Auth0 would not wait for them.",
    )
    store_seconds: float = Field(
        default=5.0,
        gt=0,
        le=15,
        title="Seconds the store may take",
        description="Then the answer is that it is unavailable; Auth0's scripts have 20 seconds in all.",
    )
    request_seconds: float = Field(
        default=15.0, gt=0, le=60, title="Seconds a request may take", description="From its first byte to its answer."
    )

    @classmethod
    def needed(cls, tables: Mapping[str, Any]) -> bool:
        """Only where users move at login, and not by scripts that ask the database themselves."""
        way, kind = (tables.get(table) for table in ("strategy", "scripts"))
        moves = isinstance(way, dict) and way.get("way") in ("automatic", "two-phase")
        return moves and not (isinstance(kind, dict) and kind.get("kind", "legacy_api") != "legacy_api")

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        from wizard.auth0.domain import is_loopback

        try:
            parts = urlsplit(value)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError("must be an address such as https://legacy-api.example.com") from None
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://legacy-api.example.com")
        if parts.username or parts.password:
            raise ValueError("must not hold a user or password")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("must begin with https://: passwords of users travel there")
        if value.endswith("/"):
            raise ValueError("must not end with a slash")
        return value

    @field_validator("marks")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if _PASSWORD_IN_URL.search(value):
            raise ValueError(
                "the URL carries a password, which an answers file must not hold; take it out and set "
                'marks_password = "env:NAME" or "keyring:NAME" (or make all of marks such a reference)'
            )
        if _REFERENCE.match(value) or "://" in value or (value.startswith("sqlite:") and len(value) > len("sqlite:")):
            return value
        raise ValueError("must be sqlite:FILE, dialect://user@host/database, env:NAME or keyring:NAME")

    @property
    def marks_is_secret(self) -> bool:
        """The whole of marks is a reference to a secret."""
        return bool(_REFERENCE.match(self.marks))
