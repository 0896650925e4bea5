"""While the practice tenant starts that is told, and no key pressed meanwhile reaches another page."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from stage import NARROW, WIDE, Rehearsal, at_rest, frame, page_is, shows, until
from textual.widgets import Input

from screens.app import WizardApp
from screens.practice import Practice
from wizard.errors import WizardError

STARTING = "Starting the practice tenant"


class Slow:
    """Opens the practice when it is told to, or refuses to."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.ready = asyncio.Event()
        self.refuses = False

    async def open(self, folder: Path) -> Practice:
        await self.ready.wait()
        if self.refuses:
            raise WizardError("Another wizard rehearses there", remedy="leave it first.")
        return await self.rehearsal.open_practice(folder)

    def app(self, *, practice: bool = True) -> WizardApp:
        at = self.rehearsal
        return WizardApp(runs=at.runs, practice=practice, open_practice=self.open, world=at.world, base=at.folder)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_keys_pressed_while_the_practice_tenant_starts_do_nothing(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    slow = Slow(rehearsal)
    app = slow.app()
    async with app.run_test(size=size) as pilot:
        shown = await shows(pilot, STARTING, "opens by itself", "^q Quit")
        assert "New migration" not in shown
        await pilot.press("n", "x", "y", "ctrl+p", "enter", "q")
        assert STARTING in frame(app)
        slow.ready.set()
        await until(pilot, lambda: page_is(app, "tenant"))
        await at_rest(pilot)
        domain = app.screen.query(Input).first()
        assert domain.value == rehearsal.tenant.domain
        domain.focus()
        await pilot.press("end", "z")
        assert domain.value == f"{rehearsal.tenant.domain}z"


async def test_the_start_comes_back_where_the_practice_tenant_does_not_start_and_hears_keys(
    rehearsal: Rehearsal,
) -> None:
    slow = Slow(rehearsal)
    slow.refuses = True
    app = slow.app(practice=False)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shows(pilot, "New migration")
        await at_rest(pilot)
        await pilot.press("p")
        await shows(pilot, STARTING)
        slow.ready.set()
        await shows(pilot, "New migration", "Another wizard rehearses there")
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant"))


async def test_the_wizard_can_be_left_while_the_practice_tenant_starts(rehearsal: Rehearsal) -> None:
    app = Slow(rehearsal).app()
    async with app.run_test(size=NARROW) as pilot:
        await shows(pilot, STARTING)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
