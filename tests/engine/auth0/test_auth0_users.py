"""Users, applications, settings and canary logins, read from real answers."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx
import pytest
from auth0_stage import Stage, answers, recorded, refused

from wizard.auth0.errors import AnswerLost, AnswerNotUnderstood, NotFound


async def test_users_are_found_by_address_in_lower_case() -> None:
    body = recorded("job-import-ok")[2]["response"]["body"]
    stage = Stage(answers(httpx.Response(200, json=body)))
    async with stage.open() as tenant:
        users = await tenant.users_by_email("Auzironian+X@Example.com")
    assert stage.requests[0].url.params["email"] == "auzironian+x@example.com"
    assert users[0].user_id == "auth0|63d16b60c55b3650a5c9fff9"
    assert users[0].identities[0].connection == "Username-Password-Authentication"
    assert users[0].logins_count == 0


async def test_a_search_brings_a_page_with_its_total() -> None:
    body = recorded("users-search-and-patch")[1]["response"]["body"]
    stage = Stage(answers(httpx.Response(200, json=body)))
    async with stage.open() as tenant:
        page = await tenant.search_users('username:"test-user998"', page=2, per_page=25, include_totals=True)
    assert (page.total, len(page.users)) == (1, 1)
    assert page.users[0].app_metadata["facts"]
    assert dict(stage.requests[0].url.params) == {
        "q": 'username:"test-user998"',
        "search_engine": "v3",
        "page": "2",
        "per_page": "25",
        "include_totals": "true",
    }


async def test_a_search_without_totals_is_a_bare_list() -> None:
    stage = Stage(answers(httpx.Response(200, json=[{"user_id": "auth0|1", "email": None}])))
    async with stage.open() as tenant:
        page = await tenant.search_users("a")
    assert (page.total, [user.user_id for user in page.users]) == (None, ["auth0|1"])


async def test_counting_fetches_one_user_at_most() -> None:
    stage = Stage(answers(httpx.Response(200, json={"start": 0, "limit": 1, "length": 1, "users": [], "total": 4711})))
    async with stage.open() as tenant:
        assert await tenant.count_users("_exists_:email") == 4711
    assert stage.requests[0].url.params["per_page"] == "1"
    assert len(stage.requests) == 1


async def test_a_count_that_is_not_told_is_no_count() -> None:
    async with Stage(answers(httpx.Response(200, json=[]))).open() as tenant:
        with pytest.raises(AnswerNotUnderstood):
            await tenant.count_users("a")


async def test_a_user_that_is_not_there_is_not_found() -> None:
    answer = refused(404, "The user does not exist.", "inexistent_user")
    async with Stage(answers(answer)).open() as tenant:
        with pytest.raises(NotFound, match="read a user"):
            await tenant.user("auth0|1")


async def test_what_is_gone_is_deleted_as_an_earlier_try_may_have_done_it() -> None:
    answer = refused(404, "The user does not exist.", "inexistent_user")
    stage = Stage(answers(answer))
    async with stage.open() as tenant:
        await tenant.delete_user("auth0|1")
        await tenant.delete_user_of_connection("con_1", "ada@example.com")
        await tenant.delete_client("c1")
        await tenant.delete_api("a1")
        await tenant.delete_grant("g1")
        await tenant.delete_action("x1")
        await tenant.delete_rule("r1")
        await tenant.delete_rule_setting("KEY")
        await tenant.delete_connection("con_1")
    assert [request.method for request in stage.requests] == ["DELETE"] * 9


async def test_an_answer_of_another_shape_is_named_without_its_values() -> None:
    async with Stage(answers(httpx.Response(200, json=[{"email": "ada@example.com"}]))).open() as tenant:
        with pytest.raises(AnswerNotUnderstood, match="user_id") as refusal:
            await tenant.users_by_email("ada@example.com")
    assert "ada" not in str(refusal.value)


async def test_applications_are_listed_to_the_last_page_without_the_global_one_and_without_secrets() -> None:
    one = recorded("clients-list")[0]["response"]["body"]["clients"][0]

    def handler(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        assert request.url.params["is_global"] == "false"
        assert "secret" not in request.url.params["fields"]
        some = [{**one, "client_id": f"c{n}", "global": n == 7} for n in range(page * 100, min(page * 100 + 100, 230))]
        return httpx.Response(200, json={"total": 230, "start": page * 100, "limit": 100, "clients": some})

    stage = Stage(handler)
    async with stage.open() as tenant:
        found = await tenant.clients()
    assert len(found) == 229
    assert len(stage.requests) == 3
    assert not hasattr(found[0], "client_secret")
    assert "client_credentials" in found[0].grant_types


async def test_settings_tell_the_version_that_scripts_run_on() -> None:
    body = recorded("tenant-settings")[0]["response"]["body"]
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        settings = await tenant.tenant_settings()
    assert settings.sandbox_version == "12"
    assert settings.sandbox_versions_available == ["22", "18", "12"]


def failed(status: int, error: str, description: str = "") -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": description})


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(200, json={"access_token": "x", "token_type": "Bearer"}), "accepted"),
        (failed(403, "invalid_grant", "Wrong email or password."), "wrong_password"),
        (failed(403, "invalid_user_password", "Wrong email or password"), "wrong_password"),
        (failed(401, "mfa_required"), "mfa_required"),
        (failed(403, "mfa_required"), "mfa_required"),
        (failed(403, "access_denied", "not on Sundays"), "denied"),
        (failed(401, "access_denied", "not on Sundays"), "denied"),
        (failed(429, "too_many_attempts", "We have detected suspicious login behavior"), "blocked"),
        (failed(403, "access_denied", "We have detected suspicious login behavior and …"), "blocked"),
        (failed(403, "unauthorized_client", "Grant type not allowed for the client."), "not_allowed"),
        (failed(401, "invalid_client", "Client authentication failed"), "not_allowed"),
        (failed(400, "invalid_request", "unknown realm"), "not_allowed"),
    ],
)
async def test_a_canary_login_ends_in_one_of_six_ways(answer: httpx.Response, outcome: str) -> None:
    stage = Stage(answers(answer))
    async with stage.open() as tenant:
        result = await tenant.login("acme-users", "ada@example.com", "pa55 & word", "client", "secret")
    assert result.outcome == outcome
    assert result.accepted is (outcome == "accepted")
    assert len(stage.requests) == 1
    form = {name: values[0] for name, values in parse_qs(stage.requests[0].content.decode()).items()}
    assert form == {
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "realm": "acme-users",
        "username": "ada@example.com",
        "password": "pa55 & word",
        "client_id": "client",
        "client_secret": "secret",
    }


async def test_a_canary_login_waits_for_the_rate_limit() -> None:
    limited = httpx.Response(429, headers={"retry-after": "2"}, json={"error": "too_many_requests"})
    stage = Stage(answers(limited, httpx.Response(200, json={"access_token": "x"})))
    async with stage.open() as tenant:
        assert (await tenant.login("r", "u", "p", "c", None)).accepted
    assert len(stage.requests) == 2


async def test_a_canary_login_whose_answer_was_lost_is_not_tried_again() -> None:
    stage = Stage(answers(httpx.ReadError("cut")))
    async with stage.open() as tenant:
        with pytest.raises(AnswerLost):
            await tenant.login("r", "u", "p", "c", None)
    assert len(stage.requests) == 1
