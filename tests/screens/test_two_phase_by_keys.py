"""A two-phase migration by keys alone: set up, users move at login, bulk, repair of half-made users, cutover, undoable."""

from __future__ import annotations

from pathlib import Path

import pytest
import stage
from stage import MIGRATE, NARROW, SET_UP, WIDE, Rehearsal, go_on, opened, page_is, shows, to_strategy, until
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static, TabbedContent

from screens.app import WizardApp
from screens.half_made import half_made
from wizard.runs import RunFolder
from wizard.steps.trickle import TrickleAnswers
from wizard.steps.verify import VerifyAnswers
from wizard.undo.run import undo_run

pytestmark = pytest.mark.usefixtures("patience")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weeks of logins take their time: each makes and checks real hashes."""
    monkeypatch.setattr(stage, "PATIENCE", 180.0)


def run_of(app: WizardApp) -> RunFolder:
    assert app.work.run is not None
    return app.work.run


async def undo_the_cutover(app: WizardApp) -> None:
    """What `auth0-migrate undo latest --cutover --yes` does."""
    answers, base = app.journey.answers, app.journey.base
    await undo_run(run_of(app), answers, base=base, world=app.world, approve=lambda plan: True, only="cutover")


async def try_scripts(pilot: Pilot[None]) -> None:
    """Try the scripts with an account whose password is known, and go back to the run."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await app.screen.go("scripts")  # type: ignore[attr-defined]
    await until(pilot, lambda: page_is(app, "scripts"))
    await until(pilot, lambda: "Nothing is changed in Auth0" in app.screen._said)  # type: ignore[attr-defined]
    app.screen.query_one("#script-tabs", TabbedContent).active = "tab-try"
    assert app.screen.query_one("#try-login", Input).value
    app.screen.query_one("#try", Button).press()
    tried = app.screen.query_one("#tried", Static)
    await until(pilot, lambda: "get user gave a user" in str(tried.content))
    assert "login gave a user" in str(tried.content)
    await app.screen.go("run")  # type: ignore[attr-defined]
    await until(pilot, lambda: page_is(app, "run"))


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_two_phase_from_the_first_page_to_the_cutover(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.steps.trickle.DAYS", 3.0)
    rehearsal = Rehearsal(tmp_path, users=40)
    app = rehearsal.app()
    try:
        async with opened(app, size) as pilot:
            await to_strategy(pilot)
            for key in (*SET_UP, *MIGRATE):
                await go_on(pilot, key)
            await shows(pilot, "copies it whole")
            await pilot.press("f9")
            await until(pilot, lambda: page_is(app, "run"))
            await until(pilot, lambda: app.work.phase == "waiting")
            assert app.work.progress.step == "trickle"
            await shows(pilot, "◌ 0 of 40 users have moved")

            await try_scripts(pilot)
            await go_on(pilot, "trickle")
            await shows(pilot, "Let a week pass")
            await pilot.press("f8")
            await shows(pilot, "A week passed:")
            await until(pilot, lambda: not app.work.is_busy and app.work.progress.looks[-1].migrated > 5)
            assert 0 < (app.work.progress.looks[-1].marked or 0) <= app.work.progress.looks[-1].migrated

            await pilot.press("f6")
            await shows(pilot, "End the automatic phase?")
            await pilot.press("left", "enter")
            await until(pilot, lambda: page_is(app, "run") and app.work.phase == "waiting")
            assert app.journey.answers[TrickleAnswers].go_on
            assert app.work.progress.step == "cutover"

            await go_on(pilot, "cutover")
            if half_made(app.work.progress):
                await shows(pilot, "is closed.")
                app.screen.query_one("#repair").focus()
                await pilot.press("enter")
                await shows(pilot, "Their first login broke off")
                await pilot.press("left", "enter")
                await until(pilot, lambda: page_is(app, "review"))
                await shows(pilot, "repair at most")
                await pilot.press("f9")
                await until(pilot, lambda: page_is(app, "run") and app.work.phase == "waiting")
                assert app.journey.answers[VerifyAnswers].repair_at_most
                await go_on(pilot, "cutover")
            await shows(pilot, "All gates are open.")
            await pilot.press(*"legacy-user", "f9")
            await shows(pilot, "The name is typed out first")
            app.screen.query_one("#name-typed").focus()
            await pilot.press("end", "s", "enter")
            await until(pilot, lambda: page_is(app, "run") and app.work.phase == "ended")
            assert app.work.progress.verdict == "complete"
            await go_on(pilot, "cutover")
            await shows(pilot, "The cutover is done.")
            await undo_the_cutover(app)
            assert "configuration" in rehearsal.state()["options"]
            await app.resume(run_of(app))
            await until(pilot, lambda: page_is(app, "cutover"))
            await shows(pilot, "All gates are open.")
            app.screen.query_one("#name-typed").focus()
            await pilot.press(*"legacy-users", "enter")
            await until(pilot, lambda: page_is(app, "run") and app.work.phase == "ended")
            assert app.work.progress.verdict == "complete"
            await go_on(pilot, "cutover")
            await shows(pilot, "The cutover is done.")
            await go_on(pilot, "results")
            await shows(pilot, "✓ adds up")
        options = rehearsal.state()["options"]
        assert options["import_mode"] is True
        assert "configuration" not in options
    finally:
        rehearsal.close()


async def test_a_waiting_run_is_resumed_at_the_automatic_phase_and_looks_again_by_itself(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, users=60)
    app = rehearsal.app()
    try:
        async with opened(app) as pilot:
            await to_strategy(pilot)
            for key in (*SET_UP, *MIGRATE):
                await go_on(pilot, key)
            await shows(pilot, "copies it whole")
            await pilot.press("f9")
            await until(pilot, lambda: app.work.phase == "waiting")
            await pilot.press("ctrl+q")
        again = rehearsal.app(practice=False)
        async with again.run_test(size=NARROW) as pilot:
            await shows(pilot, "RUNS")
            await again.resume(rehearsal.runs.all()[0])
            await until(pilot, lambda: page_is(again, "trickle"))
            await shows(pilot, "◌ waiting", "0 of 60 users have moved", "▸ Automatic ")
            looks = len(again.work.progress.looks)
            again.work._waits_since -= 10_000
            assert again.work.should_look
            again._look_if_time()
            await until(pilot, lambda: not again.work.is_busy and len(again.work.progress.looks) > looks)
    finally:
        rehearsal.close()
