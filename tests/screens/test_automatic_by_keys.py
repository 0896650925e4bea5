"""An automatic migration with keys alone: its pages speak of nobody who is imported, as nobody is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stage
from stage import SET_UP, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, to_strategy, until

from wizard.bulk.preparation.answers import PrepareAnswers


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    monkeypatch.setattr(stage, "PATIENCE", 60.0)
    made = Rehearsal(tmp_path, users=12)
    yield made
    made.close()


async def test_preparing_tells_of_no_files_and_ending_the_phase_says_who_cannot_log_in_any_more(
    small: Rehearsal,
) -> None:
    app = small.app()
    async with opened(app) as pilot:
        await to_strategy(pilot, "automatic")
        for key in (*SET_UP, "prepare"):
            await go_on(pilot, key)
        shown = await shows(pilot, "no files are made", "[ ]      ?  not_logged_in")
        assert "can be imported" not in shown and "Largest file" not in shown and "password_" not in shown
        app.screen.query_one("#skip").focus()
        await pilot.press("home", "space")
        for key in ("verify", "review"):
            await go_on(pilot, key)
        assert app.journey.answers[PrepareAnswers].skip == ("not_logged_in",)
        await shows(pilot, "cannot be undone")
        await pilot.press("f9")
        await until(pilot, lambda: page_is(app, "run") and app.work.phase == "waiting")
        await go_on(pilot, "trickle")
        await shows(pilot, "Go on now")
        await pilot.press("f6")
        await shows(pilot, "End the automatic phase?")
        told = " ".join(frame(app).replace("│", " ").split())
        assert "12 users have not moved" in told
        assert "and will not" not in told
        assert "cannot log in after it" in told
        await pilot.press("escape")
        await at_rest(pilot)
