"""Real `auth0-migrate` processes of a two-phase migration, killed at their writes: the next one goes on, and all ends well.

The tenant and the API in front of the legacy store are served; its scripts and Actions run in Node.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if not hasattr(os, "fork"):
    pytest.skip("processes are killed the POSIX way", allow_module_level=True)

import httpx
from kill_stage import Command, Outcome, Served, serving, template
from rehearsal import ANSWERS, COLUMNS, PASSWORD, person

from wizard.clock import RealClock
from wizard.practice.samples import PASSWORD_REALM, add_samples
from wizard.practice.switches import Switches

USERS = 12
MOVERS = (1, 2, 3, 4)
EACH = 5
"""The how-manyth write to the Management API is the last of each process."""
MOST_PROCESSES = 80
QUICK = Switches(
    action_build_seconds=0.2, action_deploy_seconds=0.2, job_user_seconds=0.02, export_base_seconds=0.1
)  # fmt: skip
"""The API in front of the store lives on the machine's time, so the tenant must too."""
TABLES = """[strategy]
way = "two-phase"
[legacy_api]
url = "http://127.0.0.1:{port}"
audience = "https://legacy.example.com/api"
"""


@pytest.fixture
def keyring_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    here, root = Path(__file__).parents[1], Path(__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(root)]))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def write_world(folder: Path, served: Served, port: int) -> None:
    """The legacy store in SQLite, and the answers to migrate it."""
    database = sqlite3.connect(folder / "legacy.db")
    with database:
        database.execute(f"CREATE TABLE people ({', '.join(f'{name} TEXT' for name in COLUMNS)})")
        rows = [tuple(person(number)[name] for name in COLUMNS) for number in range(1, USERS + 1)]
        database.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    database.close()
    text = ANSWERS.format(client_id=served.tenant.client_id, plan="enterprise-production", file_bytes=1_500)
    text = text.replace("practice.auth0.test", served.domain).replace('"users.csv"', '"legacy.db"\ntable = "people"')
    tables = TABLES.format(port=port)
    (folder / "answers.toml").write_text(text.replace("[connection]", tables + "[connection]", 1))


@contextmanager
def legacy_api(folder: Path, port: int, secret: str) -> Iterator[None]:
    """`auth0-migrate legacy-api` itself."""
    command = [sys.executable, "-m", "wizard", "legacy-api", "answers.toml", "--port", str(port), "--json"]
    environment = {**os.environ, "PRACTICE_SECRET": secret}
    with (folder / "legacy-api.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "legacy-api.log").read_text()
            assert json.loads(line)["address"].endswith(str(port))
            yield
        finally:
            process.terminate()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


class Migration:
    """The processes of one run, one after the other."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder = folder
        self.served = served
        self.killed = 0
        served.guillotine.when = "after"

    def go_on(self, *flags: str) -> Outcome:
        """Run processes that are killed at their writes until one comes to an end."""
        gate = self.served.guillotine
        settings = [part for flag in flags for part in ("--set", flag)]
        for _ in range(MOST_PROCESSES):
            gate.writes_left = EACH
            gate.when = "before" if self.killed % 3 == 2 else "after"
            begun = any(path.name[0] != "." for path in (self.folder / "runs").glob("*"))
            what = ["resume", "latest", *settings] if begun else ["apply", "answers.toml"]
            process = Command(
                self.folder, *what, "--yes", "--json", "--runs", "runs", secret=self.served.tenant.client_secret
            )
            gate.kill = lambda process=process: process.send(signal.SIGKILL)  # type: ignore[misc]
            outcome = process.end()
            assert process.orphans() == []
            if outcome.code != -signal.SIGKILL:
                gate.writes_left = None
                return outcome
            self.killed += 1
        raise AssertionError("there is always something left to write")


def log_in(served: Served, login: tuple[str, str], number: int, password: str = PASSWORD) -> int:
    """The status of a login as an application would ask for it."""
    form = {
        "grant_type": PASSWORD_REALM,
        "realm": "acme-users",
        "username": person(number)["mail"],
        "password": password,
        "client_id": login[0],
        "client_secret": login[1],
    }
    return httpx.post(f"http://{served.domain}/oauth/token", data=form, timeout=60).status_code


@pytest.mark.usefixtures("keyring_in_a_file")
def test_both_phases_and_the_cutover_survive_kills_at_their_writes(tmp_path: Path) -> None:
    with serving(template(tmp_path / "template"), tmp_path / "run", RealClock(), switches=QUICK) as served:
        served.tenant.served_at.add(served.domain)
        samples = add_samples(served.tenant)
        login = (samples.login_client_id, samples.login_client_secret)
        port = free_port()
        write_world(tmp_path / "run", served, port)
        text = (tmp_path / "run" / "answers.toml").read_text()
        (tmp_path / "run" / "answers.toml").write_text(text.replace('["Web shop"]', '["Login check"]'))
        with legacy_api(tmp_path / "run", port, served.tenant.client_secret):
            assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200
            migration = Migration(tmp_path / "run", served)
            first = migration.go_on()
            assert first.code == 6, first.err
            assert migration.killed
            assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20).status_code == 200
            assert [log_in(served, login, number) for number in MOVERS] == [200] * len(MOVERS)
            assert log_in(served, login, 5, "not her password") == 403

            last = migration.go_on("trickle.go_on=true", "cutover.confirm=acme-users")
            assert last.code == 0, last.err
            users = last.answer["users"]
            assert users["read"] == USERS == users["migrated"] + users["imported"] + users["already_there"]
            assert users["migrated"] == len(MOVERS)
            assert [users[key] for key in ("rejected", "skipped", "missing", "different", "extra")] == [0] * 5
        # The API is gone now, and nobody needs it any more.
        assert [log_in(served, login, number) for number in range(1, USERS + 1)] == [200] * USERS
        assert log_in(served, login, 5, "not her password") == 403
        held = served.close()
        emails = [row[2] for row in held["users"]]
        assert sorted(emails) == sorted(person(number)["mail"] for number in range(1, USERS + 1))
