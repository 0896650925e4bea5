"""Rules where the switch lets them run: their endpoints, and what they do at a login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from core_support import auth_error, error
from script_world import PASSWORD, SOON, ScriptWorld, script_world

from wizard.practice.switches import Switches


@pytest.fixture
async def world() -> AsyncIterator[ScriptWorld]:
    async with script_world({"enabledDatabaseCustomization": False}, switches=Switches(rules="run")) as world:
        body = {"connection": "people", "email": "ann@example.com", "password": PASSWORD, "app_metadata": {"a": 1}}
        assert (await world.api.post("/users", body)).status_code == 201
        yield world


async def add(world: ScriptWorld, body: str, name: str = "guard", **more: Any) -> str:
    script = f"function (user, context, callback) {{ {body} }}"
    answer = await world.api.post("/rules", {"name": name, "script": script} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_rule_denies_one_audience_to_end_users(world: ScriptWorld) -> None:
    await world.api.call("PUT", "/rules-configs/API", json={"value": "https://legacy.example.com/"})
    await add(
        world,
        """const audience = (context.request.query || {}).audience || (context.request.body || {}).audience;
        if (audience === configuration.API) return callback(new UnauthorizedError('end_users_not_allowed'));
        callback(null, user, context);""",
    )
    await world.api.post("/resource-servers", {"identifier": "https://legacy.example.com/"})
    denied = await world.login("ann@example.com", audience="https://legacy.example.com/")
    assert auth_error(denied) == (401, "unauthorized", "end_users_not_allowed")
    assert (await world.login("ann@example.com")).status_code == 200


async def test_rules_run_in_their_order_and_pass_user_and_context_on(world: ScriptWorld) -> None:
    last = (
        "context.idToken['https://x/seen'] = user.seen; context.idToken.iss = 'mallory'; callback(null, user, context);"
    )
    await add(world, last, "last", order=9)
    await add(
        world,
        "user.seen = [context.stats.loginsCount, context.connection]; callback(null, user, context);",
        "first",
        order=1,
    )
    await add(world, "callback(new Error('never'));", "off", order=2, enabled=False)
    token = (await world.login("ann@example.com")).json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["https://x/seen"] == [1, "people"]
    assert claims["iss"] == world.tenant.issuer


async def test_a_rule_writes_metadata_and_asks_what_stands_outside(world: ScriptWorld) -> None:
    world.legacy.add("ann@example.com", "x", given_name="Ann")
    await add(
        world,
        """fetch('https://legacy.example.com/users?email=' + encodeURIComponent(user.email))
          .then((answer) => answer.json())
          .then(({ user: found }) => auth0.users.updateAppMetadata(user.user_id, { name: found.given_name }))
          .then(() => callback(null, user, context), callback);""",
    )
    assert (await world.login("ann@example.com")).status_code == 200
    user = await world.user("ann@example.com")
    assert user is not None
    assert user["app_metadata"] == {"a": 1, "name": "Ann"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("null.x;", "Cannot read properties of null"),
        ("callback(new Error('boom'));", "boom"),
        ("", "Script execution time exceeded"),
    ],
)
async def test_a_rule_that_fails_ends_the_login(world: ScriptWorld, body: str, text: str) -> None:
    await add(world, body)
    if "time" in text:
        world.tenant.sandbox.patience = SOON
    status, name, description = auth_error(await world.login("ann@example.com"))
    assert (status, name) == (403, "access_denied")
    assert text in description


async def test_a_rule_asks_for_a_second_factor(world: ScriptWorld) -> None:
    await add(world, "context.multifactor = { provider: 'any' }; callback(null, user, context);", "asks", order=1)
    assert auth_error(await world.login("ann@example.com"))[:2] == (403, "mfa_required")
    await add(world, "context.multifactor = { provider: 'none' }; callback(null, user, context);", "not", order=2)
    assert (await world.login("ann@example.com")).status_code == 200


async def test_rules_can_be_read_changed_and_deleted(world: ScriptWorld) -> None:
    one = await add(world, "callback(null, user, context);", "one")
    await add(world, "callback(null, user, context);", "two")
    assert [each["order"] for each in (await world.api.get("/rules")).json()] == [1, 2]
    assert error(await world.api.post("/rules", {"name": "one", "script": "x"}))[0] == 409
    assert error(await world.api.patch(f"/rules/{one}", {"order": 2}))[0] == 409
    assert (await world.api.patch(f"/rules/{one}", {"enabled": False})).json()["enabled"] is False
    assert error(await world.api.post("/rules", {"name": "-x", "script": "x"}))[0] == 400
    assert (await world.api.delete(f"/rules/{one}")).status_code == 204
    assert error(await world.api.get(f"/rules/{one}")) == (404, "The rule does not exist", "inexistent_rule")
    assert (await world.api.get("/rules?include_totals=true")).json()["total"] == 1


async def test_configs_show_their_keys_only(world: ScriptWorld) -> None:
    assert (await world.api.call("PUT", "/rules-configs/KEY", json={"value": "CANARY"})).json()["value"] == "CANARY"
    assert (await world.api.get("/rules-configs")).json() == [{"key": "KEY"}]
    [stored] = world.tenant.db.execute("select sealed from rules_configs").fetchall()
    assert "CANARY" not in stored["sealed"]
    assert (await world.api.call("PUT", "/rules-configs/K%20Y", json={"value": "x"})).status_code == 400
    assert (await world.api.delete("/rules-configs/KEY")).status_code == 204
    assert (await world.api.get("/rules-configs")).json() == []
