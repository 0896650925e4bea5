"""Second factors that came with a user."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest
from openapi_document import DOCUMENT, expanded, operation
from user_world import API, World

FACTORS: list[dict[str, Any]] = [
    {"totp": {"secret": "JBSWY3DP"}},
    {"phone": {"value": "+493012345"}},
    {"email": {"value": "b@example.com"}},
]
PATH = f"{API}/users/auth0%7C1/authentication-methods"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.connection()
    users = [{"email": "a@example.com", "user_id": "1", "mfa_factors": FACTORS}, {"email": "b@example.com"}]
    await world.imported(users)
    yield world
    world.tenant.close()


async def test_imported_factors_are_authentication_methods(world: World) -> None:
    methods = (await world.client.get(PATH)).json()
    assert [(each["type"], each["confirmed"]) for each in methods] == [("totp", True), ("phone", True), ("email", True)]
    assert methods[1]["phone_number"] == "+493012345"
    assert methods[2]["email"] == "b@example.com"
    assert "JBSWY3DP" not in str(methods)
    assert (await world.client.get(PATH)).json() == methods
    page = (await world.client.get(f"{PATH}?per_page=2&page=1&include_totals=true")).json()
    assert page == {"total": 3, "start": 2, "limit": 2, "authenticators": methods[2:]}


async def test_who_came_without_factors_has_none(world: World) -> None:
    [user] = await world.by_email("b@example.com")
    assert (await world.client.get(f"{API}/users/{user['user_id']}/authentication-methods")).json() == []
    missing = await world.client.get(f"{API}/users/auth0%7C2/authentication-methods")
    assert (missing.status_code, missing.json()["errorCode"]) == (404, "inexistent_user")


async def test_all_factors_of_a_user_can_be_taken_away(world: World) -> None:
    assert (await world.client.delete(PATH)).status_code == 204
    assert (await world.client.get(PATH)).json() == []
    assert (await world.client.delete(f"{API}/users/auth0%7C2/authentication-methods")).status_code == 204


async def test_a_factor_can_be_added(world: World) -> None:
    world.clock.at += 60
    before = (await world.client.get(PATH)).json()
    body = {"type": "phone", "phone_number": "+493099999", "name": "work", "preferred_authentication_method": "voice"}
    added = await world.client.post(PATH, json=body)
    made = added.json()
    assert (added.status_code, made | body) == (201, made)
    assert made["authentication_methods"] == [{"id": made["id"].replace("phone|", "voice|"), "type": "voice"}]
    assert made["created_at"] > before[0]["created_at"]
    assert (await world.client.get(PATH)).json() == [*before, made | {"confirmed": True}]
    key = {
        "type": "webauthn-roaming",
        "key_id": "a",
        "public_key": "b",
        "relying_party_identifier": "login.example.com",
    }
    shown = (await world.client.post(PATH, json=key)).json()
    assert shown | key == shown


async def test_the_secret_of_an_added_one_time_password_is_not_shown(world: World) -> None:
    made = await world.client.post(PATH, json={"type": "totp", "totp_secret": "KRSXG5CTMVRXEZLU"})
    assert (made.status_code, made.json()["type"]) == (201, "totp")
    assert "KRSXG5CTMVRXEZLU" not in made.text + (await world.client.get(PATH)).text


async def test_all_factors_of_a_user_can_be_replaced(world: World) -> None:
    before = (await world.client.get(PATH)).json()
    wanted = [{"type": "email", "email": "c@example.com", "name": "home"}, {"type": "totp", "totp_secret": "JBSWY3DP"}]
    replaced = await world.client.put(PATH, json=wanted)
    assert replaced.status_code == 200
    assert [(each["type"], each.get("email")) for each in replaced.json()] == [
        ("email", "c@example.com"),
        ("totp", None),
    ]
    methods = (await world.client.get(PATH)).json()
    assert methods == [each | {"confirmed": True} for each in replaced.json()]
    assert not {each["id"] for each in methods} & {each["id"] for each in before}
    assert (await world.client.put(PATH, json=[])).json() == []
    assert (await world.client.get(PATH)).json() == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"type": "phone"}),
        (400, {"type": "email", "name": "x"}),
        (400, {"type": "totp", "totp_secret": ""}),
        (400, {"type": "push"}),
        (400, {"type": "email", "email": "c@example.com", "confirmed": True}),
        (400, {"type": "passkey", "relying_party_identifier": "not a host"}),
        (409, {"type": "phone", "phone_number": "+493012345"}),
    ],
)
async def test_a_factor_that_is_not_whole_or_there_already_is_refused(world: World, status: int, body: Any) -> None:
    before = (await world.client.get(PATH)).json()
    assert (await world.client.post(PATH, json=body)).status_code == status
    # Beside one of the same kind that is replaced, only twice the same is too much.
    assert (await world.client.put(PATH, json=[body, body])).status_code == status
    assert (await world.client.get(PATH)).json() == before


async def test_nobody_has_no_factors_to_write(world: World) -> None:
    path = f"{API}/users/auth0%7C2/authentication-methods"
    for answer in (
        await world.client.post(path, json={"type": "email", "email": "c@example.com"}),
        await world.client.put(path, json=[]),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "inexistent_user")


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Auth0's OpenAPI document is not at hand")
async def test_what_is_answered_about_factors_fits_the_document(world: World) -> None:
    bodies = [
        {"type": "phone", "phone_number": "+493099999", "name": "work"},
        {"type": "email", "email": "c@example.com"},
        {"type": "totp", "totp_secret": "KRSXG5CTMVRXEZLU"},
        {"type": "passkey", "key_id": "a", "public_key": "b", "relying_party_identifier": "example.com"},
    ]
    calls: list[tuple[str, int, Any]] = [("POST", 201, body) for body in bodies]
    for method, status, body in [*calls, ("GET", 200, None), ("PUT", 200, bodies[:3]), ("GET", 200, None)]:
        answer = await world.client.request(method, PATH, json=body)
        assert answer.status_code == status, answer.text
        content = operation(method, "/users/{id}/authentication-methods")["responses"][str(status)]["content"]
        jsonschema.Draft202012Validator(expanded(content["application/json"]["schema"])).validate(answer.json())


async def test_factors_need_scopes_of_their_own(world: World) -> None:
    client = world.client_with("read:users create:users update:users delete:users")
    for method, scope in (("GET", "read"), ("POST", "create"), ("PUT", "update"), ("DELETE", "delete")):
        refused = await client.request(method, PATH, json={})
        assert (refused.status_code, refused.json()["errorCode"]) == (403, "insufficient_scope")
        assert refused.json()["message"].endswith(f"{scope}:authentication_methods")
