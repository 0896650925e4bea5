"""Tables tell words as they are."""

from __future__ import annotations

from textual.app import App, ComposeResult

from screens.widgets.grown import Table

WORDS = 'set skip = ["deleted"] in [prepare]'
HEAD = "addr[street]"


class Alone(App[None]):
    """A table and nothing else."""

    def compose(self) -> ComposeResult:
        yield Table()


async def test_brackets_in_a_table_are_words() -> None:
    app = Alone()
    async with app.run_test() as pilot:
        table = app.query_one(Table)
        table.add_column(HEAD)
        table.add_columns("a[/b]", (WORDS, "key"))
        table.add_rows([[WORDS, "", ""]])
        await pilot.pause()
        lines = ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]
        assert any(WORDS in line for line in lines)
        assert str(table.get_row_at(0)[0]) == WORDS
        assert [str(column.label) for column in table.columns.values()] == [HEAD, "a[/b]", WORDS]
        assert any(HEAD in line and "a[/b]" in line for line in lines)
