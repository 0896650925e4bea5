"""Where the wizard cannot be drawn it says why and what else there is; commands write what they have to say anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no such terminals", allow_module_level=True)

import pty

WIZARD = [sys.executable, "-m", "wizard"]
FIT = {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}


def refused(folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """What the wizard answers on a terminal of its own; no variable where the text is empty."""
    ours, theirs = pty.openpty()
    given = {**os.environ, **FIT, **environment}
    process = subprocess.Popen(
        [*WIZARD, "--runs", str(folder)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={name: value for name, value in given.items() if value},
    )
    os.close(theirs)
    told = b""
    try:
        while more := os.read(ours, 4096):
            told += more
            if b"\x1b[?1049h" in told:
                process.kill()
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    return process.wait(30), told.decode("latin-1").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"TERM": "dumb"}, "TERM is dumb."),
        ({"TERM": ""}, "TERM is not set."),
        ({"PYTHONIOENCODING": "latin-1"}, "that is iso8859-1."),
    ],
    ids=str,
)
def test_a_terminal_that_cannot_show_the_wizard_is_refused(
    tmp_path: Path, environment: dict[str, str], why: str
) -> None:
    code, told = refused(tmp_path, environment)
    assert code == 2
    assert told.startswith("The wizard cannot be drawn")
    assert why in told
    assert "auth0-migrate apply ANSWERS" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_so_is_one_that_is_not_there_for_all_three_streams(tmp_path: Path, stream: str) -> None:
    ours, theirs = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with (tmp_path / "file").open("w+") as file:
        command = [*WIZARD, "--runs", str(tmp_path)]
        environment = {**os.environ, **FIT}
        process = subprocess.Popen(command, **{**streams, stream: file.fileno()}, env=environment)  # type: ignore[call-overload]
        try:
            assert process.wait(30) == 2
        finally:
            process.kill()
            os.close(theirs)
        told = os.read(ours, 4096).decode() if stream != "stderr" else (tmp_path / "file").read_text(encoding="utf-8")
        os.close(ours)
    assert told.startswith(f"The wizard needs a terminal: {stream} is not one.")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_a_result_is_written_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "people.csv").write_text(
        "id,email,name\n1,li@example.com,李雷\n2,zoe@example.com,Zoë\n", encoding="utf-8"
    )
    done = subprocess.run(
        [*WIZARD, "inspect", "people.csv"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"name" in done.stdout
