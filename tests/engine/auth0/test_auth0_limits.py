"""What the limiter promises its callers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from email.utils import formatdate

import pytest
from auth0_stage import StageClock

from wizard.auth0.limits import PLANS, Limiter
from wizard.errors import UsageError
from wizard.events import Event, RateLimitSeen

FREE_SHARE = 2 * 0.8 * 0.99


def a_limiter(plan: str, clock: StageClock | None = None, events: list[Event] | None = None, **given: float) -> Limiter:
    return Limiter(plan, clock=clock or StageClock(), emit=(events if events is not None else []).append, **given)


async def test_requests_go_in_the_order_they_were_asked_for() -> None:
    clock = StageClock()
    limiter = a_limiter("free", clock)
    went: list[int] = []

    async def ask(number: int) -> None:
        await limiter.acquire("other")
        went.append(number)

    await asyncio.gather(*(ask(number) for number in range(12)))
    assert went == list(range(12))


async def test_all_groups_share_one_bucket_where_the_plan_has_one() -> None:
    clock = StageClock()
    limiter = a_limiter("enterprise-nonproduction", clock)
    started = clock.now()
    for number in range(24):
        await limiter.acquire(("read_users", "other", "read_connections")[number % 3])
    assert clock.now() - started >= (24 - 8) / 1.6


async def test_a_plan_with_groups_lets_one_group_go_on_while_another_waits() -> None:
    clock = StageClock()
    limiter = a_limiter("essentials", clock)
    for _ in range(8):
        await limiter.acquire("other")
    assert limiter.wait_estimate("other") > 0
    started = clock.now()
    for _ in range(30):
        await limiter.acquire("read_users")
    assert clock.now() == started


async def test_token_requests_do_not_spend_the_management_bucket() -> None:
    clock = StageClock()
    limiter = a_limiter("free", clock)
    for _ in range(4):
        await limiter.acquire("authentication")
    assert limiter.wait_estimate("other") == 0


@pytest.mark.parametrize(
    ("plan", "group", "refill"),
    [
        ("free", "other", 2),
        ("auto", "other", 2),
        ("essentials", "read_users", 500 / 60),
        ("essentials", "other", 2.5),
        ("essentials", "read_connections", 50 / 60),
        ("enterprise-nonproduction", "read_users", 2),
        ("enterprise-production", "other", 16),
        ("private-1500", "other", 750),
    ],
)
def test_the_budget_is_the_plan_without_the_reserve(plan: str, group: str, refill: float) -> None:
    assert a_limiter(plan, reserve=0.25).budget(group) == pytest.approx(refill * 0.75, rel=0.011)


def test_figures_by_hand_make_a_plan() -> None:
    assert a_limiter("custom", rate=15, burst=50).budget("read_users") == pytest.approx(12, rel=0.011)


@pytest.mark.parametrize(
    ("plan", "figures"),
    [
        ("gold", {}),
        ("custom", {}),
        ("custom", {"rate": 3}),
        ("free", {"burst": 3}),
        ("custom", {"rate": 0, "burst": 3}),
        ("custom", {"rate": float("nan"), "burst": 3}),
        ("free", {"reserve": 1.0}),
        ("free", {"reserve": -0.1}),
    ],
)
def test_figures_that_make_no_sense_are_refused_as_usage(plan: str, figures: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        a_limiter(plan, None, None, **figures)


@pytest.mark.parametrize("skew", [-7200.0, 0.0, 86_400.0])
async def test_a_reset_is_waited_for_by_the_servers_clock_however_wrong_ours_is(skew: float) -> None:
    clock = StageClock()
    limiter = a_limiter("enterprise-production", clock)
    permit = await limiter.acquire("other")
    server = clock.now() + skew
    headers = {
        "date": formatdate(server, usegmt=True),
        "x-ratelimit-limit": "50",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": f"{server + 30:.0f}",
    }
    assert limiter.observe(permit, 429, headers) == pytest.approx(30, abs=1)
    started = clock.now()
    await limiter.acquire("other")
    assert 29 <= clock.now() - started <= 32


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7", "x-ratelimit-reset": "1790000060"}, 7),
        ({"date": formatdate(1_790_000_000, usegmt=True), "retry-after": formatdate(1_790_000_009, usegmt=True)}, 9),
        ({"retry-after": "soon"}, 1),
        ({"date": "Tue, 01 Dec 99999 10:00:00 GMT", "retry-after": "7"}, 7),
        ({"retry-after": "Tue, 01 Dec 9999999999999999999 10:00:00 GMT"}, 1),
        ({"x-ratelimit-reset": "9999999999"}, 1),
        ({}, 1),
    ],
)
async def test_a_429_waits_as_long_as_it_says(headers: dict[str, str], wait: float) -> None:
    limiter = a_limiter("enterprise-production")
    assert limiter.observe(await limiter.acquire("other"), 429, headers) == pytest.approx(wait, abs=0.01)


async def test_429s_without_figures_are_met_with_growing_patience_and_a_slower_rate() -> None:
    clock = StageClock()
    limiter = a_limiter("enterprise-production", clock)
    before = limiter.budget("other")
    waits = [limiter.observe(await limiter.acquire("other"), 429, {}) for _ in range(8)]
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(60, abs=0.01)
    assert limiter.budget("other") < before / 4


async def test_requests_refused_together_count_as_one_refusal() -> None:
    limiter = a_limiter("enterprise-production")
    permits = [await limiter.acquire("other") for _ in range(5)]
    waits = [limiter.observe(permit, 429, {}) for permit in permits]
    assert max(waits) < 1.01


async def test_a_slowed_bucket_is_trusted_again_after_a_minute_without_refusals() -> None:
    clock = StageClock()
    limiter = a_limiter("enterprise-production", clock)
    before = limiter.budget("other")
    limiter.observe(await limiter.acquire("other"), 429, {})
    assert limiter.budget("other") < before
    clock.pass_by(61)
    limiter.observe(await limiter.acquire("other"), 200, {})
    assert limiter.budget("other") == before


async def test_little_left_by_others_makes_us_wait_until_the_reserve_is_there_again() -> None:
    clock = StageClock()
    limiter = a_limiter("enterprise-nonproduction", clock)
    permit = await limiter.acquire("other")
    limiter.observe(permit, 200, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "1"})
    started = clock.now()
    await limiter.acquire("other")
    assert clock.now() - started == pytest.approx((2 - 1 + 1) / (1.6 * 0.99), rel=0.01)


async def test_a_bucket_smaller_than_the_plan_says_corrects_the_plan_downwards() -> None:
    limiter = a_limiter("enterprise-production")
    permit = await limiter.acquire("other")
    limiter.observe(permit, 200, {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "1"})
    assert limiter.budget("other") == pytest.approx(FREE_SHARE)


async def test_a_chosen_plan_is_never_exceeded_because_headers_promise_more() -> None:
    limiter = a_limiter("free")
    permit = await limiter.acquire("other")
    limiter.observe(permit, 200, {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "49"})
    assert limiter.budget("other") == pytest.approx(FREE_SHARE)


async def test_auto_goes_up_when_headers_tell_of_a_larger_bucket() -> None:
    limiter = a_limiter("auto")
    permit = await limiter.acquire("other")
    assert limiter.budget("other") == pytest.approx(FREE_SHARE)
    limiter.observe(permit, 200, {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "49"})
    assert limiter.budget("other") > 5 * FREE_SHARE


async def test_the_gauge_hears_at_most_four_times_a_second_and_what_it_needs() -> None:
    clock, events = StageClock(), list[Event]()
    limiter = a_limiter("private-10000", clock, events)
    for _ in range(100):
        permit = await limiter.acquire("other")
        clock.pass_by(0.01)
        headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4321", "x-ratelimit-reset": "1790000030"}
        limiter.observe(permit, 200, headers)
    shown = [event for event in events if isinstance(event, RateLimitSeen)]
    assert 3 <= len(shown) <= 5
    assert (shown[0].limit, shown[0].remaining, shown[0].waiting) == (5000, 4321, 0)
    assert shown[0].reset_in == pytest.approx(30, abs=0.1)


async def test_a_waiter_that_gives_up_lets_the_next_one_go() -> None:
    clock = StageClock()
    limiter = a_limiter("free", clock)
    await limiter.acquire("other")
    gives_up = asyncio.ensure_future(limiter.acquire("other"))
    await asyncio.sleep(0)
    gives_up.cancel()
    await asyncio.wait_for(limiter.acquire("other"), 5)
    assert gives_up.cancelled()


async def test_the_estimate_grows_with_the_queue() -> None:
    clock = StageClock()
    limiter = a_limiter("free", clock)
    await limiter.acquire("other")
    alone = limiter.wait_estimate("other")
    queue = [asyncio.ensure_future(limiter.acquire("other")) for _ in range(4)]
    await asyncio.sleep(0)
    assert limiter.wait_estimate("other") == pytest.approx(alone + 4 / FREE_SHARE, rel=0.01)
    await asyncio.gather(*queue)


def test_every_plan_has_a_title_and_real_figures() -> None:
    assert {"auto", "free", "essentials", "enterprise-nonproduction", "enterprise-production", "custom"} <= set(PLANS)
    for plan in PLANS.values():
        assert plan.title
        assert all(rate.burst >= 2 and rate.refill > 0.5 for rate in (plan.everything, *plan.groups.values()))


def test_naming_the_plans_loads_no_http_client() -> None:
    code = "import sys, wizard.auth0.limits; sys.exit(bool({'httpx', 'pydantic', 'jwt'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
