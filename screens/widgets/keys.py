"""The keys of the page, in one line at the bottom; each can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

ALWAYS = ("leave", "quit", "command_palette")
"""Actions whose keys are there however little room there is: how to get out, and where all the others are."""

FIRST_WHERE_TIGHT = "rail"
"""Goes before other keys where the steps are not in sight."""

GAPS = (2, 1)
"""Columns between two keys: the first with which all of them fit, or the last."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is shown.

    Args:
        name: As it is pressed: `ctrl+n`.
        sign: As it is written: `^n`.
        does: What for, in a word.
        always: Whether others make room for it.
    """

    name: str
    sign: str
    does: str
    always: bool = False

    @property
    def width(self) -> int:
        """Cells that it takes."""
        return len(self.sign) + 1 + len(self.does)


class Keys(Widget):
    """The keys that do something now; those for which there is no room are in the menu. Quit and the menu always have room.

    One widget that paints a line, where Textual's Footer is made anew, key by key, whenever the focus moves: that takes longer
    than everything else a Tab leads to.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Keys { height: 1; width: 1fr; padding: 0 1; background: $footer-background; color: $footer-foreground; }
    Keys.-alone { dock: bottom; }
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._keys: Sequence[Key] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self.draw()

    def _changed(self, screen: Screen[object]) -> None:
        if self.app.app_focus:  # a terminal in the background has no focus, and keeps its keys
            self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Look which keys do something, and paint them where that has changed."""
        if not self.is_attached or self.screen is not self.app.screen:
            return
        shown: dict[str, Key] = {}
        always = (*ALWAYS, FIRST_WHERE_TIGHT) if self.screen.has_class("-tight") else ALWAYS
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            instead = self.app.is_web and binding.key.startswith("f")  # a browser keeps keys such as Ctrl+N
            if binding.show and enabled and (instead or binding.action not in shown):
                sign = self.app.get_key_display(binding)
                shown[binding.action] = Key(binding.key, sign, binding.description, binding.action in always)
        keys = tuple(shown.values())
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _fitting(self) -> Sequence[tuple[int, Key]]:
        """The keys for which there is room, each with the column where it begins; others make room for those that stay."""
        room = self.content_size.width
        gap = next((gap for gap in GAPS if _width(self._keys, gap) <= room), GAPS[-1])
        shown = list(self._keys)
        while _width(shown, gap) > room and (spare := [key for key in shown if not key.always]):
            shown.remove(spare[-1])
        found, at = [], 0
        for key in shown:
            found.append((at, key))
            at += key.width + gap
        return found

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        end = 0
        for at, key in self._fitting():
            parts += [" " * (at - end), (key.sign, "bold $footer-key-foreground"), f" {key.does}"]
            end = at + key.width
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        where = event.get_content_offset(self)
        for at, key in self._fitting():
            if where is not None and at <= where.x < at + key.width:
                event.stop()
                self.app.simulate_key(key.name)


def _width(keys: Sequence[Key], gap: int) -> int:
    """Columns that they take side by side."""
    return sum(key.width + gap for key in keys) - gap
