"""The page of the cutover: what holds it up is shown, and what can be decided about it is decided there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import stage
from stage import MIGRATE, NARROW, SET_UP, Rehearsal, at_rest, go_on, opened, page_is, shows, to_strategy, until
from textual.pilot import Pilot
from textual.widgets import Static

from screens.app import WizardApp
from screens.steps.cutover import CutoverView, gates_of, what_matters
from screens.widgets.ticks import YesNo
from wizard.answers import load
from wizard.progress import Progress
from wizard.steps import SECTIONS
from wizard.steps.cutover import CutoverAnswers, CutoverFacts


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """A store of a few users; each step takes its time."""
    monkeypatch.setattr(stage, "PATIENCE", 60.0)
    made = Rehearsal(tmp_path, users=12)
    yield made
    made.close()


async def to_cutover(pilot: Pilot[None]) -> CutoverView:
    """A two-phase migration of which everybody is imported and that waits for its cutover."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await to_strategy(pilot)
    for key in (*SET_UP, *MIGRATE):
        await go_on(pilot, key)
    await shows(pilot, "copies it whole")
    await pilot.press("f9")
    await until(pilot, lambda: page_is(app, "run") and app.work.phase == "waiting")
    await go_on(pilot, "trickle")
    await shows(pilot, "Go on now")
    await pilot.press("f6")
    await shows(pilot, "End the automatic phase?")
    await pilot.press("left", "enter")
    await until(pilot, lambda: page_is(app, "run") and app.work.phase == "waiting")
    assert app.work.progress.step == "cutover"
    await go_on(pilot, "cutover")
    await at_rest(pilot)
    return app.screen.query_one(CutoverView)


def add_user(store: Path) -> None:
    """One more user in the file."""
    with store.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    row = dict(zip(names, rows[-1], strict=True))
    row |= {"id": "4711", "email": "late@example.com", "username": "late", "phone": ""}
    with store.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([row[name] for name in names])


async def test_users_added_and_changed_since_the_import_are_decided_by_a_tick_each(small: Rehearsal) -> None:
    app = small.app()
    async with opened(app, NARROW) as pilot:
        page = await to_cutover(pilot)
        await shows(pilot, "All gates are open.")
        assert not [tick for tick in page.query(YesNo) if tick.region.height]
        add_user(small.practice_folder / "customers.csv")
        small.tenant.db.execute("update users set profile = json_set(profile, '$.given_name', 'Renamed') where seq = 1")
        await pilot.press("f5")
        await until(pilot, lambda: not app.work.is_busy)
        await shows(pilot, "2 gates are closed.", "✗ Users added since         1", "✗ Evidence")
        assert "tick below to accept it" in str(page.query_one("#gates", Static).content)
        assert not page.query_one("#name-typed").display
        page.query_one("#leave_different").focus()
        await pilot.press("space")
        await shows(pilot, "✓ Evidence                  1 differing, decided", "1 gate is closed.")
        page.query_one("#leave_added").focus()
        await pilot.press("space")
        await shows(pilot, "All gates are open.", "1, decided")
        page.query_one("#name-typed").focus()
        await pilot.press(*"legacy-users", "f9")
        await until(pilot, lambda: page_is(app, "run") and app.work.phase == "ended")
        run = app.work.run
        assert run is not None
        saved = load(run.answers, SECTIONS, environment={})[CutoverAnswers]
        assert saved == CutoverAnswers(confirm="legacy-users", leave_added=True, leave_different=True)


async def test_what_was_decided_elsewhere_outlives_the_opening_of_the_page_and_a_tick(small: Rehearsal) -> None:
    app = small.app()
    async with opened(app, NARROW) as pilot:
        page = await to_cutover(pilot)
        decided = CutoverAnswers(confirm="legacy-users", leave_rejected=True, leave_added=True, leave_different=True)
        app.journey.decide(decided)
        await app.screen.go("run")  # type: ignore[attr-defined]
        await app.screen.go("cutover")  # type: ignore[attr-defined]
        await at_rest(pilot)
        await pilot.pause()
        assert app.journey.answers[CutoverAnswers] == decided
        page.query_one("#leave_rejected", YesNo).action_change()
        await until(pilot, lambda: not app.journey.answers[CutoverAnswers].leave_rejected)
        # The name was given for what was known before: no later look is to cut over by it.
        assert app.journey.answers[CutoverAnswers] == CutoverAnswers(leave_added=True, leave_different=True)


def test_who_is_left_without_a_password_is_decided_about_by_a_tick_of_its_own() -> None:
    now = Progress(steps_done=("verify",), failed_checks={"passwords": "2 users had logged in"})
    held = Progress(steps_done=("verify",))
    facts = CutoverFacts(unmoved=2)
    assert what_matters(now, facts) == {"leave_unmoved"}
    gates = [gates_of(now, CutoverAnswers(leave_unmoved=decided), facts) for decided in (False, True)]
    [before, after] = [next(gate for gate in each if gate.words == "Evidence") for each in gates]
    assert (before.is_open, after.is_open, after.state) == (False, True, "decided")
    assert "tick below to leave them behind" in before.remedy
    gates = [gates_of(held, CutoverAnswers(leave_unmoved=decided), facts) for decided in (False, True)]
    [before, after] = [next(gate for gate in each if gate.words == "Users of before") for each in gates]
    assert (before.is_open, before.state, after.is_open) == (False, "2", True)
