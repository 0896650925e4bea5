"""The door of `auth0-migrate serve`: one link, one browser, nothing from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError, web
from click.testing import CliRunner
from served import serving

from screens.browser import CLOSING, KEY, Door, application
from wizard.commands.serve import command
from wizard.errors import UsageError

ECHO = f"{sys.executable} -c \"print('__GANGLION__', flush=True); input()\""


@asynccontextmanager
async def door() -> AsyncIterator[tuple[str, str, ClientSession]]:
    """Address, key and a browser that keeps cookies."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    await runner.cleanup()
    host = f"127.0.0.1:{port}"
    made = Door(frozenset({host}))
    real = web.AppRunner(application(made, ECHO), shutdown_timeout=CLOSING)
    await real.setup()
    await web.TCPSite(real, "127.0.0.1", port).start()
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
            yield f"http://{host}", made.key, browser
    finally:
        await real.cleanup()


@pytest.mark.parametrize("path", ["/", "/static/js/textual.js", "/download/x", f"/?{KEY}=wrong", f"/?{KEY}="])
async def test_without_the_link_nothing_is_answered(path: str) -> None:
    async with door() as (origin, key, browser):
        answer = await browser.get(origin + path)
        assert answer.status == 403
        assert not answer.cookies
        assert "one browser only" in await answer.text()
        assert (await browser.get(f"{origin}/?{KEY}={key}")).status == 200  # a wrong guess uses nothing up


async def test_the_link_opens_once_and_its_browser_stays_in() -> None:
    async with door() as (origin, key, browser):
        entered = await browser.get(f"{origin}/?{KEY}={key}", allow_redirects=False)
        assert (entered.status, entered.headers["Location"]) == (303, "/")
        cookie = entered.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert key not in cookie
        page = await browser.get(origin)
        assert page.status == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        text = await page.text()
        assert "https://" not in text
        async with ClientSession() as other:
            assert (await other.get(f"{origin}/?{KEY}={key}")).status == 403
            assert (await other.get(origin)).status == 403
        assert (await browser.get(f"{origin}/?{KEY}={key}")).status == 403
        assert (await browser.get(origin)).status == 200


async def test_the_websocket_needs_the_cookie_and_the_page_it_came_from() -> None:
    async with door() as (origin, key, browser):
        async with ClientSession() as stranger:
            with pytest.raises(WSServerHandshakeError, match="403"):
                await stranger.ws_connect(f"{origin}/ws", origin=origin)
        await browser.get(f"{origin}/?{KEY}={key}")
        for elsewhere in (None, "http://evil.example.com", "null"):
            with pytest.raises(WSServerHandshakeError, match="403"):
                await browser.ws_connect(f"{origin}/ws", origin=elsewhere)
        async with browser.ws_connect(f"{origin}/ws", origin=origin) as socket:
            await socket.send_json(["ping", 7])
            assert await socket.receive_json() == ["pong", 7]


async def test_another_host_name_is_refused_though_it_leads_here() -> None:
    async with door() as (origin, key, browser):
        answer = await browser.get(f"{origin}/?{KEY}={key}", headers={"Host": "rebound.example.com"})
        assert answer.status == 403
        assert not answer.cookies


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "::"], "without TLS"),
        (["--host", "192.0.2.1"], "without TLS"),
        (["--public-url", "http://wizard.example.com"], "only over TLS"),
    ],
)
def test_nothing_is_served_in_clear_over_a_network(options: list[str], words: str) -> None:
    result = CliRunner().invoke(command, [*options, "--port", "0"])
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)


def test_it_says_what_it_exposes_and_logs_no_link(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        key = served.url.partition(f"{KEY}=")[2]
        assert len(key) > 40
        assert served.url.startswith("http://127.0.0.1:")
        assert httpx.get(served.origin).status_code == 403
        assert httpx.get(served.url, follow_redirects=False).status_code == 303
        assert httpx.get(served.url, follow_redirects=False).status_code == 403
        written = served.log.read_text(encoding="utf-8")
    assert "Whoever opens this link first" in written
    assert key not in written
