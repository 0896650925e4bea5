"""The tenant served on loopback, with real connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from core_support import still_tenant

from wizard.errors import UsageError
from wizard.practice.fault_rules import FaultPlan
from wizard.practice.faults import Faults
from wizard.practice.server import serve
from wizard.practice.tenant import PracticeTenant


@asynccontextmanager
async def served(tenant: PracticeTenant) -> AsyncIterator[httpx.AsyncClient]:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    server = asyncio.create_task(serve(tenant, port=0, ready=address.set_result, stop=stop))
    async with httpx.AsyncClient(base_url=await address, trust_env=False) as client:
        yield client
    stop.set()
    await server
    tenant.close()


async def token(tenant: PracticeTenant, client: httpx.AsyncClient) -> str:
    request = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": f"{client.base_url}/api/v2/",
    }
    answer = await client.post("/oauth/token", data=request)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_requests_over_many_connections_at_once_stay_consistent() -> None:
    tenant = still_tenant()
    async with served(tenant) as client:
        client.headers["authorization"] = f"Bearer {await token(tenant, client)}"
        bodies = [{"name": f"acme-{number % 40}", "strategy": "auth0"} for number in range(80)]
        answers = await asyncio.gather(*(client.post("/api/v2/connections", json=body) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [201] * 40 + [409] * 40
        listed = (await client.get("/api/v2/connections?per_page=100&include_totals=true")).json()
        assert listed["total"] == 40
        assert answers[0].headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


@pytest.mark.parametrize(("when", "expected"), [("before", []), ("after", ["acme"]), ("midway", ["acme"])])
async def test_a_cut_connection_is_closed_without_a_whole_answer(when: str, expected: list[str]) -> None:
    cut = {"action": "cut", "when": when, "method": "POST", "path": "/api/v2/connections"}
    tenant = still_tenant(faults=Faults(FaultPlan.model_validate({"faults": [cut]}).faults))
    async with served(tenant) as client:
        client.headers["authorization"] = f"Bearer {await token(tenant, client)}"
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post("/api/v2/connections", json={"name": "acme", "strategy": "auth0"})
        listed = (await client.get("/api/v2/connections")).json()
        assert [each["name"] for each in listed] == expected


async def test_a_cut_shows_a_raw_client_an_empty_answer() -> None:
    cut = {"action": "cut", "when": "after"}
    tenant = still_tenant(faults=Faults(FaultPlan.model_validate({"faults": [cut]}).faults))
    async with served(tenant) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


@pytest.mark.parametrize("path", ["/api/v2/clients", "/oauth/token", "/api/v2/jobs/users-imports"])
async def test_a_client_that_goes_amid_its_upload_is_no_failure(path: str, caplog: pytest.LogCaptureFixture) -> None:
    tenant = still_tenant()
    async with served(tenant) as client:
        bearer = f"Bearer {await token(tenant, client)}"
        before = tenant.db.total_changes
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\ncontent-type: application/json\r\n"
        writer.write(f'{head}content-length: 999\r\n\r\n{{"name": "Sh'.encode())
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert (await client.get("/.well-known/jwks.json")).status_code == 200
        assert tenant.db.total_changes == before
    assert not [record for record in caplog.records if record.exc_info], caplog.text


@pytest.mark.parametrize("target", ["http://{0}", "HTTP://{0}", "https://{0}"])
async def test_a_target_in_absolute_form_is_answered_for_the_host_it_names(target: str) -> None:
    tenant = still_tenant()
    async with served(tenant) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        path = target.format("tenant.test:99") + "/.well-known/openid-configuration?a=b%2Fc"
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"://tenant.test:99/oauth/token" in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])  # noqa: S104 - what must be refused
async def test_an_address_open_to_others_is_refused(host: str) -> None:
    tenant = still_tenant()
    with pytest.raises(UsageError, match="not served"):
        await serve(tenant, host=host)
    tenant.close()


async def test_a_page_whose_name_leads_here_reads_and_changes_nothing() -> None:
    """DNS rebinding: the browser asks this machine, and sends the name of the page."""
    tenant = still_tenant(domain="acme.example.com")
    async with served(tenant) as client:
        for host in ("evil.example.net", f"evil.example.net:{client.base_url.port}", "127.0.0.1.evil.example.net"):
            for path in ("/practice/password-resets", "/%70ractice/email-verifications"):
                refused = await client.get(path, headers={"host": host})
                assert (refused.status_code, "mails" in refused.text) == (421, False)
            assert (await client.get("/.well-known/jwks.json", headers={"host": host})).status_code == 200
        absolute = b"GET http://evil.example.net/practice/password-resets HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(absolute)
        assert b" 421 " in await reader.readline()
        writer.close()
        for host in ("127.0.0.1:1", "localhost", "[::1]:8787", "practice.localhost", "ACME.example.com:443"):
            assert (await client.get("/practice/password-resets", headers={"host": host})).status_code == 200


async def test_a_taken_port_is_a_clear_error() -> None:
    tenant = still_tenant()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="cannot listen"):
        await serve(tenant, port=taken.getsockname()[1])
    tenant.close()


async def test_cancelling_stops_the_server_and_frees_the_port() -> None:
    tenant = still_tenant()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(tenant, port=0, ready=address.set_result))
    port = httpx.URL(await address).port
    assert port is not None
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server
    socket.create_server(("127.0.0.1", port)).close()
    tenant.close()
