"""A real MariaDB for tests: its own folder and socket, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

START_SECONDS = 60


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Start a server and yield the URL of its superuser in the database `shop`.

    Where none can be started the test is skipped, with the reason; it fails where everything is required to run.
    """
    found = {
        name: shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("mariadbd", "mariadb-install-db")
    }
    server, install = found["mariadbd"], found["mariadb-install-db"]
    if server is None or install is None:
        _missing("it is not installed (apt-get install mariadb-server)")
    folder = Path(tempfile.mkdtemp(prefix="maria-"))
    account = ["--user=root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    try:
        data = folder / "data"
        made = subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *account],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            _missing(f"its data folder could not be made: {made.stderr[-300:]}")
        settings = [
            "--skip-networking",
            f"--socket={folder}/s",
            f"--pid-file={folder}/pid",
            f"--log-error={folder}/log",
        ]
        process = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={data}", "--default-time-zone=+05:00", *settings, *account],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(process, folder)
            yield f"mysql://root@localhost/shop?unix_socket={folder}/s"
        finally:
            process.terminate()
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    pymysql = _driver()
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if not (folder / "s").exists():  # the driver leaves its socket open where it cannot connect
            time.sleep(0.05)
            continue
        try:
            with pymysql.connect(unix_socket=f"{folder}/s", user="root") as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
            return
        except pymysql.err.OperationalError:
            time.sleep(0.05)
    _missing(f"the server did not start: {(folder / 'log').read_text()[-300:]}")


def _driver() -> Any:
    try:
        import pymysql
    except ModuleNotFoundError:
        _missing("the driver pymysql is not installed")
    return pymysql


def _missing(why: str) -> NoReturn:
    if os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"):
        pytest.fail(f"no MariaDB: {why}")
    pytest.skip(f"no MariaDB: {why}")
