"""An upload against the practice tenant in virtual time, that can be killed between any two of its steps."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from wizard.auth0 import connect
from wizard.auth0.client import Management
from wizard.bulk.jobs.upload import Uploaded, upload_files
from wizard.events import Event
from wizard.journal import Journal
from wizard.practice.fault_rules import Fault
from wizard.practice.faults import Faults, JobTrouble
from wizard.practice.job_times import fixed
from wizard.practice.switches import Switches
from wizard.practice.tenant import JobTime, PracticeTenant

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import virtual_time

T = TypeVar("T")

HASH = "$2b$10$abcdefghijklmnopqrstuuOQ7Zs0qJkV6pYk1sQ0pZb1n9V3e5W6y"
IMPORTS = "/api/v2/jobs/users-imports"


@dataclass(frozen=True)
class File:
    name: str
    users: int
    bytes: int
    sha256: str


def person(number: int, **fields: Any) -> dict[str, Any]:
    """An invented user whose import succeeds, unless fields say otherwise."""
    user = {"user_id": f"legacy|{number}", "email": f"user{number}@example.com", "password_hash": HASH}
    return {**user, **fields}


def people(count: int, start: int = 1) -> list[dict[str, Any]]:
    return [person(number) for number in range(start, start + count)]


class Killed(BaseException):
    """The process is no more."""


class Reaper:
    """Counts the steps of an upload and kills it at one of them; from then on every further step kills too."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0
        self.dead = False

    def step(self) -> None:
        self.steps += 1
        if self.dead or self.steps == self.at:
            self.dead = True
            raise Killed


class Venom(Faults):
    """Faults as planned, and besides: import jobs fail half way whose file holds the word venom."""

    sent = False

    def job(self, kind: str, connection: str | None, now: float) -> JobTrouble:
        if self.sent and kind == "users_import":
            return JobTrouble(failed="Cannot read properties of undefined, venom@example.com")
        return super().job(kind, connection, now)


def poisoned(request: httpx.Request) -> httpx.Request:
    """A file that holds the word poison cannot be read by the tenant: its job fails and imports nobody."""
    if b"poison" not in request.content:
        return request
    content = request.content.replace(b"\r\n\r\n[{", b"\r\n\r\n({")
    return httpx.Request(request.method, request.url, headers=request.headers, content=content)


class MortalTransport(httpx.AsyncBaseTransport):
    """Reaches the tenant; notes requests and how many import jobs were active at each submission."""

    def __init__(self, stage: Stage, reaper: Reaper) -> None:
        self._stage = stage
        self._reaper = reaper
        self._inner = stage.tenant.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._reaper.step()
        self._stage.venom.sent = b"venom" in request.content
        response = await self._inner.handle_async_request(poisoned(request))
        await response.aread()
        response = self._stage.edit(request, response)
        self._stage.answers[f"{request.method} {_shape(request.url.path)} {response.status_code}"] += 1
        self._stage.most_active = max(self._stage.most_active, self._stage.active_jobs())
        self._reaper.step()
        return response


def _shape(path: str) -> str:
    parts = path.removeprefix("/api/v2").split("/")
    return "/".join("{id}" if part.startswith("job_") else part for part in parts)


class MortalJournal(Journal):
    """Dies before or after any write."""

    reaper = Reaper()

    def begin(self, *args: Any, **kwargs: Any) -> int:
        return self._mortal(super().begin, *args, **kwargs)

    def update(self, *args: Any, **kwargs: Any) -> None:
        return self._mortal(super().update, *args, **kwargs)

    def settle(self, *args: Any, **kwargs: Any) -> None:
        return self._mortal(super().settle, *args, **kwargs)

    def record(self, *args: Any, **kwargs: Any) -> None:
        return self._mortal(super().record, *args, **kwargs)

    def _mortal(self, write: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self.reaper.step()
        result = write(*args, **kwargs)
        self.reaper.step()
        return result


@dataclass
class Stage:
    """A tenant with a connection, prepared files, and a run's journal.

    Args:
        folder: Empty; gets files and journal.
        tenant: With an empty database connection `connection_id`.
    """

    folder: Path
    tenant: PracticeTenant
    connection_id: str
    venom: Venom
    plan: str
    rate: float | None = None
    burst: float | None = None
    files: list[File] = field(default_factory=list)
    stopped: bool = False
    edit: Callable[[httpx.Request, httpx.Response], httpx.Response] = lambda request, response: response
    answers: Counter[str] = field(default_factory=Counter)
    watch: Callable[[Event], None] = lambda event: None
    most_active: int = 0
    events: list[Event] = field(default_factory=list)

    def prepare(self, *files: Sequence[dict[str, Any]]) -> None:
        """Write files of users, named 00001.json and so on."""
        for users in files:
            body = orjson.dumps(list(users))
            name = f"{len(self.files) + 1:05d}.json"
            (self.folder / name).write_bytes(body)
            self.files.append(File(name, len(users), len(body), sha256(body).hexdigest()))

    async def upload(self, *, reaper: Reaper | None = None, **options: Any) -> Uploaded:
        """One process of the run, from opening its journal to closing it."""
        reaper = reaper or Reaper()
        with self.journal(reaper) as journal:
            journal.watchers.append(self.events.append)
            journal.watchers.append(lambda event: self.watch(event))
            async with connect(
                self.tenant.domain,
                self.tenant.client_id,
                secret=self.tenant.client_secret,
                plan=self.plan,
                rate=self.rate,
                burst=self.burst,
                clock=self.tenant.clock,
                emit=journal.emit,
                transport=MortalTransport(self, reaper),
            ) as management:
                return await upload_files(
                    self.files,
                    management,
                    journal,
                    folder=self.folder,
                    connection_id=self.connection_id,
                    connection="acme-users",
                    external_id_prefix="run-1",
                    clock=self.tenant.clock,
                    emit=journal.emit,
                    stop=lambda: self.stopped,
                    budget=lambda: management.limiter.budget("other"),
                    **options,
                )

    @contextmanager
    def journal(self, reaper: Reaper | None = None) -> Iterator[Journal]:
        journal = MortalJournal(self.folder / "journal.db", now=self.tenant.clock.now)
        journal.reaper = reaper or Reaper()
        try:
            yield journal
        finally:
            journal.close()

    def users(self) -> list[tuple[Any, ...]]:
        """The tenant's users: what an undisturbed run must leave too."""
        rows = self.tenant.db.execute("select id, email, username, profile, secret from users order by id")
        return [tuple(row) for row in rows]

    def active_jobs(self) -> int:
        row = self.tenant.db.execute("select count(*) from jobs where status in ('pending', 'processing')").fetchone()
        return int(row[0])

    def jobs(self) -> int:
        return int(self.tenant.db.execute("select count(*) from jobs").fetchone()[0])

    def happened(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass(frozen=True)
class Template:
    """A tenant's state with a connection, to be copied, and its key: making one or reading it takes long."""

    state: Path
    key: Any


def management_of(tenant: PracticeTenant) -> AbstractAsyncContextManager[Management]:
    """The API of a tenant, as another program than the run uses it."""
    return connect(
        tenant.domain,
        tenant.client_id,
        secret=tenant.client_secret,
        clock=tenant.clock,
        emit=lambda event: None,
        transport=tenant.transport(),
    )


def template(folder: Path) -> Template:
    path = folder / "tenant.db"
    tenant = PracticeTenant(path, seed=1, clock=_Still())

    async def make() -> None:
        async with management_of(tenant) as management:
            connection = await management.create_connection("acme-users")
            await management.set_enabled_clients(connection.id, {tenant.client_id: True})

    asyncio.run(make())
    tenant.close()
    return Template(path, tenant.keys.signing_key)


class _Still:
    def now(self) -> float:
        return virtual_time.VirtualClock().start

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def perform(
    template: Template,
    folder: Path,
    play: Callable[[Stage], Coroutine[Any, Any, T]],
    *,
    faults: Sequence[Fault] = (),
    job_time: JobTime | None = None,
    plan: str = "enterprise-production",
    rate: float | None = None,
    burst: float | None = None,
    **switches: Any,
) -> T:
    """Play on a fresh stage, in virtual time."""

    async def on_stage() -> T:
        folder.mkdir(exist_ok=True)
        shutil.copy(template.state, folder / "tenant.db")
        venom = Venom(faults)
        tenant = PracticeTenant(
            folder / "tenant.db",
            seed=2,
            plan=plan,
            clock=virtual_time.VirtualClock(),
            faults=venom,
            switches=Switches(**switches),
            job_time=job_time or fixed(20.0),
        )
        vars(tenant.keys)["signing_key"] = template.key
        connection = tenant.connection_named("acme-users")
        assert connection is not None
        try:
            return await play(Stage(folder, tenant, connection.id, venom, plan, rate, burst))
        finally:
            tenant.close()

    return virtual_time.run(on_stage())
