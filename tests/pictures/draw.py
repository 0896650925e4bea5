"""Draws the picture of the run screen for the README from the real app and recorded events; nobody's data is in it.

Usage: python tests/pictures/draw.py
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from screens.app import WizardApp
from screens.frame import JourneyScreen
from screens.guide import Journey
from screens.work import Work
from wizard.answers.reading import from_tables
from wizard.events import (
    Event,
    JobEnded,
    JobPolled,
    JobSubmitted,
    RateLimitSeen,
    RequestSent,
    RunStarted,
    StepFinished,
    StepStarted,
    UploadExpected,
    UsersPrepared,
    UsersRead,
)
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS

PICTURE = Path(__file__).parents[2] / "assets" / "run-screen.svg"
SIZE = (120, 36)
USERS, FILES, DONE = 48_200, 48, 29
ANSWERS: dict[str, dict[str, Any]] = {
    "tenant": {
        "domain": "acme.eu.auth0.com", "client_id": "wizard", "client_secret": "env:SECRET", "environment": "staging",
    },
    "source": {"path": "customers.csv"},
    "profile": {"user_id": "id", "email": "email"},
    "connection": {"name": "acme-users"},
    "applications": {"enable": ["Web shop"]},
}  # fmt: skip


def recorded() -> Iterator[tuple[float, Event]]:
    """The events of a run that is half done, each with the seconds that passed before it."""
    size = USERS // FILES
    yield 0.0, RunStarted("run-1", "bulk", resumed=False)
    for step in ("tenant", "source", "profile", "passwords", "strategy", "connection", "applications"):
        yield 0.0, StepStarted(step)
        yield 0.0, StepFinished(step)
    yield 0.0, StepStarted("prepare")
    yield 1.0, UsersRead(USERS, 31, USERS)
    yield 1.0, UsersPrepared(USERS, USERS - 31, 31, 0, FILES, USERS * 464)
    yield 0.0, StepFinished("prepare")
    yield 0.0, StepStarted("upload")
    yield 0.0, UploadExpected(180.0, 420.0, 10)
    for number in range(DONE + 2):
        name, job = f"{number + 1:05}.json", f"job_{number + 1:04}"
        yield 0.5, RequestSent("POST", "/api/v2/jobs/users-imports", 201, 0.3)
        yield 0.0, RateLimitSeen("all", 50, 42.0 - number % 7, 2.0, 0)
        yield 0.0, JobSubmitted(name, job, size, size * 464)
        if number < DONE:
            yield 1.5 + number % 3, JobEnded(name, job, "completed", size, 0, 0, 9.0)
        else:
            yield 3.0, JobPolled(name, job, "processing", 3.0)


async def draw() -> None:
    """Write the picture."""
    now = 0.0
    work = Work(lambda: now)
    work.phase, work.started = "running", 0.0
    for seconds, event in recorded():
        now += seconds
        work.hear(event)
        work.sample()
    # Runs lie where they usually do, so that no command on the screen has to say where.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"HOME": folder, "XDG_STATE_HOME": folder}):
        runs = Runs()
        work.run = RunFolder(runs.folder / "20260701-0900-acme")
        work.run.path.mkdir(parents=True)
        app = WizardApp(runs=runs, base=Path(folder))
        async with app.run_test(size=SIZE) as pilot:
            app.journey = Journey(Path(folder), answers=from_tables(ANSWERS, SECTIONS), here="run")
            app.work = work
            await app.push_screen(JourneyScreen())
            await pilot.pause(1.5)
            picture = app.export_screenshot(title="auth0-migrate")
            # A font from elsewhere would make the picture ask a stranger's server; any monospace will do.
            PICTURE.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", picture), encoding="utf-8")
            work.phase = "idle"


if __name__ == "__main__":
    asyncio.run(draw())
