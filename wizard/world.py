"""The edges of the engine, and the tools that its steps get from them: the tenant of the answers, connected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.aside import aside
from wizard.clock import Clock, RealClock
from wizard.doorway.answers import LegacyApiAnswers
from wizard.events import Emit
from wizard.journal import Journal
from wizard.runner import AnyStep, steps_for
from wizard.steps import STEPS
from wizard.steps.guards import GuardsAnswers
from wizard.steps.scripts_answers import ScriptsAnswers, asks_legacy_api
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.tools import Sources, Stop, Tools

if TYPE_CHECKING:
    import httpx

    from wizard.auth0.client import Management
    from wizard.vault import Secret


@dataclass(frozen=True)
class World:
    """The edges of the engine: time, environment, network, keyring. A rehearsal brings its own.

    `memory` takes the place of the keyring: secrets by the tenant's domain and their name; None for that of this system.
    `outside` takes the place of the network for everything but the tenant: the API in front of the legacy store.
    `tell` hears what a person should know at once, from any thread: that the keyring is waited for.
    """

    environment: Mapping[str, str]
    clock: Clock = field(default_factory=RealClock)
    sources: Sources = field(default_factory=Sources)
    transport: httpx.AsyncBaseTransport | None = None
    memory: MutableMapping[tuple[str, str], Secret] | None = None
    outside: httpx.AsyncBaseTransport | None = None
    tell: Callable[[str], None] = lambda words: None

    def secret(self, domain: str, stop: Stop | None = None) -> Callable[[str], str]:
        """A function that resolves `keyring:NAME` and `env:NAME` for this tenant; a stop ends its waiting for the keyring."""

        def resolve(reference: str) -> str:
            from wizard.vault import SecretMissing, Vault

            kind, _, name = reference.partition(":")
            if self.memory is None or kind != "keyring":
                return Vault(domain, stop=stop or Stop(), tell=self.tell).resolve(reference, self.environment).reveal()
            if (domain, name) not in self.memory:
                raise SecretMissing(
                    f"The rehearsal has no secret {name} for {domain}", remedy="name one of its environment: env:NAME."
                )
            return self.memory[domain, name].reveal()

        return resolve

    def keep_secret(self, domain: str, stop: Stop | None = None) -> Callable[[str, str], None]:
        """A function that keeps a secret of this tenant under a name, for `keyring:NAME` to find."""

        def keep(name: str, value: str) -> None:
            from wizard.vault import Secret, Vault

            if self.memory is not None:
                self.memory[domain, name] = Secret(value)
            else:
                Vault(domain, stop=stop or Stop(), tell=self.tell).set(name, Secret(value))

        return keep

    def known_secret(self, domain: str, stop: Stop | None = None) -> Callable[[str], str | None]:
        """A function that looks up what is kept of this tenant under a name; None for nothing."""
        resolve = self.secret(domain, stop)

        def known(name: str) -> str | None:
            from wizard.vault import SecretMissing

            try:
                return resolve(f"keyring:{name}")
            except SecretMissing:
                return None

        return known

    def forget_secret(self, domain: str, stop: Stop | None = None) -> Callable[[str], None]:
        """A function that removes a secret of this tenant; one that is not there is none the less gone."""

        def forget(name: str) -> None:
            from wizard.vault import SecretMissing, Vault

            if self.memory is not None:
                self.memory.pop((domain, name), None)
                return
            with suppress(SecretMissing):
                Vault(domain, stop=stop or Stop(), tell=self.tell).delete(name)

        return forget


def steps_of(answers: Answers) -> Sequence[AnyStep]:
    """The steps of the strategy that was answered."""
    return steps_for(answers[StrategyAnswers].way, STEPS)


@asynccontextmanager
async def connected(
    answers: Answers, journal: Journal, folder: Path, base: Path, world: World, stop: Stop | None = None
) -> AsyncIterator[Tools]:
    """The tools of the steps, with the tenant of the answers connected."""
    wanted = answers[TenantAnswers]
    stop = stop or Stop()
    secret = world.secret(wanted.domain, stop)
    tools = Tools(
        journal=journal,
        folder=folder,
        base=base,
        clock=world.clock,
        secret=secret,
        keep_secret=world.keep_secret(wanted.domain, stop),
        forget_secret=world.forget_secret(wanted.domain, stop),
        outside=world.outside,
        stop=stop,
        sources=world.sources,
    )
    async with open_tenant(wanted, secret, journal.emit, world) as management:
        tools.management = management
        if _asks_for_marks(answers):
            from wizard.doorway.legacy_marks import LegacyMarks
            from wizard.doorway.settings import legacy_api_of

            tools.marks = LegacyMarks(legacy_api_of(answers), tools)
        yield tools


def _asks_for_marks(answers: Answers) -> bool:
    """Whether there is a legacy API to ask who has moved; answers that are still being given may not say yet."""
    if not all(answers.has(section) for section in (StrategyAnswers, ScriptsAnswers, LegacyApiAnswers, GuardsAnswers)):
        return False
    marks = "mark_migrated" in answers[GuardsAnswers].which
    return marks and answers[StrategyAnswers].is_live and asks_legacy_api(answers)


@asynccontextmanager
async def open_tenant(
    wanted: TenantAnswers, secret: Callable[[str], str], emit: Emit, world: World
) -> AsyncIterator[Management]:
    """The Management API client of a tenant."""
    from wizard.auth0 import connect

    async def read(reference: str | None) -> str | None:  # aside, as a locked keyring waits for somebody
        return await aside(partial(secret, reference)) if reference else None

    async with connect(
        domain=wanted.domain,
        client_id=wanted.client_id,
        secret=await read(wanted.client_secret),
        private_key=await read(wanted.private_key),
        algorithm=wanted.key_algorithm,
        key_id=wanted.key_id,
        audience=wanted.audience,
        plan=wanted.plan,
        rate=wanted.requests_per_second,
        burst=wanted.burst,
        reserve=wanted.reserve_percent / 100,
        clock=world.clock,
        emit=emit,
        transport=world.transport,
    ) as management:
        yield management


async def require_granted(steps: Sequence[AnyStep], answers: Answers, tools: Tools) -> None:
    """Find missing permissions before the first write, all at once.

    Raises:
        CredentialsError: names each missing scope with the calls that need it.
    """
    from wizard.auth0.scopes import require_scopes

    needed: dict[str, list[str]] = {}
    for step in steps:
        for scope, call in step.scopes_for(answers).items():
            if call not in needed.setdefault(scope, []):
                needed[scope].append(call)
    require_scopes(await tools.tenant.scopes(), {scope: ", ".join(calls) for scope, calls in needed.items()})
