"""A whole migration in miniature: a legacy file, answers, and a practice tenant in this process."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest

from wizard.answers import Answers, load
from wizard.bulk.repair.removal import InUse
from wizard.engine import carry_out, verify_again
from wizard.errors import Interrupted
from wizard.events import Event
from wizard.identity import Origin, decided, facts_of, origin_of, require_unedited, run_of
from wizard.practice.tenant import PracticeTenant
from wizard.progress import Progress
from wizard.runner import Plan
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS
from wizard.tools import Stop
from wizard.undo.plan import UndoPlan
from wizard.undo.putting_back import Undone
from wizard.undo.run import undo_run
from wizard.world import World

COLUMNS = ("id", "mail", "verified", "first", "last", "phone", "password_hash")
PASSWORD = "correct horse battery staple"
CANARY_SECRET = "canary-secret-4f1d"


class JumpClock:
    """A clock whose sleepers wake at once: the time they asked for has then passed."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)


@cache
def known_hash() -> str:
    """A real bcrypt hash of cost 10 of PASSWORD."""
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()


def person(number: int) -> dict[str, str]:
    return {
        "id": str(number),
        "mail": f"person{number}@example.com",
        "verified": "yes" if number % 2 else "no",
        "first": "Ada" if number % 3 else "Zoë",
        "last": f"Ångström {number}",
        "phone": "",
        "password_hash": known_hash(),
    }


def kept(number: int) -> dict[str, object]:
    """The same person as Auth0 keeps somebody whom the scripts let in."""
    who = person(number)
    return {
        "user_id": who["id"],
        "email": who["mail"],
        "email_verified": who["verified"] == "yes",
        "given_name": who["first"],
        "family_name": who["last"],
        "name": f"{who['first']} {who['last']}",
    }


ANSWERS = """
version = 1
[tenant]
domain = "practice.auth0.test"
client_id = "{client_id}"
client_secret = "env:PRACTICE_SECRET"
environment = "practice"
plan = "{plan}"
[source]
path = "users.csv"
[profile]
user_id = "id"
email = "mail"
email_verified = {{ column = "verified", transforms = ["strip", 'bool(true=["yes"], false=["no"])'] }}
given_name = "first"
family_name = "last"
name = {{ template = "{{first}} {{last}}" }}
phone_number = "phone"
[passwords]
column = "password_hash"
[connection]
name = "acme-users"
[applications]
enable = ["Web shop"]
[prepare]
max_file_bytes = {file_bytes}
[verify]
sample = 5
"""


def rehearsal_of(folder: Path, users: int) -> Rehearsal:
    """A rehearsal with this many people, numbered from 1."""
    stage = Rehearsal(folder)
    stage.write_people([person(number) for number in range(1, users + 1)])
    return stage


@dataclass
class Rehearsal:
    """Everything a run needs, with a tenant whose jobs are quick and a clock that jumps."""

    folder: Path
    plan: str = "enterprise-production"
    file_bytes: int = 2_000
    clock: JumpClock = field(default_factory=JumpClock)
    settings: Mapping[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    secret: str = ""
    """Instead of the right one."""
    undo_plans: list[UndoPlan] = field(default_factory=list)
    """What was agreed to."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tenant = PracticeTenant(plan=self.plan, clock=self.clock, seed=7, **self.settings)
        self.use(self.tenant)
        text = ANSWERS.format(client_id=self.tenant.client_id, plan=self.plan, file_bytes=self.file_bytes)
        self.answers_file.write_text(text, encoding="utf-8")

    @property
    def answers_file(self) -> Path:
        return self.folder / "answers.toml"

    @property
    def runs(self) -> Runs:
        return Runs(self.folder / "runs")

    @property
    def world(self) -> World:
        """A new one each time, as each process has."""
        secret = self.secret or self.tenant.client_secret
        environment = {"PRACTICE_SECRET": secret, "PRACTICE_CLIENT_SECRET": secret}
        return World(environment=environment, clock=self.clock, transport=self.transport)

    def use(self, tenant: PracticeTenant) -> None:
        """From now on this tenant answers; it gets the application that the answers enable."""
        self.tenant = tenant
        self.transport: httpx.AsyncBaseTransport = tenant.transport()
        self.ask("POST", "clients", json={"name": "Web shop", "app_type": "regular_web"})

    def answer(self, before: str, now: str) -> None:
        """Edit the answers."""
        text = self.answers_file.read_text(encoding="utf-8")
        assert text.count(before) == 1
        self.answers_file.write_text(text.replace(before, now), encoding="utf-8")

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """Ask the tenant as its owner would; returns the JSON of the answer."""

        async def exchange() -> httpx.Response:
            async with self.client() as client:
                return await client.request(method, f"/api/v2/{path}", **request)

        self.clock.time += 1  # the slowest plan takes two requests a second
        answer = asyncio.run(exchange())
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def let_jobs_end(self) -> None:
        """Let the tenant finish the jobs that a run has left running."""
        self.clock.time += 3600

        async def knock() -> None:
            async with httpx.AsyncClient(transport=self.tenant.transport(), base_url=self.tenant.issuer) as client:
                await client.get("/.well-known/openid-configuration")

        asyncio.run(knock())

    def make_connection(self, name: str) -> str:
        """Make a database connection; returns its id."""
        return str(self.ask("POST", "connections", json={"name": name, "strategy": "auth0"})["id"])

    def remove_connection(self, name: str) -> None:
        [connection] = self.ask("GET", "connections", params={"name": name})
        self.ask("DELETE", f"connections/{connection['id']}")
        self.clock.time += 60  # a name is free again only after a while
        self.ask("GET", "connections")

    def limit_scopes(self, scopes: Sequence[str]) -> None:
        """Leave the wizard's application just these scopes."""
        [grant] = self.ask("GET", "client-grants", params={"client_id": self.tenant.client_id})
        self.ask("PATCH", f"client-grants/{grant['id']}", json={"scope": list(scopes)})

    def write_people(self, people: Sequence[Mapping[str, str]]) -> None:
        with (self.folder / "users.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(people)

    def answers(self, *flags: str) -> Answers:
        return load(self.answers_file, SECTIONS, environment={}, flags=flags)

    def client(self) -> httpx.AsyncClient:
        """A stranger's client of the tenant, with a token for everything."""
        tenant = self.tenant

        async def authorise(request: httpx.Request) -> None:
            async with httpx.AsyncClient(transport=tenant.transport(), base_url=tenant.issuer) as other:
                form = {
                    "grant_type": "client_credentials",
                    "client_id": tenant.client_id,
                    "client_secret": tenant.client_secret,
                    "audience": tenant.audience,
                }
                token = (await other.post("/oauth/token", json=form)).json()["access_token"]
            request.headers["Authorization"] = f"Bearer {token}"

        return httpx.AsyncClient(
            transport=tenant.transport(), base_url=tenant.issuer, event_hooks={"request": [authorise]}
        )

    def apply(
        self,
        *flags: str,
        stop: Stop | None = None,
        watch: Callable[[Event], None] = lambda event: None,
        approve: Callable[[Plan], bool] = lambda plan: True,
        fresh: bool = False,
    ) -> Progress:
        """What `auth0-migrate apply --yes` does, in this process."""
        answers, world = self.answers(*flags), self.world
        origin = Origin(str(self.folder), str(self.answers_file), tuple(flags))
        watchers = [self.events.append, watch]

        async def carry() -> Progress:
            run = await run_of(answers, origin, world=world, runs=self.runs, fresh=fresh)
            return await carry_out(
                run, answers, base=self.folder, world=world, approve=approve, watchers=watchers, stop=stop
            )

        return asyncio.run(carry())

    def resume(
        self,
        *flags: str,
        approve: Callable[[Plan], bool] | None = None,
        watch: Callable[[Event], None] = lambda event: None,
    ) -> Progress:
        """What `auth0-migrate resume latest --set FLAG` does, in this process."""
        answers, world = load(self.run.answers, SECTIONS, environment={}), self.world
        require_unedited(self.run, answers, world.environment)
        answers = decided(self.run, answers, flags)
        base = Path(origin_of(self.run).base)
        return asyncio.run(
            carry_out(self.run, answers, base=base, world=world, approve=approve, watchers=[self.events.append, watch])
        )

    def verify(self, answers: Answers | None = None) -> Progress:
        """What `auth0-migrate verify latest` does, in this process, or the wizard, which has answers at hand."""
        answers = answers or load(self.run.answers, SECTIONS, environment={})
        base = Path(origin_of(self.run).base)
        return asyncio.run(verify_again(self.run, answers, base=base, world=self.world, watchers=[self.events.append]))

    def undo(
        self,
        *,
        users: bool = False,
        in_use: InUse | None = None,
        only: str | None = None,
        watch: Callable[[Event], None] | None = None,
        stop: Stop | None = None,
        run: RunFolder | None = None,
        approve: bool = True,
    ) -> Undone:
        """What `auth0-migrate undo RUN --yes` does, in this process; there must be one run alone when none is named."""
        run = run or self.run
        answers, base = load(run.answers, SECTIONS, environment={}), Path(origin_of(run).base)

        def agree(plan: UndoPlan) -> bool:
            self.undo_plans.append(plan)
            return approve

        _, undone = asyncio.run(
            undo_run(
                run,
                answers,
                base=base,
                world=self.world,
                approve=agree,
                decide=lambda plan: in_use,
                users=users,
                only=only,
                watchers=[self.events.append, *([watch] if watch else [])],
                stop=stop,
            )
        )
        return undone

    def options(self) -> dict[str, Any]:
        """The options of the connection as the tenant has them."""
        [connection] = self.ask("GET", "connections", params={"name": "acme-users"})
        return dict(connection["options"])

    def apply_until(self, reached: Callable[[Event], bool]) -> None:
        """Apply, and be stopped by the operator when something has happened."""
        stop = Stop()

        def watch(event: Event) -> None:
            if reached(event):
                stop.request()

        with pytest.raises(Interrupted):
            self.apply(stop=stop, watch=watch)

    def count_requests(self) -> CountingTransport:
        """Count the requests from now on."""
        self.transport = counting = CountingTransport(self.tenant.transport())
        return counting

    @property
    def approved(self) -> bool:
        """Whether there is a run whose plan was approved."""
        return any(facts_of(run)["approval"] is not None for run in self.runs.all())

    @property
    def run(self) -> RunFolder:
        [run] = self.runs.all()
        return run

    def users(self) -> list[dict[str, Any]]:
        """Every user of the connection as the tenant keeps it, by id, without what differs from try to try."""
        return asyncio.run(self._users())

    async def _users(self) -> list[dict[str, Any]]:
        self.clock.time += 60  # let search catch up
        async with self.client() as client:
            found: list[dict[str, Any]] = []
            for page in range(10):
                answer = await client.get("/api/v2/users", params={"page": page, "per_page": 100, "sort": "user_id:1"})
                assert answer.status_code == 200, answer.text
                found += answer.json()
        return [
            {key: value for key, value in user.items() if key not in ("created_at", "updated_at")} for user in found
        ]


def whereabouts(tenant: PracticeTenant) -> dict[str, Any]:
    """All that a run may have changed in a tenant, without ids and times that differ from try to try.

    Users come with their hashes and with the times of their rows, as far as these tell of a second write.
    """
    names = {row["id"]: row["name"] for row in tenant.db.execute("select id, name from connections")}
    users = tenant.db.execute(
        "select connection_id, id, email, username, phone_number, profile, secret, factors, "
        "updated_ms > created_ms as changed, logins_count from users order by connection_id, id"
    )
    connections = [json.loads(row["body"]) for row in tenant.db.execute("select body from connections order by name")]
    clients = tenant.db.execute("select client_id, json_extract(body, '$.name') as name from clients")
    applications = {row["client_id"]: row["name"] for row in clients}
    enabled = {name: sorted(applications[each] for each in tenant.enabled_clients(key)) for key, name in names.items()}
    return {
        "users": [(names[row["connection_id"]], *tuple(row)[1:]) for row in users],
        "connections": [{key: value for key, value in body.items() if key != "id"} for body in connections],
        "enabled": enabled,
        "applications": sorted(applications.values()),
    }


class CountingTransport(httpx.AsyncBaseTransport):
    """Passes requests on and remembers them; `before` and `after` may raise to cut the cable."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: list[tuple[str, str]] = []
        self.before: Callable[[int], None] = lambda number: None
        self.after: Callable[[int], None] = lambda number: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        number = len(self.requests)
        self.before(number)
        response = await self.inner.handle_async_request(request)
        self.after(number)
        return response

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.requests if one[0] != "GET" and one[1] != "/oauth/token"]


class CutCable(CountingTransport):
    """Loses some requests: before Auth0 hears of them, after it did what they ask, or amid the answer.

    Args:
        numbers: Of the requests, counted from 1; those that come again count too.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, when: str, numbers: Collection[int]) -> None:
        super().__init__(inner)
        self.when = when
        self.numbers = numbers
        self.lost: list[str] = []

    def cuts(self, request: httpx.Request) -> bool:
        """Whether this request is lost."""
        return len(self.requests) + 1 in self.numbers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.cuts(request):
            return await super().handle_async_request(request)
        self.lost.append(shape(request.method, request.url.path))
        if self.when == "before":
            self.requests.append((request.method, request.url.path))
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        response = await super().handle_async_request(request)
        if self.when == "after":
            raise httpx.ReadError("", request=request)
        headers = {key: value for key, value in response.headers.items() if key != "content-encoding"}
        return httpx.Response(response.status_code, headers=headers, stream=_Half(await response.aread()))


class CutShapes(CutCable):
    """Loses the first request of each of some shapes."""

    def __init__(self, inner: httpx.AsyncBaseTransport, when: str, shapes: Sequence[str]) -> None:
        super().__init__(inner, when, ())
        self.shapes = shapes

    def cuts(self, request: httpx.Request) -> bool:
        this = shape(request.method, request.url.path)
        return this in self.shapes and this not in self.lost


class _Half(httpx.AsyncByteStream):
    """The first half of an answer, then the end of the connection."""

    def __init__(self, whole: bytes) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._whole[: len(self._whole) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def shape(method: str, path: str) -> str:
    """A request without its ids: `GET /api/v2/jobs/{id}`."""
    parts = ["{id}" if re.match(r"(con|job)_", part) else part for part in path.split("/")]
    return f"{method} {'/'.join(parts)}"
