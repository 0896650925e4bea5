"""The few windows that open over a page: a text to read, a question, a path to give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, DataTable, DirectoryTree, Input, Label, Markdown, Static

from screens.widgets.draw import cut
from screens.widgets.grown import Table
from screens.widgets.hanging import Hanging
from screens.widgets.path_input import PathInput
from wizard.errors import WizardError
from wizard.located import located

PLACE = 66
"""Columns for the folder that is shown."""

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
        &.-plain Window { height: auto; }
        &.-plain VerticalScroll { height: auto; max-height: 64vh; }
        & Markdown { padding: 0; margin: 0; }
        & MarkdownH1 { margin: 0 0 1 0; padding: 0; content-align: left middle; }
        & .hint { margin-top: 1; }
    }
    """

    def __init__(self, text: str, *, markdown: bool = True) -> None:
        super().__init__(classes="" if markdown else "-plain")  # whose height is known before it is drawn
        self._text = text
        self._markdown = markdown

    def compose(self) -> ComposeResult:
        with Window():
            with VerticalScroll():
                yield Markdown(self._text) if self._markdown else Hanging(self._text, markup=False)
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
            yield Hanging(self._text, markup=False)
            with Horizontal(classes="way"):
                for key, words in self._choices:
                    yield Button(
                        words, id=key, compact=True, variant="primary" if key == self._choices[-1][0] else "default"
                    )

    def on_mount(self) -> None:
        self.query(Button).last().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or "")


def is_folder(path: Path) -> bool:
    """Whether it is a folder; one that nobody may look at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


class Folder(DirectoryTree):
    """What is in a folder: other folders, and files of the kinds that fit; or everything.

    Args:
        kinds: How the names of files that fit end; empty for all files.
    """

    def __init__(self, folder: Path, kinds: Sequence[str]) -> None:
        super().__init__(folder)
        self._kinds = tuple(kinds)
        self.shows_all = not kinds

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if self.shows_all or self._fits(path)]

    def _fits(self, path: Path) -> bool:
        if path.name.startswith("."):
            return False
        return path.name.lower().endswith(self._kinds) or is_folder(path)


class FilePicker(ModalScreen[Path | None]):
    """A path to type, with the folder to look through below.

    Args:
        title: What the file is for.
        start: The folder to begin in.
        name: A name to begin with, for a file that is to be written.
        wanted: Which files are taken.
        kinds: How the names of the files that are shown first end; empty for all files.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("f4", "up", "Folder above"),
        Binding("f5", "all", "All files"),
    ]

    def __init__(
        self, title: str, start: Path, *, name: str = "", wanted: Wanted = "there", kinds: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._title = title
        self._folder = (start if start.is_dir() else Path.cwd()).absolute()
        self._name = name
        self._wanted = wanted
        self._kinds = kinds

    def compose(self) -> ComposeResult:
        with Window():
            yield Label(self._title, classes="title", markup=False)
            yield PathInput(self._suggestion, placeholder="path, or choose below", compact=True)
            yield Label("", id="wrong", classes="problem", markup=False)
            yield Label(self._place, id="place", classes="hint", markup=False)
            tree = Folder(self._folder, self._kinds)
            tree.styles.height = 11
            yield tree
            all_files = "F5 all files · " if self._kinds else ""
            yield Label(f"Enter chooses · Tab to the folder · F4 up · {all_files}Esc closes", classes="hint")

    @property
    def _suggestion(self) -> str:
        """The path to begin with, of a file that is to be written."""
        return str(self._folder / self._name) if self._name else ""

    @property
    def _place(self) -> str:
        """The folder that is shown, in one line."""
        return cut(str(self._folder), PLACE, end=False)

    def action_up(self) -> None:
        """Show the folder above."""
        self._show(self._folder.parent)

    def action_all(self) -> None:
        """Show all files, or only those that fit."""
        tree = self.query_one(Folder)
        tree.shows_all = not (tree.shows_all and self._kinds)
        tree.reload()

    def _show(self, folder: Path) -> None:
        """Show another folder; a file that is to be written is suggested there."""
        self._folder = folder
        self.query_one(Input).value = self._suggestion
        self.query_one("#place", Label).update(self._place)
        self.query_one(Folder).path = folder

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        try:
            path = located(typed, self._folder)
            if typed and is_folder(path):
                self._show(path.resolve())
                return
            wrong = self._wrong(path) if typed else "Type a path."
        except WizardError as error:
            wrong = error.what
        except OSError as error:
            wrong = f"{typed} cannot be looked at: {error.strerror}"
        if wrong:
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
