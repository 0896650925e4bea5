"""Reading, creating, changing and deleting users."""

from collections.abc import Callable
from typing import Any

import pytest
from user_world import API, World

from wizard.practice.users import endpoints as users

PASSWORD = "correct-Horse-battery-9"


@pytest.fixture
async def world(new_world: Callable[..., World]) -> World:
    world = new_world()
    await world.connection(requires_username=True)
    return world


async def created(world: World, **fields: Any) -> dict[str, Any]:
    body = {"connection": "people", "email": "jane@example.com", "password": PASSWORD, "user_id": "1"} | fields
    answer = await world.client.post(f"{API}/users", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def changed(world: World, body: dict[str, Any], user: str = "auth0%7C1") -> dict[str, Any]:
    answer = await world.client.patch(f"{API}/users/{user}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_created_user_is_found_by_id_and_by_email(world: World) -> None:
    made = await created(world, email="Jane@Example.com", username="Jane", user_metadata={"a": 1})
    assert made["email"] == "jane@example.com"
    assert made["username"] == "jane"
    assert made["email_verified"] is False
    assert "password" not in made
    assert (await world.client.get(f"{API}/users/auth0%7C1")).json() == made
    assert await world.by_email("jane@example.com") == [made]


async def test_by_email_is_exact_lower_case(world: World) -> None:
    await created(world)
    assert await world.by_email("Jane@example.com") == []
    assert (await world.client.get(f"{API}/users-by-email")).status_code == 400


@pytest.mark.parametrize("user_id", ["a/b", "ä b".replace(" ", "+"), "50%", "x|y", "?&#"])
async def test_awkward_ids_are_found_when_url_encoded(world: World, user_id: str) -> None:
    from urllib.parse import quote

    await created(world, user_id=user_id)
    answer = await world.client.get(f"{API}/users/{quote('auth0|' + user_id, safe='')}")
    assert answer.json()["user_id"] == f"auth0|{user_id}"


async def test_an_unknown_user_is_404(world: World) -> None:
    for user_id in ("auth0%7Cnobody", "nobody", "google-oauth2%7C1"):
        answer = await world.client.get(f"{API}/users/{user_id}")
        assert answer.status_code == 404
        assert answer.json() == {
            "statusCode": 404,
            "error": "Not Found",
            "message": "The user does not exist.",
            "errorCode": "inexistent_user",
        }


async def test_fields_are_included_or_left_out(world: World) -> None:
    await created(world)
    found = await world.client.get(f"{API}/users/auth0%7C1", params={"fields": "email,user_id"})
    assert found.json() == {"email": "jane@example.com", "user_id": "auth0|1"}
    found = await world.client.get(f"{API}/users/auth0%7C1", params={"fields": "identities", "include_fields": "false"})
    assert "identities" not in found.json()
    assert "email" in found.json()


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"connection": "nowhere"}, 400, "Connection does not exist."),
        ({"connection": "hidden"}, 400, "Connection is disabled."),
        ({"connection": "plain", "username": "x"}, 400, "Cannot set username for connection without requires_username."),
        ({"email": "nonsense"}, 400, "Payload validation error: 'Object didn't pass validation for format email: nonsense' on property email (The user's email)."),
        ({"nickname": ""}, 400, "Payload validation error: 'String is too short (0 chars), minimum 1' on property nickname."),
        ({"phone_number": "5"}, 400, "Payload validation error: 'String does not match pattern ^\\+[0-9]{1,15}$' on property phone_number."),
        ({"username": "a b"}, 400, "Payload validation error: 'String does not match pattern ^[A-Za-z0-9@^$.!`\\-#+'~_]+$' on property username."),
        ({"username": "a" * 16}, 400, "Payload validation error: 'String is too long (16 chars), maximum 15' on property username."),
        ({"shoe_size": 43}, 400, "Payload validation error: 'Additional properties not allowed: shoe_size'."),
        ({"password": None}, 400, "Payload validation error: 'Expected type string but found type null' on property password."),
        ({"app_metadata": {"clientID": "x"}}, 400, "Payload validation error: 'Property not allowed: clientID' on property app_metadata."),
    ],
)  # fmt: skip
async def test_a_bad_new_user_is_refused(world: World, change: dict[str, Any], status: int, message: str) -> None:
    await world.connection("hidden", enabled=False)
    await world.connection("plain")
    body = {"connection": "people", "email": "jane@example.com", "password": PASSWORD} | change
    answer = await world.client.post(f"{API}/users", json=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


@pytest.mark.parametrize("missing", ["connection", "email", "password"])
async def test_what_a_new_user_needs_is_named(world: World, missing: str) -> None:
    body = {"connection": "people", "email": "jane@example.com", "password": PASSWORD}
    del body[missing]
    answer = await world.client.post(f"{API}/users", json=body)
    assert answer.json()["message"] == f"Payload validation error: 'Missing required property: {missing}'."


@pytest.mark.parametrize("same", ["email", "user_id", "username"])
async def test_a_name_in_use_is_a_conflict(world: World, same: str) -> None:
    await created(world, username="jane")
    body = {"email": "john@example.com", "user_id": "2", "username": "john"}
    taken = {"email": "JANE@example.com", "user_id": "1", "username": "JANE"}
    answer = await world.client.post(
        f"{API}/users", json={"connection": "people", "password": PASSWORD} | body | {same: taken[same]}
    )
    assert answer.status_code == 409
    assert answer.json() == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "The user already exists.",
        "errorCode": "auth0_idp_error",
    }


async def test_metadata_is_merged_at_its_first_level(world: World) -> None:
    await created(world, user_metadata={"a": {"x": 1}, "b": 2}, app_metadata={"facts": ["one"]})
    user = await changed(world, {"user_metadata": {"a": {"y": 2}, "b": None, "c": 3}, "app_metadata": {"foo": "bar"}})
    assert user["user_metadata"] == {"a": {"y": 2}, "c": 3}
    assert user["app_metadata"] == {"facts": ["one"], "foo": "bar"}
    emptied = await changed(world, {"user_metadata": {}, "app_metadata": {}})
    assert emptied["user_metadata"] == {}
    assert "app_metadata" not in emptied


async def test_other_fields_are_replaced_and_null_removes(world: World) -> None:
    await created(world, name="Jane", given_name="Jane", picture="https://example.com/j.png")
    user = await changed(world, {"name": None, "given_name": "J", "picture": None, "blocked": True})
    assert user["name"] == "jane@example.com"
    assert user["given_name"] == "J"
    assert user["picture"].startswith("https://secure.gravatar.com/")
    assert user["blocked"] is True


async def test_a_new_email_is_unverified_and_moves_the_defaults(world: World) -> None:
    await created(world, email_verified=True)
    world.clock.at += 1
    user = await changed(world, {"email": "New@example.com"})
    assert (user["email"], user["email_verified"], user["nickname"]) == ("new@example.com", False, "new")
    assert user["updated_at"] > user["created_at"]
    user = await changed(world, {"email": "third@example.com", "email_verified": True})
    assert user["email_verified"] is True


async def test_a_new_password_is_dated_and_used(world: World) -> None:
    await created(world)
    user = await changed(world, {"password": "another-Horse-battery-9", "connection": "people"})
    assert "last_password_reset" in user
    connection = world.tenant.connection(world.connection_id)
    assert connection is not None
    login = users.password_login(world.tenant, connection, "jane@example.com", "another-Horse-battery-9")
    assert login["user_id"] == "auth0|1"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"password": "x", "email": "a@example.com"}, "Cannot update password and email simultaneously."),
        ({"password": "x", "email_verified": True}, "Cannot update password and email_verified simultaneously."),
        ({"username": "x", "email": "a@example.com"}, "Cannot update username and email simultaneously."),
        ({"username": "x", "email_verified": True}, "Cannot update username and email_verified simultaneously."),
        ({"username": "x", "password": "y"}, "Cannot update username and password simultaneously."),
        ({"connection": "nowhere", "name": "x"}, "Connection does not exist."),
        ({"email": "john@example.com"}, "The specified new email already exists"),
        ({"username": "john"}, "The specified new username already exists"),
        ({"blocked": None}, "Payload validation error: 'Expected type boolean but found type null' on property blocked."),
        ({"user_metadata": {"a.b": 1}}, 'Payload validation error: \'key names must not contain "." or "$": a.b\' on property user_metadata.'),
    ],
)  # fmt: skip
async def test_a_bad_change_is_refused(world: World, body: dict[str, Any], message: str) -> None:
    await created(world)
    await created(world, email="john@example.com", user_id="2", username="john")
    answer = await world.client.patch(f"{API}/users/auth0%7C1", json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert (await world.by_email("jane@example.com"))[0]["user_id"] == "auth0|1"


async def test_a_change_changes_nothing_that_it_does_not_know(world: World) -> None:
    before = await created(world)
    after = await changed(world, {"identities": [], "created_at": "x", "shoe_size": 43, "name": "Jane"})
    assert after == before | {"name": "Jane", "updated_at": after["updated_at"]}


async def test_email_and_password_stay_while_the_connection_is_disabled(world: World) -> None:
    await created(world)
    off = [{"client_id": world.tenant.client_id, "status": False}]
    await world.client.patch(f"{API}/connections/{world.connection_id}/clients", json=off)
    answer = await world.client.patch(f"{API}/users/auth0%7C1", json={"password": "x"})
    assert answer.json()["message"] == "Cannot change email or password for users in a disabled connection."
    assert (await changed(world, {"name": "fine"}))["name"] == "fine"


async def test_a_token_for_app_metadata_changes_nothing_else(world: World) -> None:
    await created(world)
    narrow = world.client_with("update:users_app_metadata")
    assert (await narrow.patch(f"{API}/users/auth0%7C1", json={"app_metadata": {"a": 1}})).status_code == 200
    answer = await narrow.patch(f"{API}/users/auth0%7C1", json={"app_metadata": {"a": 1}, "name": "x"})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "insufficient_scope")


async def test_deleting_is_204_even_when_nobody_is_there(world: World) -> None:
    await created(world)
    for _ in range(2):
        assert (await world.client.delete(f"{API}/users/auth0%7C1")).status_code == 204
    assert await world.by_email("jane@example.com") == []


async def test_deleting_by_email_is_of_one_connection(world: World) -> None:
    other = await world.connection("others")
    await world.imported([{"email": "jane@example.com"}])
    await world.imported([{"email": "jane@example.com"}], connection_id=other)
    answer = await world.client.delete(f"{API}/connections/{other}/users", params={"email": "jane@example.com"})
    assert answer.status_code == 204
    assert [user["identities"][0]["connection"] for user in await world.by_email("jane@example.com")] == ["people"]


async def test_a_deleted_connection_takes_its_users_along(world: World) -> None:
    await created(world)
    assert users.has_users(world.tenant, world.connection_id)
    await world.client.delete(f"{API}/connections/{world.connection_id}")
    world.clock.at += 60
    assert (await world.client.get(f"{API}/users")).json() == []
    assert not users.has_users(world.tenant, world.connection_id)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/users", "read:users"),
        ("GET", "/users/auth0%7C1", "read:users"),
        ("GET", "/users-by-email?email=x", "read:users"),
        ("POST", "/users", "create:users"),
        ("DELETE", "/users/auth0%7C1", "delete:users"),
        ("GET", "/user-blocks/auth0%7C1", "read:users"),
        ("DELETE", "/user-blocks?identifier=x", "update:users"),
        ("POST", "/tickets/password-change", "create:user_tickets"),
        ("POST", "/jobs/users-exports", "read:users"),
    ],
)
async def test_each_call_asks_for_its_scope(world: World, method: str, path: str, scope: str) -> None:
    answer = await world.client_with("read:clients").request(method, API + path)
    assert answer.status_code == 403
    assert scope in answer.json()["message"]


async def test_a_ticket_lets_a_user_choose_a_password(world: World) -> None:
    await created(world)
    for body in ({"user_id": "auth0|1"}, {"email": "jane@example.com", "connection_id": world.connection_id}):
        answer = await world.client.post(f"{API}/tickets/password-change", json=body)
        assert answer.status_code == 201
        assert answer.json()["ticket"].startswith(f"https://{world.tenant.domain}/lo/reset?")
    for body, status in (({"user_id": "auth0|9"}, 404), ({"email": "jane@example.com"}, 400), ({"user_id": "9"}, 400)):
        assert (await world.client.post(f"{API}/tickets/password-change", json=body)).status_code == status


async def test_blocks_after_brute_force_are_shown_and_lifted(world: World) -> None:
    await created(world)
    client = await world.client.post(
        f"{API}/clients", json={"name": "canary", "grant_types": ["http://auth0.com/oauth/grant-type/password-realm"]},
        headers=world.client_with("create:clients").headers,
    )  # fmt: skip
    application = client.json()
    enable = [{"client_id": application["client_id"], "status": True}]
    await world.client.patch(f"{API}/connections/{world.connection_id}/clients", json=enable)
    for _ in range(10):
        await world.client.post(
            "/oauth/token",
            data={
                "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
                "realm": "people",
                "username": "jane@example.com",
                "password": "wrong",
                "client_id": application["client_id"],
                "client_secret": application["client_secret"],
            },
        )
    shown = (await world.client.get(f"{API}/user-blocks/auth0%7C1")).json()["blocked_for"]
    assert [(block["identifier"], block["connection"]) for block in shown] == [("jane@example.com", "people")]
    by_name = await world.client.get(f"{API}/user-blocks", params={"identifier": "jane@example.com"})
    assert by_name.json()["blocked_for"] == shown
    await world.client.patch(
        f"{API}/connections/{world.connection_id}", json={"options": {"brute_force_protection": False}}
    )
    for path, query in (("/user-blocks/auth0%7C1", {}), ("/user-blocks", {"identifier": "jane@example.com"})):
        for considered, expected in (("false", shown), ("true", [])):
            params = query | {"consider_brute_force_enablement": considered}
            asked = await world.client.get(API + path, params=params)
            assert asked.json()["blocked_for"] == expected
    assert (await world.client.delete(f"{API}/user-blocks/auth0%7C1")).status_code == 204
    assert (await world.client.get(f"{API}/user-blocks/auth0%7C1")).json() == {"blocked_for": []}
