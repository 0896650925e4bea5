"""Time as an argument: real, or running fast for a rehearsal."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where the engine and the practice tenant get the time from; all figures are seconds."""

    def now(self) -> float:
        """UNIX time."""

    async def sleep(self, seconds: float) -> None:
        """Let this much of the clock's own time pass; at once for zero or less."""


class RealClock:
    """The machine's clock. Differences are taken from a monotonic source, so a corrected wall clock does no harm."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return self._offset + time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class WallClock:
    """The machine's clock as it is corrected, for what others have dated; differences are those of `RealClock`.

    What runs for months sees its machine paused and moved, and its clock set right after the start.
    """

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class FastClock:
    """A clock that runs `speed` times as fast as the machine's, from now on or from a later moment."""

    def __init__(self, speed: float, since: float = 0.0) -> None:
        self.speed = speed
        self._started = max(time.time(), since)
        self._origin = time.monotonic()

    def run_at(self, speed: float) -> None:
        """Run at another speed from now on; who sleeps already is woken as the speed before had it."""
        self._started, self._origin = self.now(), time.monotonic()
        self.speed = speed

    def now(self) -> float:
        return self._started + (time.monotonic() - self._origin) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)
