"""What a store or a tenant calls things cannot steer the terminal that the wizard is drawn on."""

from __future__ import annotations

from stage import NARROW, Rehearsal, at_rest, frame, opened, until
from textual.containers import Vertical
from textual.widgets import DataTable, Label, OptionList, Select

HOSTILE = "na\x1b]0;pwned\x07me\x9b31m\u202eevil\x7f"
SHOWN = "na]0;pwnedme31mevil"


async def test_no_widget_passes_on_what_a_terminal_would_obey(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        table: DataTable[str] = DataTable()
        table.add_column(HOSTILE)
        table.add_row(HOSTILE)
        widgets = [Label(f"{HOSTILE}|"), table, OptionList(HOSTILE), Select([(HOSTILE, 1)], value=1)]
        await app.screen.mount(shown := Vertical(*widgets))
        shown.styles.dock = "top"
        await at_rest(pilot)
        await until(pilot, lambda: frame(app).count(SHOWN) >= 5)
        assert f"{SHOWN}|" in frame(app), "what follows stays in its place"
        assert all(character.isprintable() or character == "\n" for character in frame(app))
