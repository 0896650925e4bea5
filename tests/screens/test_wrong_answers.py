"""Answers that are wrong stay on their page, whose words say what is wrong; nothing crashes and nothing is dropped."""

from __future__ import annotations

import re
from pathlib import Path

from stage import PAGES, Rehearsal, frame, go_on, opened, page_is, shows, until
from textual.pilot import Pilot
from textual.widgets import Button, Input

from screens.form import Form
from screens.widgets.ticks import Ticks
from wizard.profile import ProfileAnswers


async def walk(pilot: Pilot[None], last: str, *, after: str = "") -> None:
    """Press Next from page to page."""
    for key in PAGES[PAGES.index(after) + 1 if after else 0 : PAGES.index(last) + 1]:
        await go_on(pilot, key)


async def test_a_hash_column_that_is_not_there_is_not_accepted(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "passwords")
        await shows(pilot, "travels as")
        app.screen.query_one("#passwords #field-column Input", Input).value = "lower"
        await pilot.press("ctrl+n")
        await shows(pilot, "There is no such column")
        await pilot.pause(0.3)
        assert page_is(app, "passwords")
        app.screen.query_one("#passwords #field-column Input", Input).value = "password_hash"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: page_is(app, "strategy"))


async def test_no_hash_column_needs_a_decision_and_its_page_says_so(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "passwords")
        await shows(pilot, "travels as")
        app.screen.query_one("#passwords #field-column Input", Input).value = ""
        await pilot.press("ctrl+n")
        await shows(pilot, "✗ Name it, or choose")
        await pilot.pause(0.3)
        assert page_is(app, "passwords")


async def test_what_was_wrong_before_is_not_said_any_more_when_it_is_mended(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "passwords")
        passwords = app.journey.stop("passwords").step
        assert passwords is not None
        good = dict(app.journey.given("passwords"))
        await go_on(pilot, "strategy")
        await shows(pilot, "Advised")
        app.journey.give("passwords", passwords.section.model_validate({"column": "x"}))
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "passwords"))
        app.screen.run_worker(app.screen.go("strategy"))  # type: ignore[attr-defined]
        await shows(pilot, "asks for the column 'x'")
        app.journey.give("passwords", passwords.section.model_validate(good or {"column": "password_hash"}))
        app.screen.run_worker(app.screen.go("passwords"))  # type: ignore[attr-defined]
        await until(pilot, lambda: page_is(app, "passwords"))
        app.screen.run_worker(app.screen.go("strategy"))  # type: ignore[attr-defined]
        words = await shows(pilot, "Advised")
        assert "✗" not in words and "counting" not in words


async def test_a_transform_that_cannot_be_read_is_not_dropped(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "profile")
        await shows(pilot, "Auth0 field")
        app.screen.query_one("#profile #transforms", Input).value = "[[bad"
        await pilot.press("ctrl+n")
        await shows(pilot, "✗", "a bracket or a quote does not close")
        await until(pilot, lambda: any("not right yet" in note.message for note in app._notifications))
        assert page_is(app, "profile")
        row = app.screen.query_one("#profile #origin", Input)
        assert row.has_focus and row.region.overlaps(app.screen.region)
        app.screen.query_one("#profile #transforms", Input).value = ""
        await pilot.press("ctrl+n")
        await until(pilot, lambda: page_is(app, "passwords"))


async def test_next_on_the_review_does_not_approve(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "review")
        await shows(pilot, "changes", "plan ")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: any("F9" in note.message for note in app._notifications))
        await pilot.pause(0.5)
        assert page_is(app, "review")
        assert app.work.run is None
        await until(pilot, lambda: "▸ Review" in frame(app))


async def test_a_pepper_that_can_be_found_is_no_reason_to_stay(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "passwords")
        await shows(pilot, "travels as")
        form = app.screen.query_one("#passwords Form", Form)
        form.put({"format": "bcrypt", "key": "env:CANARY_1", "unsupported": "without_password"})
        await go_on(pilot, "strategy")
        await shows(pilot, "Advised")


async def test_the_ways_tell_who_stays_behind_as_decided_about_passwords(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, users=500, dirty=True)
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "strategy")
        rejecting = (await shows(pilot, "stay behind", "Advised")).splitlines()
        assert figures(rejecting, "no password") == ["none", "none", "none"]
        least, stay, *others = figures(rejecting, "stay behind")
        assert (least, others[:3]) == ("≥", ["the", "others", "≥"])
        words = " ".join("\n".join(rejecting).replace("│", " ").split())
        told = re.search(rf"Of all 500 users, at least {stay} stay behind: (\d+) can", words)
        assert told is not None
        either_way = int(re.search(r"login; .*?(\d+) are", words)[1])  # type: ignore[index]
        assert int(told[1]) + either_way == int(stay)
        assert others[3] == str(either_way)
        way = app.screen.query_one("#way", Ticks)
        assert [row.key for row in way.rows if "advised" in row.words.plain] == [way.highlighted_option.id]  # type: ignore[union-attr]
        assert list(way.ticked) == ["bulk"]
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "passwords"))
        form = app.screen.query_one("#passwords Form", Form)
        form.put({"unsupported": "without_password", "missing": "without_password"})
        await go_on(pilot, "strategy")
        await until(pilot, lambda: figures(frame(app).splitlines(), "no password")[:1] not in ([], ["none"]))
        importing = frame(app).splitlines()
        reset = int(figures(importing, "no password")[1])
        assert int(figures(importing, "stay behind")[1]) == int(stay) - reset
    rehearsal.close()


async def test_only_what_is_mapped_can_be_met_twice(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "prepare")
        await shows(pilot, "can be imported")

        def offered() -> set[str]:
            rows = app.screen.query_one("#prepare #skip", Ticks).rows
            return {row.key.removeprefix("duplicate_") for row in rows if row.key.startswith("duplicate_")}

        assert offered() == {"user_id", "email", "username", "phone"}
        less = {**app.journey.given("profile"), "username": None, "phone_number": None}
        app.journey.give("profile", ProfileAnswers.model_validate(less))
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "applications"))
        await go_on(pilot, "prepare")
        await until(pilot, lambda: offered() == {"user_id", "email"})


def figures(lines: list[str], name: str) -> list[str]:
    """The words of a row of the ways, without its name."""
    return next((line.partition(name)[2].split() for line in lines if name in line), [])


async def test_the_button_of_the_review_approves_and_says_nothing_else(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await walk(pilot, "review")
        await shows(pilot, "changes", "plan ")
        app.screen.query_one("#review #next", Button).press()
        await until(pilot, lambda: page_is(app, "run"))
        assert not [note for note in app._notifications if "F9" in note.message]


async def test_back_from_the_review_is_one_page_back(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    gone_to: list[str] = []
    async with opened(app) as pilot:
        await walk(pilot, "review")
        await shows(pilot, "changes", "plan ")
        screen = app.screen
        went = screen.go  # type: ignore[attr-defined]

        async def go(key: str) -> None:
            gone_to.append(key)
            await went(key)

        screen.go = go  # type: ignore[attr-defined]
        screen.query_one("#review #back", Button).press()
        await until(pilot, lambda: page_is(app, "verify"))
        await pilot.pause(0.3)
    assert gone_to == ["verify"]


async def test_what_is_wrong_with_a_form_as_a_whole_comes_into_sight(rehearsal: Rehearsal) -> None:
    async with opened(rehearsal.app()) as pilot:
        await go_on(pilot, "source")
        pilot.app.screen.query_one("#source Form", Form).put({"path": "", "url": ""})
        await pilot.press("ctrl+n")
        await shows(pilot, "✗ Give either")
