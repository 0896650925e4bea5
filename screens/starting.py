"""What is shown while the practice tenant starts: nothing to do, and no key of it is for the page that comes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Label

from screens.widgets.keys import Keys


class Starting(Screen[None]):
    """Some words in the place of the list that the practice was chosen from."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "leave", "Quit", priority=True)]
    DEFAULT_CSS = """
    Starting {
        align-horizontal: center;
        & #now { text-style: bold; width: 1fr; }
        & #meanwhile { color: $text-muted; width: 1fr; }
    }
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="start"):
            yield Label("Auth0 Migration Wizard", id="name")
            yield Label("Move a legacy store's users into Auth0: no password reset, nobody lost.", id="tagline")
            yield Label("Starting the practice tenant…", id="now")
            yield Label(
                "Its users are being invented, and it is served on this computer. That takes some seconds; the first "
                "page then opens by itself. Keys pressed until then do nothing.",
                id="meanwhile",
            )
        yield Keys(classes="-alone")

    async def action_leave(self) -> None:
        await self.app.action_quit()
