"""Logins with a password against stored and imported hashes."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from user_world import API, World

from wizard.practice.errors import AuthError
from wizard.practice.users import endpoints as users

MD5 = {"algorithm": "md5", "hash": {"value": "5f4dcc3b5aa765d61d8327deb882cf99", "encoding": "hex"}}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.connection(requires_username=True)
    await world.imported(
        [
            {"email": "jane@example.com", "user_id": "1", "username": "jane", "custom_password_hash": MD5},
            {"email": "nohash@example.com", "user_id": "2"},
        ]
    )
    yield world
    world.tenant.close()


def login(world: World, username: str, password: str) -> dict[str, Any]:
    connection = world.tenant.connection(world.connection_id)
    assert connection is not None
    return users.password_login(world.tenant, connection, username, password)


def refused(world: World, username: str, password: str) -> AuthError:
    with pytest.raises(AuthError) as refusal:
        login(world, username, password)
    return refusal.value


def logs(world: World) -> list[tuple[str, dict[str, Any]]]:
    rows = world.tenant.db.execute("select type, body from logs where type in ('s', 'f', 'fp', 'fu') order by rowid")
    return [(row["type"], json.loads(row["body"])) for row in rows]


@pytest.mark.parametrize("name", ["jane@example.com", "JANE@example.com", "jane", "Jane"])
async def test_a_user_logs_in_by_email_or_username(world: World, name: str) -> None:
    profile = login(world, name, "password")
    assert profile["user_id"] == "auth0|1"
    assert profile["logins_count"] == 1
    assert profile["last_ip"]
    assert profile["last_login"] == profile["updated_at"]
    [(kind, _)] = logs(world)
    assert kind == "s"


async def test_a_wrong_custom_hash_looks_like_a_wrong_password_and_the_log_tells(world: World) -> None:
    error = refused(world, "jane@example.com", "other")
    assert (error.status, error.error, error.error_description) == (403, "invalid_grant", "Wrong email or password.")
    [(kind, entry)] = logs(world)
    assert kind == "fp"
    assert entry["description"] == "Password change required"
    assert entry["reason"] == "Verification failed for the provided custom_password_hash"
    assert entry["user_id"] == "auth0|1"


async def test_after_the_first_login_a_wrong_password_is_just_wrong(world: World) -> None:
    login(world, "jane", "password")
    refused(world, "jane", "other")
    assert logs(world)[-1][1]["description"] == "Wrong email or password."
    assert login(world, "jane", "password")["logins_count"] == 2


async def test_an_unknown_user_is_fu_in_the_log_and_the_same_answer(world: World) -> None:
    assert refused(world, "nobody@example.com", "x").body == refused(world, "jane", "x").body
    assert [kind for kind, _ in logs(world)] == ["fu", "fp"]


async def test_a_user_imported_without_a_hash_has_a_password_nobody_knows(world: World) -> None:
    for password in ("", "password", "nohash@example.com"):
        refused(world, "nohash@example.com", password)


async def test_a_blocked_user_is_refused_but_counted(world: World) -> None:
    await world.client.patch(f"{API}/users/auth0%7C1", json={"blocked": True})
    assert refused(world, "jane", "other").error == "invalid_grant"
    error = refused(world, "jane", "password")
    assert (error.status, error.error, error.error_description) == (401, "unauthorized", "user is blocked")
    assert (await world.by_email("jane@example.com"))[0]["logins_count"] == 1


async def test_a_hash_that_cannot_be_checked_here_says_so_in_the_log(world: World) -> None:
    rare = {"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-mdc2$i=1,l=16$c2FsdA$" + "A" * 22}}
    await world.imported([{"email": "rare@example.com", "custom_password_hash": rare}])
    refused(world, "rare@example.com", "x")
    assert "not checked" in logs(world)[-1][1]["reason"]


async def test_no_password_or_hash_reaches_the_log(world: World) -> None:
    refused(world, "jane", "CANARY")
    login(world, "jane", "password")
    assert "CANARY" not in json.dumps(logs(world))
    assert MD5["hash"]["value"] not in json.dumps(logs(world))  # type: ignore[index]


async def test_logins_may_be_refused_under_another_error_name() -> None:
    world = World(wrong_password_error="invalid_user_password")
    await world.connection()
    assert refused(world, "nobody", "x").error == "invalid_user_password"
    world.tenant.close()
