"""The practice migration in a real terminal: tmux at 80x24, real keys, the practice tenant in a process of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 120.0


class Tmux:
    """One session of a server of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._folder = folder

    def __call__(self, *arguments: str) -> str:
        asked = ["tmux", "-S", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(asked, check=True, capture_output=True, text=True, timeout=30).stdout

    def open(self, *arguments: str) -> None:
        """Start the wizard in it."""
        command = shlex.join([sys.executable, "-m", "wizard", "--runs", str(self._folder / "runs"), *arguments])
        self("new-session", "-d", "-x", "80", "-y", "24", "-c", str(self._folder), command)

    @property
    def pane(self) -> str:
        return self("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self("send-keys", *keys)

    def shows(self, words: str) -> str:
        """Wait until these words are on the screen."""
        deadline = time.monotonic() + PATIENCE
        while words not in (pane := self.pane):
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} never came:\n{pane}")
            time.sleep(0.2)
        return pane

    def go_on(self, title: str) -> None:
        """Press Next until this step is the one that is open; a page that is still looking takes the key later."""
        self.press("C-n")
        self.shows(f"▸ {title}")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None and os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"):
        pytest.fail("not installed: tmux (package tmux)")
    if shutil.which("tmux") is None:
        pytest.skip("not installed: tmux (package tmux)")
    session = Tmux(tmp_path)
    try:
        yield session
    finally:
        subprocess.run(["tmux", "-S", str(tmp_path / "tmux"), "kill-server"], check=False, capture_output=True)


def test_the_practice_migration_is_done_by_keys_in_tmux(tmux: Tmux) -> None:
    tmux.open()
    tmux.shows("New migration")
    tmux.press("p")
    tmux.shows("PRACTICE")
    tmux.shows("▸ Tenant")
    for title in (
        "Legacy store", "Profile", "Passwords", "Strategy", "Connection", "Applications", "Prepare", "Upload", "Verify",
        "Review",
    ):  # fmt: skip
        tmux.go_on(title)
    tmux.shows("copies it whole")
    tmux.press("F9")
    tmux.shows("▸ Run")
    tmux("resize-window", "-x", "60", "-y", "15")
    tmux("resize-window", "-x", "80", "-y", "24")
    tmux.shows("Ended; some users need a look.")
    tmux.go_on("Results")
    tmux.shows("adds up")
    tmux.go_on("Finish")
    tmux.shows("Save its answers")
    tmux.press("C-q")
    deadline = time.monotonic() + PATIENCE
    while subprocess.run(["tmux", "-S", tmux._socket, "ls"], check=False, capture_output=True).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_wizard_that_is_killed_during_the_run_goes_on_when_it_is_opened_again(tmux: Tmux) -> None:
    tmux.open("--practice")
    tmux.shows("▸ Tenant")
    for title in (
        "Legacy store", "Profile", "Passwords", "Strategy", "Connection", "Applications", "Prepare", "Upload", "Verify",
        "Review",
    ):  # fmt: skip
        tmux.go_on(title)
    tmux.shows("copies it whole")
    tmux.press("F9")
    tmux.shows("▸ Upload ")
    process = tmux("display-message", "-p", "#{pane_pid}").strip()
    subprocess.run(["kill", "-KILL", process], check=True)
    time.sleep(1.0)
    tmux.open()
    tmux.shows("can go on")
    tmux.press("End")
    tmux.press("Enter")
    tmux.shows("▸ Run")
    tmux.shows("paused")
    tmux.press("F7")
    tmux.shows("Ended; some users need a look.")
    tmux.go_on("Results")
    pane = tmux.shows("adds up")
    assert "500" in pane
