"""The profile page: a row that is edited can be put back, and what is wrong is told in the page's own words."""

from __future__ import annotations

import re

import pytest
from stage import NARROW, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, until
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from screens.app import WizardApp
from screens.form import Form
from screens.help import HELP
from screens.steps.columns import columns_of
from screens.steps.feeding import Feeding
from screens.steps.profile import ProfileView
from screens.steps.rules import flat, in_the_way, nested
from wizard.legacy.source import Record
from wizard.mapping.transforms import TEXTS, VALUES


def test_the_help_of_the_page_lists_every_transform() -> None:
    assert [name for name in (*TEXTS, *VALUES) if not re.search(rf"`{name}[`(]", HELP["profile"])] == []


async def at_profile(pilot: Pilot[None]) -> ProfileView:
    app: WizardApp = pilot.app  # type: ignore[assignment]
    for key in ("source", "profile"):
        await go_on(pilot, key)
    await at_rest(pilot)
    await shows(pilot, "User 1 of the sample")
    return app.screen.query_one(ProfileView)


async def test_escape_ends_the_editing_of_a_row_and_puts_its_rule_back_before_it_goes_back(
    rehearsal: Rehearsal,
) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        before, guesses = dict(page.feeding.rules), dict(page.feeding.sure)
        await pilot.press("down", "enter", "home", "x", "tab", *"strip")
        await until(pilot, lambda: page.feeding.rules["email"] == {"column": "xemail", "transforms": ["strip"]})
        await until(pilot, lambda: "esc Undo" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: page.query_one("#fields", DataTable).has_focus)
        await pilot.pause()
        assert page_is(app, "profile")
        assert (page.feeding.rules, page.feeding.sure) == (before, guesses)
        assert [page.query_one(f"#{line}", Input).value for line in ("origin", "transforms")] == ["email", ""]
        assert "esc Back" in await shows(pilot, "rejected:" if rehearsal.dirty else "can be imported")
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "source"))


async def test_escape_takes_back_only_what_enter_has_not_taken(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        await pilot.press("down", "down", "enter", "tab", *"lower", "enter")
        await until(pilot, lambda: page.query_one("#fields", DataTable).has_focus)
        taken = page.feeding.rules["email_verified"]
        assert taken == {"column": "email_verified", "transforms": ["lower"]}
        await pilot.press("enter", "tab", "end", *", strip(", "escape")
        await until(pilot, lambda: page.query_one("#fields", DataTable).has_focus)
        assert page.feeding.rules["email_verified"] == taken
        assert not page._unread
        assert page_is(app, "profile")


async def test_a_column_that_was_not_moved_is_not_moved_after_escape(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        before = dict(page.feeding.rules)
        await pilot.press("ctrl+end", "enter")
        await until(pilot, lambda: page.feeding.rules != before)
        await pilot.press("escape")
        await until(pilot, lambda: page.feeding.rules == before)
        assert page_is(app, "profile")


async def test_what_is_wrong_with_a_rule_is_told_in_the_words_of_the_page(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        await at_profile(pilot)
        await pilot.press("down", "enter", "x", "enter")
        shown = await shows(pilot, "✗ email asks for")
        for key in (None, "ctrl+n"):
            if key:
                await pilot.press(key)
                shown = await shows(pilot, "which the")
            assert "Nothing was written" not in shown
            assert "[profile]" not in shown


async def test_the_key_that_unmasks_says_what_it_does_now_and_every_migration_begins_masked(
    rehearsal: Rehearsal,
) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        await at_profile(pilot)
        await shows(pilot, "f7 Unmask", "F7 unmask", "•")
        await pilot.press("f7")
        assert "f7 Unmask" not in await shows(pilot, "f7 Mask", "F7 mask")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        await at_rest(pilot)
        await pilot.press("escape")
        await shows(pilot, "New migration")
        await pilot.press("p")
        await until(pilot, lambda: page_is(app, "tenant"))
        assert not app.unmasked


async def test_a_column_is_chosen_from_those_of_the_store(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        origin = page.query_one("#origin", Input)
        await pilot.press("down", "down", "down", "down", "enter")
        await shows(pilot, "f8 List", "given_name")
        await pilot.press("f8")
        shown = await shows(pilot, "Which column feeds given_name?", "first_name", "•")
        assert "$2" not in shown
        await pilot.press(*"last_n")
        await until(pilot, lambda: app.screen.query_one("#columns", DataTable).row_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: page.feeding.rules["given_name"] == "last_name")
        await until(pilot, lambda: origin.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: page.feeding.rules["given_name"] == "first_name")


async def test_a_column_is_put_into_a_template_and_the_list_can_be_left(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        await pilot.press("down", "down", "down", "down", "f8")
        await shows(pilot, "Which column feeds given_name?")
        await pilot.press("escape")
        origin = page.query_one("#origin", Input)
        await until(pilot, lambda: origin.has_focus and page_is(app, "profile"))
        assert page.feeding.rules["given_name"] == "first_name"
        origin.value = "{first_name} "
        origin.cursor_position = len(origin.value)
        await pilot.press("f8")
        await shows(pilot, "Which column feeds given_name?")
        await pilot.press(*"last_n", "enter")
        await until(pilot, lambda: page.feeding.rules["given_name"] == {"template": "{first_name} {last_name}"})


def test_no_value_of_a_password_or_salt_is_offered_and_people_are_masked() -> None:
    names = ("id", "mail", "password_hash", "salt")
    records = [Record(1, "line 1", ("1", "", "$2b$10$x", "abc")), Record(2, "line 2", ("2", "ann@example.com", "", ""))]
    offered = columns_of(
        names, records, lambda name: ["email"] if name == "mail" else [], password="password_hash", unmasked=False
    )
    assert [(one.name, one.sample, one.feeds) for one in offered] == [
        ("id", "1", ""),
        ("mail", "a••@e••••••.c••", "email"),
        ("password_hash", "", "password"),
        ("salt", "", ""),
    ]


async def test_the_sample_follows_the_country_of_telephone_numbers(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        country = page.query_one("#field-default_country Input", Input)
        shown = page.query_one("#tally", Static)
        country.value = "Germany"
        await until(pilot, lambda: "✗" in str(shown.content))
        country.value = "DE"
        await until(pilot, lambda: "can be imported" in str(shown.content))


async def test_a_column_of_national_telephone_numbers_needs_a_country(rehearsal: Rehearsal) -> None:
    store = rehearsal.practice_folder / "customers.csv"
    store.write_text(store.read_text().replace(",+", ",0"))
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        table = page.query_one("#fields", DataTable)
        assert str(table.get_cell("phone_number", "mark")) == "needs country"
        shown = page.query_one("#tally", Static)
        assert "Most numbers of phone name no country" in str(shown.content)
        page.query_one("#field-default_country Input", Input).value = "DE"
        await until(pilot, lambda: "name no country" not in str(shown.content))
        await until(pilot, lambda: str(table.get_cell("phone_number", "mark")) == "75% sure")


async def test_moments_that_decide_and_cannot_be_read_are_told_where_it_is_decided(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        shown = page.query_one("#tally", Static)
        page.query_one(Form).put({"same_email": "keep_newest", "created": "birth_date"})
        await until(pilot, lambda: "can be imported" in str(shown.content))
        assert "cannot be read" not in str(shown.content)
        page.query_one(Form).put({"created": "first_name"})
        await until(pilot, lambda: "values of first_name cannot be read as a moment" in str(shown.content))
        assert "ISO 8601" in str(shown.content)


@pytest.mark.parametrize("first", ["address", "address.city"])
async def test_a_column_whose_row_would_lie_below_another_is_refused_in_clear_words(
    rehearsal: Rehearsal, first: str
) -> None:
    store = rehearsal.practice_folder / "customers.csv"
    head, *lines = store.read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"{head},address,address.city", *(f"{line},Main Street 1,Berlin" for line in lines)])
    store.write_text(text, encoding="utf-8")
    second = {"address": "address.city", "address.city": "address"}[first]
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        table, tally = page.query_one("#fields", DataTable), page.query_one("#tally", Static)

        async def choose(column: str) -> None:
            table.focus()
            table.move_cursor(row=table.get_row_index(f"· {column}"))
            await pilot.pause()
            await pilot.press("enter")

        await choose(first)
        await pilot.press("enter")
        await until(pilot, lambda: page.feeding.rules.get(f"app_metadata.{first}") == first)
        await choose(second)
        await until(pilot, lambda: f"app_metadata.{first}" in str(tally.content) and "✗" in str(tally.content))
        assert f"app_metadata.{second}" not in page.feeding.rules
        await pilot.press("ctrl+n")
        await until(pilot, lambda: any("not right yet" in note.message for note in app._notifications))
        assert page_is(app, "profile")
        await pilot.press("escape")
        await go_on(pilot, "passwords")
        [(name, rule)] = flat(app.journey.given("profile")["app_metadata"], "app_metadata").items()
        assert (name, rule) == (f"app_metadata.{first}", first)


def test_a_row_above_or_below_another_is_in_the_way_and_one_beside_it_is_not() -> None:
    rules = {"app_metadata.a": "a", "app_metadata.b.c": "c", "app_metadata.d": {}, "user_metadata": {"column": "x"}}
    rows = ("a", "a.x", "ab", "b", "b.c", "b.d", "b.c.e.f", "d.e")
    assert [in_the_way(f"app_metadata.{row}", rules) for row in rows] == [
        "", "app_metadata.a", "", "app_metadata.b.c", "", "", "app_metadata.b.c", "",
    ]  # fmt: skip
    assert in_the_way("user_metadata.y", rules) == "user_metadata"
    table = {"d": {}, "b": {"c": "c"}}
    assert nested({**flat(table, "app_metadata"), "app_metadata.d.e": "e"}) == {
        "app_metadata": {"d": {"e": "e"}, "b": {"c": "c"}}
    }
    assert table["d"] == {}


OTHER = "uid,mail,vorname,secret_hash\n" + "".join(
    f"{number},user{number}@example.com,Ann,$2b$10${'a' * 53}\n" for number in range(1, 9)
)


async def choose_store(pilot: Pilot[None], text: str) -> ProfileView:
    """Another store instead, and its profile."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    path = app.journey.base / "other.csv"
    path.write_text(text, encoding="utf-8")
    await app.screen.go("source")  # type: ignore[attr-defined]
    await until(pilot, lambda: page_is(app, "source"))
    await at_rest(pilot)
    app.screen.query_one("#source #field-path Input", Input).value = path.name
    await go_on(pilot, "profile")
    await at_rest(pilot)
    return app.screen.query_one(ProfileView)


async def test_another_store_gets_suggestions_of_its_own_and_its_profile_can_be_answered(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        await at_profile(pilot)
        await go_on(pilot, "passwords")
        await shows(pilot, "travels as")
        await go_on(pilot, "strategy")
        assert app.journey.given("passwords")["column"] == "password_hash"
        page = await choose_store(pilot, OTHER)
        assert {name: page.feeding.rules.get(name) for name in ("user_id", "email", "family_name")} == {
            "user_id": "uid", "email": "mail", "family_name": None,
        }  # fmt: skip
        await go_on(pilot, "passwords")


async def test_a_column_that_is_gone_is_replaced_by_a_suggestion_or_told_at_its_row(rehearsal: Rehearsal) -> None:
    store = rehearsal.practice_folder / "customers.csv"
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        page = await at_profile(pilot)
        await pilot.press(*["down"] * 7, "enter", *"{plan} {notes}", "enter")
        await until(pilot, lambda: page.feeding.rules["nickname"] == {"template": "{plan} {notes}"})
        head, *lines = store.read_text(encoding="utf-8").splitlines()
        renamed = head.replace("notes", "remarks").replace("email,", "mail_address,")
        page = await choose_store(pilot, "\n".join([renamed, *lines]))
        table = page.query_one("#fields", DataTable)
        assert str(table.get_cell("nickname", "mark")) == "✗ column gone"
        assert page.feeding.rules["nickname"] == {"template": "{plan} {notes}"}
        assert page.feeding.rules["email"] == "mail_address"
        assert str(table.get_cell("email", "mark")).endswith("sure")
        await pilot.press("ctrl+n")
        await shows(pilot, "✗ nickname asks for")
        assert page_is(app, "profile")


def test_what_was_changed_stays_changed_when_the_store_gains_a_column() -> None:
    feeding = Feeding(columns=("id", "email"))
    feeding.begin({})
    feeding.put("email", ({"column": "email", "transforms": ["lower"]}, None))
    feeding.columns = ("id", "email", "given_name")
    feeding.follow(anew=False, suggesting=True)
    assert feeding.is_touched
    assert feeding.rules["email"] == {"column": "email", "transforms": ["lower"]}
