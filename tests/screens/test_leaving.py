"""Leaving while a run is under way asks first, whichever key it was."""

from __future__ import annotations

from stage import Rehearsal, frame, opened, shows, until


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
