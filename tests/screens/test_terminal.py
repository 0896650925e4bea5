"""What ends with what: the wizard with its terminal, and the process beside the screen with the wizard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pty = pytest.importorskip("pty")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except BlockingIOError:
        time.sleep(0.05)
        return b""


def test_the_wizard_ends_with_its_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    command = [sys.executable, "-m", "wizard", "--runs", str(tmp_path)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        shown, until = b"", time.monotonic() + 40
        while b"migration" not in shown and time.monotonic() < until:
            shown += read(ours)
        assert b"migration" in shown
        os.close(ours)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


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
