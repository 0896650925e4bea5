"""Leaving asks first where something is under way or would be lost, whichever key it was; nothing starts by accident."""

from __future__ import annotations

from functools import partial

from stage import NARROW, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, until
from textual.widgets import Input

from screens.app import WizardApp
from screens.drafts import Drafts
from screens.form import Form
from screens.steps.profile import ProfileView
from screens.widgets.ticks import Ticks
from wizard.legacy.answers import SourceAnswers


def has_ended(app: WizardApp) -> bool:
    return not app.is_running


async def test_ctrl_q_asks_while_a_run_is_under_way_and_staying_is_the_default(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        app.work.phase = "running"
        await pilot.press("ctrl+q")
        await shows(pilot, "Stop and quit")
        await pilot.press("enter")
        await until(pilot, lambda: "Stop and quit" not in frame(app))
        assert app.is_running
        app.work.phase = "idle"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_ctrl_c_says_which_key_quits(rehearsal: Rehearsal) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: bool(app._notifications))
        [note] = app._notifications
        assert (note.message, note.title) == ("Ctrl+Q quits; runs and answers are kept.", "")


async def test_escape_on_the_first_page_is_back_to_the_start_and_asks_when_something_was_typed(
    rehearsal: Rehearsal,
) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("n")
        await shows(pilot, "Client ID")
        await pilot.press("escape")
        await shows(pilot, "New migration")
        await pilot.press("n")
        await shows(pilot, "Client ID")
        await until(pilot, lambda: page_is(app, "tenant"))
        app.screen.query_one("#tenant #field-domain Input", Input).value = "acme.eu.auth0.com"
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")
        await pilot.press("enter")  # the safe answer
        await until(pilot, lambda: page_is(app, "tenant"))
        assert app.screen.query_one("#tenant #field-domain Input", Input).value == "acme.eu.auth0.com"
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")
        await pilot.press("left", "enter")
        await shows(pilot, "New migration")


async def test_an_answer_that_was_spoilt_is_asked_about_too(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        app.screen.query_one("#tenant #field-client_id Input", Input).value = ""
        await pilot.press("escape")
        await shows(pilot, "Leave this page?")


async def begun_again(rehearsal: Rehearsal) -> WizardApp:
    """Another wizard that goes on with what was left."""
    app = rehearsal.app(practice=False)
    [draft] = Drafts(rehearsal.runs.folder / "drafts").all()
    app.call_later(app.continue_draft, draft)
    return app


async def test_what_was_given_on_pages_that_are_not_answered_outlives_the_wizard(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        await shows(pilot, "travels as")
        await go_on(pilot, "strategy")
        await shows(pilot, "Advised")
        app.screen.query_one("#way").focus()
        await pilot.press("end", "space", "escape")
        await until(pilot, lambda: page_is(app, "passwords"))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    again = await begun_again(rehearsal)
    async with again.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: page_is(again, "passwords"))
        assert again.journey.answers == app.journey.answers
        assert not again.journey.is_answered("strategy")
        await shows(pilot, "travels as")
        await go_on(pilot, "strategy")
        assert again.screen.query_one("#way", Ticks).ticked == ["two-phase"]


async def test_a_profile_that_is_not_answered_is_kept_with_its_rules(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile"):
            await go_on(pilot, key)
        await at_rest(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
        [draft] = app.drafts.all()
        assert not draft.begun, "nothing was changed"
    again = await begun_again(rehearsal)
    async with again.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: page_is(again, "profile"))
        await at_rest(pilot)
        await pilot.press("down", "enter", "tab", *"lower", "enter")
        await until(pilot, lambda: again.screen.query_one("#fields").has_focus)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not again.is_running)
    for _ in range(2):  # also when it was only looked at the time before
        later = await begun_again(rehearsal)
        async with later.run_test(size=NARROW) as pilot:
            await until(pilot, partial(page_is, later, "profile"))
            await at_rest(pilot)
            page = later.screen.query_one(ProfileView)
            assert page.feeding.rules["email"] == {"column": "email", "transforms": ["lower"]}
            assert not later.journey.is_answered("profile")
            await pilot.press("ctrl+q")
            await until(pilot, partial(has_ended, later))


async def test_quitting_asks_where_something_cannot_be_kept(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        path = app.screen.query_one("#source #field-path Input", Input)
        path.value = ""
        await pilot.press("ctrl+q")
        await shows(pilot, "Leave this page?", "not complete yet")
        await pilot.press("enter")  # the safe answer
        await until(pilot, lambda: page_is(app, "source") and "Leave this page?" not in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        await pilot.press("ctrl+q")
        await shows(pilot, "Leave these pages?", "on Legacy store")
        await pilot.press("left", "enter")
        await until(pilot, lambda: not app.is_running)


async def test_an_answered_page_that_was_edited_and_left_is_kept(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile", "passwords"):
            await go_on(pilot, key)
        for key in ("profile", "source"):
            await pilot.press("escape")
            await until(pilot, partial(page_is, app, key))
        app.screen.query_one("#source Form", Form).put({"delimiter": ";"})
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        [draft] = app.drafts.all()
        assert draft.load()[SourceAnswers].delimiter == ";", "a kill would have lost it"
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    again = await begun_again(rehearsal)
    async with again.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: page_is(again, "tenant"))
        assert again.journey.answers[SourceAnswers].delimiter == ";"
        assert again.journey.touched == {"profile"}, "it was decided for what the store was then"
        await shows(pilot, "! Profile")


async def test_an_answered_page_that_was_spoilt_and_left_is_asked_about(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile"):
            await go_on(pilot, key)
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "source"))
        app.screen.query_one("#source #field-path Input", Input).value = ""
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        await pilot.press("ctrl+q")
        await shows(pilot, "Leave these pages?", "on Legacy store")


async def test_a_typed_secret_is_asked_about_and_what_is_beside_it_is_kept(rehearsal: Rehearsal) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant"))
        form = app.screen.query_one("#tenant Form", Form)
        form.put({"domain": "acme.eu.auth0.com", "client_id": "abc"})
        form.field("client_secret").control.value = "canary-secret"
        await pilot.press("ctrl+q")
        await shows(pilot, "Leave this page?", "A secret goes to the keyring with Next only")
        await pilot.press("left", "enter")
        await until(pilot, lambda: not app.is_running)
    folder = rehearsal.runs.folder / "drafts"
    assert not [path for path in folder.rglob("*") if path.is_file() and b"canary-secret" in path.read_bytes()]
    again = await begun_again(rehearsal)
    async with again.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: page_is(again, "tenant"))
        values = again.screen.query_one("#tenant Form", Form).values
        assert (values["domain"], values["client_id"], "client_secret" in values) == ("acme.eu.auth0.com", "abc", False)


async def test_enter_on_the_review_starts_nothing(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile", "passwords", "strategy", "connection", "applications", "prepare", "upload"):
            await go_on(pilot, key)
        for key in ("verify", "review"):
            await go_on(pilot, key)
        await shows(pilot, "Nothing has been changed yet")
        await pilot.press("down", "enter", "enter")
        await pilot.pause(0.5)
        assert page_is(app, "review")
        assert app.work.run is None
