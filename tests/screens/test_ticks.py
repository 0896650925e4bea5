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


WHY = "a field is neither of the words for true nor for false, whatever it was meant to say"


class Told(App[None]):
    def compose(self) -> ComposeResult:
        yield Ticks([Row("code", Content("     1  boolean_invalid"), below=WHY, moved_in=12)])


async def test_what_stands_below_a_line_goes_on_below_its_first_word_in_every_width() -> None:
    app = Told()
    async with app.run_test(size=(50, 12)) as pilot:
        for width in (50, 31, 80):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            first, *below = [line for strip in strips if (line := "".join(part.text for part in strip).rstrip())]
            assert first == "[ ]      1  boolean_invalid"
            assert len(below) > 1, below
            assert all(line.startswith(" " * 12) and line[12] != " " for line in below), below
            assert " ".join(line.strip() for line in below) == WHY
