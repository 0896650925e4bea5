"""People who live with a practice tenant: they log in over simulated weeks, mistype, forget, move and leave.

    population = Population(tenant, planted.accounts, connection="people", client_id=…, client_secret=…, seed=3)
    lived = await population.live(days=14)          # on the tenant's clock
    assert (await population.roll_call()).refused == {}

Everything goes through the tenant's own endpoints, as the traffic of an application would. What is told are counts; no
address and no password is in them, nor in a repr.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import httpx

from wizard.practice.people.habits import DAY, NEVER, Habits
from wizard.practice.samples import PASSWORD_REALM

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

AT_ONCE = 8
PATIENCE = 60.0
"""Seconds of the machine's clock a person waits for an answer."""
NETWORK = "network"
ATTEMPTS = 6
PAUSE = 2.0
"""So often an application tries to change an account; it waits this long, then twice as long, and so on."""


class Known(Protocol):
    """An account of the legacy store whose password is known, such as `legacy_store.Account`."""

    @property
    def email(self) -> str: ...
    @property
    def password(self) -> str: ...


@dataclass(slots=True)
class Person:
    """Somebody with an account, as they know it themselves.

    Args:
        number: Place in the population.
        pause: Mean seconds between two logins.
        user_id: `auth0|…` once they have logged in.
    """

    number: int
    email: str = field(repr=False)
    password: str = field(repr=False)
    pause: float
    user_id: str | None = field(default=None, repr=False)
    closed: bool = False
    at_it: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Nobody is at two screens: a visit waits for the one before."""


@dataclass(slots=True)
class Lived:
    """What happened, in counts; `refused` by the error's name, wrong passwords that were typed on purpose left out.

    `arrived` are people who logged in for the first time.
    """

    logins: int = 0
    arrived: int = 0
    typos: int = 0
    resets: int = 0
    lost_mails: int = 0
    email_changes: int = 0
    closed: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Population:
    """People and their habits.

    Args:
        tenant: Where they log in.
        accounts: Who they are.
        connection: Name of their connection.
        client_id: An application with the password-realm grant for which the connection is enabled.
        client_secret: Its secret.
        seed: The same seed gives the same lives, as far as the tenant answers alike.
        habits: How they use their accounts.
        left: Called with the number of a person whose account was deleted, to take it out of the legacy store too: while
            the source still knows them, import mode would bring them back.
    """

    def __init__(
        self,
        tenant: PracticeTenant,
        accounts: Sequence[Known],
        *,
        connection: str,
        client_id: str,
        client_secret: str,
        seed: int = 0,
        habits: Habits | None = None,
        left: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._tenant = tenant
        self._connection = connection
        self._application = {"client_id": client_id, "client_secret": client_secret}
        self.habits = habits or Habits()
        """May change from one stretch of life to the next."""
        self._chance = random.Random(f"population {seed}")  # noqa: S311 - lives must be repeatable
        self._left = left
        self._token = ""
        pauses = [self.habits.pause(self._chance) for _ in accounts]
        self.people = [
            Person(number, each.email, each.password, pause)
            for number, (each, pause) in enumerate(zip(accounts, pauses, strict=True))
        ]
        self.lived = Lived()
        """What has happened so far, in all calls of `live`."""

    async def live(self, days: float) -> Lived:
        """Let so many days of the tenant's clock pass, and return what has happened so far in all."""
        clock = self._tenant.clock
        end = clock.now() + days * DAY
        due = [(self._next(person, clock.now()), person.number) for person in self.people if person.pause < NEVER]
        heapq.heapify(due)
        gate = asyncio.Semaphore(AT_ONCE)
        async with self._client() as client, asyncio.TaskGroup() as visits:
            while due and due[0][0] < end:
                at, number = heapq.heappop(due)
                person = self.people[number]
                if person.closed:
                    continue
                await clock.sleep(at - clock.now())
                await gate.acquire()
                visit = visits.create_task(self._visit(client, person, random.Random(self._chance.random())))  # noqa: S311
                visit.add_done_callback(lambda _: gate.release())
                heapq.heappush(due, (self._next(person, at), number))
        await clock.sleep(end - clock.now())
        return self.lived

    async def roll_call(self) -> Lived:
        """Let everybody whose account is not closed log in once with what they know; return only what happened here."""
        before, self.lived = self.lived, Lived()
        gate = asyncio.Semaphore(AT_ONCE)

        async def answer(client: httpx.AsyncClient, person: Person) -> None:
            async with gate:
                await self._enter(client, person, person.password)

        async with self._client() as client, asyncio.TaskGroup() as answers:
            for person in self.people:
                if not person.closed:
                    answers.create_task(answer(client, person))
        called, self.lived = self.lived, before
        return called

    def _next(self, person: Person, after: float) -> float:
        return after + self._chance.expovariate(1 / person.pause)

    def _client(self) -> httpx.AsyncClient:
        base = f"https://{self._tenant.domain}"
        return httpx.AsyncClient(transport=self._tenant.transport(), base_url=base, timeout=PATIENCE)

    async def _visit(self, client: httpx.AsyncClient, person: Person, chance: random.Random) -> None:
        async with person.at_it:
            if not person.closed:
                await self._visited(client, person, chance)

    async def _visited(self, client: httpx.AsyncClient, person: Person, chance: random.Random) -> None:
        """One visit: perhaps a reset or a typo first, then the login, then perhaps a change of the account."""
        habits = self.habits
        if chance.random() < habits.forgotten:
            await self._reset(client, person, chance)
        elif chance.random() < habits.typo:
            self.lived.typos += 1
            await self._enter(client, person, person.password[:-1] or "x", typo=True)
        if not await self._enter(client, person, person.password):
            return
        if chance.random() < habits.new_email:
            await self._change_email(client, person, chance)
        elif chance.random() < habits.closed:
            await self._close(client, person)

    async def _enter(self, client: httpx.AsyncClient, person: Person, password: str, *, typo: bool = False) -> bool:
        """Try to log in, and say whether it worked."""
        given = {"grant_type": PASSWORD_REALM, "realm": self._connection, "scope": "openid", **self._application}
        answer = await self._asked(
            client, "POST", "/oauth/token", {"username": person.email, "password": password} | given
        )
        if answer is None or not answer.is_success:
            error = NETWORK if answer is None else str(answer.json()["error"])
            if not (typo and error in {"invalid_grant", "invalid_user_password"}):
                self.lived.refused[error] += 1
            return False
        self.lived.logins += 1
        if person.user_id is None:
            self.lived.arrived += 1
        person.user_id = _subject(answer.json()["access_token"])
        return True

    async def _reset(self, client: httpx.AsyncClient, person: Person, chance: random.Random) -> None:
        asked = {"connection": self._connection, "email": person.email, "client_id": self._application["client_id"]}
        await self._asked(client, "POST", "/dbconnections/change_password", asked)
        listed = await self._asked(client, "GET", "/practice/password-resets")
        mails = [] if listed is None or not listed.is_success else listed.json()["mails"]
        ticket = next((mail["ticket"] for mail in mails if mail["email"] == person.email.lower()), None)
        if ticket is None:
            self.lived.lost_mails += 1
            return
        chosen = f"New-{chance.getrandbits(48):012x}-Pass9"
        done = await self._asked(client, "POST", f"/practice/password-resets/{ticket}", {"password": chosen})
        if done is not None and done.is_success:
            self.lived.resets += 1
            person.password = chosen

    async def _change_email(self, client: httpx.AsyncClient, person: Person, chance: random.Random) -> None:
        email = f"moved.{chance.getrandbits(48):012x}@example.org"
        if await self._managed(client, "PATCH", person, {"email": email}):
            self.lived.email_changes += 1
            person.email = email

    async def _close(self, client: httpx.AsyncClient, person: Person) -> None:
        person.closed = True
        self._left(person.number)
        if await self._managed(client, "DELETE", person):
            self.lived.closed += 1

    async def _managed(
        self, client: httpx.AsyncClient, method: str, person: Person, body: dict[str, Any] | None = None
    ) -> bool:
        """Change an account as an application would: with a token of the tenant's own, and again when that fails for now."""
        answer = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._tenant.clock.sleep(attempt * PAUSE)
            headers = {"authorization": f"Bearer {self._token or await self._management_token(client)}"}
            path = f"/api/v2/users/{quote(person.user_id or '', safe='')}"
            answer = await self._asked(client, method, path, body, headers)
            if answer is not None and answer.status_code == 401:
                self._token = ""
            elif answer is not None and answer.status_code != 429 and answer.status_code < 500:
                break
        if answer is None or not answer.is_success:
            self.lived.refused[NETWORK if answer is None else f"{method} {answer.status_code}"] += 1
            return False
        return True

    async def _management_token(self, client: httpx.AsyncClient) -> str:
        tenant = self._tenant
        secret = {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
        asked = {"grant_type": "client_credentials", "audience": tenant.audience} | secret
        answer = await self._asked(client, "POST", "/oauth/token", asked)
        self._token = "" if answer is None or not answer.is_success else str(answer.json()["access_token"])
        return self._token

    @staticmethod
    async def _asked(
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response | None:
        """Send a request; None when no answer came."""
        try:
            return await client.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            return None


def _subject(token: str) -> str:
    import jwt

    return str(jwt.decode(token, options={"verify_signature": False})["sub"])
