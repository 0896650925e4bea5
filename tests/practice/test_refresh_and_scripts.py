"""Actions and Rules run at a refresh as at a login."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from core_support import auth_error
from script_world import PASSWORD, REALM, ScriptWorld, script_world

from wizard.practice.switches import Switches


@pytest.fixture
async def world() -> AsyncIterator[ScriptWorld]:
    async with script_world({"enabledDatabaseCustomization": False}, switches=Switches(rules="run")) as world:
        body = {"connection": "people", "email": "ann@example.com", "password": PASSWORD}
        assert (await world.api.post("/users", body)).status_code == 201
        changes = {"grant_types": [REALM, "refresh_token"], "refresh_token": {"rotation_type": "rotating", "expiration_type": "expiring"}}  # fmt: skip
        assert (await world.api.patch(f"/clients/{world.client['client_id']}", changes)).status_code == 200
        yield world


async def bind(world: ScriptWorld, handler: str) -> None:
    code = f"exports.onExecutePostLogin = async (event, api) => {{ {handler} }};"
    body = {"name": "a", "supported_triggers": [{"id": "post-login"}], "code": code, "deploy": True}
    made = (await world.api.post("/actions/actions", body)).json()["id"]
    world.tenant.clock.time += 3  # type: ignore[attr-defined]
    refs = [{"ref": {"type": "action_id", "value": made}}]
    assert (await world.api.patch("/actions/triggers/post-login/bindings", {"bindings": refs})).status_code == 200


async def token(world: ScriptWorld) -> str:
    answer = await world.login("ann@example.com", scope="openid offline_access")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


async def refresh(world: ScriptWorld, token: str) -> httpx.Response:
    as_client = {name: world.client[name] for name in ("client_id", "client_secret")}
    given = {"grant_type": "refresh_token", "refresh_token": token} | as_client
    return await world.api.client.post("/oauth/token", data=given)


async def test_an_action_sees_that_it_is_a_refresh_and_adds_claims(world: ScriptWorld) -> None:
    await bind(
        world,
        """api.idToken.setCustomClaim('https://x/protocol', event.transaction.protocol);
        api.accessToken.setCustomClaim('https://x/body', Object.keys(event.request.body));
        api.user.setAppMetadata('logins', event.stats.logins_count);""",
    )
    answer = (await refresh(world, await token(world))).json()
    seen = [jwt.decode(answer[name], options={"verify_signature": False}) for name in ("id_token", "access_token")]
    assert seen[0]["https://x/protocol"] == "oauth2-refresh-token"
    assert "refresh_token" not in seen[1]["https://x/body"]
    user = await world.user("ann@example.com")
    assert user is not None
    assert user["app_metadata"] == {"logins": 1}
    assert user["logins_count"] == 1


async def test_a_denied_refresh_leaves_the_token_as_it_was(world: ScriptWorld) -> None:
    await bind(
        world,
        """if (event.transaction.protocol === 'oauth2-refresh-token' && !event.user.app_metadata.trusted)
          api.access.deny('not_trusted');""",
    )
    kept = await token(world)
    for _ in range(2):
        assert auth_error(await refresh(world, kept)) == (403, "access_denied", "not_trusted")
    user = await world.user("ann@example.com")
    assert user is not None
    await world.api.patch(f"/users/{user['user_id']}", {"app_metadata": {"trusted": True}})
    assert (await refresh(world, kept)).status_code == 200
    assert [entry["description"] for _, entry in world.logs("fertft")] == ["not_trusted"] * 2


async def test_rules_run_at_a_refresh(world: ScriptWorld) -> None:
    script = """function (user, context, callback) {
      context.idToken['https://x/rule'] = context.protocol; callback(null, user, context);
    }"""
    assert (await world.api.post("/rules", {"name": "protocol", "script": script})).status_code == 201
    answer = (await refresh(world, await token(world))).json()
    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert claims["https://x/rule"] == "oauth2-refresh-token"


async def test_a_token_revoked_while_actions_run_gives_nothing(world: ScriptWorld) -> None:
    kept = await token(world)
    as_client = "&".join(f"{name}={world.client[name]}" for name in ("client_id", "client_secret"))
    await bind(
        world,
        f"""await fetch('https://{world.tenant.domain}/oauth/revoke', {{ method: 'POST',
          headers: {{ 'content-type': 'application/x-www-form-urlencoded' }},
          body: '{as_client}&token={kept}' }});""",
    )
    assert auth_error(await refresh(world, kept))[:2] == (403, "invalid_grant")
