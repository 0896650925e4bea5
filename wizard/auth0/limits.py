"""The one limiter that every request to a tenant passes, so that live traffic keeps its share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard.auth0.bucket import Bucket, Permit
from wizard.auth0.plans import AUTHENTICATION, GROUPS, PLANS, Plan, Rate
from wizard.auth0.quota import Quota, ServerClock
from wizard.errors import UsageError
from wizard.events import Emit, RateLimitSeen

if TYPE_CHECKING:
    from wizard.clock import Clock

__all__ = ["GROUPS", "PLANS", "Limiter", "Permit", "Plan", "Rate"]

GAUGE_EVERY = 0.25
"""Seconds between two events for the gauge."""


class Limiter:
    """Hands out permits to send, in the order they were asked for.

    Args:
        plan: A key of `PLANS`. `auto` starts as slow as the slowest plan and goes up to what Auth0's headers prove.
        clock: Time and sleep.
        emit: Hears `RateLimitSeen`, at most four a second.
        reserve: Share of the refill and of the full bucket that is left for live traffic, from 0 to below 1.
        rate: Requests a second, by hand, for one bucket of everything; with `burst`.
        burst: Size of that bucket.

    Raises:
        UsageError: the plan is unknown, or the figures make no sense.
    """

    def __init__(
        self,
        plan: str,
        *,
        clock: Clock,
        emit: Emit,
        reserve: float = 0.20,
        rate: float | None = None,
        burst: float | None = None,
    ) -> None:
        chosen = plan_of(plan, rate, burst)
        if not 0 <= reserve <= 0.95:
            raise UsageError(
                f"The reserve for live traffic is {reserve:g}", remedy="Give a share from 0 to 0.95, such as 0.2."
            )
        self._clock = clock
        self._emit = emit
        self._server_clock = ServerClock()
        self._gauge_shown = float("-inf")
        now = clock.now()
        learns = plan == "auto" and rate is None
        everything = Bucket("all", chosen.everything, reserve=reserve, now=now, learns=learns)
        named = {**chosen.groups, "authentication": AUTHENTICATION}
        self._buckets = {
            group: Bucket(group, named[group], reserve=reserve, now=now, learns=False) if group in named else everything
            for group in GROUPS
        }

    async def acquire(self, group: str) -> Permit:
        """Wait for a token of the group's bucket, first come, first served, and spend it."""
        bucket = self._buckets[group]
        bucket.waiting += 1
        try:
            async with bucket.turn:
                while (wait := bucket.wait(self._clock.now())) > 0:
                    await self._clock.sleep(wait)
                return bucket.take(self._clock.now())
        finally:
            bucket.waiting -= 1

    def observe(self, permit: Permit, status: int, headers: Mapping[str, str], *, limited: bool | None = None) -> float:
        """Learn from an answer; return the seconds Auth0 asks to wait, 0 when it does not.

        Args:
            permit: Of the request that was answered.
            status: HTTP status; 429 closes the bucket for as long as the headers say, or with growing patience.
            headers: Of the answer, with names found in lower case.
            limited: Whether the answer is about the rate; only said when a 429 means something else.
        """
        now = self._clock.now()
        quota = Quota.of(headers, self._server_clock.now(headers, permit.sent, now))
        wait = 0.0
        if status == 429 if limited is None else limited:
            wait = permit.bucket.refused(permit, quota, now)
        else:
            permit.bucket.answered(permit, quota, now)
        self._show(permit.bucket, now)
        return wait

    def server_now(self) -> float:
        """UNIX time by the server's clock as far as answers have shown it; ours before any did."""
        return self._server_clock.at(self._clock.now())

    def budget(self, group: str) -> float:
        """Requests a second that this product may send in the group, after the reserve."""
        return self._buckets[group].rate

    def wait_estimate(self, group: str) -> float:
        """Seconds that a request asked for now would wait for its turn."""
        bucket = self._buckets[group]
        return bucket.wait_for(bucket.waiting + 1, self._clock.now())

    def seconds_for(self, requests: Mapping[str, int]) -> float:
        """Seconds until so many further requests of each group could have gone."""
        wanted: dict[int, tuple[Bucket, int]] = {}
        for group, number in requests.items():
            bucket = self._buckets[group]
            wanted[id(bucket)] = (bucket, wanted.get(id(bucket), (bucket, 0))[1] + number)
        now = self._clock.now()
        return max((bucket.wait_for(number, now) for bucket, number in wanted.values()), default=0.0)

    def _show(self, bucket: Bucket, now: float) -> None:
        if now - self._gauge_shown >= GAUGE_EVERY:
            self._gauge_shown = now
            self._emit(RateLimitSeen(bucket.name, bucket.limit, bucket.level, bucket.reset_in, bucket.waiting))


def plan_of(plan: str, rate: float | None = None, burst: float | None = None) -> Plan:
    """The limits of a plan by name, or by two figures.

    Raises:
        UsageError: there is no such plan, or a figure is missing or out of range.
    """
    if plan not in PLANS:
        raise UsageError(f"There is no plan called {plan}", remedy=f"Choose one of: {', '.join(PLANS)}.")
    if rate is None and burst is None and plan != "custom":
        return PLANS[plan]
    if rate is None or burst is None:
        raise UsageError(
            "A rate limit by hand needs two figures",
            remedy="Give both the rate (requests a second) and the burst (size of the bucket), such as 15 and 50.",
        )
    if not (0 < rate <= 100_000 and 1 <= burst <= 100_000):
        raise UsageError(
            f"A rate of {rate:g} a second with a burst of {burst:g} can not be kept",
            remedy="Give a rate above 0 and a burst of at least 1.",
        )
    return Plan(f"{rate:g} a second, burst {burst:g}", Rate(burst=burst, tokens=rate))
