"""The process of a rehearsal as the wizard speaks with it: started, asked one thing at a time, ended."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from screens.surroundings import LIVING_SPEED, Lived, SharedClock
from wizard.errors import WizardError

if TYPE_CHECKING:
    from wizard.answers import Answers

STARTS_WITHIN = 30.0


class Life(Protocol):
    """What goes on around a practice tenant."""

    async def open(self, answers: Answers, base: Path) -> None:
        """Serve the legacy API of these answers."""

    async def live(self, days: float) -> Lived:
        """Let days pass in which people log in."""


class Companion:
    """A process that serves a rehearsal.

    Args:
        process: Started by `begin`.
        known: What its first line said.
        folder: Of the rehearsal.
        clock: The wizard's, which is set to that of the process.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, known: Mapping[str, Any], folder: Path, clock: SharedClock
    ) -> None:
        self._process = process
        self._folder = folder
        self._clock = clock
        self._turn = asyncio.Lock()
        self.known = known

    @staticmethod
    async def begin(folder: Path, port: str, api_port: str, clock: SharedClock) -> Companion | None:
        """Start the process; None when it ended at once, as it does when a port is taken."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "screens.served", str(folder), port, api_port,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            told = await asyncio.wait_for(_line(process), STARTS_WITHIN)
        except TimeoutError:
            process.kill()
            told = ""
        if not told:
            await process.wait()
            return None
        known = json.loads(told)
        clock.agree(float(known["now"]))
        return Companion(process, known, folder, clock)

    async def open(self, answers: Answers, base: Path) -> None:
        """Serve the legacy API of these answers.

        Raises:
            WizardError: the answers do not fit, or the store cannot be read.
        """
        from wizard.answers import save

        file = self._folder / "legacy-api.toml"
        file.unlink(missing_ok=True)
        save(file, answers)
        await self._asked({"do": "open", "answers": str(file), "base": str(base)})

    async def live(self, days: float) -> Lived:
        """Let days pass in which people log in; the wizard's clock runs along."""
        slow = self._clock.speed
        self._clock.run_at(LIVING_SPEED)
        try:
            told = await self._asked({"do": "live", "days": days})
        finally:
            self._clock.run_at(slow)
        self._clock.agree(float(told["now"]))
        return Lived(**told)

    async def end(self) -> None:
        """End the process; what the tenant holds stays in the folder."""
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _asked(self, order: Mapping[str, Any]) -> dict[str, Any]:
        async with self._turn:
            if self._process.stdin is None or self._process.returncode is not None:
                raise _gone()
            self._process.stdin.write(f"{json.dumps(order)}\n".encode())
            await self._process.stdin.drain()
            line = await asyncio.shield(_line(self._process))
        if not line:
            raise _gone()
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise WizardError(
                told["error"],
                why=told.get("why", ""),
                remedy=told.get("remedy") or "Look at the answers, then try again.",
            )
        return told


async def _line(process: asyncio.subprocess.Process) -> str:
    return (await process.stdout.readline()).decode() if process.stdout is not None else ""


def _gone() -> WizardError:
    return WizardError(
        "The process of the practice tenant has ended",
        state="What it holds is kept.",
        remedy="Leave the wizard and start it again; the run goes on from where it is.",
    )
