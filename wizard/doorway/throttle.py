"""Attempts to log in to one account: a token bucket each, in bounded memory, under names that tell nothing."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable


class Throttle:
    """Counts attempts in this process.

    Args:
        attempts: How many are allowed in a row.
        seconds: After which one more is allowed.
        most: Accounts that are remembered; those that tried longest ago are forgotten first.
        now: A clock in seconds.
    """

    def __init__(self, attempts: int, seconds: float, most: int, now: Callable[[], float]) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._most = most
        self._now = now
        self._key = secrets.token_bytes(16)
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, account: str) -> float:
        """Count an attempt; 0 if it is allowed, else the seconds until one is."""
        name, now = self._name(account), self._now()
        left = self._refilled(name, now)
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, now)
        self._left.move_to_end(name)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if allowed else max(self._seconds * (1 - left), 0.001)

    def give_back(self, account: str) -> None:
        """An attempt that succeeded does not count."""
        name, now = self._name(account), self._now()
        if name in self._left:
            self._left[name] = (min(self._attempts, self._refilled(name, now) + 1), now)

    def _refilled(self, name: bytes, now: float) -> float:
        left, then = self._left.get(name, (float(self._attempts), now))
        return min(self._attempts, left + max(0.0, now - then) / self._seconds)

    def _name(self, account: str) -> bytes:
        return hashlib.blake2b(account.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
