"""GET /users: pages, totals, order, the cap, and an index that lags behind."""

from collections.abc import Callable
from typing import Any

import pytest
from user_world import API, World


@pytest.fixture
async def world(new_world: Callable[..., World]) -> World:
    world = new_world()
    await world.connection()
    await world.imported(
        [
            {"email": f"user{number}@example.com", "name": f"n{number % 3}", "user_id": str(number)}
            for number in range(25)
        ]
    )
    return world


async def listed(world: World, **params: Any) -> Any:
    answer = await world.client.get(f"{API}/users", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_plain_list_is_an_array_of_up_to_50(world: World) -> None:
    found = await listed(world)
    assert len(found) == 25
    assert found[0]["email"] == "user0@example.com"


async def test_totals_wrap_the_page(world: World) -> None:
    found = await listed(world, per_page=10, page=2, include_totals="true")
    assert {key: found[key] for key in ("start", "limit", "length", "total")} == {
        "start": 20,
        "limit": 10,
        "length": 5,
        "total": 25,
    }
    assert [user["email"] for user in found["users"]] == [f"user{number}@example.com" for number in range(20, 25)]


async def test_a_count_needs_no_page(world: World) -> None:
    found = await listed(world, per_page=1, include_totals="true", q="NOT _exists_:logins_count")
    assert found["total"] == 25


async def test_order_is_by_a_field_up_or_down(world: World) -> None:
    up = await listed(world, sort="name:1", fields="name,user_id")
    assert [user["name"] for user in up] == sorted(user["name"] for user in up)
    assert up[0] == {"name": "n0", "user_id": "auth0|0"}
    down = await listed(world, sort="created_at:-1", per_page=1)
    assert down[0]["user_id"] == "auth0|24"


async def test_order_is_not_by_metadata(world: World) -> None:
    ranks = [{"email": f"r{rank}@example.com", "user_metadata": {"rank": rank}} for rank in (2, 1, 3)]
    await world.imported(ranks)
    q = "_exists_:user_metadata.rank"
    ranked = await listed(world, q=q, sort="user_metadata.rank:1", fields="user_metadata")
    assert [user["user_metadata"]["rank"] for user in ranked] == [2, 1, 3]


async def test_search_is_by_connection_name(world: World) -> None:
    other = await world.connection("others")
    await world.imported([{"email": "else@example.com"}], connection_id=other)
    assert await world.search('identities.connection:"others"') == ["else@example.com"]
    assert len(await world.search('identities.connection:"people" AND name:n1')) == 8


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"per_page": 101}, "Value 101 is greater than maximum 100"),
        ({"per_page": "many"}, "Expected type integer"),
        ({"page": -1}, "Value -1 is less than minimum 0"),
        ({"sort": "name"}, r"String does not match pattern ^(([a-zA-Z0-9_\\.]+))\:(1|-1)$"),
        ({"include_totals": "maybe"}, "Expected type boolean"),
        ({"search_engine": "v1"}, "You are not allowed to use search_engine=v1."),
        ({"search_engine": "v2"}, "You are not allowed to use search_engine=v2. Use search_engine=v3 instead."),
        ({"search_engine": "v9"}, "No enum match for: v9"),
        ({"q": "name:(a"}, "syntax error"),
        ({"page": 10, "per_page": 100}, "You can only page through the first 1000 records."),
        ({"page": 20}, "You can only page through the first 1000 records."),
    ],
)
async def test_a_bad_list_is_refused(world: World, params: dict[str, Any], message: str) -> None:
    answer = await world.client.get(f"{API}/users", params=params)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


async def test_a_query_longer_than_a_request_line_is_414(world: World) -> None:
    answer = await world.client.get(
        f"{API}/users", params={"q": " OR ".join(f"email:n{i}@example.com" for i in range(400))}
    )
    assert answer.status_code == 414
    assert answer.json()["error"] == "Request-URI Too Large"


async def test_the_last_page_under_the_cap_is_reachable(world: World) -> None:
    assert await listed(world, page=9, per_page=100) == []


async def test_search_sees_a_new_user_only_after_the_lag(new_world: Callable[..., World]) -> None:
    world = new_world(search_lag_seconds=5)
    await world.connection()
    body = {"connection": "people", "email": "jane@example.com", "password": "correct-Horse-battery-9", "user_id": "1"}
    assert (await world.client.post(f"{API}/users", json=body)).status_code == 201
    assert len(await world.by_email("jane@example.com")) == 1
    assert await world.search("email:jane@example.com") == []
    world.clock.at += 5
    assert await world.search("email:jane@example.com") == ["jane@example.com"]


async def test_search_shows_the_old_profile_until_the_lag_is_over(new_world: Callable[..., World]) -> None:
    world = new_world(search_lag_seconds=5)
    await world.connection()
    await world.imported([{"email": "jane@example.com", "user_id": "1", "name": "Old"}])
    await world.client.patch(f"{API}/users/auth0%7C1", json={"name": "New"})
    assert (await world.by_email("jane@example.com"))[0]["name"] == "New"
    assert await world.search("name:Old") == ["jane@example.com"]
    assert await world.search("name:New") == []
    world.clock.at += 3
    await world.client.patch(f"{API}/users/auth0%7C1", json={"name": "Newest"})
    world.clock.at += 3
    assert await world.search("name:Old") == ["jane@example.com"]
    world.clock.at += 3
    assert await world.search("name:Newest") == ["jane@example.com"]
    assert await world.search("name:Old") == []


async def test_search_shows_a_deleted_user_until_the_lag_is_over(new_world: Callable[..., World]) -> None:
    world = new_world(search_lag_seconds=5)
    await world.connection()
    await world.imported([{"email": "jane@example.com", "user_id": "1"}])
    await world.client.delete(f"{API}/users/auth0%7C1")
    assert await world.by_email("jane@example.com") == []
    assert await world.search("email:jane@example.com") == ["jane@example.com"]
    world.clock.at += 5
    assert await world.search("email:jane@example.com") == []
