"""The start page: one list, through which Tab goes as the arrows do; and what did not work there does not follow into a migration."""

from __future__ import annotations

from pathlib import Path

from stage import NARROW, Rehearsal, at_rest, opened, page_is, shows, until
from textual.widgets import OptionList

from screens.app import WizardApp


def place(app: WizardApp) -> str:
    option = app.screen.query_one(OptionList).highlighted_option
    return str(option.id) if option else ""


async def test_tab_and_shift_tab_reach_every_entry(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await pilot.press("ctrl+n")
        await until(pilot, lambda: page_is(app, "source"))
        await at_rest(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "tenant"))
        await at_rest(pilot)
        await pilot.press("escape")
        await shows(pilot, "BEGUN")
        await at_rest(pilot)
        seen = []
        for _ in range(5):
            seen.append(place(app))
            await pilot.press("tab")
        assert seen == ["new", "practice", "open", "draft-0", "new"]
        await pilot.press("shift+tab", "shift+tab")
        assert place(app) == "draft-0"
        await pilot.press("enter")
        await until(pilot, lambda: page_is(app, "tenant"))


async def test_what_did_not_work_at_the_start_is_not_told_any_more_on_the_pages(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    app = rehearsal.app(practice=False)
    (tmp_path / "wrong.toml").write_text("[tenant]\ndomain = 3\n", encoding="utf-8")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("o")
        await shows(pilot, "Open an answers file")
        await pilot.press(*"wrong.toml", "enter")
        await until(pilot, lambda: any(note.title == "That did not work" for note in app._notifications))
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant"))
        await until(pilot, lambda: not list(app._notifications))


async def test_the_menu_of_the_start_has_all_that_can_be_begun(rehearsal: Rehearsal) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, "New migration")
        await at_rest(pilot)
        await pilot.press("ctrl+p")
        await shows(pilot, "Answer step by step", "A tenant on this computer", "Go on from an answers file", "Help")
        await pilot.press(*"new migr", "enter")
        await until(pilot, lambda: page_is(app, "tenant"))
