"""Real wizard processes against a practice tenant on loopback, to be killed at any instant or at a chosen request."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from rehearsal import ANSWERS, COLUMNS, Rehearsal, person, shape, whereabouts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wizard.clock import Clock, FastClock
from wizard.practice.app import ConnectionCut
from wizard.practice.server import AnnouncingServer, CuttingProtocol
from wizard.practice.tenant import PracticeTenant

USERS = 12
SPEED = 50.0


class Guillotine:
    """Stands before a practice tenant, counts requests, and kills the client at one of them.

    `at` is the number of the request, from 1, or its shape, of which the first counts; `when` is "before" the tenant hears
    of it, "after" it did what was asked and before the answer is sent, or "meanwhile": then the answer is sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.at: int | str | None = None
        self.writes_left: int | None = None
        """Instead of `at`: the how-manyth write to the Management API from now on."""
        self.when = "before"
        self.kill: Callable[[], None] = lambda: None
        self.requests: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(shape(scope["method"], scope["path"]))
        if not self._falls_at(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        if self.when == "after":
            await self._app(scope, receive, _nowhere)
        self.kill()
        if self.when != "meanwhile":
            raise ConnectionCut
        await self._app(scope, receive, send)

    def _falls_at(self, method: str, path: str) -> bool:
        """Whether the request that was just counted is the one."""
        if self.writes_left is not None:
            self.writes_left -= method != "GET" and path.startswith("/api/v2/")
            if not self.writes_left:
                self.writes_left = None
                return True
        return self.at == len(self.requests) or (self.at == self.requests[-1] and self.at not in self.requests[:-1])


async def _nowhere(message: Message) -> None:
    """The answer is never sent."""


class Served:
    """A practice tenant on loopback, in a thread of this process; read the tenant itself only when it is closed."""

    def __init__(self, state: Path, clock: Clock, **settings: Any) -> None:
        self.tenant = PracticeTenant(state, clock=clock, seed=3, **settings)
        self.guillotine = Guillotine(self.tenant.app)
        ready = threading.Event()
        config = uvicorn.Config(
            self.guillotine, http=CuttingProtocol, port=0, lifespan="off", log_config=None, date_header=False
        )
        self._held: dict[str, Any] | None = None
        self._server = AnnouncingServer(config, ready.set)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))
        self._thread.start()
        assert ready.wait(20)

    @property
    def domain(self) -> str:
        return f"127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def close(self) -> dict[str, Any]:
        """End it and return what it holds."""
        if self._held is None:
            self._server.should_exit = True
            self._thread.join()
            self._held = whereabouts(self.tenant)
            self.tenant.close()
        return self._held


@dataclass(frozen=True)
class Outcome:
    """How a process ended: `code` is its exit code, or minus the number of a signal."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


class Warm:
    """Starts wizard processes; see `warm.py`. One at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, order: dict[str, Any]) -> int:
        """Start one and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._hear()["pid"])

    def wait(self) -> int:
        """Wait for its end; return its exit code, or minus the number of the signal."""
        return os.waitstatus_to_exitcode(self._hear()["status"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that starts others has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


class Trial:
    """One migration by processes that may be killed."""

    def __init__(self, folder: Path, served: Served, warm: Warm) -> None:
        self.folder = folder
        self.served = served
        self._warm = warm
        self._sessions: list[int] = []
        write_store(folder, served)

    def begin(self, command: str) -> int:
        """Start `apply` or `resume`; returns the process id."""
        order = {
            "command": command,
            "folder": str(self.folder),
            "runs": str(self.folder / "runs"),
            "secret": self.served.tenant.client_secret,
            "speed": SPEED,
            "out": str(self.folder / f"{len(self._sessions)}.out"),
            "err": str(self.folder / f"{len(self._sessions)}.err"),
        }
        self._sessions.append(self._warm.start(order))
        return self._sessions[-1]

    def kill(self) -> None:
        """End the process that asks, wherever it is."""
        while not self._sessions:  # it asks before we have heard who it is
            time.sleep(0.001)
        kill(self._sessions[-1])

    def end(self) -> Outcome:
        """Wait for the end of the process."""
        code = self._warm.wait()
        out, err = (self.folder / f"{len(self._sessions) - 1}.{name}" for name in ("out", "err"))
        return Outcome(code, *(path.read_text() if path.exists() else "" for path in (out, err)))

    def orphans(self, *, patience: float = 10.0) -> list[str]:
        """What processes of ours have left running, once they had time to notice."""
        return gone(self._sessions, patience)


class Command:
    """A process of the command line itself, in a session of its own, on the machine's clock."""

    def __init__(self, folder: Path, *arguments: str, secret: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wizard", *arguments],
            cwd=folder,
            env={**os.environ, "PRACTICE_SECRET": secret},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def send(self, name: signal.Signals, *, everyone: bool = False) -> None:
        """Send a signal to it, or as a terminal does to everyone in its group."""
        (os.killpg if everyone else os.kill)(self.pid, name)

    def end(self) -> Outcome:
        out, err = self._process.communicate(timeout=120)
        return Outcome(self._process.returncode, out, err)

    def orphans(self, *, patience: float = 10.0) -> list[str]:
        """What it has left running, once that had time to notice."""
        return gone([self.pid], patience)


def gone(sessions: list[int], patience: float) -> list[str]:
    """What still runs of these sessions after some seconds at most."""
    until = time.monotonic() + patience
    while (left := orphans_of(sessions)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def orphans_of(sessions: list[int]) -> list[str]:
    """Command lines of living processes of these sessions."""
    found = []
    for process in psutil.process_iter(["pid", "status", "cmdline"]):
        try:
            ours = os.getsid(process.info["pid"]) in sessions
        except (ProcessLookupError, PermissionError):
            continue
        if ours and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def write_people(folder: Path, users: int) -> None:
    """A legacy store."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(person(number) for number in range(1, users + 1))


def write_store(folder: Path, served: Served) -> None:
    """A legacy store and the answers to migrate it."""
    write_people(folder, USERS)
    text = ANSWERS.format(client_id=served.tenant.client_id, plan="enterprise-production", file_bytes=1_500)
    (folder / "answers.toml").write_text(text.replace("practice.auth0.test", served.domain), encoding="utf-8")


def template(folder: Path) -> Path:
    """The state of a tenant with an application, to be copied: making its keys takes long."""
    state = folder / "tenant.db"
    stage = Rehearsal(folder, settings={"state": state})
    stage.tenant.close()
    return state


@contextmanager
def serving(state: Path, folder: Path, clock: Clock | None = None, **settings: Any) -> Iterator[Served]:
    """A tenant of its own for one test, with its file in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(state, folder / "tenant.db")
    served = Served(folder / "tenant.db", clock or FastClock(SPEED), **settings)
    try:
        yield served
    finally:
        served.close()


@contextmanager
def trial(state: Path, folder: Path, warm: Warm) -> Iterator[Trial]:
    """A trial in an empty folder with a tenant of its own."""
    with serving(state, folder) as served:
        yield Trial(folder, served, warm)


def kill(pid: int) -> None:
    """SIGKILL; nothing when it is gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
