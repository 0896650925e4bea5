"""Sign-ups, password resets and e-mail changes, where the source may know people the store does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from core_support import auth_error, error
from script_world import PASSWORD, ScriptWorld, script_world

from wizard.practice.switches import Switches

NEW = "another-Horse-battery-9"


@pytest.fixture
async def world() -> AsyncIterator[ScriptWorld]:
    async with script_world() as world:
        world.legacy.add("ann@example.com", PASSWORD, given_name="Ann", app_metadata={"plan": "gold"})
        yield world


async def sign_up(world: ScriptWorld, who: str, **changes: Any) -> httpx.Response:
    body = {"client_id": world.client["client_id"], "connection": "people", "email": who, "password": NEW}
    return await world.api.client.post("/dbconnections/signup", json=body | changes)


async def ask_for_reset(world: ScriptWorld, email: str) -> list[dict[str, Any]]:
    body = {"client_id": world.client["client_id"], "connection": "people", "email": email}
    answer = await world.api.client.post("/dbconnections/change_password", json=body)
    assert answer.status_code == 200
    assert answer.text == "We've just sent you an email to reset your password."
    mails = (await world.api.client.get("/practice/password-resets")).json()["mails"]
    return [mail for mail in mails if mail["email"] == email.lower()]


async def follow(world: ScriptWorld, mail: dict[str, Any], password: str = NEW) -> httpx.Response:
    return await world.api.client.post(f"/practice/password-resets/{mail['ticket']}", json={"password": password})


async def test_somebody_new_signs_up_in_the_store(world: ScriptWorld) -> None:
    answer = await sign_up(world, "Bob@example.com", user_metadata={"a": 1})
    assert answer.status_code == 200
    assert set(answer.json()) == {"_id", "email", "email_verified"}
    assert answer.json()["email"] == "bob@example.com"
    assert world.legacy.asked == ["GET /users"]
    assert (await world.login("bob@example.com", NEW)).status_code == 200


async def test_somebody_the_source_knows_cannot_sign_up(world: ScriptWorld) -> None:
    answer = await sign_up(world, "ann@example.com")
    assert (answer.status_code, answer.json()["code"]) == (400, "user_exists")
    assert await world.user("ann@example.com") is None
    await world.login("ann@example.com")
    assert (await sign_up(world, "ann@example.com")).json()["code"] == "user_exists"


async def test_a_tenant_may_keep_to_itself_who_exists(world: ScriptWorld) -> None:
    await world.api.patch("/tenants/settings", {"flags": {"enable_public_signup_user_exists_error": False}})
    assert (await sign_up(world, "ann@example.com")).json()["code"] == "invalid_signup"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "short"}, "invalid_password"),
        ({"email": "nonsense"}, "bad.request"),
        ({"password": None}, "bad.request"),
        ({"connection": "nowhere"}, "not_found"),
        ({"client_id": "nobody"}, "invalid_request"),
    ],
)
async def test_a_bad_sign_up_is_refused(world: ScriptWorld, changes: dict[str, Any], code: str) -> None:
    answer = await sign_up(world, "bob@example.com", **changes)
    assert answer.status_code in {400, 404}
    assert answer.json()["code"] == code


async def test_nobody_signs_up_while_it_is_not_known_whether_they_exist(world: ScriptWorld) -> None:
    world.legacy.down = True
    assert (await sign_up(world, "bob@example.com")).status_code == 500
    assert await world.user("bob@example.com") is None


async def test_sign_ups_can_be_switched_off(world: ScriptWorld) -> None:
    await world.change(disable_signup=True)
    assert (await sign_up(world, "bob@example.com")).json()["code"] == "public_signup_disabled"


async def test_a_reset_moves_somebody_only_the_source_knows(world: ScriptWorld) -> None:
    [mail] = await ask_for_reset(world, "ann@example.com")
    assert await world.user("ann@example.com") is None
    assert (await follow(world, mail)).status_code == 204
    user = await world.user("ann@example.com")
    assert user is not None
    assert (user["user_id"], user["app_metadata"]) == ("auth0|legacy|1", {"plan": "gold"})
    assert user["last_password_reset"]
    assert (await world.login("ann@example.com", NEW)).status_code == 200
    assert (await world.login("ann@example.com", PASSWORD)).status_code == 403
    assert world.legacy.asked == ["GET /users"]


async def test_a_reset_of_a_user_in_the_store_never_asks_the_source(world: ScriptWorld) -> None:
    await world.login("ann@example.com")
    world.legacy.asked.clear()
    [mail] = await ask_for_reset(world, "ANN@example.com")
    assert (await follow(world, mail)).status_code == 204
    assert world.legacy.asked == []
    assert (await world.login("ann@example.com", NEW)).status_code == 200


async def test_who_changes_the_password_is_blocked_no_more(world: ScriptWorld) -> None:
    await world.login("ann@example.com")
    for _ in range(10):
        await world.login("ann@example.com", "wrong")
    assert (await world.login("ann@example.com")).status_code == 429
    [mail] = await ask_for_reset(world, "ann@example.com")
    await follow(world, mail)
    assert (await world.login("ann@example.com", NEW)).status_code == 200


async def test_nobody_gets_no_mail(world: ScriptWorld) -> None:
    assert await ask_for_reset(world, "nobody@example.com") == []


async def test_a_ticket_is_good_once_for_five_days_and_a_strong_password(world: ScriptWorld) -> None:
    [mail] = await ask_for_reset(world, "ann@example.com")
    assert auth_error(await follow(world, mail, "short"))[:2] == (400, "invalid_password")
    assert (await follow(world, mail)).status_code == 204
    assert (await follow(world, mail)).status_code == 404
    [mail] = await ask_for_reset(world, "ann@example.com")
    world.tenant.clock.time += 432_001  # type: ignore[attr-defined]
    assert (await follow(world, mail)).status_code == 404


async def test_a_login_between_mail_and_reset_is_no_trouble(world: ScriptWorld) -> None:
    [mail] = await ask_for_reset(world, "ann@example.com")
    assert (await world.login("ann@example.com")).status_code == 200
    assert (await follow(world, mail)).status_code == 204
    assert (await world.login("ann@example.com", NEW)).status_code == 200


async def test_a_challenge_at_resets_needs_to_know_the_application(world: ScriptWorld) -> None:
    trigger = "password-reset-post-challenge"
    code = "exports.onExecutePostChallenge = async () => {};"
    body = {"name": "challenge", "supported_triggers": [{"id": trigger}], "code": code, "deploy": True}
    made = (await world.api.post("/actions/actions", body)).json()["id"]
    world.tenant.clock.time += 3  # type: ignore[attr-defined]
    asked = {"connection": "people", "email": "ann@example.com"}
    assert (await world.api.client.post("/dbconnections/change_password", json=asked)).status_code == 200
    bindings = [{"ref": {"type": "action_id", "value": made}}]
    bound = await world.api.patch(f"/actions/triggers/{trigger}/bindings", {"bindings": bindings})
    assert bound.status_code == 200
    refused = await world.api.client.post("/dbconnections/change_password", json=asked)
    assert auth_error(refused) == (400, "invalid_request", "client_id is required")
    named = asked | {"client_id": world.client["client_id"]}
    assert (await world.api.client.post("/dbconnections/change_password", json=named)).status_code == 200


async def test_a_reset_may_need_the_change_password_script() -> None:
    async with script_world(switches=Switches(reset_needs_change_password_script=True)) as world:
        world.legacy.add("ann@example.com", PASSWORD)
        assert await ask_for_reset(world, "ann@example.com") == []
        await world.use(change_password="function changePassword(e, p, callback) { callback(null, true); }")
        assert len(await ask_for_reset(world, "ann@example.com")) == 1


async def test_new_users_and_new_addresses_are_compared_with_the_source(world: ScriptWorld) -> None:
    body = {"connection": "people", "email": "ann@example.com", "password": NEW}
    assert error(await world.api.post("/users", body)) == (409, "The user already exists.", "auth0_idp_error")
    made = await world.api.post("/users", body | {"email": "bob@example.com"})
    assert made.status_code == 201
    path = f"/users/{made.json()['user_id'].replace('|', '%7C')}"
    taken = await world.api.patch(path, {"email": "ann@example.com"})
    assert error(taken) == (400, "The specified new email already exists", "auth0_idp_error")
    assert (await world.api.patch(path, {"email": "bobby@example.com"})).status_code == 200
    world.legacy.down = True
    assert (await world.api.patch(path, {"email": "rob@example.com"})).status_code == 400
    assert (await world.api.patch(path, {"given_name": "Rob"})).status_code == 200


async def ticket_of(world: ScriptWorld, **body: Any) -> dict[str, Any]:
    """Make a ticket, and return it as it is listed."""
    made = await world.api.post("/tickets/password-change", body)
    assert made.status_code == 201, made.text
    mails = (await world.api.client.get("/practice/password-resets")).json()["mails"]
    [listed] = [mail for mail in mails if f"ticket={mail['ticket']}#" in made.json()["ticket"]]
    return dict(listed)


@pytest.mark.parametrize("verifies", [True, False])
async def test_a_ticket_is_listed_and_lets_its_user_choose_a_password_once(world: ScriptWorld, verifies: bool) -> None:
    await sign_up(world, "bob@example.com")
    user = await world.user("bob@example.com")
    assert user is not None
    ticket = await ticket_of(world, user_id=user["user_id"], mark_email_as_verified=verifies)
    assert (ticket["email"], ticket["user_id"]) == ("bob@example.com", user["user_id"])
    assert (await follow(world, ticket, "a-third-Horse-battery-9")).status_code == 204
    assert (await world.login("bob@example.com", "a-third-Horse-battery-9")).status_code == 200
    after = await world.user("bob@example.com")
    assert after is not None
    assert after["email_verified"] is verifies
    assert (await follow(world, ticket)).status_code == 404
    assert (await world.api.client.get("/practice/password-resets")).json() == {"mails": []}


async def test_a_ticket_lives_as_long_as_was_asked(world: ScriptWorld) -> None:
    await sign_up(world, "bob@example.com")
    connection = world.connection_id
    brief = await ticket_of(world, email="bob@example.com", connection_id=connection, ttl_sec=60)
    usual = await ticket_of(world, email="bob@example.com", connection_id=connection, ttl_sec=0)
    await world.api.tenant.clock.sleep(61)
    assert (await follow(world, brief)).status_code == 404
    assert (await follow(world, usual, "a-third-Horse-battery-9")).status_code == 204
