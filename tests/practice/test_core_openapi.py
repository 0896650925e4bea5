"""The practice tenant against Auth0's own OpenAPI document, where that is at hand."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from core_support import Api, open_api, still_tenant
from jsonschema import Draft202012Validator
from openapi_document import DOCUMENT, expanded, operation

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="Auth0's OpenAPI document is not at hand")


def assert_documented(method: str, path: str, answer: Any) -> None:
    """The answer has the types the document gives its members, under a status it knows."""
    responses = operation(method, path)["responses"]
    status = str(answer.status_code)
    known = status in responses or (method, status) in {("PATCH", "200"), ("POST", "200")}
    assert known, f"{method} {path} answered {status}"
    content = responses.get(status, {}).get("content", {})
    for media in content.values():
        schema = expanded(media["schema"], loose=True)
        # Forms of a list are told apart by what they allow; without that, one of them must fit.
        schema = {"anyOf": schema["oneOf"]} if "oneOf" in schema else schema
        found = list(Draft202012Validator(schema).iter_errors(answer.json()))
        assert not found, f"{method} {path}: {found[0].message}"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def test_answers_fit_the_document(api: Api) -> None:
    connection = (await api.new_connection())["id"]
    client = (await api.new_client())["client_id"]
    identifier = "https://api.example.com"
    server = (await api.post("/resource-servers", {"identifier": identifier})).json()["id"]
    grant_body = {"client_id": client, "audience": identifier, "scope": []}
    grant = (await api.post("/client-grants", grant_body)).json()["id"]
    api.tenant.log("s", "a login")
    trigger = {"id": "post-login", "version": "v3"}
    guard = {"name": "guard", "supported_triggers": [trigger], "secrets": [{"name": "A", "value": "b"}], "deploy": True}
    action = (await api.post("/actions/actions", guard)).json()
    version = action["deployed_version"]["id"]
    await api.tenant.clock.sleep(3)
    bindings = {"bindings": [{"ref": {"type": "action_id", "value": action["id"]}}]}
    calls: list[tuple[str, str, dict[str, str], Any]] = [
        ("GET", "/connections", {}, None),
        ("GET", "/connections/{id}", {"id": connection}, None),
        ("GET", "/connections/{id}/clients", {"id": connection}, None),
        ("PATCH", "/connections/{id}/clients", {"id": connection}, [{"client_id": client, "status": True}]),
        ("PATCH", "/connections/{id}", {"id": connection}, {"options": {"import_mode": True}}),
        ("GET", "/clients", {}, None),
        ("GET", "/clients/{id}", {"id": client}, None),
        ("GET", "/clients/{id}/connections", {"id": client}, None),
        ("PATCH", "/clients/{id}", {"id": client}, {"description": "x"}),
        ("POST", "/clients/{id}/rotate-secret", {"id": client}, None),
        ("GET", "/clients/{client_id}/credentials", {"client_id": client}, None),
        ("GET", "/client-grants", {}, None),
        ("GET", "/client-grants/{id}", {"id": grant}, None),
        ("PATCH", "/client-grants/{id}", {"id": grant}, {"scope": ["a"]}),
        ("GET", "/resource-servers", {}, None),
        ("GET", "/resource-servers/{id}", {"id": server}, None),
        ("PATCH", "/resource-servers/{id}", {"id": server}, {"token_lifetime": 60}),
        ("GET", "/tenants/settings", {}, None),
        ("PATCH", "/tenants/settings", {}, {"friendly_name": "Acme"}),
        ("GET", "/logs", {}, None),
        ("GET", "/stats/active-users", {}, None),
        ("GET", "/stats/daily", {}, None),
        ("GET", "/rules", {}, None),
        ("GET", "/rules-configs", {}, None),
        ("GET", "/actions/actions", {}, None),
        ("GET", "/actions/actions/{id}", {"id": action["id"]}, None),
        ("PATCH", "/actions/actions/{id}", {"id": action["id"]}, {"code": "// x"}),
        ("POST", "/actions/actions/{id}/deploy", {"id": action["id"]}, None),
        ("GET", "/actions/actions/{actionId}/versions", {"actionId": action["id"]}, None),
        ("GET", "/actions/actions/{actionId}/versions/{id}", {"actionId": action["id"], "id": version}, None),
        ("GET", "/actions/triggers", {}, None),
        ("PATCH", "/actions/triggers/{triggerId}/bindings", {"triggerId": "post-login"}, bindings),
        ("GET", "/actions/triggers/{triggerId}/bindings", {"triggerId": "post-login"}, None),
        ("DELETE", "/actions/actions/{id}", {"id": f"{action['id']}?force=true"}, None),
        ("DELETE", "/client-grants/{id}", {"id": grant}, None),
        ("DELETE", "/resource-servers/{id}", {"id": server}, None),
        ("DELETE", "/clients/{id}", {"id": client}, None),
        ("DELETE", "/connections/{id}", {"id": connection}, None),
    ]
    for method, path, names, body in calls:
        answer = await api.call(method, path.format(**names), json=body)
        assert_documented(method, path, answer)
    for path in ("/connections", "/clients", "/client-grants", "/resource-servers", "/logs"):
        assert_documented("GET", path, await api.get(f"{path}?include_totals=true&page=0&per_page=5"))
    for path in ("/connections", "/clients", "/client-grants"):
        assert_documented("GET", path, await api.get(f"{path}?take=5"))


def closed_places(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places in a body where the document allows no unknown key."""
    if schema.get("additionalProperties") is False:
        yield path
    for name, part in schema.get("properties", {}).items():
        yield from closed_places(part, (*path, name))


def smallest(schema: dict[str, Any]) -> Any:
    """The smallest value that fits the schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: smallest(schema["properties"][name]) for name in schema.get("required", [])}
    if kind == "array":
        return [smallest(schema["items"])] * schema.get("minItems", 0)
    simple = {"boolean": True, "integer": max(1, schema.get("minimum", 1)), "number": 1, "string": "abcdefghij"}
    return simple[kind]


def with_surplus(schema: dict[str, Any], place: tuple[str, ...]) -> Any:
    """The smallest body that reaches a place, with an unknown key there."""
    body = inner = smallest(schema)
    part = schema
    for name in place:
        part = part["properties"][name]
        if not isinstance(inner.get(name), dict):
            inner[name] = smallest(part)
        inner = inner[name]
    inner["surplus_key"] = 1
    return body


WRITES = [
    ("POST", "/connections"),
    ("PATCH", "/connections/{id}"),
    ("POST", "/clients"),
    ("PATCH", "/clients/{id}"),
    ("POST", "/clients/{client_id}/credentials"),
    ("PATCH", "/clients/{client_id}/credentials/{credential_id}"),
    ("POST", "/client-grants"),
    ("PATCH", "/client-grants/{id}"),
    ("POST", "/resource-servers"),
    ("PATCH", "/resource-servers/{id}"),
    ("PATCH", "/tenants/settings"),
    ("POST", "/actions/actions"),
    ("PATCH", "/actions/actions/{id}"),
    ("PATCH", "/actions/triggers/{triggerId}/bindings"),
]
# Kept open in the practice tenant: what lies inside an add-on is of no use to a migration.
OPEN_HERE = {"addons"}


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_what_the_document_refuses_the_practice_tenant_refuses(api: Api, method: str, path: str) -> None:
    media = operation(method, path)["requestBody"]["content"]["application/json"]
    schema = expanded(media["schema"])
    names = {"id": "x", "client_id": api.tenant.client_id, "credential_id": "x", "triggerId": "post-login"}
    refused = 0
    for place in closed_places(schema):
        if set(place) & OPEN_HERE:
            continue
        answer = await api.call(method, path.format(**names), json=with_surplus(schema, place))
        assert answer.status_code == 400, (place, answer.text)
        assert "Additional properties not allowed: surplus_key" in answer.json()["message"], (place, answer.text)
        refused += 1
    assert refused


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_member_of_the_wrong_type_is_refused_as_documented(api: Api, method: str, path: str) -> None:
    schema = expanded(operation(method, path)["requestBody"]["content"]["application/json"]["schema"])
    names = {"id": "x", "client_id": api.tenant.client_id, "credential_id": "x", "triggerId": "post-login"}
    usual = smallest(schema)
    for name in schema["properties"]:
        body = copy.deepcopy(usual) | {name: 12.5}
        if Draft202012Validator(schema).is_valid(body):
            continue
        answer = await api.call(method, path.format(**names), json=body)
        assert answer.status_code == 400, (name, answer.text)
