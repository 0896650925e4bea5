"""Lines to tick, by keys."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.content import Content

from screens.widgets.ticks import Row, Ticks


class Choice(App[None]):
    def compose(self) -> ComposeResult:
        words = ("bulk", "automatic", "two-phase")
        yield Ticks([Row(word, Content(word), word == "automatic") for word in words], single=True)


async def test_the_cursor_begins_on_the_line_that_is_chosen() -> None:
    app = Choice()
    async with app.run_test() as pilot:
        ticks = app.query_one(Ticks)
        ticks.focus()
        await pilot.press("down", "space")
        assert ticks.ticked == ["two-phase"]
