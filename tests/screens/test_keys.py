"""The line of keys: what is there fits, does what it says at a click, and works wherever the focus is."""

from __future__ import annotations

import pytest
from stage import NARROW, WIDE, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, until
from textual.widget import Widget

from screens.frame import REFRESH_SECONDS, SETTLES_WITHIN
from screens.steps.base import StepView
from screens.widgets.dialogs import Reading
from screens.widgets.gauge import words
from screens.widgets.keys import Keys
from screens.widgets.rail import Rail
from wizard.events import RateLimitSeen

KEYS = ("^n Next", "esc Back", "f1 Help", "f2 Plan", "f3 Steps", "^q Quit", "^p Menu")


def last_line(words: str) -> str:
    return words.splitlines()[-1]


@pytest.mark.parametrize("size", [(60, 24), NARROW, WIDE], ids=["60x24", "80x24", "120x40"])
async def test_keys_are_there_whole_or_not_at_all_and_those_that_lead_out_always(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        await shows(pilot, "^p Menu")
        shown = keys_in(frame(app))
        assert [key for key in KEYS if key in shown] == shown
        assert shown[-2:] == ["^q Quit", "^p Menu"]
        assert len(shown) == len(KEYS) or size[0] < 80


def keys_in(words: str) -> list[str]:
    parts = last_line(words).split()
    return [" ".join(pair) for pair in zip(parts[::2], parts[1::2], strict=True)]


async def test_a_page_with_keys_of_its_own_shows_them_all_and_how_to_get_help_and_out(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for key in ("source", "profile"):
            await go_on(pilot, key)
        found = set(keys_in(await shows(pilot, "f7 Unmask")))
        assert {"f6 User", "f7 Unmask", "f8 List", "^n Next", "esc Back", "f1 Help", "^q Quit", "^p Menu"} <= found
        app.screen.query_one("#origin").focus()
        found = set(keys_in(await shows(pilot, "esc Undo")))
        assert {"f6 User", "f7 Unmask", "f8 List", "^n Next", "f1 Help", "^q Quit", "^p Menu"} <= found


async def test_the_keys_of_a_page_are_there_and_work_also_from_the_list_of_steps(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for key in ("source", "profile"):
            await go_on(pilot, key)
        await shows(pilot, "User 1 of the sample", "f6 User")
        await pilot.press("f3")
        await until(pilot, lambda: app.screen.query_one(Rail).has_focus)
        await shows(pilot, "f6 User", "f7 Unmask")
        await pilot.press("f6")
        await shows(pilot, "User 2 of the sample")
        assert app.screen.query_one(Rail).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query_one(Rail).has_focus)
        assert page_is(app, "profile")
        await pilot.press("f3", "home", "enter")
        await until(pilot, lambda: page_is(app, "tenant"))
        assert "f6 User" not in await shows(pilot, "f2 Plan")


def test_the_gauge_says_what_it_is_and_leaves_the_keys_their_room() -> None:
    rate = RateLimitSeen("all", 50, 41.0, 2.0, 0)
    assert words(rate, 38, 0, width=160) == "rate limit ▇ 41/50 free · 38 requests sent"
    assert words(rate, 38, 3, width=120) == "rate limit ▇ 41/50 free · 3 × 429"
    assert words(rate, 38, 0, width=80) == "rate 41/50"
    assert words(rate, 38, 3, width=80) == "rate 41/50 3×429"
    assert words(None, 1, 0, width=160) == "1 request sent"
    assert words(None, 1, 0, width=80) == words(None, 0, 0) == ""


async def test_a_click_on_a_key_is_that_key(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        line = last_line(await shows(pilot, "f1 Help"))
        await pilot.click(Keys, offset=(line.index("f1 Help") + 4, 0))
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        await pilot.click(Keys, offset=(line.index("f1 Help") - 1, 0))
        await pilot.pause(0.3)
        assert page_is(app, "tenant")


async def test_the_keys_of_a_page_work_also_after_a_click_beside_everything(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await until(pilot, lambda: app.screen.focused is not None)
        await pilot.press("tab", "tab")
        await pilot.pause(0.5)
        had = app.screen.focused
        app.screen.set_focus(None)
        await until(pilot, lambda: app.screen.focused is not None)
        assert app.screen.focused is had
        assert had in list(app.screen.query("#tenant *"))


async def test_what_has_the_cursor_stays_in_sight_when_the_terminal_changes_its_size(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        await shows(pilot, "travels as")
        await at_rest(pilot)
        button = app.screen.query_one("#passwords #next")
        button.focus()
        await pilot.pause(3 * REFRESH_SECONDS)  # the page is as high as it will be, and the frame has seen the cursor
        button.scroll_visible(animate=False)
        await pilot.pause(3 * REFRESH_SECONDS)
        for size in (NARROW, (60, 18), WIDE):
            await pilot.resize_terminal(*size)
            await pilot.pause(SETTLES_WITHIN * REFRESH_SECONDS)
            await until(pilot, lambda: in_sight(button))


async def test_a_page_that_shows_its_beginning_still_does_in_another_size(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        await shows(pilot, "travels as")
        await at_rest(pilot)
        await pilot.resize_terminal(60, 18)
        await at_rest(pilot)
        assert app.screen.query_one("#passwords").scroll_offset.y == 0


def in_sight(widget: Widget) -> bool:
    """Whether all of the widget is on the screen."""
    page = next(one for one in widget.ancestors if isinstance(one, StepView))
    return page.content_region.contains_region(widget.region)
