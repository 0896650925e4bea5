"""A long point goes on below its own words, and is copied as the one line that it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import WIDE, Rehearsal, frame, go_on, opened, shows
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection

from screens.widgets.hanging import Hanging

COMMAND = "auth0-migrate runs --purge 20260701-090000-acme-users-01ab"


class Points(App[None]):
    def __init__(self, words: Content) -> None:
        super().__init__()
        self.words = words

    def compose(self) -> ComposeResult:
        yield Hanging(self.words)


def lines(app: App[None]) -> list[str]:
    return [line for line in frame(app).splitlines() if line]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("· one two three four five", ["· one two three four", "  five"]),
        ("10. one two three four five", ["10. one two three", "    four five"]),
        ("    ! for good: cannot be undone", ["    ! for good:", "      cannot be", "      undone"]),
        ("one two three four five\n✓ six", ["one two three four", "five", "✓ six"]),
        ("· " + "x" * 30, ["· " + "x" * 18, "  " + "x" * 12]),
        ("· 顧客ポータルの本番環境", ["· 顧客ポータルの本番", "  環境"]),
    ],
)
async def test_a_point_goes_on_below_its_words(text: str, shown: list[str]) -> None:
    async with Points(Content(text)).run_test(size=(20, 8)) as pilot:
        assert lines(pilot.app) == shown


async def test_points_are_broken_anew_in_another_size() -> None:
    app = Points(Content.assemble(("✗ ", "bold"), ("one two three four five", "italic")))
    async with app.run_test(size=(40, 8)) as pilot:
        assert lines(app) == ["✗ one two three four five"]
        await pilot.resize_terminal(20, 8)
        await pilot.pause()
        assert lines(app) == ["✗ one two three four", "  five"]
        assert app.query_one(Hanging).size.height == 2


async def test_what_is_copied_has_no_breaks_of_the_screen() -> None:
    text = f"1. Look at them.\n2. Delete the files:\n   {COMMAND}"
    async with Points(Content(text)).run_test(size=(30, 12)) as pilot:
        assert COMMAND not in frame(pilot.app)  # type: ignore[arg-type]
        words = pilot.app.query_one(Hanging)
        assert words.get_selection(Selection(None, None)) == (text, "\n")
        of_the_command = Selection(Offset(3, 2), None)
        assert words.get_selection(of_the_command) == (COMMAND, "\n")


async def test_the_reasons_of_an_advice_hang_on_the_page(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, dirty=True)
    async with opened(rehearsal.app(), WIDE) as pilot:
        for key in ("source", "profile", "passwords", "strategy"):
            await go_on(pilot, key)
        await shows(pilot, "users who log in through the legacy store keep")
        shown = [line[30:82].rstrip(" │▁▂▃▄▅▆▇█") for line in frame(pilot.app).splitlines()]  # type: ignore[arg-type]
        at = shown.index("· users who log in through the legacy store keep")
        assert shown[at + 1] == "  their password whatever its hash"
    rehearsal.close()
