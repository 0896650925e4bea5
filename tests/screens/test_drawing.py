"""Words of a store or a tenant take the columns they have in a terminal: letters such as those of Chinese take two."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from stage import NARROW, Rehearsal, frame, go_on, opened, shows
from textual.app import App, ComposeResult

from screens.widgets.draw import cut, lines_of, padded
from screens.widgets.entries import Entries, Entry
from wizard.practice.management.clients import add_client

WIDE_NAME = "顧客ポータル"
LONG_NAME = "顧客ポータルの本番環境と検証環境"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("portal", 6, "portal"), ("portal", 5, "port…"), (WIDE_NAME, 12, WIDE_NAME), (WIDE_NAME, 11, "顧客ポータ…"),
        (WIDE_NAME, 10, "顧客ポー…"), ("😀 mood", 4, "😀 …"),
    ],
)  # fmt: skip
def test_a_name_is_cut_by_the_columns_it_takes(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert cell_len(padded(cut(text, width), 12)) == 12


def test_the_end_of_a_path_is_kept_by_the_columns_it_takes() -> None:
    assert cut("/データ/顧客.csv", 9, end=False) == "…顧客.csv"


def test_lines_are_broken_by_the_columns_they_take() -> None:
    text = f"enable the application {LONG_NAME} for acme-users and nobody else"
    lines = lines_of(text, 30, hangs=4)
    assert all(cell_len(line) <= 30 for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert lines_of("", 30) == [""]


async def test_applications_with_wide_names_stand_in_line_with_the_others(rehearsal: Rehearsal) -> None:
    with rehearsal.tenant.transaction():
        for name in (WIDE_NAME, LONG_NAME):
            add_client(rehearsal.tenant, {"name": name, "app_type": "spa"})
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        for page in ("source", "profile", "passwords", "strategy", "connection", "applications"):
            await go_on(pilot, page)
        await shows(pilot, WIDE_NAME)
        lines = [line for line in frame(app).splitlines() if "single page" in line]
        assert len(lines) == 3
        assert len({cell_len(line.partition("single page")[0]) for line in lines}) == 1


class Planned(App[None]):
    def compose(self) -> ComposeResult:
        yield Entries("plan")

    def on_mount(self) -> None:
        self.query_one(Entries).put([("Applications", [Entry(f"enable the application {LONG_NAME} for acme-users")])])


async def test_a_change_that_names_something_in_wide_letters_is_not_cut() -> None:
    app = Planned()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        words = "".join("".join(part.text for part in strip).strip() for strip in strips)
        assert LONG_NAME in words
        assert "acme-users" in words
