"""Generated code to read: highlighted, never wrapped, and as a window of its own where the page is small."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.highlight import highlight
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from screens.widgets.dialogs import Window


class Code(ScrollableContainer, can_focus=True):
    """A text that scrolls both ways with the arrow keys."""

    DEFAULT_CSS = """
    Code {
        height: 1fr; background: $surface; padding: 0 1; scrollbar-size: 1 1;
        &:focus { background: $panel; }
        & Static { width: auto; height: auto; text-wrap: nowrap; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("")

    def show(self, words: Content) -> None:
        self.query_one(Static).update(words)
        self.scroll_home(animate=False)


class CodeWindow(ModalScreen[None]):
    """One text over the whole screen.

    Args:
        title: What it is.
        words: As it is shown.
        copied: What is copied.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,f6", "dismiss", "Close"), ("ctrl+y", "copy", "Copy")]
    DEFAULT_CSS = """
    CodeWindow {
        & Window { width: 96%; height: 94%; padding: 0 1; }
    }
    """

    def __init__(self, title: str, words: Content, copied: str) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._copied = copied

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(self._title, classes="title", markup=False)
            yield Code()
            yield Label("Arrows scroll · Ctrl+Y copies all · Esc closes", classes="hint")

    def on_mount(self) -> None:
        code = self.query_one(Code)
        code.show(self._words)
        code.focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._copied)
        self.notify("Copied.")


def javascript(text: str) -> Content:
    """A script, highlighted."""
    return highlight(text, language="javascript")


def difference(diff: str) -> Content:
    """A unified diff; its signs say what its colours do."""
    styles = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}
    parts = [(f"{line}\n", styles.get(line[:1], "")) for line in diff.splitlines()]
    return Content.assemble(*parts)
