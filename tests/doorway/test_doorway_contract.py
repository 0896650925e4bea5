"""The contract of the legacy API with the scripts, route by route."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doorway_stage import COLUMNS, PASSWORD, PEOPLE, PROFILE, World, answers, hashed, person, store, world

from wizard.errors import UsageError

ID1 = "/users/legacy%7C1"
PERSON1 = {
    "user_id": "legacy|1",
    "email": "person1@example.com",
    "username": "person1",
    "name": "Person 1",
    "app_metadata": {"plan": "gold"},
}


def as_csv(folder: Path) -> dict[str, str]:
    with (folder / "users.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *PEOPLE])
    return {"path": "users.csv"}


def as_ndjson(folder: Path) -> dict[str, str]:
    lines = [json.dumps(dict(zip(COLUMNS, each, strict=True))) for each in PEOPLE]
    (folder / "users.ndjson").write_text("\n".join(lines))
    return {"path": "users.ndjson"}


def as_table(folder: Path) -> dict[str, str]:
    return {"kind": "sql", "path": store(folder).name, "table": "users"}


def as_query(folder: Path) -> dict[str, str]:
    return {"kind": "sql", "path": store(folder).name, "query": "SELECT u.* FROM users u WHERE 1 = 1"}


@pytest.fixture(params=[as_table, as_query, as_csv, as_ndjson], ids=["table", "query", "csv", "ndjson"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, answers(request.param(tmp_path))) as made:
        yield made


@pytest.mark.parametrize("typed", ["person1@example.com", " PERSON1@example.com", "person1", "Person1"])
async def test_a_right_password_gives_the_profile_without_its_hash(api: World, typed: str) -> None:
    answer = await api.login(typed)
    assert (answer.status_code, answer.json()) == (200, {"user": PERSON1})


async def test_a_wrong_password_names_the_user(api: World) -> None:
    answer = await api.login("person1@example.com", "wrong")
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_password")
    assert answer.json()["user_id"] == "legacy|1"


async def test_an_account_without_password_lets_nobody_in(api: World) -> None:
    assert (await api.login("person6@example.com")).json()["error"] == "wrong_password"


async def test_an_unknown_user_is_told_apart(api: World) -> None:
    answer = await api.login("nobody@example.com")
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_user")


async def test_two_users_with_one_address_are_ambiguous_everywhere(api: World) -> None:
    for answer in (
        await api.login("twice@example.com"),
        await api.client.get("/users", params={"email": "twice@example.com"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (409, "ambiguous_email")


async def test_whoever_knows_none_of_their_passwords_does_not_learn_that_two_users_have_an_address(api: World) -> None:
    answer = await api.login("twice@example.com", "wrong")
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_password")
    assert "user_id" not in answer.json()


async def test_who_has_moved_by_one_answers_file_hides_nobody_of_another_beside_it(tmp_path: Path) -> None:
    source = {"kind": "sql", "path": store(tmp_path).name, "table": "users"}
    async with world(tmp_path, answers(source)) as api, world(tmp_path, answers(source, connection="shop")) as shop:
        assert (await api.client.post("/users/legacy%7C2/migrated")).status_code == 204
        assert (await api.login("person2@example.com")).status_code == 404
        assert (await shop.login("person2@example.com")).status_code == 200


async def test_guesses_at_an_address_of_two_users_count_for_the_account_of_each(tmp_path: Path) -> None:
    source = {"kind": "sql", "path": store(tmp_path).name, "table": "users"}
    async with world(tmp_path, answers(source, attempts=3)) as api:
        for _ in range(3):
            assert (await api.login("twice@example.com", "wrong")).status_code == 403
        for name in ("person3", "person4"):
            assert (await api.login(name, "wrong")).status_code == 429
        assert (await api.login("person2", "wrong")).status_code == 403


async def test_a_record_that_cannot_go_to_auth0_says_why(api: World) -> None:
    for answer in (await api.login("person5@example.com"), await api.client.get("/users/legacy%7C5")):
        assert (answer.status_code, answer.json()["error"]) == (422, "user_rejected")
        assert answer.json()["reason"] == "name_too_long"


async def test_who_is_blocked_in_the_legacy_store_does_not_move_by_a_login_or_a_reset(tmp_path: Path) -> None:
    people = (person(1, plan="closed"), person(2))
    blocked = {"column": "plan", "transforms": ['bool(true=["closed"], false=["gold"])']}
    source = {"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}
    async with world(tmp_path, answers(source, {**PROFILE, "blocked": blocked})) as made:
        for answer in (
            await made.login("person1@example.com"),
            await made.client.get("/users", params={"email": "person1@example.com"}),
        ):
            assert (answer.status_code, answer.json()["error"], answer.json()["reason"]) == (
                422,
                "user_rejected",
                "blocked",
            )
        assert (await made.login("person1@example.com", "wrong")).json()["error"] == "wrong_password"
        assert (await made.client.get(ID1)).json()["user"]["blocked"] is True, "who is in Auth0 may be asked about"
        assert (await made.login("person2@example.com")).json()["user"]["blocked"] is False


async def test_a_wrong_password_is_told_before_a_rejected_record(api: World) -> None:
    assert (await api.login("person5@example.com", "wrong")).json()["error"] == "wrong_password"


async def test_a_hash_that_nobody_can_check_is_no_wrong_password(api: World) -> None:
    answer = await api.login("person7@example.com")
    assert (answer.status_code, answer.json()["reason"]) == (422, "password_unsupported")


async def test_users_are_found_by_address_username_and_id(api: World) -> None:
    for path, given in (
        ("/users", {"email": "person1@EXAMPLE.com"}),
        ("/users", {"username": "person1"}),
        (ID1, {}),
    ):
        answer = await api.client.get(path, params=given)
        assert (answer.status_code, answer.json()) == (200, {"user": PERSON1})


async def test_an_id_with_slashes_and_spaces_is_found_when_it_is_encoded(tmp_path: Path) -> None:
    people = (person(1, id="a/b?c"), person(2))
    async with world(
        tmp_path, answers({"kind": "sql", "path": store(tmp_path, people).name, "table": "users"})
    ) as made:
        answer = await made.client.get("/users/legacy%7Ca%2Fb%3Fc")
        assert answer.json()["user"]["user_id"] == "legacy|a/b?c"
        assert (await made.client.post("/users/legacy%7Ca%2Fb%3Fc/migrated")).status_code == 204
        assert (await made.client.get("/migrated")).json()["user_ids"] == ["legacy|a/b?c"]


@pytest.mark.parametrize(
    "path", ["/users/legacy%7C99", "/users/1", "/users/legacy%7C", "/users?email=nobody@example.com"]
)
async def test_who_is_not_there_is_unknown(api: World, path: str) -> None:
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_user")


async def test_a_marked_user_is_unknown_to_logins_and_searches_but_not_by_id(api: World) -> None:
    for _ in range(2):
        assert (await api.client.post(f"{ID1}/migrated")).status_code == 204
    assert (await api.login("person1@example.com")).json()["error"] == "unknown_user"
    assert (await api.login("person1")).json()["error"] == "unknown_user"
    assert (await api.client.get("/users", params={"email": "person1@example.com"})).status_code == 404
    assert (await api.client.get(ID1)).json() == {"user": PERSON1}
    for _ in range(2):
        assert (await api.client.delete(f"{ID1}/migrated")).status_code == 204
    assert (await api.login("person1@example.com")).status_code == 200


async def test_nobody_who_is_not_there_is_marked(api: World) -> None:
    assert (await api.client.post("/users/legacy%7C99/migrated")).status_code == 404
    assert (await api.client.get("/migrated")).json() == {"count": 0, "user_ids": []}


async def test_marked_users_are_listed_page_by_page(api: World) -> None:
    for number in (1, 2, 5):
        assert (await api.client.post(f"/users/legacy%7C{number}/migrated")).status_code == 204
    first = (await api.client.get("/migrated", params={"take": 2})).json()
    assert first == {"count": 3, "user_ids": ["legacy|1", "legacy|2"], "next": "legacy|2"}
    rest = (await api.client.get("/migrated", params={"take": 2, "after": first["next"]})).json()
    assert rest == {"count": 3, "user_ids": ["legacy|5"]}


async def test_marks_survive_a_restart(tmp_path: Path) -> None:
    given = answers({"kind": "sql", "path": store(tmp_path).name, "table": "users"})
    async with world(tmp_path, given) as made:
        await made.client.post(f"{ID1}/migrated")
    async with world(tmp_path, given) as made:
        assert (await made.client.get("/migrated")).json()["count"] == 1
        assert (await made.login("person1")).json()["error"] == "unknown_user"


async def test_too_many_attempts_for_one_account_are_refused_until_time_has_passed(tmp_path: Path) -> None:
    given = answers({"kind": "sql", "path": store(tmp_path).name, "table": "users"}, attempts=3, attempt_seconds=10)
    async with world(tmp_path, given) as made:
        for typed in ("person1", "person1@example.com", "PERSON1"):
            assert (await made.login(typed, "wrong")).status_code == 403
        answer = await made.login("person1@example.com")
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert (await made.login("person2")).status_code == 200
        made.clock.time += 10
        assert (await made.login("person1@example.com")).status_code == 200


async def test_logins_that_succeed_are_not_counted(tmp_path: Path) -> None:
    given = answers({"kind": "sql", "path": store(tmp_path).name, "table": "users"}, attempts=2)
    async with world(tmp_path, given) as made:
        assert [(await made.login("person1")).status_code for _ in range(6)] == [200] * 6


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"identifier": "a"}', '{"identifier": 1, "password": "x"}', '{"identifier": "", "password": ""}'],
)
async def test_a_body_of_another_form_is_an_invalid_request(api: World, body: str) -> None:
    answer = await api.client.post("/login", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path", ["/users", "/users?email=a@example.com&username=a", "/migrated?take=1001", "/users?email="]
)
async def test_a_query_of_another_form_is_an_invalid_request(api: World, path: str) -> None:
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_alive_and_ready_need_no_token(api: World) -> None:
    client = api.client_with(None)
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200


async def test_without_keys_of_the_tenant_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        made.tenant.down = True
        assert (await made.client.get("/healthz")).status_code == 200
        assert (await made.client.get("/readyz")).status_code == 503
        assert (await made.login("person1")).status_code == 503
        made.tenant.down = False
        made.clock.time += 1
        assert (await made.login("person1")).status_code == 200


async def test_a_store_that_is_away_is_never_a_wrong_password(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        assert (await made.login("person1", "wrong")).status_code == 403
        (tmp_path / "legacy.db").rename(tmp_path / "elsewhere.db")
        (tmp_path / "legacy.db").write_bytes(b"this is no database at all" * 100)
        made.app._desk._people.finder.close()
        for answer in (
            await made.login("person1"),
            await made.login("nobody@example.com", "wrong"),
            await made.client.get("/users", params={"email": "person1@example.com"}),
            await made.client.get(ID1),
            await made.client.post(f"{ID1}/migrated"),
            await made.client.get("/readyz"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
            assert int(answer.headers["Retry-After"]) > 0


async def test_the_description_names_every_route(api: World) -> None:
    described = (await api.client.get("/openapi.json")).json()["paths"]
    assert set(described) == {
        "/login",
        "/users",
        "/users/{user_id}",
        "/users/{user_id}/migrated",
        "/migrated",
        "/healthz",
        "/readyz",
    }


async def test_the_log_says_what_happened_and_nothing_about_anybody(api: World) -> None:
    await api.login("person1@example.com", "canary-password")
    await api.client.get("/users", params={"email": "person2@example.com"})
    await api.client.get("/users/legacy%7C1", headers={"X-Request-Id": "trace-7"})
    lines = [json.loads(line) for line in api.log]
    assert [(line["route"], line["status"], line["outcome"]) for line in lines] == [
        ("/login", 403, "wrong_password"),
        ("/users", 200, "ok"),
        ("/users/{user_id:path}", 200, "ok"),
    ]
    assert [line.get("why") for line in lines] == ["The password is wrong", None, None]
    assert lines[2]["request_id"] == "trace-7"
    told = "\n".join(api.log)
    assert not any(secret in told for secret in ("person", "example.com", "canary", "legacy|1", "eyJ", hashed()))


async def test_a_duplicated_user_id_gets_no_profile_as_in_the_bulk_file(tmp_path: Path) -> None:
    people = (person(1), person(2, id=1))
    async with world(
        tmp_path, answers({"kind": "sql", "path": store(tmp_path, people).name, "table": "users"})
    ) as made:
        for answer in (await made.login("person1@example.com", PASSWORD), await made.client.get(ID1)):
            assert (answer.status_code, answer.json()["reason"]) == (422, "duplicate_user_id")


@pytest.mark.parametrize("kind", ["file", "database"])
async def test_the_sign_of_the_kelvin_is_no_k_in_an_address_or_username(kind: str, tmp_path: Path) -> None:
    people = [person(1, email="mike@example.com", login="mike"), person(2, email="\u212aen@example.com")]
    if kind == "database":
        source = {"kind": "sql", "path": store(tmp_path, people).name, "table": "users"}
    else:
        source = {"path": "users.csv"}
        with (tmp_path / "users.csv").open("w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *people])
    async with world(tmp_path, answers(source)) as api:
        for typed in ("mi\u212ae@example.com", "mi\u212ae", "ken@example.com", "\u212aen@example.com"):
            assert (await api.login(typed)).json()["error"] == "unknown_user"
        assert (await api.login("MIKE@example.com")).status_code == 200


def test_a_database_whose_address_is_worked_out_is_refused_at_start(tmp_path: Path) -> None:
    from wizard.doorway import build

    rule = {"template": "{login}@example.com"}
    given = answers(
        {"kind": "sql", "path": store(tmp_path).name, "table": "users"},
        {"user_id": "id", "email": rule},
    )
    with pytest.raises(UsageError, match="cannot be looked up by email"):
        build(given, base=tmp_path, secret=None)


async def test_a_file_whose_address_is_worked_out_is_indexed(tmp_path: Path) -> None:
    given = answers(as_csv(tmp_path), {"user_id": "id", "email": {"template": "{login}@example.org"}})
    async with world(tmp_path, given) as made:
        assert (await made.login("person2@example.org")).json()["user"]["user_id"] == "2"


async def test_a_shared_username_gets_no_profile_as_in_the_bulk_file(tmp_path: Path) -> None:
    people = [person(1, login="Twin"), person(2, login="twin"), person(3)]
    given = answers({"kind": "sql", "path": store(tmp_path, people).name, "table": "users"})
    async with world(tmp_path, given) as made:
        answer = await made.login("person1@example.com")
        assert (answer.status_code, answer.json()["reason"]) == (422, "duplicate_username")
        assert (await made.login("person3@example.com")).status_code == 200


def test_slow_look_ups_are_told_by_key_and_the_index_that_is_advised_serves_them(tmp_path: Path) -> None:
    import sqlite3

    from wizard.doorway.app import planned

    path = store(tmp_path, [person(number) for number in range(1, 400)])
    given = answers({"kind": "sql", "path": path.name, "table": "users"})
    people = planned(given, base=tmp_path, secret=None).people
    ticks = iter(range(1000))
    assert [key for key, _, _ in people.slow_keys(lambda: next(ticks), 0.5)] == ["user_id", "email", "username"]
    assert people.slow_keys(lambda: 0.0, 0.5) == []
    people.finder.close()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE INDEX folded ON users (lower(trim(email)))")
        how = connection.execute("EXPLAIN QUERY PLAN SELECT * FROM users WHERE lower(trim(users.email)) = ?", ("x",))
        assert "USING INDEX folded" in how.fetchone()[3]
    connection.close()
