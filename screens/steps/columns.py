"""The columns of the legacy store to choose from, each with what it feeds and a value of the sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Label

from screens.masking import masked
from screens.widgets.dialogs import Window
from screens.widgets.draw import cut
from screens.widgets.grown import Table
from wizard.legacy.source import Record
from wizard.mapping.names import is_secret

ROOM = (24, 22, 18)
"""Columns of the screen for name, sample and what it feeds."""

AROUND = 13
"""Lines of the window that are not for the list."""


@dataclass(frozen=True)
class Column:
    """A column as it is offered; `feeds` are the fields that it is used in."""

    name: str
    sample: str
    feeds: str


def columns_of(
    names: Sequence[str],
    records: Sequence[Record],
    feeds: Callable[[str], Sequence[str]],
    *,
    password: str,
    unmasked: bool,
) -> Sequence[Column]:
    """Every column, with the first value in it that is not empty; of passwords, hashes and salts no value is shown."""
    found = []
    for place, name in enumerate(names):
        values = (record.values[place] for record in records if record.bad is None and place < len(record.values))
        value = (
            "" if name == password or is_secret(name) else next((one for one in values if one not in (None, "")), "")
        )
        used = "password" if name == password else ", ".join(feeds(name))
        found.append(Column(name, str(value if unmasked else masked(value)), used))
    return found


class ColumnPicker(ModalScreen[str]):
    """Answers the name that is chosen, "" for none; what is typed narrows the list.

    Args:
        field: What the column is to feed.
        columns: Those that there are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f8", "dismiss('')", "Cancel"),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
    ]

    def __init__(self, field: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self._field = field
        self._columns = columns
        self._shown: Sequence[Column] = columns

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(f"Which column feeds {self._field}?", classes="title", markup=False)
            yield Input(placeholder="type to narrow the list", id="narrow", compact=True)
            table = Table(cursor_type="row", id="columns")
            table.can_focus = False  # the cursor stays where a name can be typed; up and down move in the list
            table.styles.max_height = max(4, min(16, self.app.size.height - AROUND))
            yield table
            yield Label("↑ ↓ and Enter choose · Esc closes", classes="hint")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for words, width in zip(("column", "sample", "feeds"), ROOM, strict=True):
            table.add_column(words, width=width)
        self._fill("")
        self.query_one(Input).focus()

    def _fill(self, words: str) -> None:
        table = self.query_one(DataTable)
        table.clear()
        self._shown = [one for one in self._columns if words in one.name.lower()]
        for one in self._shown:
            table.add_row(
                *(cut(cell, room) for cell, room in zip((one.name, one.sample, one.feeds), ROOM, strict=True))
            )

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value.strip().lower())

    @on(Input.Submitted)
    def _chosen(self, event: Input.Submitted) -> None:
        event.stop()
        row = self.query_one(DataTable).cursor_row
        if row < len(self._shown):
            self.dismiss(self._shown[row].name)

    @on(DataTable.RowSelected)
    def _clicked(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.dismiss(self._shown[event.cursor_row].name)

    def action_move(self, rows: int) -> None:
        table = self.query_one(DataTable)
        table.move_cursor(row=min(max(table.cursor_row + rows, 0), max(0, table.row_count - 1)))
