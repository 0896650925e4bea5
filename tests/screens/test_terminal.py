"""What ends with what: the wizard with its terminal, and the process beside the screen with the wizard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from textual.drivers._writer_thread import WriterThread

from screens.terminal import Outlived

pty = pytest.importorskip("pty")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except BlockingIOError:
        time.sleep(0.05)
        return b""
    except OSError:  # nobody has the other end open any more
        return b""


@contextmanager
def opened(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The wizard with its list in sight, and the other end of its terminal."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    command = [sys.executable, "-m", "wizard", "--runs", str(folder)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        shown, until = b"", time.monotonic() + 40
        while b"migration" not in shown and time.monotonic() < until:
            shown += read(ours)
        assert b"migration" in shown
        yield process, ours
    finally:
        process.kill()
        process.wait()


def test_the_wizard_ends_with_its_terminal(tmp_path: Path) -> None:
    with opened(tmp_path) as (process, terminal):
        os.close(terminal)
        assert process.wait(30) == 130


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda one: one.name)
def test_a_wizard_that_is_asked_to_end_leaves_the_terminal_as_it_was(tmp_path: Path, asked: signal.Signals) -> None:
    with opened(tmp_path) as (process, terminal):
        assert not termios.tcgetattr(terminal)[3] & termios.ECHO
        process.send_signal(asked)
        assert process.wait(30) == 130
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
        told = b"".join(iter(lambda: read(terminal), b"")).decode()
        assert "\x1b[?1049l" in told, "the screen from before the wizard"
        assert "Open the wizard again" in told.rpartition("\x1b[?1049l")[2]
        os.close(terminal)


def comes(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not (came := what()) and time.monotonic() < until:
        time.sleep(0.05)
    return came


def test_ctrl_z_gives_the_terminal_back_until_the_wizard_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as (process, terminal):
        state = psutil.Process(process.pid)
        os.write(terminal, b"\x1a")
        assert comes(lambda: state.status() == psutil.STATUS_STOPPED)
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
        process.send_signal(signal.SIGCONT)
        assert comes(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
        assert comes(lambda: b"migration" in read(terminal))
        os.write(terminal, b"q")
        assert comes(lambda: (read(terminal), process.poll())[1] == 0)
        os.close(terminal)


def test_what_is_drawn_for_a_terminal_that_is_gone_holds_nobody_up() -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    with suppress(OSError), os.fdopen(theirs, "w") as stream:
        writer = WriterThread(Outlived(stream))  # type: ignore[arg-type]  # as much of a stream as it takes
        writer.start()

        def draw() -> None:
            for _ in range(100):
                writer.write("drawn")
            writer.stop()

        drawing = threading.Thread(target=draw, daemon=True)
        drawing.start()
        drawing.join(10)
        assert not drawing.is_alive()


BESIDE = """
import asyncio, os, time
from screens.background import Apart

async def main():
    print(await Apart().do(os.getpid), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_the_process_beside_the_screen_ends_with_a_wizard_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "beside.py"
    script.write_text(BESIDE)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    wizard = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment)
    assert wizard.stdout is not None
    beside = psutil.Process(int(wizard.stdout.readline()))
    wizard.kill()
    wizard.wait()
    beside.wait(20)
    assert not beside.is_running()
    wizard.stdout.close()
