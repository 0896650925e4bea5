"""`auth0-migrate legacy-api` as an operator runs it: processes on a port, tokens of a served practice tenant, SIGTERM."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from doorway_stage import PASSWORD, PEOPLE, store

AUDIENCE = "https://legacy-api.example.com"
SCOPES = ["verify:passwords", "read:users", "mark:users"]
SECONDS = 60
ANSWERS = """version = 1
[tenant]
domain = "{domain}"
client_id = "{client_id}"
client_secret = "env:SECRET"
environment = "practice"
[source]
kind = "sql"
path = "legacy.db"
table = "users"
[profile]
user_id = "id"
user_id_prefix = "legacy|"
email = "email"
[passwords]
column = "hash"
[legacy_api]
url = "https://legacy-api.example.com"
audience = "https://legacy-api.example.com"
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command, once it has said where it serves."""
    command = [sys.executable, "-m", "wizard", *arguments, "--port", "0", "--json"]
    with (folder / "stderr").open("w") as told:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=told, text=True)
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()
            process.wait(SECONDS)
            process.stdout.close()  # type: ignore[union-attr]


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(SECONDS)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A practice tenant on a port, with the legacy API registered and a token of its application."""
    with started(tmp_path_factory.mktemp("tenant"), "practice") as (_, told), httpx.Client(timeout=SECONDS) as web:

        def token(client: dict[str, Any], audience: str) -> str:
            form = {key: client[key] for key in ("client_id", "client_secret")}
            form |= {"grant_type": "client_credentials", "audience": audience}
            answer = web.post(f"{told['address']}/oauth/token", json=form)
            return str(answer.json()["access_token"])

        headers = {"Authorization": f"Bearer {token(told, told['audience'])}"}

        def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answer = web.post(f"{told['address']}/api/v2/{path}", json=body, headers=headers)
            assert answer.status_code == 201, answer.text
            return dict(answer.json())

        api = {"identifier": AUDIENCE, "name": "Legacy", "scopes": [{"value": scope} for scope in SCOPES]}
        made("resource-servers", api)
        client = made(
            "clients", {"name": "Scripts", "app_type": "non_interactive", "grant_types": ["client_credentials"]}
        )
        made("client-grants", {"client_id": client["client_id"], "audience": AUDIENCE, "scope": SCOPES})
        yield {**told, "token": token(client, AUDIENCE), "other": token(told, told["audience"])}


@pytest.fixture
def folder(tenant: dict[str, Any], tmp_path: Path) -> Path:
    store(tmp_path, PEOPLE)
    (tmp_path / "answers.toml").write_text(ANSWERS.format(**tenant), encoding="utf-8")
    return tmp_path


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_two_workers_serve_one_port_and_marks_survive_a_graceful_end(tenant: dict[str, Any], folder: Path) -> None:
    login = {"identifier": "person2@example.com", "password": PASSWORD}
    serve = ("legacy-api", "answers.toml", "--workers", "2", "--log-file", "log.txt")
    with started(folder, *serve, "--quiet") as (process, told), httpx.Client(base_url=told["address"]) as web:
        assert (told["workers"], web.get("/readyz").status_code) == (2, 200)
        assert web.post("/login", json=login).status_code == 401
        assert web.post("/login", json=login, headers=bearer(tenant["other"])).status_code == 401
        web.headers.update(bearer(tenant["token"]))
        assert web.post("/login", json=login).json()["user"]["user_id"] == "legacy|2"
        assert web.post("/users/legacy%7C2/migrated").status_code == 204
        for _ in range(20):  # each on a connection of its own, so that both processes have their turn
            answer = httpx.get(f"{told['address']}/migrated", headers=bearer(tenant["token"]))
            assert answer.json() == {"count": 1, "user_ids": ["legacy|2"]}
        assert ended(process) == 0
    assert (folder / "stderr").read_text() == ""
    log = (folder / "log.txt").read_text()
    assert log.count('"route": "/migrated", "status": 200') == 20
    assert log.count('"outcome": "invalid_token"') == log.count('"why": "') == 2
    assert "person2" not in log
    with started(folder, "legacy-api", "answers.toml") as (process, told):
        answer = httpx.post(f"{told['address']}/login", json=login, headers=bearer(tenant["token"]))
        assert (answer.status_code, answer.json()["error"]) == (404, "unknown_user")
        assert ended(process) == 0
    assert '"outcome": "unknown_user"' in (folder / "stderr").read_text()


def test_a_file_of_marks_is_used_unless_the_answers_name_another_place(
    tenant: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(folder, "legacy-api", "answers.toml", "--marks", "volume.db") as (process, _):
        assert ended(process) == 0
    assert (folder / "volume.db").is_file()
    assert not (folder / "migrated-users.db").exists()
    monkeypatch.setenv("MARKS_URL", f"sqlite:{folder / 'shared.db'}")
    answers = (folder / "answers.toml").read_text(encoding="utf-8")
    (folder / "answers.toml").write_text(f'{answers}marks = "env:MARKS_URL"\n', encoding="utf-8")
    with started(folder, "legacy-api", "answers.toml", "--marks", "other.db") as (process, _):
        assert ended(process) == 0
    assert (folder / "shared.db").is_file()
    assert not (folder / "other.db").exists()


def test_what_is_under_way_at_sigterm_is_answered(tenant: dict[str, Any], folder: Path) -> None:
    with started(folder, "legacy-api", "answers.toml") as (process, told):
        host, _, port = told["address"].rpartition("//")[2].partition(":")
        body = json.dumps({"identifier": "person2@example.com", "password": PASSWORD}).encode()
        head = f"POST /login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant['token']}\r\n"
        with socket.create_connection((host, int(port)), timeout=SECONDS) as line:
            line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            httpx.get(f"{told['address']}/healthz")  # by now the head has arrived
            process.send_signal(signal.SIGTERM)
            line.sendall(body)
            assert line.recv(65536).startswith(b"HTTP/1.1 200")
        assert process.wait(SECONDS) == 0


def test_the_port_is_free_again_after_the_process_that_began_was_killed(tenant: dict[str, Any], folder: Path) -> None:
    with started(folder, "legacy-api", "answers.toml", "--workers", "2") as (process, told):
        port = int(told["address"].rpartition(":")[2])
        process.kill()
        process.wait()
        ends = time.monotonic() + SECONDS
        while is_taken(port):
            assert time.monotonic() < ends, (
                "its workers serve on, though nobody asks them anything and nobody would end them"
            )
            time.sleep(0.1)


def is_taken(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False


def test_the_index_of_a_file_is_private_and_goes_with_a_killed_process_at_the_next_start(
    tenant: dict[str, Any], folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("id", "email", "login", "name", "plan", "hash")
    with (folder / "users.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *PEOPLE])
    text = (folder / "answers.toml").read_text(encoding="utf-8")
    of_database = 'kind = "sql"\npath = "legacy.db"\ntable = "users"'
    assert of_database in text
    (folder / "answers.toml").write_text(text.replace(of_database, 'path = "users.csv"'), encoding="utf-8")
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(place))
    with started(folder, "legacy-api", "answers.toml") as (process, _):
        [index] = place.glob("*/users.db")
        assert [stat.S_IMODE(path.stat().st_mode) for path in (index, index.parent)] == [0o600, 0o700]
        process.kill()
        process.wait()
    assert index.exists()
    with started(folder, "legacy-api", "answers.toml") as (process, _):
        [other] = place.glob("*/users.db")
        assert other != index
        assert ended(process) == 0
    assert list(place.glob("*/users.db")) == []
