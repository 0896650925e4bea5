"""The API in front of the legacy store, put together from the answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.clock import Clock, RealClock, WallClock
from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.marks import Marks, open_marks
from wizard.doorway.people import People, people_of

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wizard.doorway.desk import Desk
    from wizard.doorway.gate import Log
    from wizard.doorway.tokens import Tokens

KEYS_TIMEOUT = 5.0


@dataclass(frozen=True)
class Plan:
    """Everything that a serving process needs; picklable, so that several can serve the same.

    Args:
        domain: Of the tenant.
        processes: How many there will be.
    """

    answers: LegacyApiAnswers
    domain: str
    people: People = field(repr=False)
    marks: Marks
    processes: int

    @property
    def hashes_at_once(self) -> int:
        """Passwords that each process checks at once."""
        return self.answers.hashes_at_once or max(1, -(-_cores() // self.processes))


class Doorway:
    """The ASGI application; to be closed at the end, by the server's lifespan or by `aclose`."""

    def __init__(self, app: ASGIApp, desk: Desk, tokens: Tokens) -> None:
        self._app = app
        self._desk = desk
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        await self._tokens.close()
        self._desk.close()


def build(
    answers: Answers,
    *,
    base: Path,
    secret: Callable[[str], str] | None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    log: Log = lambda line: None,
) -> Doorway:
    """The application for these answers, to be mounted in this process.

    Args:
        answers: With the tables tenant, source, profile, passwords and legacy_api; connection for lengths of usernames.
        base: The folder that relative paths are seen from.
        secret: Looks up `env:` and `keyring:` references.
        clock: For the validity of tokens, throttling, marks and the log.
        transport: Reaches the tenant for its keys; None for the network.
        log: Takes a line of JSON for each request.

    Raises:
        UsageError: the answers do not fit, or users cannot be looked up by them.
        SourceError: the store cannot be read.
        MarksUnavailable: the marks cannot be written.
    """
    return application(planned(answers, base=base, secret=secret), clock=clock, transport=transport, log=log)


def planned(answers: Answers, *, base: Path, secret: Callable[[str], str] | None, processes: int = 1) -> Plan:
    """Read what the answers name; see `build`."""
    from wizard.auth0.domain import Address
    from wizard.doorway.desk import STORE_THREADS
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers
    from wizard.steps.connection import ConnectionAnswers
    from wizard.steps.tenant import TenantAnswers

    wanted = answers[LegacyApiAnswers]
    usernames, connection = (1, 15), ""
    if answers.has(ConnectionAnswers):
        usernames = (answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max)
        connection = answers[ConnectionAnswers].name
    people = people_of(
        open_source(answers[SourceAnswers], secret=secret, base=base),
        answers[ProfileAnswers],
        answers[PasswordsAnswers],
        username_length=usernames,
        secret=secret,
        seconds=wanted.store_seconds,
        threads=STORE_THREADS,
    )
    domain = answers[TenantAnswers].domain
    marks = open_marks(wanted, Address.parse(domain).url, connection, secret, base)
    return Plan(wanted, domain, people, marks, processes)


def application(plan: Plan, *, clock: Clock | None, transport: httpx.AsyncBaseTransport | None, log: Log) -> Doorway:
    """The application of one process."""
    from wizard.auth0.domain import Address
    from wizard.doorway.desk import Desk
    from wizard.doorway.gate import Gate
    from wizard.doorway.routes import routes
    from wizard.doorway.tokens import Tokens

    now, steady = (clock or WallClock()).now, (clock or RealClock()).now
    address = Address.parse(plan.domain)

    def client() -> httpx.AsyncClient:
        import httpx

        from wizard.auth0.tls import open_client

        timeout = httpx.Timeout(KEYS_TIMEOUT)
        return open_client(loopback=address.loopback, transport=transport, timeout=timeout, headers={})

    # Only a practice tenant on this machine has another name than its address.
    issuer = None if address.loopback else address.issuer
    tokens = Tokens(address.url, issuer, plan.answers.audience, plan.answers.client_id, client, now, steady)
    desk = Desk(
        plan.answers,
        plan.people,
        plan.marks,
        hashes_at_once=plan.hashes_at_once,
        processes=plan.processes,
        now=now,
    )
    return Doorway(Gate(routes(desk, tokens), seconds=plan.answers.request_seconds, log=log, clock=now), desk, tokens)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        return os.cpu_count() or 1
