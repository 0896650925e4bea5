"""Query parameters of what is read, compared with Auth0's own OpenAPI document, where that is at hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from core_support import Api, open_api, still_tenant
from openapi_document import DOCUMENT, document, expanded

from wizard.practice.management import client_shapes, connection_shapes, logs, running_rules, settings
from wizard.practice.switches import Switches
from wizard.practice.users import endpoints

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="Auth0's OpenAPI document is not at hand")

# Not served: what a migration does not read.
NOT_SERVED = ("/actions/executions",)


def parameters() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, name and schema of the query parameters of every GET that the practice tenant serves."""
    for path, methods in document()["paths"].items() if DOCUMENT.exists() else ():
        if path.startswith(NOT_SERVED):
            continue
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                yield path, parameter["name"], expanded(parameter["schema"])


def bad_values(schema: dict[str, Any]) -> list[str]:
    """Return values that the document refuses; none when it takes every text."""
    if schema.get("type") == "array":
        return bad_values(schema["items"])
    limits = [str(schema[name] + step) for name, step in (("minimum", -1), ("maximum", 1)) if name in schema]
    checked = schema.get("type") in {"boolean", "integer"} or "enum" in schema or "pattern" in schema
    return [*limits, "no-such-value"] if checked else []


def field_names(schema: dict[str, Any]) -> set[str]:
    """Return the names that the pattern of `fields` lists; none when it has no pattern."""
    return set(re.findall(r"\(([\w.]+)\)", schema.get("pattern", "").replace("\\", "")))


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant(switches=Switches(rules="run"))) as opened:
        yield opened


@pytest.mark.parametrize(("path", "name", "schema"), list(parameters()), ids=str)
async def test_a_parameter_takes_what_the_document_has_it_take(
    api: Api, path: str, name: str, schema: dict[str, Any]
) -> None:
    connection = (await api.new_connection())["id"]
    client = api.tenant.client_id
    change = [{"client_id": client, "status": True}]
    assert (await api.patch(f"/connections/{connection}/clients", change)).status_code == 204
    user = {
        "connection": "acme-users",
        "email": "ann@example.com",
        "password": "correct-Horse-battery-9",
        "user_id": "1",
    }
    assert (await api.post("/users", user)).status_code == 201
    trigger = {"id": "post-login", "version": "v3"}
    action = (await api.post("/actions/actions", {"name": "a", "supported_triggers": [trigger]})).json()["id"]
    rule = (await api.post("/rules", {"name": "a", "script": "x"})).json()["id"]
    server = (await api.get("/resource-servers")).json()[0]["id"]
    kinds = {"clients": client, "connections": connection, "resource-servers": server, "rules": rule}
    kinds |= {"users": "auth0|1", "user-blocks": "auth0|1"}
    found = path.format(id=kinds.get(path.split("/")[1], ""), actionId=action, triggerId="post-login")
    for value in bad_values(schema):
        answer = await api.get(found, params={name: value} | required(path, name))
        assert answer.status_code == 400, (value, answer.text)
        assert name in answer.json()["message"]
    if name == "fields":
        for value in ("", "nothing", *(f"{known}," for known in field_names(schema))) if field_names(schema) else ():
            answer = await api.get(found, params={name: value} | required(path, name))
            assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalid_query_string"), value
            pattern = re.search(r"String does not match pattern (\^.*\$)' on property fields", answer.json()["message"])
            assert pattern is not None, answer.text
            assert all(re.match(pattern[1], known) for known in field_names(schema))
    for value in field_names(schema) if name == "fields" else ():
        answer = await api.get(found, params={name: value} | required(path, name))
        assert answer.status_code == 200, answer.text
    if schema.get("type") == "boolean" or schema.get("enum") == [True, False]:
        for value in ("true", "false"):
            answer = await api.get(found, params={name: value} | required(path, name))
            assert answer.status_code == 200, answer.text


KNOWN_FIELDS = {
    "/clients": client_shapes.FIELDS,
    "/connections": connection_shapes.FIELDS,
    "/logs": logs.FIELDS,
    "/rules": running_rules.FIELDS,
    "/tenants/settings": settings.FIELDS,
    "/users/{id}": endpoints.FIELDS,
}


@pytest.mark.parametrize("path", KNOWN_FIELDS)
def test_fields_are_those_of_the_document(path: str) -> None:
    [schema] = [schema for of, name, schema in parameters() if (of, name) == (path, "fields")]
    assert field_names(schema) == KNOWN_FIELDS[path]


def required(path: str, name: str) -> dict[str, str]:
    """The other parameters that this operation cannot do without."""
    listed = document()["paths"][path]["get"]["parameters"]
    return {each["name"]: "ann@example.com" for each in listed if each.get("required") and each["name"] != name}
