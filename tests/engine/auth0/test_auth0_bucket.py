"""The limiter against a simulated tenant: it never causes a 429 itself, and wastes next to nothing of its share."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.auth0.bucket import Bucket, Permit
from wizard.auth0.plans import PLANS, Rate
from wizard.auth0.quota import Quota, ServerClock

START = 1_790_000_000.0


@dataclass
class ServerBucket:
    """Auth0's side: fills steadily, or at the top of each `step` seconds."""

    rate: Rate
    step: float | None
    now: float = START
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.rate.burst

    def spend(self, now: float) -> tuple[bool, int, float]:
        """Whether a request is let in, what remains, and the UNIX second when more tokens come."""
        if self.step is None:
            gained = (now - self.now) * self.rate.refill
        else:
            gained = (now // self.step - self.now // self.step) * self.rate.refill * self.step
        self.level = min(self.rate.burst, self.level + gained)
        self.now = now
        let_in = self.level >= 1
        self.level -= let_in
        more = (
            now + (1 - self.level % 1) / self.rate.refill if self.step is None else (now // self.step + 1) * self.step
        )
        return let_in, int(self.level), float(math.ceil(more))


@dataclass
class Outcome:
    """What a simulated hour (or less) of traffic came to."""

    sent: list[float] = field(default_factory=list)
    refused: int = 0
    live_refused: int = 0

    def rate(self, since: float, until: float) -> float:
        return sum(START + since <= at < START + until for at in self.sent) / (until - since)


def traffic(
    bucket: Bucket,
    server: ServerBucket,
    *,
    seconds: float,
    senders: int,
    latency: tuple[float, float],
    headers: bool = True,
    live: float = 0.0,
    seed: int = 0,
) -> Outcome:
    """Let `senders` ask without pause for so many seconds; `live` requests a second come from elsewhere."""
    dice = random.Random(seed)
    outcome = Outcome()
    order = 0
    clock = ServerClock()
    events: list[tuple[float, int, str, Permit | None, dict[str, str], bool]] = []

    def at(
        moment: float, kind: str, permit: Permit | None = None, seen: dict[str, str] | None = None, ok: bool = True
    ) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (moment, order, kind, permit, seen or {}, ok))

    queue = senders
    at(START, "send")
    if live:
        at(START + dice.expovariate(live), "live")
    while events:
        now, _, kind, permit, seen, ok = heapq.heappop(events)
        if now > START + seconds:
            break
        if kind == "live":
            outcome.live_refused += not server.spend(now)[0]
            at(now + dice.expovariate(live), "live")
        elif kind == "send" and queue:
            wait = bucket.wait(now)
            if wait > 0:
                at(now + wait, "send")
            else:
                queue -= 1
                at(now + dice.uniform(*latency) / 2, "arrive", bucket.take(now))
                at(now, "send")
        elif kind == "arrive":
            let_in, remaining, reset = server.spend(now)
            outcome.refused += not let_in
            outcome.sent.extend([now] if let_in else [])
            told = answer_headers(now, int(server.rate.burst), remaining, reset) if headers else {}
            at(now + dice.uniform(*latency) / 2, "answer", permit, told, let_in)
        elif kind == "answer" and permit is not None:
            quota = Quota.of(seen, clock.now(seen, permit.sent, now))
            if ok:
                bucket.answered(permit, quota, now)
            else:
                bucket.refused(permit, quota, now)
            queue += 1
            if queue == 1:
                at(now, "send")
    return outcome


def answer_headers(now: float, limit: int, remaining: int, reset: float) -> dict[str, str]:
    return {
        "date": formatdate(now, usegmt=True),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": f"{reset:.0f}",
    }


def a_bucket(rate: Rate, *, reserve: float = 0.2, learns: bool = False) -> Bucket:
    return Bucket("all", rate, reserve=reserve, now=START, learns=learns)


RATES = sorted({rate for plan in PLANS.values() for rate in (plan.everything, *plan.groups.values())}, key=str)
SMALL = [rate for rate in RATES if rate.refill <= 50]


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([*SMALL, Rate(50, 15), Rate(10, 2)]),
    step=st.sampled_from([None, 1.0]),
    reserve=st.sampled_from([0.0, 0.2, 0.5]),
    senders=st.integers(1, 8),
    slowest=st.sampled_from([0.05, 0.2]),
    headers=st.booleans(),
    seed=st.integers(0, 1_000_000),
)
def test_our_own_traffic_is_never_refused_whichever_way_the_bucket_fills(
    rate: Rate, step: float | None, reserve: float, senders: int, slowest: float, headers: bool, seed: int
) -> None:
    outcome = traffic(
        a_bucket(rate, reserve=max(reserve, 0.05)),
        ServerBucket(rate, step),
        seconds=60,
        senders=senders,
        latency=(0.04, slowest),
        headers=headers,
        seed=seed,
    )
    assert outcome.refused == 0


@pytest.mark.parametrize("step", [None, 1.0], ids=["steady", "each second"])
@pytest.mark.parametrize("headers", [True, False], ids=["headers", "no headers"])
@pytest.mark.parametrize("rate", SMALL, ids=lambda rate: f"{rate.burst:g}+{rate.refill:.3g}")
def test_the_allowed_share_is_used_to_95_percent(rate: Rate, step: float | None, headers: bool) -> None:
    outcome = traffic(
        a_bucket(rate), ServerBucket(rate, step), seconds=180, senders=16, latency=(0.05, 0.3), headers=headers, seed=7
    )
    share = 0.8 * rate.refill
    assert 0.95 * share <= outcome.rate(60, 180) <= share


@pytest.mark.parametrize("rate", [rate for rate in SMALL if rate.per == 60], ids=str)
def test_headers_keep_us_safe_where_a_bucket_fills_at_the_top_of_the_minute(rate: Rate) -> None:
    outcome = traffic(a_bucket(rate), ServerBucket(rate, 60.0), seconds=300, senders=6, latency=(0.05, 0.3), seed=3)
    assert outcome.refused == 0
    assert outcome.rate(60, 300) * 60 >= 0.95 * rate.burst


@pytest.mark.parametrize("step", [None, 1.0], ids=["steady", "each second"])
@pytest.mark.parametrize("rate", [Rate(50, 16), Rate(10, 2), Rate(10, 150, 60)], ids=str)
def test_live_traffic_within_the_reserve_is_not_refused(rate: Rate, step: float | None) -> None:
    outcome = traffic(
        a_bucket(rate),
        ServerBucket(rate, step),
        seconds=300,
        senders=8,
        latency=(0.05, 0.3),
        live=0.15 * rate.refill,
        seed=5,
    )
    assert (outcome.refused, outcome.live_refused) == (0, 0)


def test_live_traffic_beyond_the_reserve_slows_us_instead_of_being_refused() -> None:
    rate = Rate(50, 16)
    outcome = traffic(
        a_bucket(rate), ServerBucket(rate, None), seconds=300, senders=8, latency=(0.05, 0.3), live=8, seed=5
    )
    assert (outcome.refused, outcome.live_refused) == (0, 0)
    assert 0.4 * 16 <= outcome.rate(60, 300) <= 0.55 * 16


@pytest.mark.parametrize("step", [None, 1.0], ids=["steady", "each second"])
@pytest.mark.parametrize("rate", [Rate(50, 16), Rate(50, 15), Rate(10, 2), Rate(2, 2), Rate(30, 10)], ids=str)
def test_auto_finds_most_of_the_share_without_a_refusal(rate: Rate, step: float | None) -> None:
    bucket = a_bucket(PLANS["auto"].everything, learns=True)
    outcome = traffic(bucket, ServerBucket(rate, step), seconds=120, senders=8, latency=(0.05, 0.3), seed=3)
    assert outcome.refused == 0
    assert 0.45 * rate.refill <= outcome.rate(60, 120) <= 0.81 * rate.refill


def test_auto_stays_slow_where_no_headers_prove_anything() -> None:
    bucket = a_bucket(PLANS["auto"].everything, learns=True)
    outcome = traffic(
        bucket, ServerBucket(Rate(50, 16), None), seconds=60, senders=8, latency=(0.05, 0.3), headers=False
    )
    assert outcome.rate(10, 60) <= 0.8 * 2


@pytest.mark.parametrize("step", [None, 1.0], ids=["steady", "each second"])
def test_a_plan_chosen_too_large_is_corrected_after_a_few_refusals(step: float | None) -> None:
    outcome = traffic(
        a_bucket(Rate(50, 16)), ServerBucket(Rate(2, 2), step), seconds=300, senders=8, latency=(0.05, 0.3), seed=3
    )
    assert outcome.refused <= 10
    assert 0.9 * 1.6 <= outcome.rate(60, 300) <= 1.6


def test_a_plan_chosen_too_large_costs_few_refusals_even_without_headers() -> None:
    outcome = traffic(
        a_bucket(Rate(50, 16)),
        ServerBucket(Rate(2, 2), None),
        seconds=300,
        senders=8,
        latency=(0.05, 0.3),
        headers=False,
        seed=3,
    )
    assert outcome.refused < 0.3 * len(outcome.sent)
    assert outcome.rate(60, 300) > 1
