"""Leaving asks first where something is under way or would be lost, whichever key it was; nothing starts by accident."""

from __future__ import annotations

from stage import NARROW, Rehearsal, frame, go_on, opened, page_is, shows, until
from textual.widgets import Input


async def test_ctrl_q_asks_while_a_run_is_under_way_and_staying_is_the_default(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.work.phase = "running"
        await pilot.press("ctrl+q")
        await shows(pilot, "Stop and quit")
        await pilot.press("enter")
        await until(pilot, lambda: "Stop and quit" not in frame(app))
        assert app.is_running
        app.work.phase = "idle"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_escape_on_the_first_page_is_back_to_the_start_and_asks_when_something_was_typed(
    rehearsal: Rehearsal,
) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("n")
        await shows(pilot, "Client ID")
        await pilot.press("escape")
        await shows(pilot, "New migration")
        await pilot.press("n")
        await shows(pilot, "Client ID")
        await until(pilot, lambda: page_is(app, "tenant"))
        app.screen.query_one("#tenant #field-domain Input", Input).value = "acme.eu.auth0.com"
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")
        await pilot.press("enter")  # the safe answer
        await until(pilot, lambda: page_is(app, "tenant"))
        assert app.screen.query_one("#tenant #field-domain Input", Input).value == "acme.eu.auth0.com"
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")
        await pilot.press("left", "enter")
        await shows(pilot, "New migration")


async def test_an_answer_that_was_spoilt_is_asked_about_too(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        app.screen.query_one("#tenant #field-client_id Input", Input).value = ""
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")


async def test_enter_on_the_review_starts_nothing(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile", "passwords", "strategy", "connection", "applications", "prepare", "upload"):
            await go_on(pilot, key)
        for key in ("verify", "review"):
            await go_on(pilot, key)
        await shows(pilot, "Nothing has been changed yet")
        await pilot.press("down", "enter", "enter")
        await pilot.pause(0.5)
        assert page_is(app, "review")
        assert app.work.run is None
