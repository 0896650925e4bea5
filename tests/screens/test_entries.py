"""The list of changes on the review: nothing is cut, Enter unfolds what a change sends, and the cursor stays in sight."""

from __future__ import annotations

import pytest
from stage import NARROW, PAGES, WIDE, Rehearsal, go_on, opened, shows, until
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Label

from screens.steps.review import ReviewView, entry_of
from screens.widgets.entries import Entries, Entry

LONG = (
    "let every login run first “Migration of acme-users - keep end users from the legacy API”, then all other Actions"
)


class Hosted(App[None]):
    """A page with nothing but a title and the list."""

    CSS = "VerticalScroll { scrollbar-size: 0 0; }"

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Label("The title")
            yield Entries("plan")

    def on_mount(self) -> None:
        many = [Entry(f"enable application {number}", ("sends:  PATCH",)) for number in range(30)]
        self.query_one(Entries).put(
            [("Guards", [Entry(LONG, ("sends:  POST",), "! for good: ")]), ("Applications", many)]
        )
        self.query_one(Entries).focus(scroll_visible=False)

    @property
    def lines(self) -> list[str]:
        """What is in sight, a line each."""
        return ["".join(part.text for part in strip).rstrip() for strip in self.screen._compositor.render_strips()]


@pytest.mark.parametrize("width", [40, 53, 80])
async def test_words_go_on_in_the_next_line_moved_in(width: int) -> None:
    app = Hosted()
    async with app.run_test(size=(width, 24)) as pilot:
        await until(pilot, lambda: "▼ Applications" in app.lines)
        entry = app.lines[app.lines.index("▼ Guards") + 1 : app.lines.index("▼ Applications")]
        assert entry[0].startswith("  ▶ ! for good: let every")
        assert all(line.startswith("    ") for line in entry[1:])
        assert all(len(line) <= width for line in entry)
        assert " ".join(line.strip() for line in entry) == f"▶ ! for good: {LONG}"


async def test_any_line_of_an_entry_unfolds_it_and_folds_it_again() -> None:
    app = Hosted()
    async with app.run_test(size=(53, 24)) as pilot:
        await until(pilot, lambda: "▼ Applications" in app.lines)
        folded = app.lines
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: "      sends:  POST" in app.lines)
        assert any(line.startswith("  ▼ ! for good: let every") for line in app.lines)
        await pilot.press("down", "space")
        await until(pilot, lambda: app.lines == folded)


async def test_the_page_follows_the_cursor_and_begins_with_its_title() -> None:
    app = Hosted()
    async with app.run_test(size=(53, 12)) as pilot:
        await until(pilot, lambda: "▼ Guards" in app.lines)
        await pilot.press(*["down"] * 40)
        listed = app.query_one(Entries)
        await until(pilot, lambda: listed.cursor_line == 34)

        def shown() -> bool:
            at = listed.content_region.y + listed.cursor_line
            return 0 <= at < 12

        await until(pilot, shown)
        assert "The title" not in app.lines
        await pilot.press(*["up"] * 39)
        await until(pilot, lambda: app.lines[0].startswith("The title"))


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_the_review_shows_which_application_each_change_is_of(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        for key in PAGES:
            await go_on(pilot, key)
        await shows(pilot, "Web shop for", "Login check for")
        plan = app.screen.query_one(ReviewView).plan
        assert plan is not None
        labels = [
            str(node.label).strip() for group in app.screen.query_one(Entries).root.children for node in group.children
        ]
        words = " ".join(labels).replace("▶ ", "")
        assert all(entry_of(planned.change).words in words for planned in plan.changes)
