"""Users and jobs against what real tenants answered and what Auth0's OpenAPI document says.

The recordings and the document are not part of the product: without them these tests are skipped.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from user_world import API, World, same_shape

AUTH0 = Path(__file__).parents[3] / "shared" / "auth0"
DOCUMENT = AUTH0 / "management-api-slice.openapi.json"

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the recordings are not on this machine")


def recorded(name: str) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = json.loads((AUTH0 / "recordings" / f"{name}.json").read_text())["exchanges"]
    return exchanges


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.connection("Username-Password-Authentication", requires_username=True)
    yield world
    world.tenant.close()


async def replayed(world: World, exchange: dict[str, Any], **names: str) -> Any:
    """Send a recorded request with this tenant's ids, and compare the answer's status and shape."""
    path, body = exchange["request"]["path"], exchange["request"]["body"]
    text = body if isinstance(body, str) else json.dumps(body) if body else ""
    for old, new in names.items():
        path, text = path.replace(old, new), text.replace(old, new)
    answer = await world.client.request(
        exchange["request"]["method"],
        path,
        content=text.encode(),
        headers={"content-type": exchange["request"]["content_type"] or "application/json"},
    )
    expected = exchange["response"]
    assert answer.status_code == expected["status"], answer.text
    assert same_shape(expected["body"], answer.json()) == []
    return answer.json()


async def test_an_import_goes_as_recorded(world: World) -> None:
    create, look, user = recorded("job-import-ok")
    ids = {"con_ftSSLHb0O7rcUGmF": world.connection_id}
    job = await replayed(world, create, **ids)
    assert set(job) == set(create["response"]["body"])
    world.clock.at += 60
    done = await replayed(world, look, job_6nNLiwFZksN0YmRR=job["id"])
    assert done["summary"] == look["response"]["body"]["summary"]
    assert set(done) == set(look["response"]["body"])
    [found] = await replayed(world, user)
    assert set(found) == set(user["response"]["body"][0])
    for name in ("name", "nickname", "picture", "email", "email_verified"):
        assert found[name] == user["response"]["body"][0][name]


async def test_errors_of_an_import_are_as_recorded(world: World) -> None:
    create, errors = recorded("job-import-errors")
    await world.imported([{"email": "chuck630@example.com"}])
    job = await replayed(world, create, con_ftSSLHb0O7rcUGmF=world.connection_id)
    world.clock.at += 60
    assert await replayed(world, errors, job_Msbc3YRyjuAREpPy=job["id"]) == errors["response"]["body"]


async def test_an_export_is_answered_as_recorded(world: World) -> None:
    [create] = recorded("job-export")
    job = await replayed(world, create, con_ftSSLHb0O7rcUGmF=world.connection_id)
    assert set(job) == set(create["response"]["body"])
    assert job["fields"] == create["response"]["body"]["fields"]


async def test_users_are_created_found_and_changed_as_recorded(world: World) -> None:
    create, search, change = recorded("users-search-and-patch")
    made = await replayed(world, create)
    assert set(made) == set(create["response"]["body"])
    found = await replayed(world, search)
    assert found["users"] == [made]
    user_id = made["user_id"].replace("|", "%7C")
    changed = await replayed(world, change, **{"auth0%7C63d17c4bdf1ce171262c7e93": user_id})
    assert set(changed) == set(change["response"]["body"])
    assert changed["app_metadata"] == change["response"]["body"]["app_metadata"]


async def test_an_unknown_user_is_refused_as_recorded(world: World) -> None:
    [exchange] = [each for each in recorded("not-found-errors") if "/users/" in each["request"]["path"]]
    assert await replayed(world, exchange) == exchange["response"]["body"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return read


def check(document: dict[str, Any], path: str, method: str, status: int, body: Any) -> None:
    """Check an answer against the document."""
    schema = document["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(body)


async def test_answers_fit_the_document(world: World, document: dict[str, Any]) -> None:
    started = await world.upload([{"email": "jane@example.com", "user_id": "1"}, {"email": "bad"}])
    check(document, "/jobs/users-imports", "post", 202, started.json())
    world.clock.at += 60
    job_id = started.json()["id"]
    check(document, "/jobs/{id}", "get", 200, await world.job(job_id))
    check(document, "/jobs/{id}/errors", "get", 200, await world.errors(job_id))
    for body in ({"connection_id": world.connection_id, "format": "csv", "fields": [{"name": "email"}]}, {}):
        export = await world.client.post(f"{API}/jobs/users-exports", json=body)
        check(document, "/jobs/users-exports", "post", 200, export.json())
        world.clock.at += 60
        check(document, "/jobs/{id}", "get", 200, await world.job(export.json()["id"]))
    check(document, "/users-by-email", "get", 200, await world.by_email("jane@example.com"))
    user = await world.client.get(f"{API}/users/auth0%7C1")
    check(document, "/users/{id}", "get", 200, user.json())
    changed = await world.client.patch(f"{API}/users/auth0%7C1", json={"password": "new", "user_metadata": {"a": 1}})
    check(document, "/users/{id}", "patch", 200, changed.json())
    for totals in ("true", "false"):
        listed = await world.client.get(f"{API}/users", params={"include_totals": totals})
        check(document, "/users", "get", 200, listed.json())
    blocks = await world.client.get(f"{API}/user-blocks/auth0%7C1")
    check(document, "/user-blocks/{id}", "get", 200, blocks.json())
    ticket = await world.client.post(f"{API}/tickets/password-change", json={"user_id": "auth0|1"})
    check(document, "/tickets/password-change", "post", 201, ticket.json())
    for path in ("/tickets/email-verification", "/jobs/verification-email"):
        made = await world.client.post(API + path, json={"user_id": "auth0|1"})
        check(document, path, "post", 201, made.json())
    for totals in ("true", "false"):
        events = await world.client.get(f"{API}/users/auth0%7C1/logs", params={"include_totals": totals})
        check(document, "/users/{id}/logs", "get", 200, events.json())


@pytest.mark.parametrize(
    ("path", "name"),
    [("/users", "CreateUserRequestContent"), ("/jobs/users-exports", "CreateExportUsersRequestContent")],
)
async def test_bodies_that_the_document_refuses_are_refused(
    world: World, document: dict[str, Any], path: str, name: str
) -> None:
    good: dict[str, Any] = (
        {"connection": "Username-Password-Authentication", "email": "jane@example.com", "password": "x"}
        if path == "/users"
        else {"format": "json"}
    )
    schema = {**document["components"]["schemas"][name], "components": document["components"]}
    judge = jsonschema.Draft202012Validator(schema)
    tried = 0
    for key in [*schema["properties"], "surprise"]:
        for value in (None, 5, 5.5, True, "", "x" * 400, [], {}, [5], {"a": 1}):
            body = good | {key: value}
            if judge.is_valid(body):
                continue
            tried += 1
            answer = await world.client.post(API + path, json=body)
            assert answer.status_code == 400, (key, value)
            assert answer.json()["errorCode"] == "invalid_body"
    assert tried > 20
