"""Import jobs: what becomes of each user, and of those who are there already."""

from collections.abc import Callable
from typing import Any

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from user_world import API, World, people

from wizard.practice.users import endpoints as users

CUSTOM = {"algorithm": "md5", "hash": {"value": "5f4dcc3b5aa765d61d8327deb882cf99", "encoding": "hex"}}


async def test_an_imported_user_has_auth0s_defaults(world: World) -> None:
    await world.imported([{"email": "Auzironian@Example.com", "email_verified": True}])
    [user] = await world.by_email("auzironian@example.com")
    assert user["name"] == "auzironian@example.com"
    assert user["nickname"] == "auzironian"
    assert user["picture"] == (
        "https://secure.gravatar.com/avatar/1eafdbc62a30a384b6d9a04e1cc21500"
        "?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fau.png"
    )
    assert len(user["user_id"]) == len("auth0|") + 24
    assert {"last_login", "logins_count", "last_ip", "password_hash"}.isdisjoint(user)


async def test_user_id_gets_its_prefix_even_twice(world: World) -> None:
    await world.imported([{"email": "a@example.com", "user_id": "auth0|1"}])
    [user] = await world.by_email("a@example.com")
    assert user["user_id"] == "auth0|auth0|1"
    assert user["identities"][0]["user_id"] == "auth0|1"


async def test_a_bad_user_fails_alone_with_its_errors(world: World) -> None:
    bad = {"email": "nonsense", "password_hash": "secret", "extra": 1}
    job = await world.imported([*people(1), bad, {"email": "fine@example.com"}])
    assert job["status"] == "completed"
    assert job["summary"] == {"failed": 1, "updated": 0, "inserted": 2, "total": 3}
    [entry] = await world.errors(job["id"])
    assert entry["user"] == {"email": "nonsense", "password_hash": "*****", "extra": 1}
    assert [error["code"] for error in entry["errors"]] == ["FORMAT", "PATTERN", "NOT_PASSED"]
    assert entry["errors"][0]["path"] == "email"


@pytest.mark.parametrize("taken", ["email", "user_id", "username", "phone_number"])
async def test_without_upsert_any_name_in_use_fails_the_user(taken: str, new_world: Callable[..., World]) -> None:
    world = new_world()
    await world.connection(requires_username=True)
    old = {"email": "a@example.com", "user_id": "1", "username": "ann", "phone_number": "+491"}
    new = {"email": "b@example.com", "user_id": "2", "username": "bob", "phone_number": "+492"}
    await world.imported([old])
    job = await world.imported([new | {taken: old[taken].upper() if taken in {"email", "username"} else old[taken]}])
    assert job["summary"]["failed"] == 1
    [entry] = await world.errors(job["id"])
    assert entry["errors"] == [
        {"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false"}
    ]


async def test_upsert_changes_what_may_change_and_nothing_else(world: World) -> None:
    await world.imported(
        [{"email": "a@example.com", "user_id": "1", "name": "Old", "blocked": False, "nickname": "kept",
          "user_metadata": {"a": 1, "b": 2}, "app_metadata": {"plan": "gold"}}]
    )  # fmt: skip
    job = await world.imported(
        [{"email": "A@example.com", "user_id": "other", "name": "New", "blocked": True, "email_verified": True,
          "user_metadata": {"c": 3}}],
        upsert="true",
    )  # fmt: skip
    assert job["summary"] == {"failed": 0, "updated": 1, "inserted": 0, "total": 1}
    [user] = await world.by_email("a@example.com")
    assert (user["name"], user["blocked"], user["email_verified"], user["nickname"]) == ("New", False, True, "kept")
    assert user["user_id"] == "auth0|1"
    assert user["user_metadata"] == {"c": 3}
    assert user["app_metadata"] == {"plan": "gold"}
    assert user["updated_at"] > user["created_at"]


async def test_upsert_matches_on_email_only(world: World) -> None:
    await world.imported([{"email": "a@example.com", "user_id": "1"}])
    job = await world.imported([{"email": "b@example.com", "user_id": "1"}], upsert="true")
    [entry] = await world.errors(job["id"])
    assert entry["errors"][0]["code"] == "CONFLICT"


async def test_upsert_names_a_username_in_use(new_world: Callable[..., World]) -> None:
    world = new_world()
    await world.connection(requires_username=True)
    await world.imported([{"email": "a@example.com", "username": "ann"}])
    job = await world.imported([{"email": "b@example.com", "username": "ANN"}], upsert="true")
    [entry] = await world.errors(job["id"])
    assert entry["errors"][0]["code"] == "CONFLICT_USERNAME"


async def test_a_first_import_without_a_hash_is_final(world: World) -> None:
    await world.imported([{"email": "a@example.com"}])
    job = await world.imported([{"email": "a@example.com", "custom_password_hash": CUSTOM}], upsert="true")
    [entry] = await world.errors(job["id"])
    assert entry["errors"][0]["message"] == (
        "A custom_password_hash was provided, but the user already has password hash defined."
    )
    assert entry["user"]["custom_password_hash"]["hash"]["value"] == "*****"


async def test_a_custom_hash_is_replaced_until_the_first_login(world: World) -> None:
    other = {"algorithm": "md5", "hash": {"value": "d2" * 16, "encoding": "hex"}}
    await world.imported([{"email": "a@example.com", "custom_password_hash": other}])
    job = await world.imported([{"email": "a@example.com", "custom_password_hash": CUSTOM}], upsert="true")
    assert job["summary"]["updated"] == 1
    connection = world.tenant.connection(world.connection_id)
    assert connection is not None
    users.password_login(world.tenant, connection, "a@example.com", "password")
    job = await world.imported([{"email": "a@example.com", "custom_password_hash": other}], upsert="true")
    assert job["summary"]["failed"] == 1


async def test_the_same_user_twice_in_a_file_fails_the_second_time(world: World) -> None:
    for upsert in ("false", "true"):
        email = f"{upsert}@example.com"
        job = await world.imported([{"email": email}, {"email": email.upper(), "name": "x"}], upsert=upsert)
        assert job["summary"] == {"failed": 1, "updated": 0, "inserted": 1, "total": 2}
        [entry] = await world.errors(job["id"])
        assert entry["errors"] == [
            {"code": "DUPLICATED_USER", "message": "A user with this [email|username|user_id] was already provided."}
        ]


async def test_users_of_other_connections_do_not_collide(world: World) -> None:
    other = await world.connection("others")
    await world.imported([{"email": "a@example.com", "user_id": "1"}])
    job = await world.imported([{"email": "a@example.com", "user_id": "1"}], connection_id=other)
    assert job["summary"]["inserted"] == 1
    found = await world.by_email("a@example.com")
    assert [user["identities"][0]["connection"] for user in found] == ["people", "others"]
    answer = await world.client.patch(f"{API}/users/auth0%7C1", json={"name": "First"})
    assert answer.json()["identities"][0]["connection"] == "people"


async def test_entries_that_are_no_users_fail_each(world: World) -> None:
    job = await world.imported([5, "x", None, [], {}, {"email": "a@example.com"}])
    assert job["summary"] == {"failed": 5, "updated": 0, "inserted": 1, "total": 6}
    found = await world.errors(job["id"])
    assert [entry["user"] for entry in found] == [{}] * 5
    assert [entry["errors"][0]["code"] for entry in found] == ["INVALID_TYPE"] * 4 + ["OBJECT_REQUIRED"]


async def test_lone_surrogates_do_not_spoil_the_file(world: World) -> None:
    job = await world.imported(b'[{"email":"a@example.com","name":"\\ud83d"},{"email":"b@example.com"}]')
    assert job["summary"]["inserted"] == 2


async def test_a_half_made_user_is_a_duplicate_that_nobody_finds(world: World) -> None:
    users.plant_half_made_user(world.tenant, world.connection_id, email="Ghost@example.com", user_id="9")
    assert await world.by_email("ghost@example.com") == []
    assert (await world.client.get(f"{API}/users/auth0%7C9")).status_code == 404
    for upsert in ("false", "true"):
        job = await world.imported([{"email": "ghost@example.com"}], upsert=upsert)
        assert (await world.errors(job["id"]))[0]["errors"][0]["code"] == "DUPLICATED_USER"
    body = {"connection": "people", "email": "ghost@example.com", "password": "correct-Horse-battery-9"}
    assert (await world.client.post(f"{API}/users", json=body)).status_code == 409


@pytest.mark.parametrize("cure", ["/users/auth0%7C9", "/connections/{id}/users?email=GHOST@example.com"])
async def test_deleting_by_id_or_by_email_cures_a_half_made_user(world: World, cure: str) -> None:
    users.plant_half_made_user(world.tenant, world.connection_id, email="ghost@example.com", user_id="9")
    assert (await world.client.delete(API + cure.format(id=world.connection_id))).status_code == 204
    assert (await world.imported([{"email": "ghost@example.com"}]))["summary"]["inserted"] == 1


async def test_large_profiles_are_taken_with_a_warning_or_refused(new_world: Callable[..., World]) -> None:
    large = {"email": "a@example.com", "user_metadata": {"text": "x" * 10_500}}
    for switch, failed in (("accepted", 0), ("fails", 1)):
        world = new_world(oversize_profile=switch)
        await world.connection()
        assert (await world.imported([large]))["summary"]["failed"] == failed


emails = st.integers(0, 12).map(lambda number: f"user{number}@example.com")
entries = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"email": emails}, optional={"user_id": st.integers(0, 12).map(str), "name": st.text(max_size=3)}
        ),
        st.fixed_dictionaries({"email": st.sampled_from(["bad", 5, None, "A@example.com"])}),
        st.none() | st.integers() | st.text(max_size=3),
    ),
    max_size=25,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.tuples(entries, st.booleans()), min_size=1, max_size=3))
async def test_every_user_is_inserted_updated_or_failed(files: list[tuple[list[Any], bool]]) -> None:
    world = World()
    await world.connection()
    there = 0
    for entry, upsert in files:
        job = await world.imported(entry, upsert=str(upsert).lower())
        summary = job["summary"]
        assert summary["total"] == len(entry)
        assert summary["inserted"] + summary["updated"] + summary["failed"] == summary["total"]
        assert len(await world.errors(job["id"]) or []) == summary["failed"]
        there += summary["inserted"]
        listed = await world.client.get(f"{API}/users", params={"include_totals": "true"})
        assert listed.json()["total"] == there
    world.tenant.close()


@pytest.mark.parametrize("algorithm", ["argon2", "bcrypt", "ldap", "pbkdf2"])
async def test_a_refused_hash_names_the_pattern_in_javascript(world: World, algorithm: str) -> None:
    wrong = {"algorithm": algorithm, "hash": {"value": "secret"}}
    job = await world.imported([{"email": "a@example.com", "custom_password_hash": wrong}])
    [[problem]] = [each["errors"] for each in await world.errors(job["id"])]
    assert (problem["code"], problem["path"]) == ("PATTERN", "custom_password_hash.hash.value")
    assert "does not match pattern ^" in problem["message"]
    assert "(?P<" not in problem["message"]


async def test_an_imported_hash_is_good_for_a_login_and_becomes_bcrypt(world: World) -> None:
    hashed = bcrypt.hashpw(b"hello", bcrypt.gensalt(10)).decode()
    await world.imported(
        [
            {"email": "a@example.com", "password_hash": hashed},
            {"email": "b@example.com", "custom_password_hash": CUSTOM},
        ]
    )
    connection = world.tenant.connection(world.connection_id)
    assert connection is not None
    assert users.password_login(world.tenant, connection, "A@example.com", "hello")["logins_count"] == 1
    for count in (1, 2):
        profile = users.password_login(world.tenant, connection, "b@example.com", "password")
        assert profile["logins_count"] == count
    stored = world.tenant.db.execute("select secret from users where email = 'b@example.com'").fetchone()["secret"]
    assert stored.startswith("$2b$10$")


async def test_mfa_factors_that_cannot_be_imported_fail_while_the_user_goes_in(
    new_world: Callable[..., World],
) -> None:
    world = new_world(mfa_factors="fail")
    await world.connection()
    job = await world.imported([{"email": "a@example.com", "mfa_factors": [{"totp": {"secret": "JBSWY3DP"}}]}])
    assert job["summary"] == {"failed": 1, "updated": 0, "inserted": 0, "total": 1}
    [entry] = await world.errors(job["id"])
    assert entry["errors"][0]["code"] == "MFA_FACTORS_FAILED"
    assert entry["user"]["mfa_factors"] == [{"totp": {"secret": "*****"}}]
    assert len(await world.by_email("a@example.com")) == 1


async def test_a_user_that_nests_too_deeply_fails_alone(world: World) -> None:
    deep = b'{"a":' * 500 + b"1" + b"}" * 500
    users_file = (
        b'[{"email":"a@example.com","user_metadata":' + deep + b'},{"email":"b@example.com","custom_password_hash":'
        + deep + b'},{"email":"c@example.com","other":' + deep + b'},{"email":"d@example.com"}]'
    )  # fmt: skip
    job = await world.imported(users_file)
    assert job["summary"] == {"failed": 3, "updated": 0, "inserted": 1, "total": 4}
    assert len(await world.errors(job["id"])) == 3


async def test_numbers_of_any_size_survive(world: World) -> None:
    job = await world.imported(
        b'[{"email":"a@example.com","user_metadata":{"n":123456789012345678901234567890,"x":1e300}}]'
    )
    assert job["summary"]["inserted"] == 1
    [user] = await world.by_email("a@example.com")
    assert user["user_metadata"]["x"] == 1e300


async def test_a_switch_clears_metadata_that_an_upsert_leaves_out(new_world: Callable[..., World]) -> None:
    world = new_world(upsert_missing_metadata="cleared")
    await world.connection()
    await world.imported([{"email": "a@example.com", "user_metadata": {"a": 1}, "app_metadata": {"b": 2}}])
    await world.imported([{"email": "a@example.com", "app_metadata": {"c": 3}}], upsert="true")
    [user] = await world.by_email("a@example.com")
    assert "user_metadata" not in user
    assert user["app_metadata"] == {"c": 3}
