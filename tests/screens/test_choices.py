"""What can be chosen is shown in words, and answered with the word of the answers file."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Select

from screens.choices import MEANINGS, words_of
from screens.form import Form
from screens.steps.passwords import FIRST
from wizard.answers.section import choices, keys
from wizard.passwords.answers import PasswordsAnswers
from wizard.steps import SECTIONS


class Alone(App[None]):
    """The form of the passwords as narrow as on a page of 80 columns."""

    CSS = "Form { width: 50; }"

    def compose(self) -> ComposeResult:
        yield Form(PasswordsAnswers, {"missing": "without_password"}, first=FIRST)


async def test_a_choice_is_shown_by_its_meaning_and_answered_by_its_word() -> None:
    app = Alone()
    async with app.run_test(size=(80, 40)) as pilot:
        form = app.query_one(Form)
        assert form.values["missing"] == "without_password"
        chosen = form.field("missing").query_one("SelectCurrent #label")
        assert str(chosen.render()).startswith("without a password  without_")
        select = form.field("missing").query_one(Select)
        select.focus()
        await pilot.press("enter", "home", "enter")
        await pilot.pause()
        assert form.values["missing"] == "reject"
        assert str(chosen.render()) == "left out  reject"


def test_a_word_that_says_it_itself_stands_alone() -> None:
    assert words_of("production").plain == "production"


@pytest.mark.parametrize("word", MEANINGS)
def test_every_meaning_is_of_a_word_that_can_be_chosen(word: str) -> None:
    asked = [choice for section in SECTIONS for info in keys(section).values() for choice in choices(info.annotation)]
    assert any(word in getattr(choice, "__args__", ()) for choice in asked)
