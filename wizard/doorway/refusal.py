"""What the API answers when it does not do what was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Refusal(Exception):
    """An error as JSON: `{"error": code, "message": words}` and what `more` holds.

    Args:
        status: Of HTTP.
        code: The contract with the scripts.
        message: For people; never about a person.
        retry: Seconds after which it is worth trying again.
    """

    status: int
    code: str
    message: str
    more: dict[str, str] = field(default_factory=dict)
    retry: float | None = None
    challenge: str = ""

    @property
    def headers(self) -> dict[str, str]:
        headers = {}
        if self.retry is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry)))
        if self.challenge:
            headers["WWW-Authenticate"] = self.challenge
        return headers

    @property
    def body(self) -> dict[str, str]:
        return {"error": self.code, "message": self.message, **self.more}


STORE_RETRY_SECONDS = 5


def unavailable(message: str, retry: float = STORE_RETRY_SECONDS) -> Refusal:
    """Nothing can be said about the user now; never to be taken for a wrong password."""
    return Refusal(503, "store_unavailable", message, retry=retry)


def invalid_token(message: str) -> Refusal:
    return Refusal(401, "invalid_token", message, challenge='Bearer error="invalid_token"')


def insufficient_scope(scope: str) -> Refusal:
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Refusal(403, "insufficient_scope", f"The token lacks the scope {scope}", challenge=challenge)


def invalid_request(message: str) -> Refusal:
    return Refusal(400, "invalid_request", message)


def internal_error() -> Refusal:
    return Refusal(500, "internal_error", "An error that should not happen")
