"""`auth0-migrate serve` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Served:
    """What it printed, and the log it wrote."""

    url: str
    log: Path
    process: subprocess.Popen[str]

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """Serve the wizard from a folder of its own until the test is done."""
    log = folder / "serve.log"
    arguments = ["serve", "--port", "0", "--json", "--runs", str(folder / "runs"), "--log-file", str(log), *options]
    with subprocess.Popen(
        [sys.executable, "-m", "wizard", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, "COLUMNS": "120"},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield Served(json.loads(line)["url"], log, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
