"""Second factors that came with a user."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
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


async def test_factors_need_scopes_of_their_own(world: World) -> None:
    refused = await world.client_with("read:users delete:users").get(PATH)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "insufficient_scope")
