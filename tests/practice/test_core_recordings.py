"""Bodies that real tenants were sent, sent to the practice tenant: same status, same shape of answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from core_support import Api, StillClock, open_api, still_tenant

from wizard.practice.switches import Switches

FOLDER = Path(__file__).parents[3] / "shared" / "auth0" / "recordings"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="recordings of real tenants are not at hand")

AS_IN_2025 = Switches(new_password_options=False, enabled_clients_in_answers=True, rules="empty")
AS_IN_2026 = Switches(enabled_clients_in_answers=True, rules="empty")


def exchanges(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["exchanges"]
    return found


def keys(value: Any, path: str = "") -> set[str]:
    """The paths of all members, lists counted as one of their items."""
    if isinstance(value, dict):
        return {inner for name, part in value.items() for inner in {f"{path}.{name}"} | keys(part, f"{path}.{name}")}
    if isinstance(value, list):
        return {inner for part in value for inner in keys(part, f"{path}[]")}
    return set()


async def replay(api: Api, exchange: dict[str, Any], names: dict[str, str]) -> Any:
    """Send the recorded request with today's ids; check status; return the answer."""
    request = json.dumps(exchange["request"])
    for old, new in names.items():
        request = request.replace(old, new)
    sent = json.loads(request)
    answer = await api.call(sent["method"], sent["path"].removeprefix("/api/v2"), json=sent["body"])
    assert answer.status_code == exchange["response"]["status"], answer.text
    expected = exchange["response"]["body"]
    if isinstance(expected, dict):
        for member in ("id", "client_id"):
            if member in expected and member in answer.json():
                names[expected[member]] = answer.json()[member]
    return answer


async def assert_same_shape(name: str, switches: Switches, *indexes: int, may_lack: tuple[str, ...] = ()) -> None:
    async with open_api(still_tenant(switches=switches)) as api:
        names: dict[str, str] = {}
        recorded = exchanges(name)
        for index in indexes or range(len(recorded)):
            answer = await replay(api, recorded[index], names)
            expected = keys(recorded[index]["response"]["body"])
            found = keys(answer.json()) if answer.content else set()
            assert {each for each in expected - found if not each.startswith(may_lack)} == set()
            assert {each for each in found - expected if not each.startswith(".signing_keys")} == set()


@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("connection-create-custom-db", AS_IN_2026),
        ("connection-create-default", AS_IN_2026),
        ("connection-patch-options-replaces", AS_IN_2025),
        ("rules-list-empty", AS_IN_2026),
        ("resource-server-create-minimal", AS_IN_2026),
        ("resource-server-create-policies", AS_IN_2026),
        ("client-create-m2m", AS_IN_2026),
    ],
)
async def test_a_recorded_exchange_has_the_same_shape_here(name: str, switches: Switches) -> None:
    await assert_same_shape(name, switches)


async def test_values_the_server_added_are_the_recorded_ones() -> None:
    for name in ("connection-create-custom-db", "connection-create-default"):
        async with open_api(still_tenant(switches=AS_IN_2026)) as api:
            exchange = exchanges(name)[0]
            answer = (await replay(api, exchange, {})).json()
            assert answer | {"id": ""} == exchange["response"]["body"] | {"id": ""}


async def test_a_recorded_patch_leaves_and_drops_the_recorded_options() -> None:
    async with open_api(still_tenant(switches=AS_IN_2025)) as api:
        names: dict[str, str] = {}
        for exchange in exchanges("connection-patch-options-replaces"):
            answer = (await replay(api, exchange, names)).json()
            assert answer["options"] == exchange["response"]["body"]["options"]


async def test_a_recorded_patch_drops_password_options() -> None:
    read, patch = exchanges("connection-patch-drops-password-options")
    async with open_api(still_tenant(switches=AS_IN_2026)) as api:
        there = read["response"]["body"]
        body = {name: there[name] for name in ("name", "strategy", "options", "realms", "is_domain_connection")}
        made = (await api.post("/connections", body)).json()
        answer = (await replay(api, patch, {there["id"]: made["id"]})).json()
        assert answer["options"] == patch["response"]["body"]["options"]


async def test_recorded_configuration_comes_back_sealed_under_the_recorded_keys() -> None:
    async with open_api(still_tenant(switches=AS_IN_2025)) as api:
        names: dict[str, str] = {}
        for exchange in exchanges("connection-configuration-encrypted"):
            answer = (await replay(api, exchange, names)).json()
            expected = exchange["response"]["body"]["options"]
            assert keys(answer["options"]) == keys(expected)
            assert all(re.match("CkIK", value) for value in answer["options"]["configuration"].values())


async def test_recorded_errors_have_the_same_bodies() -> None:
    async with open_api(still_tenant()) as api:
        for exchange in exchanges("connection-errors"):
            assert (await replay(api, exchange, {})).json() == exchange["response"]["body"]


async def test_recorded_misses_have_the_same_bodies() -> None:
    async with open_api(still_tenant(switches=Switches(rules="empty"))) as api:
        for exchange in exchanges("not-found-errors"):
            assert (await replay(api, exchange, {})).json() == exchange["response"]["body"]


async def test_recorded_enabled_clients_change_as_recorded() -> None:
    async with open_api(still_tenant()) as api:
        for part in (exchanges("connection-clients-patch")[:2], exchanges("connection-clients-patch")[2:]):
            names = {part[0]["request"]["path"].split("/")[4]: (await api.new_connection(f"c{len(part)}"))["id"]}
            for each in part[0]["request"]["body"]:
                names[each["client_id"]] = (await api.new_client())["client_id"]
            for exchange in part:
                answer = await replay(api, exchange, names)
                if exchange["response"]["body"] is None:
                    assert answer.content == b""
                    continue
                expected = {names[each["client_id"]] for each in exchange["response"]["body"]["clients"]}
                assert {each["client_id"] for each in answer.json()["clients"]} == expected


async def test_a_recorded_grant_on_the_management_api_is_made_alike() -> None:
    async with open_api(still_tenant()) as api:
        exchange = exchanges("client-grant-create")[0]
        sent = exchange["request"]["body"]
        names = {sent["client_id"]: (await api.new_client())["client_id"], sent["audience"]: api.tenant.audience}
        answer = (await replay(api, exchange, names)).json()
        assert set(answer) == set(exchange["response"]["body"])
        assert answer["scope"] == sent["scope"]


async def test_a_recorded_delete_answers_alike() -> None:
    async with open_api(still_tenant()) as api:
        exchange = exchanges("connection-delete")[0]
        made = (await api.new_connection())["id"]
        answer = await replay(api, exchange, {exchange["request"]["path"].split("/")[4]: made})
        assert set(answer.json()) == {"deleted_at"}


async def test_recorded_lists_have_the_same_wrapping() -> None:
    async with open_api(still_tenant()) as api:
        await api.new_connection("Username-Password-Authentication")
        for name, extra in (
            ("connections-list-checkpoint", set()),
            ("connections-list-offset", {"length"}),
            ("clients-list", set()),
        ):
            exchange = exchanges(name)[0]
            answer = (await replay(api, exchange, {})).json()
            assert set(answer) - extra == set(exchange["response"]["body"])


async def test_the_recorded_reset_answers_the_recorded_text() -> None:
    async with open_api(still_tenant()) as api:
        await api.new_connection("Username-Password-Authentication")
        exchange = exchanges("auth-api")[2]
        answer = await api.client.post(exchange["request"]["path"], json=exchange["request"]["body"])
        assert answer.text == exchange["response"]["body"]


async def test_a_recorded_bad_code_is_refused_with_the_recorded_body() -> None:
    async with open_api(still_tenant()) as api:
        client = await api.new_client()
        exchange = exchanges("auth-api")[4]
        sent = exchange["request"]["body"].replace("test-client_id", client["client_id"])
        answer = await api.client.post(
            "/oauth/token",
            content=sent.replace("test-client_secret", client["client_secret"]),
            headers={"content-type": exchange["request"]["content_type"]},
        )
        assert (answer.status_code, answer.json()) == (403, exchange["response"]["body"])


async def replayed_with_time(name: str) -> None:
    """Replay an Action's life; seconds pass before whatever needs the Action built or live."""
    async with open_api(still_tenant()) as api:
        clock = api.tenant.clock
        assert isinstance(clock, StillClock)
        names: dict[str, str] = {"node16": "node22"}
        for exchange in exchanges(name):
            expected = exchange["response"]["body"]
            action = (expected.get("actions") or [expected])[0]
            if action.get("status") != "building":
                clock.time += 3
            else:
                clock.time += 0.6
            answer = (await replay(api, exchange, names)).json()
            assert keys(answer) == keys(expected)
            for member in ("status", "deployed", "number", "all_changes_deployed", "display_name", "secrets"):
                if member in expected and member != "secrets":
                    assert answer[member] == expected[member], member


@pytest.mark.parametrize("name", ["action-create-deploy", "action-create-with-deploy-flag", "action-bindings-get"])
async def test_a_recorded_life_of_an_action_goes_alike_here(name: str) -> None:
    await replayed_with_time(name)


async def test_recorded_bindings_go_alike_here() -> None:
    async with open_api(still_tenant()) as api:
        clock = api.tenant.clock
        assert isinstance(clock, StillClock)
        names: dict[str, str] = {}
        for exchange, seconds in zip(exchanges("action-build-bind"), [0, 1, 0.4, 1, 0, 1, 0, 0, 0], strict=False):
            clock.time += seconds
            answer = (await replay(api, exchange, names)).json()
            expected = exchange["response"]["body"]
            # registry_url is dropped once an Action is built.
            assert {each for each in keys(expected) ^ keys(answer) if not each.endswith("registry_url")} == set()
            assert answer.get("status") == expected.get("status")


async def test_the_triggers_are_the_recorded_ones() -> None:
    async with open_api(still_tenant()) as api:
        exchange = exchanges("actions-triggers")[0]
        key = lambda trigger: (trigger["id"], trigger["version"])  # noqa: E731
        found = (await replay(api, exchange, {})).json()["triggers"]
        assert sorted(found, key=key) == sorted(exchange["response"]["body"]["triggers"], key=key)
