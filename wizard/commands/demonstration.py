"""The stage of `auth0-migrate demo`: an invented legacy store, a practice tenant, and for automatic migration the API in
front of the store and the people who log in. Everything is in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.clock import FastClock
from wizard.counts import counted
from wizard.steps.cutover import CutoverAnswers
from wizard.steps.verify import VerifyAnswers

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.practice.legacy_store import Account, Resident
    from wizard.practice.population import Population
    from wizard.progress import Progress
    from wizard.runs import RunFolder
    from wizard.vault import Secret
    from wizard.world import World

SPEED = 100.0
"""How much faster than the machine's the clock of the rehearsal runs: a job of a minute takes less than a second."""

LIVING_SPEED = 60_000.0
"""The same while nothing happens but logins: a week takes ten seconds."""

FILE_BYTES = 60_000
"""Small files, so that a small store still shows how jobs follow one another."""

CANARIES = 3
PEOPLE = 160
"""People of the store who use their accounts while the demonstration lasts; each login checks and makes real hashes."""
ROUNDS = 2
DAYS = 7.0
"""The automatic phase lasts so many rounds of so many days."""
BROKEN_LOGINS = frozenset({4, 17})
"""First logins that break off half-way and leave half-made users."""

BECAUSE_BROKEN = "comes of first logins that were made to break off, and goes with the repair"

STORE = "customers.db"
LEGACY_HOST = "legacy.example.com"
CONNECTION = "legacy-users"
LEFT_PASSWORDS = ("password_unsupported", "password_missing", "password_disabled")
"""Why users whose hash no import takes are left behind."""


class Demonstration:
    """What a demonstration plays with.

    Args:
        folder: Where the store is written.
        way: bulk, automatic or two-phase.
        users: Rows of the legacy store.
        seed: The same seed invents the same people.
        undecided: Leave the dirty rows without a decision.
        say: Tells a person what the world does.
    """

    def __init__(
        self, folder: Path, way: str, *, users: int, seed: int, undecided: bool, say: Callable[[str], None]
    ) -> None:
        from wizard.practice.fault_rules import InterruptedCreation
        from wizard.practice.faults import Faults
        from wizard.practice.legacy_store import write_csv, write_sqlite
        from wizard.practice.samples import add_samples
        from wizard.practice.tenant import PracticeTenant

        self.folder = folder
        self.way = way
        self.clock = FastClock(SPEED)
        self._say = say
        self._users = users
        self._seed = seed
        self._undecided = undecided
        self._memory: dict[tuple[str, str], Secret] = {}
        self._people: list[Resident] = []
        self._population: Population | None = None
        self._rounds = 0
        write = write_csv if way == "bulk" else write_sqlite
        store = folder / ("users.csv" if way == "bulk" else STORE)
        self.planted = write(store, users=users, seed=seed, exported=datetime.now(UTC))
        broken = [] if way == "bulk" else [InterruptedCreation(action="interrupt_creation", nth=BROKEN_LOGINS)]
        self.tenant = PracticeTenant(clock=self.clock, seed=seed, faults=Faults(broken))
        self._samples = add_samples(self.tenant)
        self.answers = self._answers()
        if way != "bulk":
            self._open_legacy_api()

    def close(self) -> None:
        self.tenant.close()

    @property
    def world(self) -> World:
        """The edges of the engine: this tenant, this clock, secrets in memory."""
        from wizard.world import World

        environment = {
            "PRACTICE_CLIENT_SECRET": self.tenant.client_secret,
            "PRACTICE_LOGIN_SECRET": self._samples.login_client_secret,
            **{f"CANARY_{number}": account.password for number, account in enumerate(self._canaries, 1)},
        }
        outside = self.tenant.outside.get(LEGACY_HOST)
        return World(environment, self.clock, transport=self.tenant.transport(), memory=self._memory, outside=outside)

    @property
    def _canaries(self) -> Sequence[Account]:
        """Accounts that are logged in to as evidence; in automatic migration a login would be what moves them."""
        return () if self.way == "automatic" else self.planted.accounts[:CANARIES]

    @property
    def staged(self) -> Sequence[str]:
        """What goes wrong on purpose, so that nobody takes it for a fault."""
        told = []
        if dirty := sum(self.planted.dirty.values()):
            hashes = 0 if self.way == "automatic" else sum(self.planted.hashes.values())
            rows = counted(dirty, "row with a mistake", "rows with mistakes")
            other = f" and {counted(hashes, 'password')} that no import takes" if hashes else ""
            fate = (
                "about which nothing is decided, so that it ends with status 3"
                if self._undecided
                else "left behind as decided"
            )
            told.append(f"{rows}{other}, {fate}")
        if self.way == "two-phase":
            told.append(
                "first logins that break off half-way: checks fail (✗) until the repair of half-made users is approved"
            )
        elif self.way == "automatic":
            told.append("first logins that break off half-way")
        return told

    def _open_legacy_api(self) -> None:
        import httpx

        from wizard.doorway import build

        api = build(
            self.answers, base=self.folder, secret=None, clock=self.clock, transport=self.tenant.transport()
        )  # fmt: skip
        self.tenant.outside[LEGACY_HOST] = httpx.ASGITransport(api)

    def _answers(self) -> Answers:
        """Complete answers for store and tenant, as an operator would have given them."""
        from wizard.answers import from_tables
        from wizard.practice.legacy_store import ANSWERS, TABLE
        from wizard.practice.samples import APPLICATIONS, CANARY
        from wizard.steps import SECTIONS
        from wizard.steps.tenant import REHEARSAL

        left_behind = {*self.planted.dirty, *(LEFT_PASSWORDS if self.planted.hashes else [])}
        if self.way == "automatic":
            left_behind.add("not_logged_in")
        tables: Mapping[str, Any] = {
            **ANSWERS,
            "tenant": {
                "domain": self.tenant.domain,
                "client_id": self.tenant.client_id,
                "client_secret": REHEARSAL,
                "environment": "practice",
                "plan": self.tenant.plan,
            },
            "source": {"path": "users.csv"} if self.way == "bulk" else {"path": STORE, "users_table": TABLE},
            "strategy": {"way": self.way},
            "connection": {"name": CONNECTION, "requires_username": True},
            "applications": {"enable": [APPLICATIONS[0][0], CANARY]},
            "custom_database": {},
            "legacy_api": {"url": f"https://{LEGACY_HOST}", "audience": f"https://{LEGACY_HOST}"},
            "scripts": {},
            "guards": {},
            "trickle": {},
            "cutover": {},
            "prepare": {"skip": [] if self._undecided else sorted(left_behind), "max_file_bytes": FILE_BYTES},
            "verify": {
                "canaries": [
                    {"login": account.email, "password": f"env:CANARY_{number}"}
                    for number, account in enumerate(self._canaries, 1)
                ],
                "login_client_id": self._samples.login_client_id,
                "login_client_secret": "env:PRACTICE_LOGIN_SECRET",
            },
        }
        return from_tables(tables, SECTIONS)

    async def meanwhile(self, run: RunFolder, progress: Progress) -> Answers | None:
        """Play what the world and the operator do when the run has stopped; None ends the demonstration."""
        if not progress.waiting:
            return None
        if progress.step == "trickle":
            if self._rounds == ROUNDS:
                self._say("Decided: the automatic phase has lasted long enough")
                return self._decide(run, "trickle.go_on=true")
            self._rounds += 1
            await self._live()
            return self.answers
        if "half-made" in progress.failed_checks and not self.answers[VerifyAnswers].repair_at_most:
            self._say(f"Staged: the ✗ above {BECAUSE_BROKEN}")
            self._say("Approved: half-made users may be repaired")
            return self._decide(run, f"verify.repair_at_most={len(BROKEN_LOGINS)}")
        if progress.rejected and not self.answers[CutoverAnswers].leave_rejected:
            self._say(f"Decided: the cutover does not wait for {counted(progress.rejected, 'rejected user')}")
            return self._decide(run, "cutover.leave_rejected=true")
        if not self.answers[CutoverAnswers].confirm and not progress.failed_checks:
            self._say(f"Confirmed: the cutover of {CONNECTION}")
            return self._decide(run, f"cutover.confirm={CONNECTION}")
        return None

    def _decide(self, run: RunFolder, flag: str) -> Answers:
        from wizard.identity import decided

        self.answers = decided(run, self.answers, [flag])
        return self.answers

    async def _live(self) -> None:
        """Let people use their accounts for some days; on a slow machine a few more pass until all have been served."""
        from wizard.practice.people.habits import DAY

        population = self._population or self._settle()
        began = self.clock.now()
        before = population.lived.logins, population.lived.arrived, population.lived.typos, population.lived.resets
        self.clock.run_at(LIVING_SPEED)
        try:
            lived = await population.live(DAYS)
        finally:
            self.clock.run_at(SPEED)
        logins, arrived, typos, resets = (
            now - then
            for now, then in zip((lived.logins, lived.arrived, lived.typos, lived.resets), before, strict=True)
        )
        days = round((self.clock.now() - began) / DAY)
        self._say(
            f"{counted(days, 'day passes', 'days pass')}: {counted(logins, 'login')}, {arrived:,} of them the first, "
            f"{counted(typos, 'mistyped password')}, {counted(resets, 'password')} reset"
        )

    def _settle(self) -> Population:
        """Choose who lives with the tenant."""
        from wizard.practice.legacy_store import residents
        from wizard.practice.people.chance import chance_of
        from wizard.practice.people.habits import Habits
        from wizard.practice.population import Population

        kept = {account.user_id for account in self._canaries}
        everybody = [one for one in residents(users=self._users, seed=self._seed) if one.user_id not in kept]
        self._people = chance_of("population", self._seed).sample(everybody, min(PEOPLE, len(everybody)))
        self._population = Population(
            self.tenant,
            self._people,
            connection=CONNECTION,
            client_id=self._samples.login_client_id,
            client_secret=self._samples.login_client_secret,
            seed=self._seed,
            habits=Habits(closed=0.0),
        )
        return self._population

    async def roll_call(self) -> bool:
        """Let all of these people log in after the end, and tell whether everybody can who should.

        Somebody who never came while the legacy API was open, and whose hash no import takes, has to reset the password.
        """
        population = self._population
        if population is None:
            return True
        called = await population.roll_call()
        cannot = sum(
            person.user_id is None and (one.scheme is not None or self.way == "automatic")
            for person, one in zip(population.people, self._people, strict=True)
        )
        able = len(self._people) - cannot
        self._say(f"After the cutover {called.logins:,} of {counted(able, 'person', 'people')} can log in as before")
        if cannot:
            self._say(f"  {cannot:,} more never came in time, and their passwords cannot be imported")
        return called.logins == able
