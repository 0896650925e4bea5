"""The window that a file is chosen in: files that fit first, the folder above a key away."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from stage import until
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Label

from screens.widgets.dialogs import FilePicker, Folder, Wanted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`shop/exports` with a file of users, one of something else, and a folder."""
    made = tmp_path / "shop" / "exports"
    (made / "older").mkdir(parents=True)
    (made / ".git").mkdir()
    for path in (made / "users.csv", made / "notes.md", made.parent / "members.CSV"):
        path.write_text("id\n", encoding="utf-8")
    return made


class Window(App[None]):
    """Nothing but the window, and what came of it."""

    def __init__(self, picker: FilePicker) -> None:
        super().__init__()
        self.picker = picker
        self.chosen: Path | None = None

    def on_mount(self) -> None:
        self.push_screen(self.picker, self._choose)

    def _choose(self, path: Path | None) -> None:
        self.chosen = path


def window(folder: Path, name: str = "", wanted: Wanted = "there") -> Window:
    return Window(FilePicker("Which file?", folder, name=name, wanted=wanted, kinds=(".csv",)))


async def lists(pilot: Pilot[None], *names: str) -> None:
    """Wait until the folder holds just these."""
    tree = pilot.app.screen.query_one(Folder)
    await until(pilot, lambda: [str(node.label) for node in tree.root.children] == list(names))


async def test_files_that_fit_are_shown_first_and_all_by_a_key(folder: Path) -> None:
    async with window(folder).run_test() as pilot:
        await lists(pilot, "older", "users.csv")
        await pilot.press("f5")
        await lists(pilot, ".git", "older", "notes.md", "users.csv")
        await pilot.press("f5")
        await lists(pilot, "older", "users.csv")


async def test_a_file_in_the_folder_above_is_chosen_by_keys(folder: Path) -> None:
    app = window(folder)
    async with app.run_test() as pilot:
        await lists(pilot, "older", "users.csv")
        await pilot.press("f4")
        await lists(pilot, "exports", "members.CSV")
        assert str(app.screen.query_one("#place", Label).content).endswith("shop")
        await pilot.press(*"members.CSV", "enter")
        await until(pilot, lambda: app.chosen is not None)
        assert app.chosen == folder.parent / "members.CSV"


async def test_the_path_of_a_folder_opens_it(folder: Path) -> None:
    app = window(folder)
    async with app.run_test() as pilot:
        await pilot.press(*"..", "enter")
        await lists(pilot, "exports", "members.CSV")
        assert app.screen.query_one(Input).value == ""


async def test_a_file_to_be_written_goes_along_to_the_folder_above(folder: Path) -> None:
    app = window(folder, name="out.csv", wanted="new")
    async with app.run_test() as pilot:
        await pilot.press("f4")
        assert app.screen.query_one(Input).value == str(folder.parent / "out.csv")
        await pilot.press("enter")
        await until(pilot, lambda: app.chosen == folder.parent / "out.csv")


async def test_above_the_highest_folder_there_is_none(folder: Path) -> None:
    app = window(Path(folder.anchor))
    async with app.run_test() as pilot:
        await pilot.press("f4", "f4")
        assert str(app.screen.query_one("#place", Label).content) == folder.anchor


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("~nobody-at-all/x", "Nobody has the home folder ~nobody-at-all"),
        ("x" * 300, "A name in the path is longer than a name can be"),
        ("a\0b", "The path holds a character that no path may have"),
        ("locked/users.csv", "This user may not look into"),
    ],
)
@pytest.mark.parametrize("wanted", ["there", "new", "either"])
async def test_a_path_that_can_lead_nowhere_is_told_in_the_window(
    folder: Path, typed: str, told: str, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.lstat

    def refuse(path: Path, **how: Any) -> os.stat_result:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, **how)

    monkeypatch.setattr(Path, "lstat", refuse)  # root, as which tests may run, may look everywhere
    app = window(folder, wanted=wanted)
    async with app.run_test() as pilot:
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await until(pilot, lambda: told in str(app.screen.query_one("#wrong", Label).content))
        app.screen.query_one(Input).value = "users.csv" if wanted == "there" else "other.csv"
        await pilot.press("enter")
        await until(pilot, lambda: app.chosen is not None)
