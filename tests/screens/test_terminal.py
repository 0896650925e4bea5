"""A terminal that is taken away without a signal ends the wizard instead of keeping a core busy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

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
