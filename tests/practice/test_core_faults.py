"""Trouble on purpose, from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from core_support import START, Api, StillClock, error, open_api, still_tenant

from wizard.errors import UsageError
from wizard.practice.fault_rules import FaultPlan
from wizard.practice.faults import Faults, JobTrouble
from wizard.practice.tenant import PracticeTenant


def faulty(*faults: dict[str, Any], **settings: Any) -> PracticeTenant:
    return still_tenant(faults=Faults(FaultPlan.model_validate({"faults": faults}).faults), **settings)


async def create(api: Api, name: str = "acme") -> httpx.Response:
    return await api.post("/connections", {"name": name, "strategy": "auth0"})


async def names(api: Api) -> list[str]:
    return [each["name"] for each in (await api.get("/connections")).json()]


async def test_a_connection_cut_before_leaves_nothing_done_and_after_leaves_it_done() -> None:
    for when, expected in (("before", []), ("after", ["acme"]), ("midway", ["acme"])):
        tenant = faulty({"action": "cut", "when": when, "method": "POST", "path": "/api/v2/connections"})
        async with open_api(tenant) as api:
            with pytest.raises(httpx.RemoteProtocolError):
                await create(api)
            assert await names(api) == expected


async def test_only_the_named_of_the_matching_requests_go_wrong() -> None:
    async with open_api(faulty({"action": "error", "status": 502, "path": "/api/v2/conn*", "nth": [2, 4]})) as api:
        await api.get("/clients")
        answers = [(await api.get("/connections")).status_code for _ in range(5)]
        assert answers == [200, 502, 200, 502, 200]


async def test_every_so_manieth_request_goes_wrong_so_often() -> None:
    async with open_api(faulty({"action": "error", "every": 2, "times": 2})) as api:
        assert [(await api.get("/clients")).status_code for _ in range(7)] == [200, 503, 200, 503, 200, 200, 200]


async def test_probability_is_repeatable() -> None:
    async def run() -> list[int]:
        async with open_api(faulty({"action": "error", "probability": 0.5})) as api:
            return [(await api.get("/clients")).status_code for _ in range(40)]

    once = await run()
    assert once == await run()
    assert set(once) == {200, 503}


async def test_a_fault_lasts_for_its_time_window() -> None:
    tenant = faulty({"action": "error", "after": 10, "until": 20})
    assert isinstance(tenant.clock, StillClock)
    async with open_api(tenant) as api:
        seen = []
        for elapsed in (0, 9.9, 10, 19.9, 20):
            tenant.clock.time = START + elapsed
            seen.append((await api.get("/clients")).status_code)
        assert seen == [200, 200, 503, 503, 200]


async def test_an_error_may_hide_that_it_was_done() -> None:
    tenant = faulty({"action": "error", "committed": True, "method": "post"})
    async with open_api(tenant) as api:
        assert error(await create(api))[:2] == (503, "Internal error.")
        assert await names(api) == ["acme"]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("POST", "/oauth/token", 500, {"error": "server_error", "error_description": "Internal error."}),
        (
            "POST",
            "/dbconnections/change_password",
            503,
            {"error": "server_error", "error_description": "Internal error."},
        ),
        ("GET", "/api/v2/users/auth0%7Ca", 503, {"error": "Service Unavailable", "message": "Internal error."}),
        ("GET", "/api/v2/users?q=a", 500, {"error": "Internal Server Error", "message": "Internal error."}),
        (
            "GET",
            "/api/v2/users?q=a",
            503,
            {
                "error": "Service Unavailable",
                "message": "The query exceeded the timeout. Please try refining your search criteria. "
                "See https://auth0.com/docs/best-practices/search-best-practices.",
            },
        ),
    ],
)
async def test_a_server_error_has_the_shape_and_the_words_of_its_api(
    method: str, path: str, status: int, body: dict[str, str]
) -> None:
    async with open_api(faulty({"action": "error", "status": status})) as api:
        answer = await api.client.request(method, path)
        assert answer.status_code == status
        assert answer.json() == body | ({"statusCode": status} if path.startswith("/api/v2/") else {})


async def test_a_storm_refuses_a_number_of_requests_or_for_a_time() -> None:
    async with open_api(faulty({"action": "limit", "requests": 3, "nth": 2, "retry_after": 7})) as api:
        answers = [await api.get("/clients") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200, 429, 429, 429, 200, 200]
        assert answers[1].headers["retry-after"] == "7"
        assert error(answers[1])[1] == "Global limit has been reached"
    tenant = faulty({"action": "limit", "seconds": 30, "nth": 1})
    assert isinstance(tenant.clock, StillClock)
    async with open_api(tenant) as api:
        assert (await api.get("/clients")).status_code == 429
        tenant.clock.time += 29
        assert (await api.get("/clients")).status_code == 429
        tenant.clock.time += 1
        late = await api.get("/clients")
        assert late.status_code == 200
        assert "retry-after" not in late.headers


async def test_latency_passes_on_the_tenants_clock() -> None:
    tenant = faulty({"action": "latency", "seconds": 5, "jitter": 2})
    async with open_api(tenant) as api:
        await api.get("/clients")
    assert START + 5 <= tenant.clock.now() <= START + 7


async def test_an_answer_later_than_the_clients_patience_is_a_timeout() -> None:
    from wizard.clock import RealClock

    async with open_api(faulty({"action": "latency", "seconds": 30}, clock=RealClock())) as api:
        with pytest.raises(httpx.ReadTimeout):
            await api.get("/clients", timeout=0.05)


async def test_tokens_given_out_before_expire_and_new_ones_work() -> None:
    async with open_api(faulty({"action": "expire_tokens", "nth": 2})) as api:
        headers = {"authorization": f"Bearer {api.token()}"}
        statuses = [(await api.client.get("/api/v2/clients", headers=headers)).status_code for _ in range(3)]
        assert statuses == [200, 401, 401]
        assert (await api.get("/clients")).status_code == 200
        assert len((await api.client.get("/.well-known/jwks.json")).json()["keys"]) == 2


def test_jobs_are_stuck_failed_or_slow_as_their_rules_say() -> None:
    faults = Faults(
        FaultPlan.model_validate(
            {
                "faults": [
                    {"action": "stuck_job", "kind": "users_import", "nth": 1},
                    {"action": "failed_job", "kind": "users_import", "nth": 2, "message": "Timeout"},
                    {"action": "slow_job", "connection": "acme", "factor": 3},
                ]
            }
        ).faults
    )
    assert faults.job("users_import", "other", 0) == JobTrouble(stuck_seconds=float("inf"))
    assert faults.job("users_import", "acme", 0) == JobTrouble(failed="Timeout", slower=3)
    assert faults.job("users_export", None, 0) == JobTrouble()


def test_the_search_may_lag() -> None:
    faults = Faults(FaultPlan.model_validate({"faults": [{"action": "search_lag", "seconds": 60}]}).faults)
    assert faults.search_lag(0) == 60
    assert Faults().search_lag(0) is None


def test_faults_are_read_from_toml_and_from_json(tmp_path: Path) -> None:
    toml, as_json = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('[[faults]]\naction = "cut"\nmethod = "POST"\nnth = 3\n')
    as_json.write_text(json.dumps({"faults": [{"action": "cut", "method": ["POST"], "nth": [3]}]}))
    for path in (toml, as_json):
        faults = Faults.from_file(path)
        cuts = [faults.request("POST", "/api/v2/users", 0).cut for _ in range(4)]
        assert cuts == [None, None, "after", None]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[faults]]\naction = "explode"\n', ["fault 1", "latency"]),
        (
            '[[faults]]\naction = "cut"\n[[faults]]\naction = "latency"\nsecond = 3\n',
            ["fault 2, seconds", "fault 2, second:"],
        ),
        ('[[faults]]\naction = "error"\nstatus = 200\n', ["fault 1, status"]),
        ("faults = [", ["Invalid"]),
        ('[[fault]]\naction = "cut"\n', ["fault:"]),
    ],
)
def test_a_faults_file_with_mistakes_names_each(tmp_path: Path, text: str, named: list[str]) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        Faults.from_file(path)
    for part in named:
        assert part in str(caught.value)


def test_a_faults_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="faults file"):
        Faults.from_file(tmp_path / "none.toml")
