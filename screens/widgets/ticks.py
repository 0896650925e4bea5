"""Ticks that read without colour: `[x]` and `[ ]` for several, `(•)` and `( )` for one of several, yes or no for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.widgets.draw import lines_of
from screens.widgets.grown import Choices

LEAST = 12
"""Columns that the words below a line have in the narrowest list."""


@dataclass(frozen=True)
class Row:
    """One line to tick; one that may not be chosen is shown and passed over.

    Args:
        below: What there is to know about it, in lines of their own.
        moved_in: Columns by which each of those is moved in.
    """

    key: str
    words: Content
    ticked: bool = False
    open: bool = True
    below: str = ""
    moved_in: int = 4


class Ticks(Choices):
    """A list to tick with Space or Enter.

    Args:
        single: Exactly one is ticked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", "Tick", show=False)]
    DEFAULT_CSS = """
    Ticks { height: auto; border: none; padding: 0; background: transparent; }
    """

    class Changed(Message):
        """The operator ticked or unticked a line."""

        def __init__(self, ticks: Ticks) -> None:
            super().__init__()
            self.ticks = ticks

        @property
        def control(self) -> Ticks:
            return self.ticks

    def __init__(self, rows: Sequence[Row] = (), *, single: bool = False, **named: Any) -> None:
        super().__init__(compact=True, **named)
        self._single = single
        self._rows: dict[str, Row] = {}
        self._width = 0
        self.fill(rows)

    def fill(self, rows: Sequence[Row]) -> None:
        """Show these lines instead."""
        self._rows = {row.key: row for row in rows}
        self.clear_options()
        self.add_options(Option(self._drawn(row), row.key, disabled=not row.open) for row in rows)
        chosen = [index for index, row in enumerate(rows) if row.ticked]
        if self._single and chosen:
            self.highlighted = chosen[0]  # or the first Down would only show where the cursor is

    def _drawn(self, row: Row) -> Content:
        on, off = ("(•) ", "( ) ") if self._single else ("[x] ", "[ ] ")
        style = "bold $text-accent" if row.ticked else "$foreground-muted"
        room = max(LEAST, self._width - row.moved_in)
        below = lines_of(row.below, room) if row.below else ()
        told = [(f"\n{' ' * row.moved_in}{line}", "$foreground-muted") for line in below]
        return Content.assemble((on if row.ticked else off, style), row.words, *told)

    def on_resize(self) -> None:
        """Break what stands below a line anew; there is always room for a scroll bar."""
        around = self.get_component_styles("option-list--option").padding.width + self.styles.scrollbar_size_vertical
        width = self.outer_size.width - self.gutter.width - around
        if width != self._width:
            self._width = width
            for key, row in self._rows.items():
                if row.below:
                    self.replace_option_prompt(key, self._drawn(row))

    @property
    def rows(self) -> Sequence[Row]:
        return list(self._rows.values())

    @property
    def ticked(self) -> Sequence[str]:
        """Keys of the ticked lines, in the order of the list."""
        return [row.key for row in self._rows.values() if row.ticked]

    def tick(self, key: str, ticked: bool) -> None:
        """Tick or untick a line."""
        self._put(key, replace(self._rows[key], ticked=ticked))

    def say(self, key: str, words: Content | None = None, *, below: str = "") -> None:
        """Change the words of a line, or those below it."""
        row = self._rows[key]
        self._put(key, replace(row, words=words or row.words, below=below or row.below))

    def _put(self, key: str, row: Row) -> None:
        self._rows[key] = row
        self.replace_option_prompt(key, self._drawn(self._rows[key]))

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        key = event.option.id or ""
        if self._single:
            for other in self.ticked:
                self.tick(other, False)
        self.tick(key, self._single or not self._rows[key].ticked)
        self.post_message(self.Changed(self))


class YesNo(Widget, can_focus=True):
    """A yes or a no; Space, Enter or a click changes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "change", "Change", show=False)]
    DEFAULT_CSS = """
    YesNo { height: 1; width: auto; min-width: 9; padding: 0 1; background: $surface; &:focus { background: $panel; text-style: bold; } }
    """
    value: reactive[bool] = reactive(False)

    class Changed(Message):
        """The value is another one."""

    def __init__(self, value: bool, **named: Any) -> None:
        super().__init__(**named)
        self.set_reactive(YesNo.value, value)

    def render(self) -> Content:
        return Content.assemble(("[x] ", "bold $text-accent"), "yes") if self.value else Content("[ ] no")

    def action_change(self) -> None:
        self.value = not self.value

    def on_click(self) -> None:
        self.action_change()

    def watch_value(self) -> None:
        self.post_message(self.Changed())
