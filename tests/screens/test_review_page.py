"""The review: what the answers ask for and the plan leaves as it is stands on the page too."""

from __future__ import annotations

import pytest
from stage import NARROW, PAGES, WIDE, Rehearsal, go_on, opened, shows, until
from textual.widgets import Static

from wizard.practice.management.connections import add_connection


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_the_review_names_the_settings_that_a_connection_keeps(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    name = rehearsal.practice.suggested["connection"]["name"]
    add_connection(rehearsal.tenant, {"name": name, "strategy": "auth0", "options": {"requires_username": True}})
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        app.journey.suggested["connection"]["disable_signup"] = True
        for key in PAGES:
            await go_on(pilot, key)
        await shows(pilot, "Ctrl+Y")
        told = " ".join(str(app.screen.query_one("#sum", Static).content).split())
        assert "keeps its settings, though the answers say otherwise: disable_signup = true (there false)." in told


async def test_the_key_for_the_plan_sums_it_up_by_step(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for key in PAGES:
            await go_on(pilot, key)
        await shows(pilot, "Ctrl+Y")
        await until(pilot, lambda: app.screen._looked.is_set())  # type: ignore[attr-defined]
        await pilot.press("f2")
        shown = await shows(pilot, "· Connection: 1 change", "· Applications: 2 changes", "· Upload: 1 change")
        assert "Approving allows these 5 changes and no others" in shown
        assert shown.index("· Upload") < shown.index("plan ") < shown.index("Esc closes")
