"""The few windows that open over a page: a text to read, a question, a path to give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, DataTable, DirectoryTree, Input, Label, Markdown, Static

from screens.widgets.grown import Table

Wanted = Literal["there", "new", "either"]
"""Whether a file that is given has to be there, must not be, or may be: one to read, one to make, one to write over."""


class Window(Vertical):
    """The frame that all of them share."""

    DEFAULT_CSS = """
    Window {
        width: 76; max-width: 96%; height: auto; max-height: 94%; background: $surface; padding: 1 2;
        border: round $primary;
        & .title { text-style: bold; margin-bottom: 1; width: 1fr; }
        & .way { height: auto; margin-top: 1; align-horizontal: right; }
        & .way Button { margin-left: 2; }
    }
    """


class Reading(ModalScreen[None]):
    """A text in Markdown, to be read and closed."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,f1,f2,q,enter", "dismiss", "Close")]
    DEFAULT_CSS = """
    Reading {
        & Window { height: 90%; }
        & VerticalScroll { height: 1fr; }
        & Markdown { padding: 0; margin: 0; }
        & MarkdownH1 { margin: 0 0 1 0; padding: 0; content-align: left middle; }
        & .hint { margin-top: 1; }
    }
    """

    def __init__(self, text: str, *, markdown: bool = True) -> None:
        super().__init__()
        self._text = text
        self._markdown = markdown

    def compose(self) -> ComposeResult:
        with Window():
            with VerticalScroll():
                yield Markdown(self._text) if self._markdown else Static(self._text, markup=False)
            yield Label("Esc closes", classes="hint")


class Question(ModalScreen[str]):
    """A question with two or three answers; the last is the safe one and has the cursor.

    Args:
        title: What is asked.
        text: What there is to know before answering.
        choices: Id and words of each answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss('')", "Cancel"),
        ("left", "app.focus_previous"),
        ("right", "app.focus_next"),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(self._title, classes="title", markup=False)
            yield Static(self._text, markup=False)
            with Horizontal(classes="way"):
                for key, words in self._choices:
                    yield Button(
                        words, id=key, compact=True, variant="primary" if key == self._choices[-1][0] else "default"
                    )

    def on_mount(self) -> None:
        self.query(Button).last().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or "")


class FilePicker(ModalScreen[Path | None]):
    """A path to type, with the folder to look through below.

    Args:
        title: What the file is for.
        start: The folder to begin in.
        name: A name to begin with, for a file that is to be written.
        wanted: Which files are taken.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, start: Path, *, name: str = "", wanted: Wanted = "there") -> None:
        super().__init__()
        self._title = title
        self._start = start if start.is_dir() else Path.cwd()
        self._begin = name
        self._wanted = wanted

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(self._title, classes="title", markup=False)
            yield Input(
                str(self._start / self._begin) if self._begin else "", placeholder="path, or choose below", compact=True
            )
            yield Label("", id="wrong", classes="problem", markup=False)
            tree = DirectoryTree(self._start)
            tree.styles.height = 12
            yield tree
            yield Label("Enter chooses · Tab to the folder · Esc closes", classes="hint")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        path = path if path.is_absolute() else self._start / path
        if wrong := self._wrong(path) if event.value.strip() else "Type a path.":
            self.query_one("#wrong", Label).update(f"✗ {wrong}")
            return
        self.dismiss(path)

    def _wrong(self, path: Path) -> str:
        if self._wanted == "there" and not path.is_file():
            return f"There is no file {path}"
        if self._wanted == "new" and path.exists():
            return f"{path} is there already; type another name"
        return ""

    @on(DirectoryTree.FileSelected)
    def _chosen(self, event: DirectoryTree.FileSelected) -> None:
        if self._wanted == "there":
            self.dismiss(event.path)
        else:
            self.query_one(Input).value = str(event.path)


class Listing(ModalScreen[None]):
    """A table to look through, such as the users behind an error code."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "dismiss", "Close"), ("ctrl+y", "copy", "Copy")]

    def __init__(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
        super().__init__()
        self._title = title
        self._columns = columns
        self._rows = rows
        self._note = note

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(self._title, classes="title", markup=False)
            if self._note:
                yield Static(self._note, markup=False)
            table = Table(cursor_type="row")
            table.styles.max_height = max(4, min(14, self.app.size.height - 12))
            yield table
            yield Label("Ctrl+Y copies the row · Esc closes", classes="hint")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*self._columns)
        table.add_rows(self._rows)

    def action_copy(self) -> None:
        table = self.query_one(DataTable)
        if table.row_count:
            self.app.copy_to_clipboard("\t".join(map(str, table.get_row_at(table.cursor_row))))
            self.notify("Copied the row.")
