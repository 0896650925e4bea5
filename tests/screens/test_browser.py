"""The wizard in a real Chromium: opened by its link, drawn, driven by keys, closed to a second browser."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pyte
import pytest
from playwright.async_api import Browser, Page, WebSocket, async_playwright
from served import serving

PATIENCE = 60.0
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture
def chromium() -> str:
    """Where Chromium is; skips where there is none, unless everything must be tested."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"):
        pytest.fail("not installed: chromium (package chromium)")
    if found is None:
        pytest.skip("not installed: chromium (package chromium)")
    return found


class Terminal:
    """What the browser's terminal was sent, as the text it shows."""

    def __init__(self, page: Page) -> None:
        self._screen = pyte.Screen(240, 80)
        self._stream = pyte.ByteStream(self._screen)
        self.sockets = 0
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        self.sockets += 1
        socket.on("framereceived", self._take)

    def _take(self, payload: bytes | str) -> None:
        if isinstance(payload, bytes):
            self._stream.feed(payload)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def shows(self, words: str) -> None:
        await until(lambda: words in self.text, lambda: self.text)


async def until(happened: Callable[[], bool], told: Callable[[], str]) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not happened():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(told())
        await asyncio.sleep(0.1)


@asynccontextmanager
async def browsing(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        try:
            yield browser
        finally:
            await browser.close()


async def test_the_link_opens_the_wizard_in_one_browser_and_keys_drive_it(chromium: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--practice") as served:
        async with browsing(chromium) as browser:
            context = await browser.new_context(viewport={"width": 1280, "height": 800})
            page = await context.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            terminal = Terminal(page)
            await page.goto(served.url)
            await terminal.shows("PRACTICE")
            await terminal.shows("f1 Help")
            assert "access_token" not in page.url
            await page.keyboard.press("F4")
            await terminal.shows("500 customers in a CSV file")
            await page.wait_for_selector("body.-first-byte")
            assert await page.locator("#terminal canvas").count()
            assert all(url.startswith((served.origin, "data:")) for url in asked), asked

            other = await browser.new_context()
            second = await other.new_page()
            refused = await second.goto(served.url)
            assert refused is not None
            assert refused.status == 403
            assert "one browser only" in await second.inner_text("body")


async def test_closing_the_page_ends_its_wizard_and_opening_it_again_finds_what_was_begun(
    chromium: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--practice") as served:
        async with browsing(chromium) as browser:
            context = await browser.new_context(viewport={"width": 1280, "height": 800})
            page = await context.new_page()
            terminal = Terminal(page)
            await page.goto(served.url)
            await terminal.shows("PRACTICE")
            await page.keyboard.press("F4")
            await terminal.shows("500 customers in a CSV file")
            await page.keyboard.press("Control+q")
            await page.wait_for_selector("body.-closed")
            assert await page.locator("#ended").is_visible()
            again = await context.new_page()
            terminal = Terminal(again)
            await again.goto(served.origin)
            await terminal.shows("PRACTICE")
