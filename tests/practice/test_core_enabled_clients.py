"""Which applications may use a connection, by the connection's own endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from core_support import Api, error, open_api, still_tenant

from wizard.practice.switches import Switches


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with open_api(still_tenant()) as opened:
        yield opened


async def enabled(api: Api, connection_id: str) -> set[str]:
    return {each["client_id"] for each in (await api.get(f"/connections/{connection_id}/clients")).json()["clients"]}


async def test_a_patch_changes_only_the_clients_it_names(api: Api) -> None:
    path = f"/connections/{(await api.new_connection())['id']}/clients"
    one, two = [(await api.new_client(name))["client_id"] for name in ("One", "Two")]
    first = await api.patch(path, [{"client_id": one, "status": True}])
    assert (first.status_code, first.content) == (204, b"")
    await api.patch(path, [{"client_id": two, "status": True}, {"client_id": two, "status": True}])
    assert (await api.get(path)).json() == {"clients": [{"client_id": one}, {"client_id": two}]}
    await api.patch(path, [{"client_id": one, "status": False}])
    assert (await api.get(path)).json() == {"clients": [{"client_id": two}]}


async def test_long_lists_are_paged_by_cursor(api: Api) -> None:
    path = f"/connections/{(await api.new_connection())['id']}/clients"
    ids = [(await api.new_client(f"App {number}"))["client_id"] for number in range(5)]
    await api.patch(path, [{"client_id": each, "status": True} for each in ids])
    first = (await api.get(f"{path}?take=3")).json()
    second = (await api.get(f"{path}?take=3&from={first['next']}")).json()
    assert [each["client_id"] for each in first["clients"] + second["clients"]] == ids
    assert "next" not in second


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        [{"client_id": "a"}],
        [{"client_id": "a", "status": "yes"}],
        [{"client_id": "a", "status": True, "x": 1}],
        [{"client_id": "a", "status": True}] * 51,
    ],
)
async def test_a_batch_outside_the_schema_is_refused(api: Api, body: object) -> None:
    made = await api.new_connection()
    assert error(await api.patch(f"/connections/{made['id']}/clients", body))[2] == "invalid_body"


async def test_one_unknown_client_stops_the_batch_or_not_as_the_switch_says() -> None:
    for mode, remaining in (("refused", 0), ("others change", 1)):
        async with open_api(still_tenant(switches=Switches(unknown_client_in_batch=mode))) as api:  # type: ignore[arg-type]
            made = await api.new_connection()
            known = (await api.new_client())["client_id"]
            batch = [{"client_id": known, "status": True}, {"client_id": "nobody", "status": True}]
            refused = await api.patch(f"/connections/{made['id']}/clients", batch)
            assert error(refused) == (404, "The client does not exist", "inexistent_client")
            assert len(await enabled(api, made["id"])) == remaining


async def test_an_unknown_connection_is_a_404(api: Api) -> None:
    path = "/connections/con_0000000000000000/clients"
    expected = (404, "The connection does not exist", "inexistent_connection")
    assert error(await api.get(path)) == expected
    assert error(await api.patch(path, [{"client_id": api.tenant.client_id, "status": True}])) == expected


async def test_enabled_clients_work_at_creation_and_are_ignored_in_a_patch(api: Api) -> None:
    client_id = (await api.new_client())["client_id"]
    body = {"name": "acme", "strategy": "auth0", "enabled_clients": [client_id]}
    made = (await api.post("/connections", body)).json()
    assert made["enabled_clients"] == [client_id]
    patched = await api.patch(f"/connections/{made['id']}", {"enabled_clients": []})
    assert patched.status_code == 200
    assert await enabled(api, made["id"]) == {client_id}


async def test_enabled_clients_in_a_patch_are_applied_or_refused_as_the_switch_says() -> None:
    async with open_api(still_tenant(switches=Switches(enabled_clients_in_patch="applied"))) as api:
        made = await api.new_connection()
        await api.patch(f"/connections/{made['id']}", {"enabled_clients": [api.tenant.client_id]})
        assert await enabled(api, made["id"]) == {api.tenant.client_id}
    async with open_api(still_tenant(switches=Switches(enabled_clients_in_patch="refused"))) as api:
        made = await api.new_connection()
        assert (await api.patch(f"/connections/{made['id']}", {"enabled_clients": []})).status_code == 400


async def test_the_connections_of_an_application_can_be_listed(api: Api) -> None:
    one = await api.new_connection("one")
    await api.new_connection("two")
    client_id = (await api.new_client())["client_id"]
    await api.patch(f"/connections/{one['id']}/clients", [{"client_id": client_id, "status": True}])
    found = await api.get(f"/clients/{client_id}/connections?strategy=auth0")
    assert [each["name"] for each in found.json()["connections"]] == ["one"]
    assert (await api.get("/clients/nobody/connections")).status_code == 404


async def test_a_deleted_application_is_no_longer_enabled(api: Api) -> None:
    made = await api.new_connection()
    client_id = (await api.new_client())["client_id"]
    await api.patch(f"/connections/{made['id']}/clients", [{"client_id": client_id, "status": True}])
    await api.delete(f"/clients/{client_id}")
    assert await enabled(api, made["id"]) == set()
