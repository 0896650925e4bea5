"""How long the wizard takes to its first frame, against an empty Textual app, in real pseudo-terminals.

Usage: python tests/benchmarks/first_frame.py [ROUNDS]. Rounds alternate between the two, so that a busy machine slows
both; the ratio is that of the medians. The promise is at most 1.5.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
EMPTY = """
from textual.app import App
from textual.widgets import Label
class Empty(App):
    def compose(self):
        yield Label("Nothing here")
Empty().run()
"""
WIZARD = "from pathlib import Path; from screens import open_wizard; open_wizard(runs=Path({runs!r}))"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def first_frame(program: str, marker: bytes) -> float:
    """Seconds from starting Python with this program until the marker is on its terminal of 120x40.

    Raises:
        TimeoutError: it did not come.
    """
    begun = time.perf_counter()
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=other, stdout=other, stderr=other, cwd=ROOT, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(other)
    try:
        return _until(terminal, marker, begun)
    finally:
        child.kill()
        child.wait()
        os.close(terminal)


def _until(terminal: int, marker: bytes, begun: float) -> float:
    seen = b""
    while marker not in seen:
        left = begun + PATIENCE - time.perf_counter()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            raise TimeoutError(f"no {marker.decode()} after {PATIENCE:.0f} s; the terminal shows {seen[-500:]!r}")
        seen += os.read(terminal, 65536)
    return time.perf_counter() - begun


def main(rounds: int) -> None:
    """Print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as runs:
        programs = ((EMPTY, b"Nothing here"), (WIZARD.format(runs=runs), b"New migration"))
        for program, marker in programs:  # once for the file cache and byte code
            first_frame(program, marker)
        empty, wizard = zip(
            *(tuple(first_frame(program, marker) for program, marker in programs) for _ in range(rounds)), strict=True
        )
    for name, times in (("empty Textual app", empty), ("wizard", wizard)):
        say(f"{name:<18} median {statistics.median(times):.3f} s, {min(times):.3f} to {max(times):.3f}")
    say(f"ratio {statistics.median(wizard) / statistics.median(empty):.2f} over {rounds} rounds")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
