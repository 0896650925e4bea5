"""One profile, several doors: what the API gives is what the bulk file has."""

from __future__ import annotations

import asyncio
import csv
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from doorway_stage import FakeTenant, answers, hashed, world
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from prepare_stage import prepared_users

from wizard.bulk.preparation.prepare import prepare
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers

COLUMNS = ("id", "email", "login", "name", "plan", "hash")
PROFILES: list[dict[str, Any]] = [
    {"user_id": "id", "email": "email"},
    {
        "user_id": {"column": "id", "transforms": ["strip"]},
        "user_id_prefix": "legacy|",
        "email": {"column": "email", "transforms": ["strip", "lower"]},
        "username": {"column": "login", "when_invalid": "omit"},
        "name": {"column": "name", "transforms": ["spaces", "truncate(20)"]},
        "email_verified": {"column": "plan", "transforms": ["present"]},
        "app_metadata": {"legacy": {"plan": "plan", "is": {"constant": "store"}}},
        "user_metadata": {"tags": {"column": "plan", "transforms": ["split(';')"]}},
    },
]
TEXT = st.sampled_from(["", " ", "Ada", "Ådå  Lovelace", "x" * 160, "a;b", "ünï\tcode", '"quoted"', "日本", "gold"])
ROW = st.tuples(
    st.sampled_from(["1", "2", "3", " 4 ", "a b", "", "x|y/z", "é"]),
    st.sampled_from(
        [
            "a@example.com",
            " B@Example.COM",
            "c@example.org\t",
            "nobody",
            "",
            "ü@exämple.de",
            "É@example.com",
            "d.e+f@example.net",
        ]
    ),
    st.sampled_from(["ada", "ADA", "", "bad name", "bob", "x" * 20]),
    TEXT,
    TEXT,
    st.just(hashed(cost=4)),
)


@pytest.mark.parametrize("kind", ["csv", "sql"])
@pytest.mark.parametrize("profile", PROFILES, ids=["plain", "rich"])
@settings(max_examples=6, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=1, max_size=4))
def test_every_door_gives_the_profile_of_the_bulk_file(
    kind: str, profile: dict[str, Any], rows: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parity")
    where = _written(kind, folder, rows)
    source = open_source(SourceAnswers.model_validate(where), secret=None, base=folder)
    mapping = compile_mapping(ProfileAnswers.model_validate(profile), PasswordsAnswers(column="hash"), source.columns)
    prepare(source, source.facts(), mapping, folder / "out", workers=0)
    bulk = {user["user_id"]: user for user in prepared_users(folder / "out")}
    asyncio.run(_compared(folder, where, profile, bulk, rows))


async def _compared(
    folder: Path, where: dict[str, str], profile: dict[str, Any], bulk: dict[str, Any], rows: list[tuple[str, ...]]
) -> None:
    async with world(folder, answers(where, profile, attempts=1000), FakeTenant()) as made:
        for user in bulk.values():
            expected = {name: value for name, value in user.items() if not name.endswith("password_hash")}
            for answer in (
                await made.login(user["email"]),
                await made.client.get("/users", params={"email": user["email"]}),
                await made.client.get(f"/users/{_quoted(user['user_id'])}"),
            ):
                assert (answer.status_code, answer.json()) == (200, {"user": expected})
        imported = {user["email"] for user in bulk.values()}
        for row in rows:
            address = row[1].strip().lower()
            if address and address not in imported:  # whom the bulk file leaves out, no door lets in
                assert (await made.login(address)).status_code in (400, 404, 409, 422)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _written(
    kind: str, folder: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS
) -> dict[str, str]:
    if kind == "csv":
        with (folder / "users.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])
        return {"path": "users.csv", "encoding": "utf-8", "delimiter": ",", "quote": '"'}
    with sqlite3.connect(folder / "legacy.db") as connection:
        connection.execute(f"CREATE TABLE users ({', '.join(f'{name} TEXT' for name in columns)})")
        connection.executemany(f"INSERT INTO users VALUES ({', '.join('?' * len(columns))})", rows)
    connection.close()
    return {"kind": "sql", "path": "legacy.db", "table": "users"}


RULES = {
    "keep_newest": {"same_email": "keep_newest", "created": "made"},
    "keep_newest, the month first": {"same_email": "keep_newest", "created": "made", "date_order": "month"},
    "keep_verified": {"same_email": "keep_verified", "email_verified": "verified"},
    "keep_most_recently_active": {"same_email": "keep_most_recently_active", "last_login": "seen"},
    "reject": {"same_email": "reject"},
}
SHARED_COLUMNS = ("id", "email", "login", "made", "seen", "verified", "hash")
MOMENT = st.sampled_from(
    [
        "",
        "2020-01-01",
        "2021-05-05T10:00:00Z",
        "1600000000",
        "never",
        "24.12.2021 17:30",
        "05/06/2022",
        "12/24/2022",
        "soon",
    ]
)
SHARED = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "a b", ""]),
    st.sampled_from(["a@example.com", " A@Example.com", "b@example.com", "nobody"]),
    st.sampled_from(["ada", "bob", "", "bad name"]),
    MOMENT,
    MOMENT,
    st.sampled_from(["true", "false", "", "perhaps"]),
    st.sampled_from([hashed(cost=4), hashed(cost=4), ""]),
)


@pytest.mark.parametrize("kind", ["csv", "sql"])
@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(rows=st.lists(SHARED, min_size=2, max_size=6))
def test_of_several_with_one_address_the_api_answers_for_the_one_in_the_bulk_file(
    kind: str, rule: str, rows: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shared")
    where = _written(kind, folder, rows, SHARED_COLUMNS)
    profile = {"user_id": "id", "email": "email", "username": "login", **RULES[rule]}
    source = open_source(SourceAnswers.model_validate(where), secret=None, base=folder)
    mapping = compile_mapping(ProfileAnswers.model_validate(profile), PasswordsAnswers(column="hash"), source.columns)
    prepare(source, source.facts(), mapping, folder / "out", workers=0)
    bulk = [user for user in prepared_users(folder / "out") if not user["user_id"].isspace()]
    asyncio.run(_answered(folder, where, profile, bulk, {row[1].strip().lower() for row in rows}))


async def _answered(
    folder: Path, where: dict[str, str], profile: dict[str, Any], bulk: list[dict[str, Any]], addresses: set[str]
) -> None:
    async with world(folder, answers(where, profile, attempts=1000), FakeTenant()) as made:
        for user in bulk:
            expected = {name: value for name, value in user.items() if not name.endswith("password_hash")}
            names = [("email", user["email"]), *([("username", user["username"])] if "username" in user else [])]
            for key, name in names:
                for answer in (await made.login(name), await made.client.get("/users", params={key: name})):
                    assert (answer.status_code, answer.json()) == (200, {"user": expected})
        for address in addresses - {user["email"] for user in bulk}:
            assert (await made.login(address)).status_code in (400, 403, 404, 409, 422)


async def test_whoever_is_not_preferred_is_told_so_by_username(tmp_path: Path) -> None:
    rows: list[tuple[str, ...]] = [
        ("1", "a@example.com", "ada", "2020-01-01", "", "", hashed(cost=4)),
        ("2", "A@example.com", "bob", "2024-01-01", "", "", hashed(cost=4)),
    ]
    where = _written("csv", tmp_path, rows, SHARED_COLUMNS)
    profile = {"user_id": "id", "email": "email", "username": "login", **RULES["keep_newest"]}
    async with world(tmp_path, answers(where, profile), FakeTenant()) as made:
        answer = await made.login("ada")
        assert (answer.status_code, answer.json()["reason"]) == (422, "email_not_preferred")
        for name in ("bob", "a@example.com"):
            assert (await made.login(name)).json()["user"]["user_id"] == "2"
