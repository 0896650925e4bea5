"""Tabs whose underline lies below the active one."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets import TabbedContent, Tabs


class Tabbed(TabbedContent):
    """`TabbedContent` that puts the underline right after every layout.

    Textual places it once, after the refresh that follows the choice of a tab. Where the layout comes later than that
    refresh, as on a busy machine, the tab has no size yet, and the underline stays at the left edge for good.
    """

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._underlined)

    def _underlined(self, _: Screen[Any]) -> None:
        tab = self.query_one(Tabs).active_tab
        underline: Any = self.query_one("Underline")
        if tab is None or self.app.animator.is_being_animated(underline, "highlight_end"):
            return
        start, end = tab.virtual_region.shrink(tab.styles.gutter).column_span
        if end > start:
            underline.highlight_start, underline.highlight_end = start, end
