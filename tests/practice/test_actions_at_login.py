"""Actions at a login and at a machine's exchange: what they see, what they may ask for, and what stops a login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from core_support import auth_error
from script_world import PASSWORD, SOON, ScriptWorld, script_world

from wizard.practice.switches import Switches


@pytest.fixture
async def world() -> AsyncIterator[ScriptWorld]:
    async with script_world({"enabledDatabaseCustomization": False, "metadata": None}) as world:
        body = {"connection": "people", "email": "ann@example.com", "password": PASSWORD, "user_metadata": {"a": 1}}
        assert (await world.api.post("/users", body)).status_code == 201
        yield world


async def bind(world: ScriptWorld, *handlers: str, trigger: str = "post-login", **more: Any) -> list[str]:
    """Deploy an Action for each body of a handler and bind them in this order."""
    name = {"post-login": "onExecutePostLogin", "credentials-exchange": "onExecuteCredentialsExchange"}[trigger]
    made = []
    for number, handler in enumerate(handlers):
        code = handler if "exports" in handler else f"exports.{name} = async (event, api) => {{ {handler} }};"
        body = {"name": f"a{number}", "supported_triggers": [{"id": trigger}], "code": code, "deploy": True} | more
        answer = await world.api.post("/actions/actions", body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    world.tenant.clock.time += 3  # type: ignore[attr-defined]
    refs = [{"ref": {"type": "action_id", "value": each}} for each in made]
    assert (await world.api.patch(f"/actions/triggers/{trigger}/bindings", {"bindings": refs})).status_code == 200
    return made


async def metadata(world: ScriptWorld) -> tuple[Any, Any]:
    user = await world.user("ann@example.com")
    assert user is not None
    return user.get("app_metadata"), user.get("user_metadata")


async def test_an_action_sees_the_login(world: ScriptWorld) -> None:
    await bind(
        world,
        "api.user.setAppMetadata('seen', { ...event, secret: event.secrets.KEY });",
        secrets=[{"name": "KEY", "value": "hush"}],
    )
    await world.api.post("/resource-servers", {"identifier": "https://api.example.com"})
    assert (await world.login("ann@example.com", audience="https://api.example.com")).status_code == 200
    seen = (await metadata(world))[0]["seen"]
    assert seen["secret"] == "hush"
    assert seen["user"]["user_id"].startswith("auth0|")
    assert (seen["user"]["app_metadata"], seen["user"]["user_metadata"]) == ({}, {"a": 1})
    assert "last_ip" not in seen["user"]
    assert seen["connection"] == {"id": world.connection_id, "name": "people", "strategy": "auth0", "metadata": {}}
    assert seen["client"] == {"client_id": world.client["client_id"], "name": "Shop", "metadata": {}}
    assert seen["resource_server"] == {"identifier": "https://api.example.com"}
    assert (seen["stats"], seen["tenant"]) == ({"logins_count": 1}, {"id": "practice"})
    assert seen["transaction"]["protocol"] == "oauth2-password"
    assert seen["authentication"]["methods"][0]["name"] == "pwd"
    assert not {"password", "client_secret"} & set(seen["request"]["body"])
    assert (seen["request"]["method"], seen["request"]["ip"]) == ("POST", "127.0.0.1")


async def test_an_action_sees_the_second_factors_of_the_user(world: ScriptWorld) -> None:
    await bind(world, "api.user.setAppMetadata('seen', event.user.enrolledFactors);")
    user = await world.user("ann@example.com")
    assert user is not None
    methods = f"/users/{user['user_id'].replace('|', '%7C')}/authentication-methods"
    for body in (
        {"type": "phone", "phone_number": "+493012345", "preferred_authentication_method": "voice"},
        {"type": "totp", "totp_secret": "JBSWY3DP"},
        {"type": "passkey", "key_id": "a"},
    ):
        assert (await world.api.post(methods, body)).status_code == 201
    assert (await world.login("ann@example.com")).status_code == 200
    seen = [{"type": "phone", "options": {"preferredMethod": "voice"}}, {"type": "otp"}]
    assert (await metadata(world))[0] == {"seen": seen}
    assert (await world.api.delete(methods)).status_code == 204
    assert (await world.login("ann@example.com")).status_code == 200
    assert (await metadata(world))[0] == {"seen": []}


async def test_a_guard_denies_one_audience_to_end_users(world: ScriptWorld) -> None:
    guard = "if (event.resource_server?.identifier === event.secrets.API) api.access.deny('end_users_not_allowed');"
    await bind(world, guard, secrets=[{"name": "API", "value": "https://legacy.example.com/"}])
    await world.api.post("/resource-servers", {"identifier": "https://legacy.example.com/"})
    denied = await world.login("ann@example.com", audience="https://legacy.example.com/")
    assert auth_error(denied) == (403, "access_denied", "end_users_not_allowed")
    assert (await world.login("ann@example.com")).status_code == 200
    assert [(kind, entry["description"]) for kind, entry in world.logs("f")] == [("f", "end_users_not_allowed")]


async def test_a_denial_stops_later_actions_and_keeps_what_was_set(world: ScriptWorld) -> None:
    await bind(
        world,
        "api.user.setAppMetadata('first', 1);",
        "api.user.setAppMetadata('second', 1); api.access.deny('no'); api.user.setUserMetadata('a', null);",
        "api.user.setAppMetadata('third', 1);",
    )
    assert auth_error(await world.login("ann@example.com")) == (403, "access_denied", "no")
    assert await metadata(world) == ({"first": 1, "second": 1}, {})


async def test_metadata_is_one_change_merged_at_the_first_level(world: ScriptWorld) -> None:
    await bind(world, "api.user.setUserMetadata('b', { c: 2 }); api.user.setUserMetadata('b', { d: 3 });")
    assert (await world.login("ann@example.com")).status_code == 200
    assert (await metadata(world))[1] == {"a": 1, "b": {"d": 3}}


@pytest.mark.parametrize(
    ("handler", "spent"),
    [
        ("api.user.setAppMetadata('a', 1); api.user.setUserMetadata('b', 2);", 1),
        ("api.user.setAppMetadata('a', 1); api.access.deny('no');", 1),
        ("api.cache.set('a', 'b');", 0),
    ],
)
async def test_metadata_of_actions_costs_a_call_that_writes_users(handler: str, spent: int) -> None:
    async with script_world({"enabledDatabaseCustomization": False, "metadata": None}, plan="professional") as world:
        await world.api.post("/users", {"connection": "people", "email": "ann@example.com", "password": PASSWORD})
        await bind(world, handler)

        async def left() -> int:
            answer = await world.api.patch("/users/auth0%7Cnobody", {"blocked": True})
            return int(answer.headers["x-ratelimit-remaining"])

        before = await left()
        await world.login("ann@example.com")
        assert before - await left() == 1 + spent


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        ("null.x;", "Cannot read properties of null"),
        ("await new Promise(() => {});", "Script execution time exceeded"),
        ("for (;;);", "Script execution time exceeded"),
        ("api.redirect.sendUserTo('https://example.com');", "api.redirect is not part of the practice tenant"),
        ("api.authentication.enrollWith({ type: 'otp' });", "api.authentication is not part of the practice tenant"),
        ("require('lodash');", "Cannot find module 'lodash'"),
        ("api.user.setAppMetadata('x', 'y'.repeat(33000));", "larger than 32768 bytes"),
        ("exports.somethingElse = 1;", "exports no onExecutePostLogin"),
        ("exports.onExecutePostLogin = async (", "Unexpected"),
    ],
)
async def test_an_action_that_fails_ends_the_login(world: ScriptWorld, handler: str, text: str) -> None:
    await bind(world, handler)
    if "time" in text:
        world.tenant.sandbox.patience = SOON
    status, error, description = auth_error(await world.login("ann@example.com"))
    assert (status, error) == (403, "access_denied")
    assert text in description
    [(_, entry)] = world.logs("f")
    [execution] = entry["details"]["actions"]["executions"]
    ran = (await world.api.get(f"/actions/executions/{execution}")).json()
    assert ran["trigger_id"] == "post-login"
    assert (await metadata(world))[0] in (None, {})


async def test_an_action_asks_for_a_second_factor(world: ScriptWorld) -> None:
    later = "api.user.setAppMetadata('later', true);"
    await bind(world, "api.multifactor.enable('any', { allowRememberBrowser: false });", later)
    answer = await world.login("ann@example.com")
    assert auth_error(answer) == (403, "mfa_required", "Multifactor authentication required")
    assert set(answer.json()) == {"error", "error_description", "mfa_token"}
    assert (await metadata(world))[0] == {"later": True}
    assert [kind for kind, _ in world.logs("mfar", "f")] == ["mfar"]


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("api.multifactor.enable('any'); api.access.deny('no');", (403, "access_denied", "no")),
        ("api.multifactor.enable('any'); null.x;", (403, "access_denied", None)),
        ("api.multifactor.enable('any'); api.multifactor.enable('none');", None),
    ],
)
async def test_a_denial_goes_before_a_second_factor_and_the_last_word_counts(
    world: ScriptWorld, handler: str, expected: tuple[int, str, str | None] | None
) -> None:
    await bind(world, handler)
    answer = await world.login("ann@example.com")
    if expected is None:
        assert answer.status_code == 200
        return
    status, error, description = auth_error(answer)
    assert (status, error, description if expected[2] else None) == expected


async def test_the_status_of_a_missing_second_factor_is_a_switch() -> None:
    async with script_world(
        {"enabledDatabaseCustomization": False}, switches=Switches(mfa_required_status=401)
    ) as world:
        await world.api.post("/users", {"connection": "people", "email": "ann@example.com", "password": PASSWORD})
        await bind(world, "api.multifactor.enable('any');")
        assert auth_error(await world.login("ann@example.com"))[:2] == (401, "mfa_required")


async def test_all_actions_of_a_login_share_its_time(world: ScriptWorld) -> None:
    wait = "await new Promise((done) => setTimeout(done, 1200));"
    await bind(world, wait, wait)
    world.tenant.sandbox.patience = SOON
    assert auth_error(await world.login("ann@example.com"))[2] == "Script execution time exceeded"


async def test_the_status_of_a_denial_is_a_switch() -> None:
    options = {"enabledDatabaseCustomization": False}
    async with script_world(options, switches=Switches(action_denial_status=401)) as world:
        await world.api.post("/users", {"connection": "people", "email": "ann@example.com", "password": PASSWORD})
        await bind(world, "api.access.deny('no');")
        assert auth_error(await world.login("ann@example.com")) == (401, "access_denied", "no")


async def test_claims_go_into_the_tokens_but_for_reserved_ones(world: ScriptWorld) -> None:
    await bind(
        world,
        "api.accessToken.setCustomClaim('https://x/a', 1); api.idToken.setCustomClaim('https://x/b', [2]);"
        " api.accessToken.setCustomClaim('sub', 'mallory'); api.idToken.setCustomClaim('aud', 'mallory');",
    )
    tokens = (await world.login("ann@example.com")).json()
    read = {
        name: jwt.decode(tokens[name], options={"verify_signature": False}) for name in ("access_token", "id_token")
    }
    assert (read["access_token"]["https://x/a"], read["id_token"]["https://x/b"]) == (1, [2])
    assert read["access_token"]["sub"].startswith("auth0|")
    assert read["id_token"]["aud"] == world.client["client_id"]


async def test_the_cache_lives_on_the_tenants_clock(world: ScriptWorld) -> None:
    count = """const found = api.cache.get('n'); const n = Number(found ? found.value : 0) + 1;
      const set = api.cache.set('n', String(n), { ttl: 60000 });
      api.user.setAppMetadata('n', n); api.user.setAppMetadata('type', set.type);"""
    await bind(world, count)
    for _ in range(2):
        await world.login("ann@example.com")
    assert (await metadata(world))[0] == {"n": 2, "type": "success"}
    world.tenant.clock.time += 61  # type: ignore[attr-defined]
    await world.login("ann@example.com")
    assert (await metadata(world))[0]["n"] == 1


async def test_the_cache_has_limits(world: ScriptWorld) -> None:
    await bind(
        world,
        """const c = api.cache; const codes = [];
        codes.push(c.set('k'.repeat(65), 'v').code, c.set('k', 'v'.repeat(4097)).code, c.set('k', 'v', { ttl: 86400001 }).code);
        codes.push(c.set('a', 'v'.repeat(4000)).type, c.set('b', 'v'.repeat(4000)).type, c.set('c', 'v'.repeat(400)).code);
        codes.push(c.delete('a').type, c.delete('a').code, c.get('a') === undefined);
        for (let n = 0; n < 19; n += 1) c.set('n' + n, 'v');
        codes.push(c.set('last', 'v').code, c.set('n1', 'w').type);
        api.user.setAppMetadata('codes', codes);""",
    )
    await world.login("ann@example.com")
    assert (await metadata(world))[0]["codes"] == [
        "CacheKeySizeExceeded",
        "CacheValueSizeExceeded",
        "InvalidExpiry",
        "success",
        "success",
        "CacheSizeExceeded",
        "success",
        "ItemNotFound",
        True,
        "CacheSizeExceeded",
        "success",
    ]


async def test_the_deployed_version_runs_not_the_draft(world: ScriptWorld) -> None:
    [action_id] = await bind(world, "api.user.setAppMetadata('version', 1);")
    await world.api.patch(
        f"/actions/actions/{action_id}",
        {"code": "exports.onExecutePostLogin = async (event, api) => { api.user.setAppMetadata('version', 2); };"},
    )
    await world.login("ann@example.com")
    assert (await metadata(world))[0] == {"version": 1}
    world.tenant.clock.time += 3  # type: ignore[attr-defined]
    await world.api.post(f"/actions/actions/{action_id}/deploy")
    await world.login("ann@example.com")
    assert (await metadata(world))[0] == {"version": 1}
    world.tenant.clock.time += 3  # type: ignore[attr-defined]
    await world.login("ann@example.com")
    assert (await metadata(world))[0] == {"version": 2}


async def test_an_action_reaches_what_stands_outside(world: ScriptWorld) -> None:
    world.legacy.add("ann@example.com", "x", app_metadata={"plan": "gold"})
    await bind(
        world,
        """const answer = await fetch('https://legacy.example.com/users?email=' + encodeURIComponent(event.user.email));
        const { user } = await answer.json();
        for (const [key, value] of Object.entries(user.app_metadata)) api.user.setAppMetadata(key, value);""",
    )
    await world.login("ann@example.com")
    assert (await metadata(world))[0] == {"plan": "gold"}


async def test_a_draft_can_be_tried_without_doing_what_it_asks(world: ScriptWorld) -> None:
    [action_id] = await bind(world, "console.log('hi', event.user.name); api.access.deny('no');")
    answer = await world.api.post(f"/actions/actions/{action_id}/test", {"payload": {"event": {"user": {"name": "x"}}}})
    assert answer.json() == {"payload": {"commands": [["deny", "access_denied", "no"]], "logs": ["hi x"]}}


async def machine(world: ScriptWorld) -> dict[str, str]:
    await world.api.post("/resource-servers", {"identifier": "https://m.example.com", "scopes": [{"value": "a"}]})
    client = await world.api.new_client("Machine", grant_types=["client_credentials"])
    grant = {"client_id": client["client_id"], "audience": "https://m.example.com", "scope": ["a"]}
    assert (await world.api.post("/client-grants", grant)).status_code == 201
    names = {name: client[name] for name in ("client_id", "client_secret")}
    return {"grant_type": "client_credentials", "audience": "https://m.example.com"} | names


async def test_credentials_exchange_actions_add_claims_or_deny(world: ScriptWorld) -> None:
    asked = await machine(world)
    await bind(
        world,
        """api.accessToken.setCustomClaim('https://x/scope', event.accessToken.scope);
        if (event.client.name !== 'Machine') api.access.deny('invalid_scope', 'not you');
        if (event.request.body.nope) api.access.deny('invalid_request', 'nope');""",
        trigger="credentials-exchange",
    )
    token = (await world.api.client.post("/oauth/token", data=asked)).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["https://x/scope"] == ["a"]
    assert (claims["gty"], claims["sub"]) == ("client-credentials", f"{asked['client_id']}@clients")
    denied = await world.api.client.post("/oauth/token", data=asked | {"nope": "1"})
    assert auth_error(denied) == (400, "invalid_request", "nope")


async def test_post_login_actions_do_not_run_for_machines(world: ScriptWorld) -> None:
    await bind(world, "api.access.deny('never');")
    assert (await world.api.client.post("/oauth/token", data=await machine(world))).status_code == 200
