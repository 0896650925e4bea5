"""A practice tenant inside the test's process, the wizard over it, and its screen as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from textual._context import visible_screen_stack
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.practice import Practice, furnished
from screens.surroundings import Lived, SharedClock, Surroundings, faults_of_logins
from wizard.answers import Answers
from wizard.practice.legacy_store import residents, write_csv
from wizard.practice.people.invented import people
from wizard.practice.population import Known
from wizard.practice.samples import add_samples
from wizard.practice.tenant import PracticeTenant
from wizard.runs import Runs
from wizard.world import World

NARROW = (80, 24)
WIDE = (120, 40)
LEGACY_HOST = "legacy.example.com"
SPEED = 200.0
PATIENCE = 40.0


class Inside:
    """The surroundings of a rehearsal, asked in this process."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    async def open(self, answers: Answers, base: Path) -> None:
        await self._surroundings.open(answers, base, {})

    async def live(self, days: float) -> Lived:
        return await self._surroundings.live(days)


class Rehearsal:
    """One invented store and one practice tenant; the same seed gives the same of both."""

    def __init__(self, folder: Path, *, users: int = 60, dirty: bool = False) -> None:
        self.folder = folder
        self.practice_folder = folder / "practice"
        self.practice_folder.mkdir(parents=True)
        self.users, self.dirty = users, dirty
        self.clock = SharedClock(SPEED)
        self.planted = write_csv(self.practice_folder / "customers.csv", users=users, seed=1, dirty=dirty)
        self.tenant = PracticeTenant(clock=self.clock, seed=1, faults=faults_of_logins())
        self.samples = add_samples(self.tenant)
        stays = [account.email for account in self.planted.accounts[:2]]
        self.surroundings = Surroundings(self.tenant, self.samples, self.clock, self._residents, stays)
        self.outside = httpx.ASGITransport(self.surroundings)
        self.tenant.outside[LEGACY_HOST] = self.outside
        self.practice = self._practice()
        self.runs = Runs(folder / "runs")

    def _practice(self) -> Practice:
        known = {
            "domain": self.tenant.domain,
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
            "plan": self.tenant.plan,
            "login_client_id": self.samples.login_client_id,
            "login_client_secret": self.samples.login_client_secret,
            "legacy_api": f"https://{LEGACY_HOST}",
        }
        accounts = {"customers.csv": [[account.email, account.password] for account in self.planted.accounts[:2]]}
        return furnished(self.practice_folder, known, accounts, self.clock, Inside(self.surroundings))

    def _residents(self, store: str) -> list[Known]:
        if self.dirty:
            return list(residents(users=self.users, seed=1, file=True))
        return list(people(self.users, seed=1))

    @property
    def world(self) -> World:
        return World(
            environment=self.practice.environment,
            clock=self.clock,
            transport=self.tenant.transport(),
            outside=self.outside,
        )

    async def open_practice(self, folder: Path) -> Practice:
        return self.practice

    def app(self, *, practice: bool = True) -> WizardApp:
        return WizardApp(
            runs=self.runs, practice=practice, open_practice=self.open_practice, world=self.world, base=self.folder
        )

    def close(self) -> None:
        self.tenant.close()

    def state(self) -> dict[str, Any]:
        """What is in the tenant, without ids and times that are invented anew each time."""
        found: dict[str, Any] = {"users": sorted(row[0] for row in self.tenant.db.execute("select id from users"))}
        connection = self.tenant.connection_named("legacy-users")
        if connection is not None:
            found["options"] = connection.body.get("options")
            found["enabled"] = sorted(self.tenant.enabled_clients(connection.id))
        return found


@asynccontextmanager
async def opened(app: WizardApp, size: tuple[int, int] = NARROW) -> AsyncIterator[Pilot[None]]:
    """The app at work, with the first page of the journey in sight."""
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: page_is(app, app.journey.here))
        yield pilot


def frame(app: WizardApp) -> str:
    """The screen as a person without colours sees it."""
    visible_screen_stack.set(
        app._background_screens
    )  # what a dialog is drawn over, as Textual tells it before it draws
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def page_is(app: WizardApp, key: str) -> bool:
    """Whether this page is open and has been drawn, and keys are for it."""
    pages = app.screen.query("#pages")
    return (
        bool(pages)
        and app.hears_keys
        and app.journey.here == key
        and getattr(app.screen, "_open", None) is not None
        and (
            app.screen._open.stop.key == key  # type: ignore[attr-defined]
        )
        and bool(frame(app).strip())
    )


QUESTIONS = (
    *("source", "profile", "passwords", "strategy", "connection", "applications"),
    *("prepare", "upload", "verify"),
)
"""The pages that are answered in bulk, after that of the tenant."""

PAGES = (*QUESTIONS, "review")
"""Those, and the one that shows the plan."""


async def until(pilot: Pilot[None], happened: Callable[[], bool]) -> None:
    """Wait for something on the screen or in the run; fails with the frame when it does not come."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not happened():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(frame(pilot.app))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)


async def at_rest(pilot: Pilot[None]) -> None:
    """Wait until nothing is under way beside the screen."""
    await until(pilot, lambda: not any(worker.is_running for worker in pilot.app.workers))


async def shows(pilot: Pilot[None], *words: str) -> str:
    """Wait until the screen shows all of these words at once; returns the frame.

    The parts of a page are drawn when each of them is ready, so one of them in sight says nothing of another.
    """
    app: WizardApp = pilot.app  # type: ignore[assignment]
    shown = ""

    def seen() -> bool:
        nonlocal shown
        shown = frame(app)
        return all(part in shown for part in words)

    await until(pilot, seen)
    return shown


async def go_on(pilot: Pilot[None], key: str) -> None:
    """Press Next and wait for this page."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    await pilot.press("ctrl+n")
    await until(pilot, lambda: page_is(app, key))


SET_UP = ("connection", "applications", "custom_database", "legacy_api", "scripts", "guards", "trickle")
MIGRATE = ("prepare", "upload", "verify", "review")
"""The pages behind the strategy of a migration in two phases, before its run."""


async def to_strategy(pilot: Pilot[None], way: str = "two-phase") -> None:
    """From the first page to the strategy, with a way chosen by keys."""
    app: WizardApp = pilot.app  # type: ignore[assignment]
    for key in ("source", "profile", "passwords", "strategy"):
        await go_on(pilot, key)
    await shows(pilot, "Advised:")
    app.screen.query_one("#way").focus()
    await pilot.press(*{"bulk": ["home"], "automatic": ["home", "down"], "two-phase": ["end"]}[way], "space")
    await until(pilot, lambda: way in app.screen.query_one("#way").ticked)  # type: ignore[attr-defined]
