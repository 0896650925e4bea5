"""Lists and tables that take the height of what is put into them, also on a busy machine.

Textual (8.2) keeps the box of a widget until its next request for a layout, and takes several requests before its turn comes
as one. A layout of the page in between finds the box of before, and would go on finding it: a table of ten rows stays as
high as an empty one. These ask once more when their contents have been measured. A text, for its part, looks its width up in
the layout of before; here it takes the one it was given last.
"""

from __future__ import annotations

from typing import Any, TypeVar

from rich.text import Text as Words
from textual.widget import Widget
from textual.widgets import DataTable, OptionList, TextArea, Tree
from textual.widgets.data_table import ColumnKey, RowKey

Kept = TypeVar("Kept")


class _Grown(Widget):
    def watch_virtual_size(self) -> None:
        self.call_after_refresh(self.refresh, layout=True)


def _as_it_is(cell: Any) -> Any:
    return Words(cell) if isinstance(cell, str) else cell


class Table(DataTable[Any], _Grown):
    """A table of words, told as they are: `[prepare]` in them is no markup, nor is `[street]` in the name of a column."""

    def add_column(self, label: Any, **named: Any) -> ColumnKey:
        return super().add_column(_as_it_is(label), **named)

    def add_row(self, *cells: Any, **named: Any) -> RowKey:
        return super().add_row(*map(_as_it_is, cells), **named)

    def update_cell(self, row_key: RowKey | str, column_key: ColumnKey | str, value: Any, **named: Any) -> None:
        super().update_cell(row_key, column_key, _as_it_is(value), **named)

    def watch_virtual_size(self) -> None:
        super().watch_virtual_size()
        self.call_after_refresh(self.notify_style_update)  # its head may have been painted with the widths of before


class Branches(Tree[Kept], _Grown):
    """A tree whose lines keep something."""


class Choices(OptionList, _Grown):
    """A list to choose from."""


class Text(TextArea, _Grown):
    """A text of several lines, broken at its width."""

    @property
    def wrap_width(self) -> int:
        """Columns for the words; 0 while there are none."""
        around = self.styles.gutter.width + self.scrollbar_gutter.width + self.gutter_width
        return max(0, self.outer_size.width - around - 1) if self.soft_wrap else 0
