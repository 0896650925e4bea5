"""Every screen of the wizard as it is reached by an operator: one practice migration, and a run of recorded events.

All people are invented. What is new each time (folders, run ids, times) is masked, so that the frames stay as they are.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from unittest import mock

import places  # noqa: F401 - first, for what follows
from draw import ANSWERS, recorded
from stage import QUESTIONS, Rehearsal, frame, go_on, opened, page_is, shows, until
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.steps import legacy_api
from screens.tasks import begin
from screens.work import Work
from wizard import runs
from wizard.answers.reading import from_tables
from wizard.errors import WizardError
from wizard.events import RateLimitSeen
from wizard.steps import SECTIONS

SIZES = ((80, 24), (120, 40))
INSTALLED = Path("/opt/auth0-migration-wizard")
AUTOMATIC = ("custom_database", "legacy_api", "scripts", "guards", "trickle")


class Take:
    """Told the name of a scene when it is on the screen.

    Args:
        told: What it does then.
        wanted: How scenes should look, by name; they are waited for, as a busy machine is slow to get there.
    """

    def __init__(self, told: Callable[[str], None], wanted: Mapping[str, str]) -> None:
        self._told = told
        self.wanted = wanted
        self.app: WizardApp | None = None

    def __call__(self, name: str) -> None:
        self._told(name)


MASKS = (
    (re.compile(r"(/f)-\w{8}"), r"\1-________"),
    (re.compile(r"📂 f-\w{8}"), "📂 f-________"),
    (re.compile(r"\d{8}-\d{6}(-[a-z-]+-)[0-9a-f]+"), r"YYYYMMDD-HHMMSS\1ffff"),
    (re.compile(r"\d{8}-\d{6}"), "YYYYMMDD-HHMMSS"),
    (re.compile(r"[0-9a-f]{4}/report\.html"), "ffff/report.html"),
    (re.compile(r"\d\d:\d\d:\d\d"), "HH:MM:SS"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), lambda found: "f" * len(found[0])),
    (re.compile(r"measured: \d+ of"), "measured: 49 of"),
    (re.compile(r"\d+ s of work"), "9 s of work"),
    (re.compile(r"\b\d+( s)? ago"), "9 s ago"),
    (re.compile(r"\b\d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)( \d\d:\d\d UTC)?"), "DD Mmm\\2"),
    (re.compile(r"\d\d:\d\d UTC"), "HH:MM UTC"),
)


def text_of(app: WizardApp) -> str:
    """The frame with all that differs from run to run masked, and no space at the ends of lines."""
    words = frame(app)
    for pattern, mask in MASKS:
        words = pattern.sub(mask, words)
    return "\n".join(line.rstrip() for line in words.splitlines()) + "\n"


async def settle(pilot: Pilot[None], app: WizardApp, wanted: str | None) -> None:
    """Wait until the screen is as wanted, or long does not move any more; show the same gauge each time."""
    enough = 3 if wanted is None else 40
    app.clear_notifications()
    app.work.rate, app.work.requests, app.work.limited = RateLimitSeen("all", 50, 41.0, 2.0, 0), 38, 0
    before, same = "", 0
    for _ in range(100):
        await pilot.pause(0.15)
        app.work.rate, app.work.requests, app.work.limited = RateLimitSeen("all", 50, 41.0, 2.0, 0), 38, 0
        if (drawn := getattr(app.screen, "draw", None)) is not None:
            drawn()
        await pilot.pause()
        now = text_of(app)
        same = same + 1 if now == before else 0
        if now == wanted or same == enough:
            return
        before = now
    raise AssertionError(f"the screen does not come to rest:\n{before}")


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A folder whose name is as long each time, so that lines break at the same places; its runs are in the usual one."""
    made = Path(tempfile.mkdtemp(prefix="f-"))
    try:
        with mock.patch.object(runs, "default_folder", lambda: made / "runs"):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def play(size: tuple[int, int], take: Take) -> None:
    """Go through every screen at this size."""
    async with folder() as place:
        rehearsal = Rehearsal(place, users=500, dirty=True)
        try:
            await _beginnings(rehearsal, size, take)
            await _journey(rehearsal, size, take)
            await _start_with_runs(rehearsal, size, take)
        finally:
            rehearsal.close()
    async with folder() as place:
        rehearsal = Rehearsal(place, users=60)
        try:
            with mock.patch.object(legacy_api, "ways_to_serve", lambda: INSTALLED / "assets" / "doorway"):
                await _two_phases(rehearsal, size, take)
        finally:
            rehearsal.close()
    async with folder() as place:
        await _run(place, size, take)


async def _beginnings(rehearsal: Rehearsal, size: tuple[int, int], take: Take) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=size) as pilot:

        async def scene(name: str) -> None:
            await settle(pilot, app, take.wanted.get(name))
            take(name)

        take.app = app
        await shows(pilot, "New migration")
        await scene("start")
        await pilot.press("o")
        await shows(pilot, "Open an answers file")
        await pilot.press(*"nowhere.toml", "enter")
        await scene("open-answers")
        await pilot.press("escape")
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant"))
        await pilot.press(*"acme", "ctrl+n")
        await shows(pilot, "✗")
        await scene("tenant-wrong")


async def _journey(rehearsal: Rehearsal, size: tuple[int, int], take: Take) -> None:
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        take.app = app

        async def scene(name: str) -> None:
            await settle(pilot, app, take.wanted.get(name))
            take(name)

        await scene("tenant")
        app.screen.query_one("#check").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "update:connections" in str(app.screen.query_one("#checked").content))  # type: ignore[attr-defined]
        await scene("tenant-checked")
        for key in QUESTIONS:
            await go_on(pilot, key)
            await _seen(pilot, app)
            await scene(key)
            if key == "source":
                app.screen.query_one("#browse").focus()
                await pilot.press("enter")
                await shows(pilot, "Which file holds the users?")
                await scene("source-browse")
                await pilot.press("escape")
            if key == "prepare":
                await pilot.press("f1")
                await shows(pilot, "Esc closes")
                await scene("help")
                await pilot.press("escape", "f2")
                await shows(pilot, "What will happen")
                await scene("changes")
                await pilot.press("escape", "ctrl+p")
                await pilot.pause(0.5)
                await scene("palette")
                await pilot.press("escape")
        await go_on(pilot, "review")
        await shows(pilot, "copies it whole")
        await scene("review")
        await pilot.press("f9")
        await until(pilot, lambda: page_is(app, "run"))
        await until(pilot, lambda: not app.work.is_busy)
        await go_on(pilot, "results")
        await shows(pilot, "adds up")
        await scene("results")
        await go_on(pilot, "finish")
        await scene("finish")


async def _two_phases(rehearsal: Rehearsal, size: tuple[int, int], take: Take) -> None:
    """The pages that only an automatic migration has, up to the days of waiting."""
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        take.app = app

        async def scene(name: str) -> None:
            await settle(pilot, app, take.wanted.get(name))
            take(name)

        for key in ("source", "profile", "passwords", "strategy"):
            await go_on(pilot, key)
        await _seen(pilot, app)
        app.screen.query_one("#way").focus()
        await pilot.press("end", "space")
        await until(pilot, lambda: "two-phase" in app.screen.query_one("#way").ticked)  # type: ignore[attr-defined]
        await scene("strategy-two-phase")
        for key in ("connection", "applications", *AUTOMATIC):
            await go_on(pilot, key)
            await _seen(pilot, app)
            if key in AUTOMATIC:
                await scene(key)
        for key in ("prepare", "upload", "verify", "review"):
            await go_on(pilot, key)
        await shows(pilot, "copies it whole")
        await scene("review-two-phase")
        await pilot.press("f9")
        await until(pilot, lambda: app.work.phase == "waiting")
        await go_on(pilot, "trickle")
        await shows(pilot, "Let a week pass")
        await scene("trickle-waiting")
        await app.screen.go("cutover")  # type: ignore[attr-defined]
        await until(pilot, lambda: page_is(app, "cutover"))
        await _seen(pilot, app)
        await scene("cutover-waiting")


async def _seen(pilot: Pilot[None], app: WizardApp) -> None:
    """Wait until the page has looked at what it asks about."""
    await until(pilot, lambda: app.screen._looked.is_set())  # type: ignore[attr-defined]
    await pilot.pause(0.7)


async def _start_with_runs(rehearsal: Rehearsal, size: tuple[int, int], take: Take) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=size) as pilot:
        take.app = app
        await shows(pilot, "RUNS")
        await settle(pilot, app, take.wanted.get("start-with-runs"))
        take("start-with-runs")


async def _run(place: Path, size: tuple[int, int], take: Take) -> None:
    """The run screen over recorded events: under way, paused, failed; on production."""
    from screens.guide import Journey
    from wizard.runs import RunFolder, Runs

    kept = Runs(place / "runs")
    now = [0.0]
    work = Work(lambda: now[0])
    work.phase, work.started = "running", 0.0
    for seconds, event in recorded():
        now[0] += seconds
        work.hear(event)
        work.sample()
    work.run = RunFolder(kept.folder / "20260701-090000-acme-users-01ab")
    work.run.path.mkdir(parents=True)
    answers = {**ANSWERS, "tenant": {**ANSWERS["tenant"], "environment": "production"}}
    app = WizardApp(runs=kept, base=place)
    async with app.run_test(size=size) as pilot:
        take.app = app
        journey = Journey(place, answers=from_tables(answers, SECTIONS), here="run", approved="before")
        await shows(pilot, "New migration")
        await pilot.pause(0.5)
        begin(app, app._open_journey, journey, None, work, group="begin")
        await until(pilot, lambda: page_is(app, "run"))

        async def scene(name: str) -> None:
            await asyncio.sleep(0.6)
            await settle(pilot, app, take.wanted.get(name))
            take(name)

        await scene("run")
        await pilot.press("ctrl+q")
        await shows(pilot, "The run is under way")
        await scene("run-quit")
        await pilot.press("escape")
        work.phase = "paused"
        work.version += 1
        await scene("run-paused")
        work.phase = "failed"
        work.error = WizardError(
            "The tenant cannot be reached",
            why="the connection to acme.eu.auth0.com was refused",
            state="Everything done so far is kept.",
            remedy="Check the network, then press F7",
        )
        work.version += 1
        await scene("run-failed")
        work.phase = "idle"


async def frames_of(
    size: tuple[int, int],
    *,
    wanted: Mapping[str, str] | None = None,
    folder: Path | None = None,
    pictures: Path | None = None,
) -> dict[str, str]:
    """Each scene's name and text; written down too where folders are given. `wanted` are those to be waited for."""
    found: dict[str, str] = {}

    def told(name: str) -> None:
        app = take.app
        assert app is not None
        found[name] = text_of(app)
        if folder is not None:
            (folder / f"{name}.txt").write_text(found[name], encoding="utf-8")
        if pictures is not None:
            drawn = re.sub(r"@font-face\s*\{[^}]*\}", "", app.export_screenshot(title="auth0-migrate"))
            (pictures / f"{size[0]}x{size[1]}-{name}.svg").write_text(drawn, encoding="utf-8")

    take = Take(told, wanted or {})
    await play(size, take)
    return found
