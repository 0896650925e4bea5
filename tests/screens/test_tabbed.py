"""Tabs are underlined below the one that is shown, however late the layout comes."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import Static, TabPane

from screens.widgets.tabbed import Tabbed


class Page(App[None]):
    def compose(self) -> ComposeResult:
        with Tabbed():
            for title in ("login", "get user"):
                with TabPane(title):
                    yield Static(title)


async def test_an_underline_that_was_placed_before_the_tab_had_a_size_is_put_right() -> None:
    app = Page()
    async with app.run_test() as pilot:
        await pilot.pause()
        underline: Any = app.query_one("Underline")
        right = (underline.highlight_start, underline.highlight_end)
        assert right[1] - right[0] >= len("login")
        underline.highlight_start = underline.highlight_end = 0
        app.screen.refresh(layout=True)
        await pilot.pause()
        assert (underline.highlight_start, underline.highlight_end) == right


async def test_another_tab_takes_the_underline_with_it() -> None:
    app = Page()
    async with app.run_test() as pilot:
        await pilot.pause()
        underline: Any = app.query_one("Underline")
        end = underline.highlight_end
        app.query_one("Tabs").focus()
        await pilot.press("right")
        for _ in range(40):
            await pilot.pause(0.05)
            if underline.highlight_start >= end:
                break
        assert underline.highlight_start >= end
