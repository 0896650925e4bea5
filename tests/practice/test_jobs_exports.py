"""Export jobs: the address of the file, what is in it, and for how long."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from core_support import error, open_api, still_tenant
from user_world import API, World

from wizard.practice.switches import Switches

BCRYPT = "$2b$10$" + "a" * 53
PEOPLE = [
    {
        "email": "jane@example.com",
        "user_id": "1",
        "name": '=Jane "J" Doe',
        "password_hash": BCRYPT,
        "user_metadata": {"country": {"code": "DE"}, "tags": ["a"]},
        "app_metadata": {"seats": 5},
    },
    {"email": "john@example.com", "user_id": "2", "email_verified": True},
]


@pytest.fixture
async def world(new_world: Callable[..., World]) -> World:
    world = new_world()
    await world.connection()
    await world.imported(PEOPLE)
    return world


async def exported(world: World, **body: Any) -> str:
    """Export, and return the unpacked file."""
    started = await world.client.post(f"{API}/jobs/users-exports", json=body)
    assert started.status_code == 200, started.text
    assert started.json()["status"] == "pending"
    world.clock.at += 10
    job = await world.job(started.json()["id"])
    assert job["status"] == "completed"
    return gzip.decompress((await download(world, job["location"])).content).decode()


async def download(world: World, location: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=world.tenant.transport()) as anybody:
        return await anybody.get(location)


async def test_an_export_is_gzip_of_one_object_a_line(world: World) -> None:
    lines = [json.loads(line) for line in (await exported(world, connection_id=world.connection_id)).splitlines()]
    assert [line["user_id"] for line in lines] == ["auth0|1", "auth0|2"]
    assert lines[0]["identities"] == [{"connection": "people", "user_id": "1", "provider": "auth0", "isSocial": False}]
    assert lines[0]["email_verified"] is False
    assert lines[1]["picture"].startswith("https://secure.gravatar.com/")
    assert "user_metadata" not in lines[0]


async def test_no_hash_ever_leaves(world: World) -> None:
    names = ["email", "secret", "password_hash", "custom_password_hash", "profile"]
    assert BCRYPT not in await exported(world)
    assert BCRYPT not in await exported(world, fields=[{"name": name} for name in names])


async def test_fields_are_chosen_reached_into_and_renamed(world: World) -> None:
    fields = [
        {"name": "email", "export_as": "mail"},
        {"name": "identities[0].connection", "export_as": "connection"},
        {"name": "user_metadata.country.code"},
        {"name": "user_metadata.tags[0]"},
        {"name": "app_metadata"},
    ]
    first, second = (await exported(world, fields=fields)).splitlines()
    assert json.loads(first) == {
        "mail": "jane@example.com",
        "connection": "people",
        "user_metadata.country.code": "DE",
        "user_metadata.tags[0]": "a",
        "app_metadata": {"seats": 5},
    }
    assert json.loads(second) == {"mail": "john@example.com", "connection": "people"}


async def test_csv_is_escaped_against_formulas(world: World) -> None:
    fields = [{"name": name} for name in ("email", "name", "email_verified", "created_at", "app_metadata.seats")]
    text = await exported(world, format="csv", fields=fields)
    header, first, second = text.splitlines()
    assert header == '"email","name","email_verified","created_at","app_metadata.seats"'
    assert first.startswith('"\'jane@example.com","\'=Jane ""J"" Doe",false,20')
    assert first.endswith("Z,5")
    assert second.endswith("Z,")
    assert list(csv.reader(io.StringIO(text)))[1][1] == '\'=Jane "J" Doe'


async def test_a_limit_and_a_connection_narrow_an_export(world: World) -> None:
    other = await world.connection("others")
    await world.imported([{"email": "x@example.com"}], connection_id=other)
    assert len((await exported(world)).splitlines()) == 3
    assert len((await exported(world, limit=2)).splitlines()) == 2
    assert "x@example.com" in await exported(world, connection_id=other)
    assert len((await exported(world, connection_id=other)).splitlines()) == 1


async def test_users_made_after_the_end_of_the_job_are_not_in_it(world: World) -> None:
    started = await world.client.post(f"{API}/jobs/users-exports", json={})
    world.clock.at += 10
    await world.imported([{"email": "late@example.com"}])
    location = (await world.job(started.json()["id"]))["location"]
    assert b"late" not in gzip.decompress((await download(world, location)).content)


async def test_the_address_is_good_for_a_minute_and_a_fresh_one_for_a_day(world: World) -> None:
    started = await world.client.post(f"{API}/jobs/users-exports", json={})
    world.clock.at += 10
    location = (await world.job(started.json()["id"]))["location"]
    world.clock.at += 59
    assert (await download(world, location)).status_code == 200
    world.clock.at += 2
    refused = await download(world, location)
    assert (refused.status_code, "Request has expired" in refused.text) == (403, True)
    fresh = (await world.job(started.json()["id"]))["location"]
    assert (await download(world, fresh)).status_code == 200
    world.clock.at += 86_400
    assert (await world.client.get(f"{API}/jobs/{started.json()['id']}")).status_code == 404
    assert (await download(world, fresh)).status_code == 403


@pytest.mark.parametrize(
    "change", [("Signature=", "Signature=0"), ("Expires=", "Expires=9"), ("job_", "job_x"), ("?", "?x=")]
)
async def test_a_changed_address_is_refused(world: World, change: tuple[str, str]) -> None:
    started = await world.client.post(f"{API}/jobs/users-exports", json={})
    world.clock.at += 10
    location = (await world.job(started.json()["id"]))["location"]
    assert (await download(world, location.replace(*change))).status_code == 403


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"format": "xml"}, "format"),
        ({"limit": 0}, "limit"),
        ({"connection_id": "people"}, "connection_id"),
        ({"fields": [{"export_as": "x"}]}, "name"),
        ({"fields": [{"name": "email"}] * 101}, "fields"),
        ({"format": "csv", "fields": [{"name": "email"}] * 31}, "fields"),
        ({"format": "csv", "fields": [{"name": "user_metadata"}]}, "user_metadata"),
        ({"colour": "red"}, "colour"),
        ([], "object"),
    ],
)
async def test_a_malformed_export_is_refused(world: World, body: Any, place: str) -> None:
    answer = await world.client.post(f"{API}/jobs/users-exports", json=body)
    assert answer.status_code == 400
    assert place in answer.json()["message"]


async def test_an_unknown_connection_is_refused(world: World) -> None:
    answer = await world.client.post(f"{API}/jobs/users-exports", json={"connection_id": "con_0000000000000000"})
    assert (answer.status_code, answer.json()["message"]) == (400, "The connection does not exist.")


async def test_exports_do_not_take_the_slots_of_imports(world: World) -> None:
    for _ in range(3):
        assert (await world.client.post(f"{API}/jobs/users-exports", json={})).status_code == 200
    assert (await world.upload([])).status_code == 202


async def test_an_export_of_many_users_comes_in_blocks(world: World) -> None:
    for start in range(0, 3000, 1500):
        await world.imported([{"email": f"user{number}@example.org"} for number in range(start, start + 1500)])
    lines = (await exported(world, fields=[{"name": "email"}])).splitlines()
    assert len(lines) == 3002
    assert len(set(lines)) == 3002


@pytest.mark.parametrize(("plan", "switch", "status"), [
    ("free", {}, 200),
    ("free", {"free_plan_exports": "refused"}, 403),
    ("essentials", {"free_plan_exports": "refused"}, 200),
])  # fmt: skip
async def test_exports_of_the_free_plan_are_a_switch(plan: str, switch: dict[str, Any], status: int) -> None:
    async with open_api(still_tenant(plan=plan, switches=Switches(**switch))) as api:
        answer = await api.post("/jobs/users-exports", {})
        assert answer.status_code == status
        if status == 403:
            assert error(answer) == (403, "The account is not allowed to perform this operation.", None)


async def test_the_scope_for_an_export_counts_before_the_plan() -> None:
    async with open_api(still_tenant(plan="free", switches=Switches(free_plan_exports="refused"))) as api:
        answer = await api.post("/jobs/users-exports", {}, "create:users")
        assert error(answer)[2] == "insufficient_scope"
