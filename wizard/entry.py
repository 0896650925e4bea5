"""Where the process begins: asked to end while the rest is still being imported, it does so at once and quietly.

An interruption that raises in the middle of an import leaves modules half made, so that even telling it could fail, and one
that raises where Python calls it back is told and forgotten. Before a command has begun nothing is there to be put in order.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from wizard.stops import STOPS, heard

INTERRUPTED = 130
WHAT = "Interrupted"
REMEDY = "Give the same command again; a run goes on where it was"
IMPORTING = "<frozen importlib._bootstrap>"
"""File of the frames that import a module."""

AGAIN_IN = 0.01
"""Seconds after which an interruption that came in the middle of an import comes again."""


def main() -> None:
    """Run the command line; an interruption counts from here on."""
    end_at_once()
    from wizard.__main__ import main as run

    run()


def end_at_once() -> None:
    """Being asked to end is answered here and now, whoever asks."""
    for name in heard():
        signal.signal(name, _end)


def raise_between_imports() -> None:
    """From now on there may be work to put in order: being asked to end raises KeyboardInterrupt, if it ended at once before."""
    for name in STOPS:
        if signal.getsignal(name) is _end:
            signal.signal(name, interrupt)


def _end(number: int, frame: FrameType | None) -> None:
    """Tell it with what needs no import, below the ^C of a terminal, and end."""
    _write(2, f"\n{WHAT}.\nNext: {REMEDY}.\n")
    if "--json" in sys.argv:
        error = f'{{"what": "{WHAT}", "why": "", "state": "", "remedy": "{REMEDY}", "exit": {INTERRUPTED}}}'
        _write(1, f'{{"verdict": "failed", "error": {error}}}\n')
    os._exit(INTERRUPTED)


def _write(stream: int, text: str) -> None:
    try:
        os.write(stream, text.encode("ascii"))
    except OSError:
        return  # nobody listens


def interrupt(number: int, frame: FrameType | None) -> None:
    """Interrupt what is at work; an import is done first, and interrupted what asked for it."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            import threading  # imported long before, by click

            again = threading.Timer(AGAIN_IN, signal.raise_signal, [number])
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt
