"""One token bucket of Auth0, as far as it can be known from here.

Auth0 fills its buckets steadily or at the top of each second; its documents say both. A client that never spends more
than `burst` at once, where burst plus one second of its own rate fits in Auth0's bucket, stays inside either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from wizard.auth0.plans import Rate, slowest_refill
from wizard.auth0.quota import Quota

TICK = 1.0
"""Seconds between two fillings, should Auth0 fill in steps."""

PACE = 0.99
"""A hair slower than allowed: the server's clock is not ours and requests do not all take the same time."""

EPSILON = 1e-6
SILENCE = 2.0
"""Seconds after which an answer is no longer waited for."""

LEAST_RESERVE = 0.10
"""Share that is left alone even without live traffic: requests of one second may arrive in less, and a bucket that fills
at the top of the second would refuse one of them."""
LOOK_AGAIN = 0.05
LONGEST_BACKOFF = 60.0
RECOVERY = 60.0
"""Seconds until a bucket that was slowed by 429s is trusted with its whole rate again."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to send one request; `number` counts the permits of the bucket."""

    bucket: Bucket
    number: int
    sent: float


class Bucket:
    """Tokens, and what the answers taught about them. All times are UNIX seconds of the caller's clock."""

    def __init__(self, name: str, rate: Rate, *, reserve: float, now: float, learns: bool) -> None:
        self.name = name
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.remaining: int | None = None
        self.reset_in: float | None = None
        self._plan = rate
        self._reserve = max(reserve, LEAST_RESERVE)
        self._learns = learns
        self._limit = float(rate.burst)
        self._refill = rate.refill
        self._trust = 1.0
        self._trust_as_of = now
        self._tokens = self.burst
        self._as_of = now
        self._closed_until = now
        self._issued = 0
        self._newest = 0
        self._sent = now
        self._refused_at = float("-inf")
        self._refusals = 0
        self._limits_seen: set[int] = set()
        self._proof = RefillProof()

    @property
    def limit(self) -> int:
        """Tokens in Auth0's full bucket."""
        return int(self._limit)

    @property
    def rate(self) -> float:
        """Requests a second that are ours: the refill without the reserve, less after 429s."""
        return self._refill * (1 - self._reserve) * PACE * self._trust

    @property
    def burst(self) -> float:
        """Tokens we save up at most: without the reserve, and with room for one step of refill."""
        share = self._refill * (1 - self._reserve)
        return max(1.0, min(self._limit * (1 - self._reserve), self._limit - share * TICK))

    @property
    def level(self) -> float:
        """What is thought to be left in Auth0's bucket, for the gauge."""
        return float(self.remaining) if self.remaining is not None else max(0.0, self._tokens) + self._floor

    @property
    def _floor(self) -> int:
        """Tokens of the full bucket that stay for live traffic; headers count in whole tokens, so does this."""
        return int(self._limit * self._reserve)

    @property
    def _is_low(self) -> bool:
        """Whether the reserve itself is being spent and an answer is on its way: then the next one waits for it."""
        return self.remaining is not None and self.remaining < self._floor and self._issued > self._newest

    def wait(self, now: float) -> float:
        """Seconds until the next request may go; 0 when it may go now."""
        return self.wait_for(1, now)

    def wait_for(self, requests: int, now: float) -> float:
        """Seconds until this many further requests could have gone."""
        self._fill(now)
        if self._is_low and now < self._sent + SILENCE:
            return LOOK_AGAIN
        missing = requests - self._tokens
        if missing <= EPSILON and now >= self._closed_until:
            return 0.0
        start = max(now, self._as_of)
        return max(start - now + max(0.0, missing) / self.rate, self._closed_until - now, EPSILON * 100)

    def take(self, now: float) -> Permit:
        """Spend one token; call when `wait` is 0."""
        self._fill(now)
        self._tokens -= 1
        self._issued += 1
        self._sent = now
        return Permit(self, self._issued, now)

    def answered(self, permit: Permit, quota: Quota, now: float) -> None:
        """Learn from an answer that was not a 429."""
        self._fill(now)
        self._refusals = 0
        self._trust = min(1.0, self._trust + max(0.0, now - self._trust_as_of) / RECOVERY)
        self._trust_as_of = max(now, self._trust_as_of)
        newest = permit.number >= self._newest
        self._newest = max(self._newest, permit.number)
        if quota.limit is None or quota.remaining is None:
            return
        self._proof.look(quota.limit, quota.remaining, permit.sent, now, newest=newest)
        self._correct(quota.limit)
        if newest:
            self.remaining, self.reset_in = quota.remaining, quota.reset_in
            self._believe(permit, quota, now)

    def refused(self, permit: Permit, quota: Quota, now: float) -> float:
        """Learn from a 429; return the seconds until the bucket opens again, empty.

        Requests that were on their way together are refused together: they count as one refusal.
        """
        self._fill(now)
        self._newest = max(self._newest, permit.number)
        self.remaining, self.reset_in = 0, quota.reset_in
        if permit.sent > self._refused_at:
            self._refused_at = now
            self._refusals += 1
            self._trust = max(0.1, self._trust * 0.7)
            self._trust_as_of = now
        told = quota.retry_after if quota.retry_after is not None else quota.reset_in
        wait = min(LONGEST_BACKOFF, 2.0 ** (self._refusals - 1)) if told is None else told
        self._closed_until = max(self._closed_until, now + wait)
        self._tokens = min(self._tokens, 0.0)
        self._as_of = max(self._as_of, self._closed_until)
        return max(0.0, self._closed_until - now)

    def _believe(self, permit: Permit, quota: Quota, now: float) -> None:
        """Let the tokens be no more than the answer says is left, above the reserve.

        The answer is taken to speak of the moment its request was sent: requests sent since then are still to be taken
        off, and what we may spend of the refill since then is added.
        """
        remaining = quota.remaining or 0
        since = self._issued - permit.number - self.rate * (now - permit.sent)
        left = remaining - self._floor - since
        if self._learns and quota.limit not in self._limits_seen:
            self._limits_seen.add(quota.limit or 0)
            self._tokens = left
        self._tokens = min(self._tokens, left, self.burst)
        if remaining == 0 and quota.reset_in is not None:
            self._closed_until = max(self._closed_until, now + quota.reset_in)

    def _correct(self, limit: int) -> None:
        """Take the size of the bucket from the answers: downwards always, upwards only when asked to find out."""
        known = slowest_refill(limit)
        if self._learns:
            self._limit = float(limit)
            self._refill = max(known or self._plan.refill, self._proof.refill)
        elif limit < self._plan.burst:
            self._limit = float(limit)
            self._refill = min(self._plan.refill, known or self._plan.refill)
        else:
            self._limit, self._refill = float(self._plan.burst), self._plan.refill

    def _fill(self, now: float) -> None:
        if now > self._as_of:
            self._tokens = min(self.burst, self._tokens + (now - self._as_of) * self.rate)
            self._as_of = now


@dataclass(slots=True)
class _Look:
    """What remained at one answer, and how many requests have been sent and answered since."""

    sent: float
    answered: float
    remaining: int
    spent: int = 0


class RefillProof:
    """The refill that two looks at a bucket prove: it gained at least what more remains plus what we spent meanwhile.

    Spending of others only makes the proof weaker, never wrong.
    """

    SHORTEST = 2.0
    EVERY = 5.0
    DOUBT = 2

    def __init__(self) -> None:
        self.refill = 0.0
        self._looks: dict[int, deque[_Look]] = {}

    def look(self, limit: int, remaining: int, sent: float, now: float, *, newest: bool) -> None:
        """Compare an answer with earlier ones of a bucket of the same size.

        Args:
            limit: Size of the bucket the answer speaks of.
            remaining: Tokens left in it.
            sent: When the request was sent.
            now: When its answer came.
            newest: False when a request sent later was answered before; then it only counts as spent.
        """
        looks = self._looks.setdefault(limit, deque(maxlen=12))
        for look in looks:
            if sent < look.answered:
                continue
            look.spent += 1
            took = now - look.sent
            if newest and took >= self.SHORTEST:
                gained = remaining - look.remaining + look.spent - self.DOUBT
                self.refill = max(self.refill, gained / (took + TICK))
        if newest and (not looks or now - looks[-1].answered >= self.EVERY):
            looks.append(_Look(sent, now, remaining))
