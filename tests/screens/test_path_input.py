"""A path that is pasted, or that a terminal writes for a file dropped on it, is the path itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import WIDE, Rehearsal, opened, page_is, until
from textual import events

from screens.form import Form
from screens.widgets.path_input import dropped


@pytest.mark.parametrize(
    ("pasted", "path"),
    [
        ("/srv/export/users.csv", "/srv/export/users.csv"),
        ("'/srv/our export/users.csv' ", "/srv/our export/users.csv"),
        ('"/srv/our export/users.csv"\n', "/srv/our export/users.csv"),
        (r"/srv/our\ export/it\'s.csv", "/srv/our export/it's.csv"),
        (r"'/srv/it'\''s.csv'", "/srv/it's.csv"),
        ("file:///srv/our%20export/%C3%BCbung.csv", "/srv/our export/übung.csv"),
        ("/srv/our export/users.csv", "/srv/our export/users.csv"),
        ("/srv/it's.csv", "/srv/it's.csv"),
        ("'users.csv'", "'users.csv'"),
        (r"C:\export\users.csv", r"C:\export\users.csv"),
        (r'"C:\our export\users.csv"', r"C:\our export\users.csv"),
        ("", ""),
    ],
)
def test_quotes_and_escapes_of_a_shell_are_no_part_of_a_path(pasted: str, path: str) -> None:
    assert dropped(pasted) == path


def test_a_file_whose_name_has_a_backslash_is_that_file(tmp_path: Path) -> None:
    file = tmp_path / r"users\2026.csv"
    file.touch()
    assert dropped(str(file)) == str(file)


async def test_a_file_dropped_on_the_page_of_the_legacy_store_is_named_as_it_is(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await pilot.press("ctrl+n")
        await until(pilot, lambda: page_is(app, "source"))
        field = app.screen.query_one("#source Form", Form).field("path")
        field.put("")
        field.control.focus()
        app.post_message(events.Paste("'/srv/our export/users.csv' "))
        await until(pilot, lambda: field.value == "/srv/our export/users.csv")
