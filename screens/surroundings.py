"""What surrounds a practice tenant while users move at login: the API in front of the store, and people who log in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.clock import FastClock
from wizard.counts import counted

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from wizard.answers import Answers
    from wizard.doorway.app import Doorway
    from wizard.practice.population import Known, Population
    from wizard.practice.samples import Samples
    from wizard.practice.tenant import PracticeTenant

LIVING_SPEED = 15_000.0
"""How fast the clock runs while nothing happens but logins: a week takes forty seconds, in which their hashes can be made."""

PEOPLE = 120
"""People who use their accounts; each first login checks one real hash and makes another."""

BROKEN_LOGINS = frozenset({4, 17})
"""First logins that break off half-way and leave half-made users, so that their repair can be rehearsed."""

CLOSED = b'{"error": "store_unavailable", "message": "the legacy API is not served yet"}'


class SharedClock(FastClock):
    """A fast clock that can be set to another one's time, as two processes share a rehearsal.

    Args:
        speed: Against the machine's clock.
        begin: UNIX time it begins at, if that is later than now: time of a rehearsal never goes back.
    """

    def __init__(self, speed: float, begin: float = 0.0) -> None:
        super().__init__(speed)
        self.agree(max(begin, self.now()))

    def agree(self, now: float) -> None:
        """Show this time from now on."""
        self.run_at(self.speed)
        self._started = now


@dataclass(frozen=True)
class Lived:
    """What happened while days passed, in counts, and the UNIX time it is then."""

    logins: int
    arrived: int
    typos: int
    resets: int
    now: float

    def __str__(self) -> str:
        return (
            f"{counted(self.logins, 'login')}, {self.arrived:,} of them the first of somebody, "
            f"{counted(self.typos, 'mistyped password')}, {counted(self.resets, 'password')} reset"
        )


class Surroundings:
    """An ASGI application that is the legacy API once it is opened, and the people of the store it stands before.

    Args:
        tenant: Where they log in.
        samples: The application they log in through.
        clock: That of the tenant.
        residents: Everybody of a legacy store, by the name of its file.
        stays: E-mail addresses of people whose accounts are only used for checks.
    """

    def __init__(
        self,
        tenant: PracticeTenant,
        samples: Samples,
        clock: SharedClock,
        residents: Callable[[str], Sequence[Known]],
        stays: Sequence[str] = (),
    ) -> None:
        self._tenant = tenant
        self._samples = samples
        self._clock = clock
        self._residents = residents
        self._stays = frozenset(stays)
        self._api: Doorway | None = None
        self._population: Population | None = None
        self._opened: tuple[str, str] = ("", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the legacy API; 503 before there is one."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await self.close()
            await send({"type": "lifespan.shutdown.complete"})
        elif self._api is not None:
            await self._api(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"1")]})
            await send({"type": "http.response.body", "body": CLOSED})

    async def open(self, answers: Answers, base: Path, environment: Mapping[str, str]) -> None:
        """Serve the legacy API of these answers from now on.

        Args:
            answers: With the tables tenant, source, profile, passwords, connection and legacy_api.
            base: Where relative paths in them start.
            environment: Where `env:` references are looked up.

        Raises:
            WizardError: the answers do not fit, or the store cannot be read.
        """
        from wizard.doorway import build
        from wizard.steps.connection import ConnectionAnswers
        from wizard.steps.tenant import TenantAnswers
        from wizard.world import World

        secret = World(environment=environment).secret(answers[TenantAnswers].domain)
        api = build(answers, base=base, secret=secret, clock=self._clock, transport=self._tenant.transport())
        await self.close()
        self._api = api
        opened = (str(answers.tables()["source"].get("path", "")), answers[ConnectionAnswers].name)
        if opened != self._opened:
            self._opened, self._population = opened, None

    async def live(self, days: float) -> Lived:
        """Let so many days pass, in which people log in, mistype and forget; only with an open legacy API anybody moves.

        Returns:
            What happened in these days.
        """
        population = self._population = self._population or self._settled()
        before = _counts(population)
        slow = self._clock.speed
        self._clock.run_at(LIVING_SPEED)
        try:
            await population.live(days)
        finally:
            self._clock.run_at(slow)
        logins, arrived, typos, resets = (now - then for now, then in zip(_counts(population), before, strict=True))
        return Lived(logins, arrived, typos, resets, self._clock.now())

    def _settled(self) -> Population:
        """Choose who lives with the tenant; the same each time."""
        from wizard.practice.people.chance import chance_of
        from wizard.practice.people.habits import Habits
        from wizard.practice.population import Population

        store, connection = self._opened
        everybody = [one for one in self._residents(Path(store).name) if one.email not in self._stays]
        people = chance_of("population", 1).sample(everybody, min(PEOPLE, len(everybody)))
        return Population(
            self._tenant,
            people,
            connection=connection,
            client_id=self._samples.login_client_id,
            client_secret=self._samples.login_client_secret,
            seed=1,
            habits=Habits(closed=0.0),
        )

    async def close(self) -> None:
        """Let go of the store; the API answers 503 from now on."""
        api, self._api = self._api, None
        if api is not None:
            await api.aclose()


def _counts(population: Population) -> tuple[int, int, int, int]:
    lived = population.lived
    return lived.logins, lived.arrived, lived.typos, lived.resets


def faults_of_logins() -> Any:
    """The faults of a practice tenant some of whose first logins break off half-way."""
    from wizard.practice.fault_rules import InterruptedCreation
    from wizard.practice.faults import Faults

    return Faults([InterruptedCreation(action="interrupt_creation", nth=BROKEN_LOGINS)])
