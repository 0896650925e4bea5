"""The frame of a migration that was left goes, with all its pages."""

from __future__ import annotations

import asyncio
import gc
import heapq
import weakref

from stage import Rehearsal, at_rest, go_on, opened, page_is, shows, until
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.frame import JourneyScreen
from screens.steps.base import StepView


def held(app: WizardApp) -> list[weakref.ref[object]]:
    """The frame and its pages, without keeping them."""
    frame = app.screen
    assert isinstance(frame, JourneyScreen)
    parts: list[object] = [frame, *frame.query(StepView)]
    return [weakref.ref(part) for part in parts]


async def left(pilot: Pilot[None]) -> list[weakref.ref[object]]:
    """Go to the second page and back to the start; returns what was there."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await go_on(pilot, "source")
    await at_rest(pilot)
    kept = held(app)
    await pilot.press("escape")
    await until(pilot, lambda: page_is(app, "tenant"))
    await at_rest(pilot)
    await pilot.press("escape")
    await shows(pilot, "New migration")
    return kept


def collected(app: WizardApp, kept: list[weakref.ref[object]]) -> bool:
    """Whether nothing of these is left once a minute has passed, in which timers of the past would let go of them.

    A screen that is asleep holds the last message it had, and with it who sent that, until the next one comes.
    """
    for screen in app.screen_stack[:-1]:
        screen.call_later(lambda: None)
    timers: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    timers[:] = [timer for timer in timers if not timer.cancelled()]
    heapq.heapify(timers)
    gc.collect()
    return all(one() is None for one in kept)


async def test_frames_that_were_left_for_the_start_do_not_stay_in_memory(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        gc.freeze()  # as when a run begins
        kept = await left(pilot)
        await at_rest(pilot)
        await pilot.press("p")
        await until(pilot, lambda: page_is(app, "tenant"))
        kept += await left(pilot)
        assert len(kept) == 6
        await at_rest(pilot)
        await until(pilot, lambda: collected(app, kept))
