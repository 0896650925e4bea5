"""While a tenant is slow to answer, a page says what is being looked for; no longer once that is known or cannot be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from stage import QUESTIONS, Rehearsal, go_on, opened, shows, until
from textual.widgets import Static

from screens.app import WizardApp


class Gate(httpx.AsyncBaseTransport):
    """Lets requests to one place of the tenant wait until it is opened, and refuses them then if it is told to."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.place = "nowhere"
        self.opened = asyncio.Event()
        self.refuses = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self.place:
            await self.opened.wait()
            if self.refuses:
                told = {
                    "statusCode": 403,
                    "error": "Forbidden",
                    "message": "Insufficient scope, expected any of: read:x",
                }
                return httpx.Response(403, json=told, request=request)
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("refuses", [False, True], ids=["found", "refused"])
@pytest.mark.parametrize(
    ("key", "place", "where", "words", "found"),
    [
        ("connection", "/api/v2/connections", "#existing", "Looking for database connections…", "no database connection"),
        ("applications", "/api/v2/clients", "#tally", "Looking for applications…", "5 applications in the tenant"),
    ],
)  # fmt: skip
async def test_a_slow_tenant_is_waited_for_in_words(
    tmp_path: Path, key: str, place: str, where: str, words: str, found: str, refuses: bool
) -> None:
    rehearsal = Rehearsal(tmp_path)
    gate = Gate(rehearsal.tenant.transport())
    app = WizardApp(
        runs=rehearsal.runs,
        practice=True,
        open_practice=rehearsal.open_practice,
        world=replace(rehearsal.world, transport=gate),
        base=tmp_path,
    )
    async with opened(app) as pilot:
        for before in QUESTIONS[: QUESTIONS.index(key)]:
            await go_on(pilot, before)
        gate.place, gate.refuses = place, refuses
        await go_on(pilot, key)
        await shows(pilot, words)
        gate.opened.set()
        told = app.screen.query_one(f"#{key} {where}", Static)
        await until(pilot, lambda: words not in str(told.content))
        if refuses:
            await shows(pilot, "✗ Auth0")
            assert not str(told.content)
        else:
            assert found in str(told.content)
    rehearsal.close()


async def test_a_filter_holds_when_the_applications_are_looked_for_again(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in QUESTIONS[: QUESTIONS.index("applications") + 1]:
            await go_on(pilot, key)
        await shows(pilot, "5 applications in the tenant")
        await pilot.press(*"shop")
        await shows(pilot, "1 of 5 applications listed")
        await pilot.press("escape")
        await go_on(pilot, "applications")
        await until(pilot, lambda: app.screen._looked.is_set())  # type: ignore[attr-defined]
        await shows(pilot, "1 of 5 applications listed")
