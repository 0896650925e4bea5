"""On the screens a message names fields and pages by what stands there, not by the keys and tables of an answers file."""

from __future__ import annotations

import re

import pytest
from stage import Rehearsal, go_on, opened, shows
from textual.widgets import Static

from screens.fields import Field
from screens.form import Form
from screens.frame import JourneyScreen
from screens.titles import TITLES, on_pages
from wizard.errors import WizardError
from wizard.rejects import REASONS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("check url in [source].", "check “Database URL, without its password” on the page Legacy store."),
        (
            "or correct encoding, delimiter or quote in [source] if many are so.",
            "or correct “Encoding of the file”, “Character between cells” or “Character around cells” on the page Legacy "
            "store if many are so.",
        ),
        (
            'Decide with missing = "without_password" in [passwords]; it is final.',
            "Decide with “Users without a hash”: without_password on the page Passwords; it is final.",
        ),
        ("upsert = true in [upload] sends them again.", "“Overwrite users that are there”: yes on the page Upload sends them again."),
        ('decide with skip = ["not_logged_in"] in [prepare] to leave them.', "decide with a tick on the page Prepare to leave them."),
        (
            "decide with unsupported or decisions in [passwords] to import them",
            "decide with “Hashes that Auth0 cannot take” or a tick on the page Passwords to import them",
        ),
        ("take username out of [profile].", "take username out of the page Profile."),
        ("Name at least one in [applications], such as", "Name at least one on the page Applications, such as"),
        ("Fill in the table [tenant] of the answers.", "Fill in the page Tenant of the answers."),
        ("a list in [brackets]", "a list in [brackets]"),
    ],
)  # fmt: skip
def test_keys_and_tables_are_named_as_the_screens_have_them(text: str, shown: str) -> None:
    assert on_pages(text) == shown


@pytest.mark.parametrize("code", REASONS)
def test_what_to_do_about_a_reject_names_no_table(code: str) -> None:
    assert not re.search(rf"\[({'|'.join(TITLES)})\]", on_pages(REASONS[code].remedy))


async def test_the_page_of_the_store_speaks_of_its_fields_by_their_titles(rehearsal: Rehearsal) -> None:
    async with opened(rehearsal.app()) as pilot:
        await go_on(pilot, "source")
        form = pilot.app.screen.query_one("#source Form", Form)
        helped = " ".join(
            str(one.content) for field in form.query(Field) for one in field.query(".help").results(Static)
        )
        assert not re.search(r"\b(path|url|columns\.)\b", helped.replace("its path will do", ""))
        form.put({"path": "", "url": ""})
        await pilot.press("ctrl+n")
        await shows(pilot, "Give either a file or a database.")


async def test_an_error_on_a_page_names_the_field_to_look_at(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        assert isinstance(app.screen, JourneyScreen)
        app.screen.page.trouble(
            WizardError("There is no database", remedy="correct the name at the end of url in [source].")
        )
        told = str(app.screen.query_one("#source .trouble", Static).content)
        assert "at the end of “Database URL, without its password” on the page Legacy store." in told
