"""What an answer's headers say about the rate limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

LONGEST_RESET = 3600.0
"""Seconds. Auth0's windows last a second or a minute and its quotas an hour; anything beyond is not believed."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Figures of one answer; None where the answer does not say. Times are seconds from now."""

    limit: int | None = None
    remaining: int | None = None
    reset_in: float | None = None
    retry_after: float | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str], server_now: float) -> Quota:
        """Read `x-ratelimit-*` and `Retry-After`.

        Args:
            headers: Of the answer; looked up in lower case.
            server_now: UNIX time by the server's clock, from `ServerClock`.
        """
        return cls(
            limit=_count(headers.get("x-ratelimit-limit")),
            remaining=_count(headers.get("x-ratelimit-remaining")),
            reset_in=_seconds(_number(headers.get("x-ratelimit-reset")), server_now),
            retry_after=_retry_after(headers.get("retry-after"), server_now),
        )


class ServerClock:
    """The server's clock, from Date headers that know whole seconds only.

    Each answer bounds how far the server is ahead: its clock showed at least Date when the answer came, and less than
    Date + 1 when the request left. The surest lower bound makes waits for a reset as short as they may be, never shorter.
    """

    DRIFT = 1e-4
    """Seconds a second that two clocks may part; the bound is loosened by it."""

    def __init__(self) -> None:
        self._ahead: float | None = None
        self._as_of = 0.0

    def now(self, headers: Mapping[str, str], sent: float, now: float) -> float:
        """Return the server's time, early rather than late; ours when no answer ever carried a Date."""
        date = _date(headers.get("date"))
        if date is not None:
            self._learn(date - now, date + 1 - sent, now)
        return self.at(now)

    def at(self, now: float) -> float:
        """The server's time as far as answers have shown it, in whole seconds; ours before any did."""
        return now if self._ahead is None else now + self._ahead

    def _learn(self, least: float, most: float, now: float) -> None:
        known = None if self._ahead is None else self._ahead - self.DRIFT * max(0.0, now - self._as_of)
        believable = known is not None and known <= most
        self._ahead = max(known, least) if known is not None and believable else least
        self._as_of = now


def _retry_after(value: str | None, reference: float) -> float | None:
    """Retry-After is a number of seconds or a date."""
    seconds = _number(value)
    if seconds is not None:
        return min(seconds, LONGEST_RESET)
    return _seconds(_date(value), reference)


def _seconds(moment: float | None, reference: float) -> float | None:
    if moment is None:
        return None
    distance = moment - reference
    return max(0.0, distance) if distance <= LONGEST_RESET else None


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):  # a year that no clock of this machine has
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < 1e12 else None


def _count(value: str | None) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
