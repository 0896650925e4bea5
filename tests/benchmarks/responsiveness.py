"""How quickly the wizard answers a key while a large store is prepared and uploaded, in one run through a real terminal.

Usage: python tests/benchmarks/responsiveness.py [--users N] [--keys N]

A practice migration is driven by keys in a pseudo-terminal of 120x40 whose bytes are replayed in a terminal emulator. The
same keys (Tab and Shift+Tab between two buttons of the run page) are pressed while files are prepared, while they are
uploaded, and at rest, when the run is paused; each is timed until the focus is painted on the other button. Promises: at the median at most
30 ms, at the 99th percentile at most 1.3 times that at rest; idle at most 1 % of a core, at full progress at most a
quarter of one. The figures of the app are those of its own process; workers are niced processes beside it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import queue
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyte

ROOT = Path(__file__).parents[2]
PATIENCE = float(os.environ.get("PATIENCE", "900"))
NEXT, TAB, SHIFT_TAB, F7, F9 = b"\x0e", b"\t", b"\x1b[Z", b"\x1b[18~", b"\x1b[20~"
WATCHED = 0.2
"""Seconds that a paint is given before the emulator looks at it."""
BETWEEN = 0.12
"""Seconds between two keys; not a divisor of the refresh, so that keys fall anywhere in it."""

WIZARD = """
import screens.practice as practice
practice.STORES = (("customers.csv", {users}, 1, "customers"),)
practice.FILE_BYTES = 499_000
from pathlib import Path
from screens import open_wizard
open_wizard(practice=True, runs=Path({runs!r}))
"""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Terminal:
    """A wizard in a pseudo-terminal."""

    def __init__(self, program: str) -> None:
        self._own, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self._screen)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=other, stdout=other, stderr=other, cwd=ROOT, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(other)
        self.cpu = psutil.Process(self.process.pid)
        self._painted: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def _listen(self) -> None:
        """Note when the wizard painted what; another thread's work, as the emulator is slower than the wizard."""
        while True:
            try:
                painted = os.read(self._own, 1 << 16)
            except OSError:  # the terminal is closed
                return
            self._painted.put((time.perf_counter(), painted))

    def replay(self, until: Callable[[], bool] = lambda: False) -> float | None:
        """Paint what has come; returns when that which made the condition true was there."""
        while True:
            try:
                when, painted = self._painted.get_nowait()
            except queue.Empty:
                return None
            self._stream.feed(painted)
            if until():
                return when

    def quiet(self, seconds: float) -> None:
        """Let it paint for so long."""
        time.sleep(seconds)
        self.replay()

    def until(self, *words: str) -> str:
        """Read until any of the words is on the screen; returns it."""
        limit = time.perf_counter() + PATIENCE
        while True:
            text = self.text
            for word in words:
                if word in text:
                    return word
            if time.perf_counter() > limit:
                raise TimeoutError(f"none of {words} came; the terminal shows\n{text}")
            self.quiet(0.2)

    def press(self, key: bytes) -> None:
        os.write(self._own, key)

    def buttons(self) -> tuple[object, ...]:
        """How the two buttons of the page are drawn; another one when the focus has moved."""
        for row in reversed(range(self._screen.lines - 1)):  # the last one is the footer's
            line = self._screen.display[row]
            places = line.find(" Back "), line.find(" Next ")
            if min(places) >= 0:
                return tuple(self._screen.buffer[row][place + 1] for place in places)
        return ()

    def timed(self, key: bytes) -> float:
        """Seconds from this key until the focus is painted on the other button."""
        self.replay()
        before, begun = self.buttons(), time.perf_counter()
        self.press(key)
        while time.perf_counter() - begun < 30:
            time.sleep(WATCHED)
            if (when := self.replay(lambda: self.buttons() != before)) is not None:
                self.replay()
                return when - begun
        raise TimeoutError(f"the focus never moved; the terminal shows\n{self.text}")

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._own)


def keys_in(terminal: Terminal, number: int, while_shown: str = "") -> list[float]:
    """Times of keys that move the focus between the two buttons; ends early when the words are gone."""
    times: list[float] = []
    while (len(times) < number and (not while_shown or while_shown in terminal.text)) or len(times) % 2:
        times.append(terminal.timed(SHIFT_TAB if len(times) % 2 else TAB))
        terminal.quiet(BETWEEN + len(times) % 7 * 0.013)
    return times


def busy(terminal: Terminal, seconds: float) -> float:
    """Share of one core that the wizard's own process takes without any key."""
    before, begun = terminal.cpu.cpu_times(), time.perf_counter()
    terminal.quiet(seconds)
    after, passed = terminal.cpu.cpu_times(), time.perf_counter() - begun
    used: float = after.user + after.system - before.user - before.system
    return used / passed


def told(name: str, times: list[float]) -> tuple[float, float]:
    """Print a row; returns median and 99th percentile in milliseconds."""
    ordered = sorted(1000 * one for one in times)
    middle, last = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    say(
        f"{name:<12} {len(ordered):>5} keys  median {middle:6.1f} ms  p90 {ordered[int(len(ordered) * 0.9)]:6.1f}  p99 {last:6.1f}"
    )
    return middle, last


def to_the_run(terminal: Terminal) -> None:
    """Answer every page by Next, approve, and put the focus on the buttons of the run page."""
    for title in ("Legacy store", "Profile", "Passwords", "Strategy", "Connection", "Applications", "Prepare"):
        terminal.quiet(1.0)
        terminal.press(NEXT)
        terminal.until(f"▸ {title}")
    for title in ("Upload", "Verify", "Review"):
        terminal.quiet(1.0)
        terminal.press(NEXT)
        terminal.until(f"▸ {title}")
    terminal.until("copies it whole")
    terminal.press(F9)
    terminal.until("▸ Run")
    for _ in range(12):
        terminal.quiet(0.5)
        before = terminal.buttons()
        terminal.press(TAB)
        terminal.quiet(0.5)
        if before and terminal.buttons() != before:
            return
    raise TimeoutError(f"the buttons of the run page cannot be reached\n{terminal.text}")


def main() -> None:
    """Print the figures and whether each promise holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        terminal = Terminal(WIZARD.format(users=given.users, runs=runs))
        try:
            terminal.until("▸ Tenant")
            to_the_run(terminal)
            preparing = keys_in(terminal, given.keys, "▸ Prepare ")
            terminal.until("▸ Upload ")
            uploading = keys_in(terminal, given.keys, "▸ Upload ")
            full = busy(terminal, 10.0)
            terminal.press(F7)
            terminal.until(" paused")
            terminal.quiet(2.0)
            resting = keys_in(terminal, given.keys)
            terminal.quiet(2.0)
            idle = busy(terminal, 20.0)
        finally:
            terminal.close()
    _, p99_rest = told("at rest", resting)
    good = True
    for name, times in (("preparing", preparing), ("uploading", uploading)):
        if not times:
            say(f"{name:<12} over before a key was pressed; take more users")
            continue
        median, p99 = told(name, times)
        held = median <= 30 and p99 <= 1.3 * p99_rest
        good = good and held
        say(f"             p99 {p99 / p99_rest:.2f} times that at rest: {'holds' if held else 'MISSED'}")
    good = good and full <= 0.25 and idle <= 0.01
    say(f"CPU of the app: {full:.1%} of a core uploading (at most 25 %), {idle:.2%} idle (at most 1 %)")
    say("every promise holds" if good else "a promise is missed")
    sys.exit(not good)


if __name__ == "__main__":
    main()
