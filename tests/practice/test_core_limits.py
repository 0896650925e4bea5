"""Rate limits: the buckets, the plans, the headers and the refusals."""

from __future__ import annotations

import httpx
import pytest
from core_support import StillClock, error, open_api, still_tenant
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import UsageError
from wizard.practice.limits import PLANS, Bucket, Limit, Refill, group_of, plan_named
from wizard.practice.switches import Switches
from wizard.practice.tenant import PracticeTenant

LIMITS = st.builds(Limit, st.integers(1, 60), st.integers(1, 600), st.sampled_from([1, 30, 60]))
STEPS = st.lists(st.floats(0, 20), max_size=200)


@given(LIMITS, STEPS, st.sampled_from(["gradual", "windowed"]), st.floats(0, 1e9))
def test_a_bucket_never_grants_more_than_its_burst_and_what_flowed_in(
    limit: Limit, steps: list[float], refill: Refill, start: float
) -> None:
    bucket = Bucket(limit, refill, start)
    now, granted = start, 0
    # A window gives its whole amount at its top, however late in it the first request came.
    slack = limit.amount if refill == "windowed" else limit.rate * bucket._tick
    for step in steps:
        now += step
        granted += bucket.take(now).granted
        assert granted <= limit.burst + limit.rate * (now - start) + slack + 1e-6


@given(LIMITS, st.sampled_from(["gradual", "windowed"]), st.floats(0, 1e9))
def test_a_refused_client_that_waits_until_the_reset_is_served(limit: Limit, refill: Refill, start: float) -> None:
    bucket = Bucket(limit, refill, start)
    while (taken := bucket.take(start)).granted:
        pass
    assert taken.remaining == 0
    assert taken.reset >= start
    assert bucket.take(taken.reset).granted


def test_a_gradual_bucket_gains_by_the_millisecond_a_windowed_one_at_the_top_of_the_second() -> None:
    gradual, windowed = (Bucket(Limit(2, 2), refill, 100.25) for refill in ("gradual", "windowed"))
    for bucket in (gradual, windowed):
        assert [bucket.take(100.25).granted for _ in range(3)] == [True, True, False]
    assert gradual.take(100.76).granted
    assert not windowed.take(100.76).granted
    assert windowed.take(101.0).granted


def test_the_plans_have_the_published_figures() -> None:
    assert PLANS["free"].management == Limit(2, 2)
    assert PLANS["enterprise-nonproduction"].management == Limit(10, 2)
    assert PLANS["enterprise-production"].management == Limit(50, 16)
    assert PLANS["essentials"].management is None
    assert PLANS["essentials"].groups["read_connections"] == Limit(5, 50, 60)
    assert PLANS["private-500"].management == Limit(250, 250)
    assert PLANS["none"].management is None
    with pytest.raises(UsageError, match="platinum"):
        plan_named("platinum")


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("GET", "users", "read_users"),
        ("GET", "users-by-email", "read_users"),
        ("PATCH", "users/auth0|1", "write_users"),
        ("DELETE", "users/auth0|1", "delete_users"),
        ("GET", "clients", "read_clients"),
        ("GET", "connections", "read_connections"),
        ("GET", "connections/con_1/clients", "read_connections"),
        ("GET", "connections/con_1/status", "read_status_connection"),
        ("PATCH", "connections/con_1", "all_other_endpoints_combined"),
        ("GET", "jobs/job_1", "all_other_endpoints_combined"),
        ("POST", "jobs/users-imports", "all_other_endpoints_combined"),
        ("GET", "logs", "read_logs"),
    ],
)
def test_endpoints_belong_to_their_groups(method: str, path: str, group: str) -> None:
    assert group_of(method, path, with_q=False, connection_reads="read_connections") == group


def clock_of(tenant: PracticeTenant) -> StillClock:
    assert isinstance(tenant.clock, StillClock)
    return tenant.clock


async def test_answers_count_down_and_a_refusal_says_when_to_come_back() -> None:
    tenant = still_tenant(plan="free")
    async with open_api(tenant) as api:
        first, second, third = [await api.get("/connections") for _ in range(3)]
        assert [first.headers["x-ratelimit-remaining"], second.headers["x-ratelimit-remaining"]] == ["1", "0"]
        assert first.headers["x-ratelimit-limit"] == "2"
        assert third.status_code == 429
        assert third.json() == {
            "statusCode": 429,
            "error": "Too Many Requests",
            "message": "Global limit has been reached",
            "errorCode": "too_many_requests",
        }
        assert "retry-after" not in third.headers
        clock_of(tenant).time = float(third.headers["x-ratelimit-reset"])
        assert (await api.get("/connections")).status_code == 200


async def test_a_refused_request_spends_nothing() -> None:
    tenant = still_tenant(plan="free")
    async with open_api(tenant) as api:
        answers = [(await api.get("/connections")).status_code for _ in range(10)]
        assert answers == [200, 200] + [429] * 8
        clock_of(tenant).time += 0.5
        assert (await api.get("/connections")).status_code == 200


async def test_groups_have_their_own_buckets_and_their_own_words() -> None:
    async with open_api(still_tenant(plan="essentials")) as api:
        answers = [await api.get("/connections") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        message = "Global per minute connections_read group limit has been reached"
        assert error(answers[-1]) == (429, message, "too_many_requests")
        assert (await api.get("/resource-servers")).status_code == 200
        assert [each["type"] for each in (await api.get("/logs")).json()] == ["api_limit", "api_limit_warning"]


async def test_the_log_tells_of_a_bucket_once_a_minute_when_it_runs_low_and_when_it_is_empty() -> None:
    tenant = still_tenant(plan="essentials")

    def logged() -> list[str]:
        return [row["type"] for row in tenant.db.execute("select type from logs order by row")]

    async with open_api(tenant) as api:
        for _ in range(4):
            assert logged() == []
            await api.get("/connections")
        assert logged() == ["api_limit_warning"]
        for _ in range(5):
            await api.get("/connections")
        assert logged() == ["api_limit_warning", "api_limit"]
        for _ in range(7):
            await api.get("/clients")
        assert logged()[2:] == ["api_limit_warning", "api_limit"]
        clock_of(tenant).time += 60
        for _ in range(8):
            await api.get("/connections")
        assert logged()[4:] == ["api_limit_warning", "api_limit"]


async def test_headers_and_retry_after_follow_their_switches() -> None:
    switches = Switches(rate_limit_headers=False, retry_after_on_429=True)
    async with open_api(still_tenant(plan="free", switches=switches)) as api:
        answers = [await api.get("/connections") for _ in range(3)]
        assert not any("x-ratelimit-limit" in answer.headers for answer in answers)
        assert answers[-1].headers["retry-after"] == "1"


async def test_searching_clients_has_a_bucket_of_its_own() -> None:
    async with open_api(still_tenant(plan="enterprise-production")) as api:
        path = "/clients?q=client_grant.allow_any_organization:true&take=1"
        assert [(await api.get(path)).status_code for _ in range(6)] == [200] * 5 + [429]
        assert (await api.get("/clients")).status_code == 200


async def test_token_requests_spend_the_authentication_apis_bucket() -> None:
    async with open_api(still_tenant(plan="free")) as api:
        answers = [await api.client.post("/oauth/token", json={}) for _ in range(31)]
        assert [answer.status_code for answer in answers] == [400] * 30 + [429]
        assert answers[-1].json()["error"] == "too_many_requests"
        assert (await api.get("/connections")).status_code == 200


async def test_downloading_an_export_spends_nothing() -> None:
    tenant = still_tenant(plan="essentials")
    async with open_api(tenant) as api:
        job = (await api.post("/jobs/users-exports", {})).json()["id"]
        await tenant.clock.sleep(10)
        location = (await api.get(f"/jobs/{job}")).json()["location"]
        for _ in range(30):
            answer = await api.client.get(location)
            assert answer.status_code == 200
            assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


async def test_without_a_plan_there_are_no_limits_and_no_headers() -> None:
    async with open_api(still_tenant()) as api:
        answers: list[httpx.Response] = [await api.get("/connections") for _ in range(200)]
        assert {answer.status_code for answer in answers} == {200}
        assert "x-ratelimit-limit" not in answers[0].headers
