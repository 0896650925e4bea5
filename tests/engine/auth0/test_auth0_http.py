"""Which requests are sent again, which never, and what is told about them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from auth0_stage import DOMAIN, Stage, StageClock, answers, refused

from wizard import __version__
from wizard.auth0.call import Call, json_body
from wizard.auth0.domain import Address
from wizard.auth0.errors import (
    AnswerLost,
    AnswerNotUnderstood,
    CertificateRefused,
    ImportSlotsBusy,
    RateLimitExhausted,
    ServerFailed,
    Unreachable,
)
from wizard.auth0.http import Http
from wizard.auth0.limits import Limiter
from wizard.auth0.tls import authorities, open_client
from wizard.errors import UsageError
from wizard.events import RequestLimited, RequestSent

CONNECTION: dict[str, Any] = {"id": "con_1234567890abcdef", "name": "acme-users", "strategy": "auth0", "options": {}}
FINE = httpx.Response(200, json=CONNECTION)
CUT = [httpx.ReadError("cut"), httpx.WriteError("cut"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("gone")]
NEVER_LEFT = [httpx.ConnectError("no route"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("busy")]


def an_http(stage: Stage) -> Http:
    clock = StageClock()
    limiter = Limiter("private-10000", clock=clock, emit=stage.events.append)
    return Http(
        Address.parse(DOMAIN),
        limiter=limiter,
        clock=clock,
        emit=stage.events.append,
        transport=httpx.MockTransport(stage),
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("trouble", [*CUT, *NEVER_LEFT], ids=lambda error: type(error).__name__)
async def test_a_repeatable_request_survives_a_cut_cable(method: str, trouble: Exception) -> None:
    stage = Stage(answers(trouble, trouble, FINE))
    answer = await an_http(stage).send(Call(method, "/api/v2/things", "do things"))
    assert answer.status == 200
    assert len(stage.requests) == 3


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_repeatable_request_survives_a_server_in_trouble(method: str, status: int) -> None:
    stage = Stage(answers(httpx.Response(status), FINE))
    answer = await an_http(stage).send(Call(method, "/api/v2/things", "do things"))
    assert answer.status == 200
    assert len(stage.requests) == 2


@pytest.mark.parametrize("text", ["<html>Sign in to the network</html>", '{"id": "con_12'])
async def test_what_a_gateway_answers_instead_of_json_is_asked_again(text: str) -> None:
    stage = Stage(answers(httpx.Response(200, text=text), FINE))
    async with stage.open() as tenant:
        assert (await tenant.connection("con_1234567890abcdef")).name == "acme-users"
    assert len(stage.requests) == 2


async def test_half_of_a_character_makes_no_answer_unreadable() -> None:
    """Source: RFC 8259, section 8.2: JSON allows escapes that are no whole character, and JavaScript writes them."""
    text = r'{"user_id": "auth0|5", "user_metadata": {"nick": "\ud83d"}}'
    stage = Stage(answers(httpx.Response(200, text=text)))
    async with stage.open() as tenant:
        assert (await tenant.user("auth0|5")).user_id == "auth0|5"
    assert len(stage.requests) == 1


async def test_half_of_a_character_goes_back_as_it_came() -> None:
    stage = Stage(answers(httpx.Response(200, text=r'{"text": "Zoë \ud83d"}'), FINE))
    http = an_http(stage)
    answer = await http.send(Call("GET", "/api/v2/things", "read things"))
    await http.send(Call("PATCH", "/api/v2/things", "write things", content=json_body(answer.body)))
    assert json.loads(stage.requests[1].content) == {"text": "Zoë \ud83d"}


@pytest.mark.parametrize("text", ['{"id": NaN}', "[" * 100_000])
async def test_what_only_python_takes_for_json_is_none(text: str) -> None:
    stage = Stage(answers(httpx.Response(200, text=text), FINE))
    async with stage.open() as tenant:
        assert (await tenant.connection("con_1234567890abcdef")).name == "acme-users"
    assert len(stage.requests) == 2


async def test_a_post_that_is_answered_with_something_else_than_json_is_not_sent_again() -> None:
    stage = Stage(answers(httpx.Response(200, text="<html>"), httpx.Response(201, json=CONNECTION)))
    async with stage.open() as tenant:
        with pytest.raises(AnswerNotUnderstood):
            await tenant.create_connection("acme-users")
    assert len(stage.requests) == 1


@pytest.mark.parametrize("trouble", CUT, ids=lambda error: type(error).__name__)
async def test_a_post_whose_cable_was_cut_is_in_doubt_and_never_sent_again(trouble: Exception) -> None:
    stage = Stage(answers(trouble, FINE))
    async with stage.open() as tenant:
        with pytest.raises(AnswerLost) as lost:
            await tenant.create_connection("acme-users")
    assert len(stage.requests) == 1
    assert lost.value.call == "POST /api/v2/connections"
    assert "acme-users" in str(lost.value)
    assert "not known whether" in str(lost.value)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_post_answered_by_a_server_in_trouble_is_in_doubt(status: int) -> None:
    stage = Stage(answers(httpx.Response(status, text="<html>oops</html>"), FINE))
    async with stage.open() as tenant:
        with pytest.raises(AnswerLost, match=str(status)):
            await tenant.create_connection("acme-users")
    assert len(stage.requests) == 1


@pytest.mark.parametrize("trouble", NEVER_LEFT, ids=lambda error: type(error).__name__)
async def test_a_post_that_surely_never_left_is_sent_again(trouble: Exception) -> None:
    stage = Stage(answers(trouble, httpx.Response(201, json=CONNECTION)))
    async with stage.open() as tenant:
        assert (await tenant.create_connection("acme-users")).id == CONNECTION["id"]
    assert len(stage.requests) == 2


async def test_no_connection_at_all_ends_after_a_few_attempts_with_growing_pauses() -> None:
    stage = Stage(answers(httpx.ConnectError("no route")))
    async with stage.open() as tenant:
        with pytest.raises(Unreachable) as gone:
            await tenant.tenant_settings()
    assert len(stage.requests) == 5
    assert DOMAIN in str(gone.value)
    pauses = [slept for slept in stage.clock.slept if slept > 0.1]
    assert len(pauses) == 4
    assert all(low <= pause <= 2 * low for pause, low in zip(pauses, (0.25, 0.5, 1, 2), strict=True))


async def test_a_server_that_stays_in_trouble_is_named_as_such() -> None:
    stage = Stage(answers(refused(503, "The query exceeded the timeout. Please try refining your search.")))
    async with stage.open() as tenant:
        with pytest.raises(ServerFailed, match="exceeded the timeout"):
            await tenant.search_users("email:a*")
    assert len(stage.requests) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413])
async def test_a_clear_no_is_not_asked_twice(status: int) -> None:
    stage = Stage(answers(httpx.Response(status)))
    await an_http(stage).send(Call("GET", "/api/v2/things", "do things"))
    assert len(stage.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
async def test_a_429_was_not_carried_out_so_any_request_waits_and_goes_again(method: str) -> None:
    limited = httpx.Response(429, headers={"retry-after": "4"}, json={"message": "Global limit has been reached"})
    stage = Stage(answers(limited, limited, FINE))
    http = an_http(stage)
    assert (await http.send(Call(method, "/api/v2/things", "do things"))).status == 200
    assert [event.wait_seconds for event in stage.seen(RequestLimited)] == pytest.approx([4, 4], abs=0.01)
    assert (http.sent, http.limited) == (3, 2)


async def test_a_rate_limit_that_never_opens_is_an_error_in_the_end() -> None:
    stage = Stage(answers(httpx.Response(429, headers={"retry-after": "300"}, json={"message": "Global limit"})))
    async with stage.open() as tenant:
        with pytest.raises(RateLimitExhausted, match="Global limit"):
            await tenant.tenant_settings()
    assert 3 <= len(stage.requests) <= 5


async def test_two_active_import_jobs_are_not_a_matter_of_rate() -> None:
    busy = refused(
        429, "There are 2 active import users jobs, please wait until some of them are finished and try again"
    )
    stage = Stage(answers(busy))
    async with stage.open() as tenant:
        before = tenant.limiter.budget("other")
        with pytest.raises(ImportSlotsBusy):
            await tenant.import_users(b"[]", filename="1.json", connection_id="con_1", external_id="x")
        assert tenant.limiter.budget("other") == before
        assert tenant.requests.limited == 0
    assert len(stage.requests) == 1
    assert not stage.seen(RequestLimited)


async def test_every_attempt_is_told_with_the_names_of_ids_only() -> None:
    stage = Stage(answers(httpx.ReadError("cut"), FINE))
    async with stage.open() as tenant:
        await tenant.connection(CONNECTION["id"])
        assert (tenant.requests.sent, tenant.requests.limited) == (3, 0)
    sent = [(event.method, event.path, event.status) for event in stage.seen(RequestSent)]
    assert sent == [
        ("POST", "/oauth/token", 200),
        ("GET", "/api/v2/connections/{id}", 0),
        ("GET", "/api/v2/connections/{id}", 200),
    ]
    assert stage.requests[0].url.path == f"/api/v2/connections/{CONNECTION['id']}"


async def test_ids_are_encoded_in_the_path() -> None:
    stage = Stage(answers(httpx.Response(200, json={"user_id": "auth0|a/b"})))
    async with stage.open() as tenant:
        await tenant.user("auth0|a/b")
    assert stage.requests[0].url.raw_path == b"/api/v2/users/auth0%7Ca%2Fb"


async def test_requests_say_who_sends_them() -> None:
    stage = Stage(answers(FINE))
    async with stage.open() as tenant:
        await tenant.connection("con_1")
    assert stage.requests[0].headers["user-agent"] == f"auth0-migration-wizard/{__version__}"
    assert stage.requests[0].headers["authorization"] == "Bearer token-1"


async def test_a_page_that_is_not_json_is_not_taken_for_an_answer() -> None:
    stage = Stage(answers(httpx.Response(200, html="<h1>Sign in to the guest network</h1>")))
    async with stage.open() as tenant:
        with pytest.raises(AnswerNotUnderstood, match="not in JSON"):
            await tenant.tenant_settings()


class Flood(httpx.AsyncByteStream):
    """A body that goes on for as long as somebody reads it, up to a thousand million bytes."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self.pulled = 0
        self._head, self._piece = head, piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self.pulled < 1000:
            self.pulled += 1
            yield self._piece


def a_bomb() -> tuple[dict[str, str], Flood]:
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(b'"') + packer.flush(zlib.Z_FULL_FLUSH)
    return {"content-encoding": "gzip"}, Flood(
        head, packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    )


@pytest.mark.parametrize("made", [a_bomb, lambda: ({}, Flood(b'"', bytes(1_000_000)))], ids=["packed", "plain"])
async def test_an_answer_without_end_is_not_read_to_its_end(made: Callable[[], tuple[dict[str, str], Flood]]) -> None:
    headers, flood = made()
    stage = Stage(lambda request: httpx.Response(200, headers=headers, stream=flood))
    with pytest.raises(AnswerNotUnderstood):
        async with stage.open() as tenant:
            await tenant.create_connection("acme-users")
    assert 10 < flood.pulled < 100


async def test_an_untrusted_certificate_is_named_at_once_with_the_variable_that_helps() -> None:
    stage = Stage(answers(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")))
    async with stage.open() as tenant:
        with pytest.raises(CertificateRefused, match="SSL_CERT_FILE"):
            await tenant.tenant_settings()
    assert len(stage.requests) == 1


async def test_nothing_is_logged_by_the_libraries_underneath(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stage = Stage(answers(httpx.Response(200, json=[])))
    async with stage.open() as tenant:
        await tenant.users_by_email("ada@example.com")
    assert "ada" not in caplog.text


def test_a_private_authority_is_trusted_from_file_and_folder_together(tmp_path: Path) -> None:
    import certifi

    file = tmp_path / "ca.pem"
    text = Path(certifi.where()).read_text()
    file.write_text(text[text.index("-----BEGIN") : text.index("-----END CERTIFICATE-----") + 26])
    context = authorities({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(tmp_path)})
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_without_variables_the_usual_public_authorities_are_trusted() -> None:
    assert len(authorities({}).get_ca_certs()) > 50


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_variable_that_names_nothing_is_an_error_of_usage(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=name):
        authorities({name: str(tmp_path / "missing")})


def test_a_file_without_certificates_is_an_error_of_usage(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("hello")
    with pytest.raises(UsageError, match="no certificates"):
        authorities({"SSL_CERT_FILE": str(file)})


async def test_the_proxy_of_the_environment_is_used_for_a_tenant_and_never_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    timeout = httpx.Timeout(5)
    async with open_client(loopback=False, transport=None, timeout=timeout, headers={}) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("https://acme.invalid/")
    server = await _echo()
    async with server, open_client(loopback=True, transport=None, timeout=timeout, headers={}) as client:
        port = server.sockets[0].getsockname()[1]
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 204


async def test_a_proxy_that_can_not_be_used_is_an_error_of_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.example.com")
    with pytest.raises(UsageError, match="proxy"):
        open_client(loopback=False, transport=None, timeout=httpx.Timeout(5), headers={})


async def _echo() -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)
