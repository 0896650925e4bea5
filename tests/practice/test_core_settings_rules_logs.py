"""Tenant settings, what is left of Rules, and the tenant's log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from core_support import Api, StillClock, error, open_api, still_tenant

from wizard.practice.switches import Switches


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def test_settings_can_be_read_narrowed_and_changed(api: Api) -> None:
    settings = (await api.get("/tenants/settings")).json()
    assert settings["sandbox_versions_available"] == ["22", "18", "12"]
    assert settings["sandbox_version"] == "22"
    changed = await api.patch("/tenants/settings", {"default_directory": "acme", "flags": {"enable_sso": False}})
    assert changed.json()["default_directory"] == "acme"
    assert changed.json()["flags"] == settings["flags"] | {"enable_sso": False}
    narrow = (await api.get("/tenants/settings?fields=default_directory,friendly_name")).json()
    assert set(narrow) == {"default_directory", "friendly_name"}


@pytest.mark.parametrize(
    "wrong", [{"sandbox_version": "8"}, {"colour": "red"}, {"flags": {"x": True}}, {"session_lifetime": 0}]
)
async def test_settings_outside_the_schema_are_refused(api: Api, wrong: dict[str, object]) -> None:
    assert error(await api.patch("/tenants/settings", wrong))[2] == "invalid_body"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("allow_organization_name_in_authentication_api", False),
        ("customize_mfa_in_postlogin_action", False),
        ("pushed_authorization_requests_supported", False),
        ("authorization_response_iss_parameter_supported", None),
        ("change_password", None),
    ],
)
async def test_null_puts_a_setting_back_as_the_document_shows_it(api: Api, name: str, shown: bool | None) -> None:
    on = {"enabled": True} if name == "change_password" else True
    assert (await api.patch("/tenants/settings", {name: on})).json()[name] == on
    assert (await api.patch("/tenants/settings", {name: None})).json()[name] is shown
    assert (await api.get("/tenants/settings")).json()[name] is shown


async def test_lifetimes_of_sessions_can_be_set_in_minutes(api: Api) -> None:
    changed = await api.patch(
        "/tenants/settings", {"session_lifetime_in_minutes": 181, "idle_session_lifetime_in_minutes": 60}
    )
    assert changed.status_code == 200
    assert changed.json()["session_lifetime"] == pytest.approx(181 / 60)
    assert changed.json()["idle_session_lifetime"] == 1
    assert not [name for name in changed.json() if name.endswith("_in_minutes")]
    assert error(await api.patch("/tenants/settings", {"session_lifetime_in_minutes": 0}))[2] == "invalid_body"
    in_hours = await api.patch("/tenants/settings", {"session_lifetime": 72})
    assert in_hours.json()["session_lifetime"] == 72


async def test_rules_answer_that_they_are_deprecated(api: Api) -> None:
    for method, path in (
        ("GET", "/rules?per_page=1"),
        ("POST", "/rules"),
        ("GET", "/rules-configs"),
        ("GET", "/rules/rul_0000000000000000"),
    ):
        status, message, _ = error(await api.call(method, path, json={"name": "x", "script": "y"}))
        assert (status, message) == (403, "Insufficient privileges to use this deprecated feature")


async def test_rules_are_empty_or_missing_where_the_switch_says_so() -> None:
    async with open_api(still_tenant(switches=Switches(rules="empty"))) as api:
        listed = await api.get("/rules?page=0&per_page=100&include_totals=true")
        assert listed.json() == {"total": 0, "start": 0, "limit": 100, "rules": []}
        assert (await api.get("/rules-configs")).json() == []
        gone = await api.get("/rules/rul_0000000000000000")
        assert error(gone) == (404, "The rule does not exist", "inexistent_rule")
        assert error(await api.get("/rules/nonsense"))[0] == 400
        assert (await api.post("/rules", {"name": "x", "script": "y"})).status_code == 403
    async with open_api(still_tenant(switches=Switches(rules="missing"))) as api:
        assert (await api.get("/rules")).status_code == 404


async def test_the_log_is_read_backwards_by_page_and_forwards_from_an_event(api: Api) -> None:
    for number in range(5):
        api.tenant.log("s" if number % 2 else "fp", f"event {number}")
    newest = (await api.get("/logs?per_page=2&include_totals=true")).json()
    assert [each["description"] for each in newest["logs"]] == ["event 4", "event 3"]
    assert newest["total"] == 5
    oldest = (await api.get("/logs?sort=date:1&per_page=1")).json()[0]
    following = (await api.get(f"/logs?from={oldest['log_id']}&take=2")).json()
    assert [each["description"] for each in following] == ["event 1", "event 2"]
    assert [each["type"] for each in (await api.get("/logs?q=type:s")).json()] == ["s", "s"]
    assert (await api.get(f"/logs/{oldest['log_id']}")).json() == oldest
    assert (await api.get("/logs/900")).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type:fp", ["1", "2"]),
        ("type:(fp OR fu)", ["1", "2", "3"]),
        ('type:fp AND user_id:"auth0|ann"', ["1"]),
        ("type:f*", ["1", "2", "3"]),
        ("NOT type:fp AND NOT type:fu", ["4"]),
        ("client_id:nobody", []),
        ('client_id:"app 1"', ["4"]),
        ("_exists_:user_id", ["1", "2"]),
        ('description:"Wrong email"', ["1", "2", "3"]),
        ("acme", ["1", "3"]),
        ("user_id:AUTH0*", []),
        ("date:[2021-01-01 TO *]", ["1", "2", "3", "4"]),
        ("date:[2020-01-01 TO 2020-12-31]", []),
    ],
)
async def test_the_log_is_searched_in_the_query_language(api: Api, query: str, found: list[str]) -> None:
    wrong = "Wrong email or password."
    api.tenant.log("fp", wrong, user_id="auth0|ann", connection="acme", ip="1")
    api.tenant.log("fp", wrong, user_id="auth0|bob", connection="other", ip="2")
    api.tenant.log("fu", wrong, connection="acme", ip="3")
    api.tenant.log("seccft", "", client_id="app 1", ip="4")
    for name in ("q", "search"):
        answer = (await api.get(f"/logs?{urlencode({name: query, 'sort': 'date:1'})}")).json()
        assert [each["ip"] for each in answer] == found
    totals = urlencode({"q": query, "per_page": 1, "include_totals": "true"})
    assert (await api.get(f"/logs?{totals}")).json()["total"] == len(found)


async def test_a_search_of_the_log_that_is_none_is_refused(api: Api) -> None:
    assert error(await api.get("/logs?q=type:(fp"))[2] == "invalid_query_string"


async def test_the_log_is_sorted_by_the_field_that_is_named(api: Api) -> None:
    for ip, kind in (("1", "fu"), ("2", "fp"), ("3", "s")):
        api.tenant.log(kind, ip=ip)
    for sort, found in (("type:1", ["2", "1", "3"]), ("type:-1", ["3", "1", "2"]), ("date:-1", ["3", "2", "1"])):
        assert [each["ip"] for each in (await api.get(f"/logs?sort={sort}")).json()] == found


async def test_from_a_checkpoint_all_else_is_ignored(api: Api) -> None:
    for kind in ("s", "fp", "s"):
        api.tenant.log(kind, "an event")
    first = (await api.get("/logs?sort=date:1&per_page=1")).json()[0]["log_id"]
    after = (await api.get(f"/logs?from={first}&take=5&q=type:s&fields=type&per_page=x")).json()
    assert [each["type"] for each in after] == ["fp", "s"]
    assert after[0]["log_id"]


async def test_token_exchanges_are_logged(api: Api) -> None:
    tenant = api.tenant
    request = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": tenant.audience,
    }
    await api.client.post("/oauth/token", json=request)
    await api.client.post("/oauth/token", json=request | {"audience": "https://nowhere.example.com"})
    refused, granted = (await api.get("/logs")).json()
    assert (refused["type"], granted["type"]) == ("feccft", "seccft")
    assert granted["client_name"] == refused["client_name"] == "Auth0 Migration Wizard"
    assert granted["audience"] == tenant.audience
    assert "read:users" in granted["scope"]


async def test_exchanges_that_end_before_a_grant_is_looked_at_are_logged_too(api: Api) -> None:
    tenant = api.tenant
    named = {"client_id": tenant.client_id, "client_secret": "wrong"}
    realm = "http://auth0.com/oauth/grant-type/password-realm"
    for grant in ("client_credentials", "password", realm, "refresh_token", "authorization_code"):
        await api.client.post("/oauth/token", json=named | {"grant_type": grant})
    right = named | {"client_secret": tenant.client_secret}
    await api.client.post("/oauth/token", json=right | {"grant_type": realm})
    await api.client.post("/oauth/token", json=right | {"grant_type": "nonsense"})
    newest, *others = (await api.get("/logs")).json()
    assert (newest["type"], newest["description"]) == ("fepft", f"Grant type '{realm}' not allowed for the client.")
    assert [each["type"] for each in others] == ["feacft", "fertft", "fepft", "fepft", "feccft"]
    assert {(each["client_name"], each["description"]) for each in others} == {
        ("Auth0 Migration Wizard", "Unauthorized")
    }


@pytest.mark.parametrize(("plan", "days"), [("free", 1), ("essentials", 5), ("professional", 10), ("private-500", 30)])
async def test_the_log_shows_as_many_days_as_the_plan_keeps(plan: str, days: int) -> None:
    clock = StillClock()
    async with open_api(still_tenant(plan=plan, clock=clock)) as api:
        api.tenant.log("s", "old", user_id="auth0|ann")
        clock.time += days * 86_400 - 60

        async def seen(path: str) -> list[str]:
            clock.time += 1  # the smallest plan has two requests a second
            return [each["description"] for each in (await api.get(path)).json() if each["type"] == "s"]

        api.tenant.log("s", "new", user_id="auth0|ann")
        paths = ("/logs", "/logs?take=9", "/logs?q=type:s", "/users/auth0%7Cann/logs")
        assert [set(await seen(path)) for path in paths] == [{"old", "new"}] * 4
        [old] = (await api.get("/logs?q=description:old")).json()
        clock.time += 120
        assert [await seen(path) for path in paths] == [["new"]] * 4
        assert (await api.get(f"/logs/{old['log_id']}")).status_code == 404
