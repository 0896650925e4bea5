"""A terminal with little room: the steps make way for the page, and where no page fits a note says so, until one does."""

from __future__ import annotations

import pytest
from stage import Rehearsal, frame, go_on, opened, page_is, until
from textual.pilot import Pilot
from textual.widgets import Input

from screens.app import WizardApp
from screens.widgets.rail import Rail

TOO_SMALL = "too small"


def is_shown(app: WizardApp, words: str) -> bool:
    return words in " ".join(frame(app).split())


async def resize(pilot: Pilot[None], width: int, height: int) -> None:
    await pilot.resize_terminal(width, height)
    await pilot.pause()


@pytest.mark.parametrize("width", [71, 56, 50, 40])
async def test_the_page_has_all_the_columns_and_the_steps_come_when_asked_for(rehearsal: Rehearsal, width: int) -> None:
    app = rehearsal.app()
    async with opened(app, (width, 24)) as pilot:
        assert app.screen.query_one("#pages").size.width == width
        assert not is_shown(app, "Legacy store")
        assert "f3 Steps" in frame(app).splitlines()[-1]
        await pilot.press("f3")
        await until(pilot, lambda: is_shown(app, "Legacy store to do"))
        assert app.screen.query_one(Rail).has_focus
        assert app.screen.query_one("#pages").size.width == width, "the page stays as it is below them"
        await pilot.press("escape")
        await until(pilot, lambda: not is_shown(app, "Legacy store"))
        assert app.focused is app.screen.query_one("#tenant #field-domain Input")
        await go_on(pilot, "source")
        await pilot.press("f3")
        await until(pilot, lambda: is_shown(app, "Profile to do"))
        await pilot.press("up", "enter")
        await until(pilot, lambda: page_is(app, "tenant") and not is_shown(app, "Profile to do"))


async def test_with_more_room_the_steps_stand_beside_the_page_again(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, (60, 24)) as pilot:
        await resize(pilot, 80, 24)
        await until(pilot, lambda: is_shown(app, "Legacy store to do"))
        assert app.screen.query_one("#pages").size.width == 80 - 27
        await resize(pilot, 60, 24)
        await until(pilot, lambda: not is_shown(app, "Legacy store"))


async def test_the_names_of_fields_stand_above_them_where_beside_them_is_no_room(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, (44, 24)) as pilot:
        domain = app.screen.query_one("#tenant #field-domain Input", Input)
        assert domain.region.width > 36
        await resize(pilot, 60, 24)
        await until(pilot, lambda: domain.region.x > 18)


@pytest.mark.parametrize("size", [(39, 24), (80, 11), (12, 3)])
async def test_a_terminal_too_small_for_any_page_says_so_and_takes_no_keys(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.notify("told before")
        await resize(pilot, *size)
        await until(pilot, lambda: is_shown(app, TOO_SMALL))
        assert not is_shown(app, "Domain")
        assert not is_shown(app, "told before")
        domain = app.screen.query_one("#tenant #field-domain Input", Input)
        before, stack = domain.value, len(app.screen_stack)
        await pilot.press("x", "f1", "ctrl+n", "ctrl+p")
        await pilot.pause()
        assert len(app.screen_stack) == stack
        await resize(pilot, 40, 12)
        await until(pilot, lambda: not is_shown(app, TOO_SMALL) and page_is(app, "tenant"))
        assert domain.value == before
        await go_on(pilot, "source")


async def test_what_opens_meanwhile_is_covered_too_and_in_sight_afterwards(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await resize(pilot, 30, 5)
        await until(pilot, lambda: is_shown(app, TOO_SMALL))
        app.work.phase = "running"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: len(app.screen_stack) == 3)
        await until(pilot, lambda: is_shown(app, TOO_SMALL) and not is_shown(app, "Stay"))
        await resize(pilot, 80, 24)
        await until(pilot, lambda: is_shown(app, "Stop and quit"))
        await pilot.press("enter")
        await until(pilot, lambda: page_is(app, "tenant"))
        app.work.phase = "idle"
