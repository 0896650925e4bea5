"""The migration theatre: an invented company lives for simulated weeks while both phases of its migration run.

Everything is in this process and on one clock: the legacy store in SQLite with real hashes, the API in front of it, the
practice tenant that runs the deployed scripts and Actions in Node, the people, and the run, which is stopped and resumed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from wizard.answers import Answers, from_tables
from wizard.doorway import build
from wizard.engine import carry_out
from wizard.errors import Interrupted
from wizard.events import Event
from wizard.identity import Origin, decided, run_of
from wizard.practice.fault_rules import Cut, ExpireTokens, Failure, Fault, InterruptedCreation, Latency, Storm
from wizard.practice.faults import Faults
from wizard.practice.legacy_store import ANSWERS, TABLE, Resident, residents, write_sqlite
from wizard.practice.people.habits import Habits
from wizard.practice.population import Population
from wizard.practice.samples import APPLICATIONS, CANARY, PASSWORD_REALM, add_samples
from wizard.practice.tenant import PracticeTenant
from wizard.progress import Progress
from wizard.runs import RunFolder, Runs
from wizard.steps import SECTIONS
from wizard.tools import Stop
from wizard.vault import Secret
from wizard.world import World

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))
from rehearsal import JumpClock  # the clock of the engine's tests

HOST = "legacy.example.com"
CONNECTION = "legacy-users"
LIVELY = Habits(never=0.6, rarest=0.05, typo=0.08, forgotten=0.05, new_email=0.04, closed=0.02)
"""More happens to these people in a week than to real ones in a year."""
HALF_MADE = frozenset({5, 21, 40})
"""First logins that break off half-way, by their number."""
NOT_WRITTEN = frozenset({"logs", "jobs", "meta", "failed_logins", "former_users", "export_key", "sqlite_sequence"})
"""Tables that change though nobody writes: what was looked at and exported, and what becomes old."""
MOST_ATTEMPTS = 60
"""No run needs so many resumptions."""


def trouble() -> list[Fault]:
    """What goes wrong at the tenant, for the run and for the people's own changes."""
    api = "/api/v2/*"
    return [
        Latency(action="latency", path=api, probability=0.05, seconds=1.0, jitter=3.0),
        Storm(action="limit", path=api, every=61, requests=4),
        Failure(action="error", method=frozenset({"GET"}), path=api, every=43, status=503),
        Failure(action="error", method=frozenset({"POST"}), path="/api/v2/jobs/*", nth=frozenset({2}), committed=True),
        Cut(action="cut", when="before", path=api, every=47),
        Cut(action="cut", when="after", path=api, every=53),
        ExpireTokens(action="expire_tokens", path=api, every=97),
        InterruptedCreation(action="interrupt_creation", nth=HALF_MADE),
    ]


@dataclass
class Theatre:
    """The company, its tenant, and the run.

    Args:
        folder: Where the store and the run are kept.
        people: Rows of the legacy store.
        seed: The same seed gives the same company, the same habits and the same moments of stopping.
    """

    folder: Path
    people: int
    seed: int = 11
    clock: JumpClock = field(default_factory=JumpClock)
    stops: Counter[str] = field(default_factory=Counter)
    """How often the run was stopped, by the way it was."""
    gone: set[str] = field(default_factory=set)
    """Whose account was deleted, by id in the legacy store."""

    def __post_init__(self) -> None:
        self.planted = write_sqlite(self.store, users=self.people, seed=self.seed)
        self.chance = Random(f"theatre {self.seed}")
        self.tenant = PracticeTenant(clock=self.clock, seed=self.seed, faults=Faults(trouble(), seed=self.seed))
        self.samples = add_samples(self.tenant)
        self.memory: dict[tuple[str, str], Secret] = {}
        self.answers = self._answers()
        self.doorway = build(
            self.answers, base=self.folder, secret=None, clock=self.clock, transport=self.tenant.transport()
        )
        self.outside = httpx.ASGITransport(self.doorway)
        self.tenant.outside[HOST] = self.outside
        self.residents: Sequence[Resident] = list(residents(users=self.people, seed=self.seed))
        self.population = Population(
            self.tenant,
            self.residents,
            connection=CONNECTION,
            client_id=self.samples.login_client_id,
            client_secret=self.samples.login_client_secret,
            seed=self.seed,
            habits=LIVELY,
            left=self._leave,
        )

    @property
    def store(self) -> Path:
        return self.folder / "legacy.db"

    @property
    def world(self) -> World:
        environment = {"PRACTICE_SECRET": self.tenant.client_secret}
        return World(
            environment, self.clock, transport=self.tenant.transport(), memory=self.memory, outside=self.outside
        )

    @property
    def run(self) -> RunFolder:
        [run] = Runs(self.folder / "runs").all()
        return run

    def _answers(self) -> Answers:
        passwords = {**ANSWERS["passwords"], "unsupported": "without_password", "missing": "without_password"}
        tables: dict[str, Any] = {
            **ANSWERS,
            "passwords": passwords,
            "tenant": {
                "domain": self.tenant.domain,
                "client_id": self.tenant.client_id,
                "client_secret": "env:PRACTICE_SECRET",
                "environment": "practice",
                "plan": self.tenant.plan,
            },
            "source": {"path": self.store.name, "users_table": TABLE},
            "strategy": {"way": "two-phase"},
            "connection": {"name": CONNECTION, "requires_username": True},
            "applications": {"enable": [APPLICATIONS[0][0], CANARY]},
            "custom_database": {},
            "legacy_api": {"url": f"https://{HOST}", "audience": f"https://{HOST}"},
            "scripts": {},
            "guards": {},
            "trickle": {},
            "cutover": {},
            "prepare": {
                "skip": [*sorted(self.planted.dirty), "password_disabled"],
                "max_file_bytes": 40_000,
                "workers": 0,
            },
            "verify": {"sample": 5, "repair_at_most": 50},
        }
        return from_tables(tables, SECTIONS)

    def _leave(self, number: int) -> None:
        """Take somebody whose account is deleted out of the legacy store, as the company's own code would."""
        user_id = self.residents[number].user_id
        connection = sqlite3.connect(self.store, timeout=30)
        with connection:
            connection.execute(f"DELETE FROM {TABLE} WHERE id = ?", (user_id,))
        connection.close()
        self.gone.add(user_id)

    async def go_on(self, *flags: str, stops: int = 0) -> Progress:
        """Start or resume the run until it ends or waits, stopped so often at random instants meanwhile."""
        for _ in range(MOST_ATTEMPTS):
            how = self.chance.choice(["politely", "at once"]) if stops else ""
            stops -= bool(stops)
            with suppress(Interrupted, asyncio.CancelledError):
                return await self._attempt(flags, how)
            self.stops[how] += 1
        raise AssertionError("the run does not come to an end")

    async def _attempt(self, flags: Sequence[str], how: str) -> Progress:
        stop, left = Stop(), self.chance.randrange(1, 120)
        if not Runs(self.folder / "runs").all():
            await run_of(self.answers, Origin(str(self.folder)), world=self.world, runs=Runs(self.folder / "runs"))
        self.answers = decided(self.run, self.answers, flags)

        def watch(_: Event) -> None:
            nonlocal left
            left -= 1
            if not left and how:
                stop.request() if how == "politely" else task.cancel()

        task = asyncio.create_task(
            carry_out(
                self.run,
                self.answers,
                base=self.folder,
                world=self.world,
                approve=lambda plan: True,
                watchers=[watch],
                stop=stop,
            )
        )
        return await task

    async def live_while_the_rest_is_imported(self, days: float, stops: int) -> Progress:
        """The second phase, while people go on with their lives."""
        living = asyncio.create_task(self.population.live(days))
        progress = await self.go_on("trickle.go_on=true", stops=stops)
        await living
        return progress

    async def reset(self, email: str, password: str) -> bool:
        """Choose a new password by the mail of a reset; whether there was such a mail."""
        self.clock.time += 600
        asked = {"connection": CONNECTION, "email": email, "client_id": self.samples.login_client_id}
        async with self._client() as client:
            await client.post("/dbconnections/change_password", json=asked)
            mails = (await client.get("/practice/password-resets")).json()["mails"]
            ticket = next((mail["ticket"] for mail in mails if mail["email"] == email.lower()), None)
            if ticket is None:
                return False
            answer = await client.post(f"/practice/password-resets/{ticket}", json={"password": password})
            return answer.is_success

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.tenant.transport(), base_url=self.tenant.issuer, timeout=60)

    async def enter(self, email: str, password: str) -> bool:
        """Whether these words let somebody in."""
        form = {
            "grant_type": PASSWORD_REALM,
            "realm": CONNECTION,
            "username": email,
            "password": password,
            "client_id": self.samples.login_client_id,
            "client_secret": self.samples.login_client_secret,
        }
        self.clock.time += 60
        async with self._client() as client:
            return (await client.post("/oauth/token", data=form)).is_success

    def rows(self) -> list[tuple[str, str]]:
        """Id and e-mail address of everybody in the tenant's state."""
        found = self.tenant.db.execute("select id, email from users")
        return [(row["id"], row["email"]) for row in found]

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the tenant that a run can write, row by row."""
        found = self.tenant.db.execute("select name from sqlite_master where type = 'table'").fetchall()
        tables = sorted({row["name"] for row in found} - NOT_WRITTEN)
        return {name: [tuple(row) for row in self.tenant.db.execute(f"select * from {name}")] for name in tables}

    async def close(self) -> None:
        await self.doorway.aclose()
        self.tenant.close()
