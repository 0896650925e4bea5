"""The rail: every step of the journey in its group, each with a sign and a word for where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets.option_list import Option

from screens.guide import GROUPS, Journey, State, Stop
from screens.widgets.draw import cut
from screens.widgets.grown import Choices

STYLES = {
    State.TO_DO: "$foreground-muted",
    State.HERE: "bold $text-accent",
    State.ANSWERED: "$text-primary",
    State.DONE: "$text-success",
    State.ATTENTION: "bold $text-warning",
    State.WAITING: "$text-warning",
    State.FAILED: "bold $text-error",
}
TITLE_WIDTH = 12
"""Columns of a title; one that is longer moves its word."""

ROW_WIDTH = 25
"""Columns of a row beside a scroll bar: where title and word do not fit, the title makes room, never the word."""


class Rail(Choices):
    """A list that can be moved through with the arrows; Enter goes to a step that may be gone to."""

    DEFAULT_CSS = """
    Rail {
        width: 28; height: 1fr; border: none; padding: 1 1 0 1; background: $surface; scrollbar-size-vertical: 1;
        &:focus { background: $panel; }
        & > .option-list--option-disabled { color: $text-muted; text-style: none; }
        & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="rail")
        self._drawn: dict[str, tuple[str, bool]] = {}

    def draw(self, journey: Journey) -> None:
        """Show where every step stands; only rows that changed are drawn again."""
        stops = journey.stops
        now = {stop.key: (journey.state(stop.key).name, journey.may_go_to(stop.key)) for stop in stops}
        if now.keys() != self._drawn.keys():
            self._fill(stops, journey)
        else:
            for stop in stops:
                if now[stop.key] != self._drawn[stop.key]:
                    self.replace_option_prompt(stop.key, row(stop, journey))
        self._drawn = now
        if not self.has_focus:
            self.highlighted = self.get_option_index(journey.here)

    def _fill(self, stops: Sequence[Stop], journey: Journey) -> None:
        self.clear_options()
        for group in GROUPS:
            inside = [stop for stop in stops if stop.group == group]
            if inside:
                self.add_option(Option(Content.styled(group.upper(), "bold $foreground-muted"), disabled=True))
            for stop in inside:
                self.add_option(Option(row(stop, journey), id=stop.key))


def row(stop: Stop, journey: Journey) -> Content:
    """One row: sign, title, word."""
    state = journey.state(stop.key)
    title = cut(stop.title, ROW_WIDTH - len("▸ ") - len(f" {state.word}")).ljust(TITLE_WIDTH)
    style = STYLES[state]
    shown = "" if state in (State.TO_DO, State.ANSWERED, State.DONE) else style
    faint = "$foreground-muted" if not journey.may_go_to(stop.key) else shown
    return Content.assemble((f"{state.sign} ", style), (title, faint), (f" {state.word}", style))
