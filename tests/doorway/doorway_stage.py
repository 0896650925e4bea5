"""A legacy store, a tenant that signs tokens, and the API between them, all in this process."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from wizard.answers import Answers
from wizard.doorway import build
from wizard.doorway.answers import LegacyApiAnswers
from wizard.legacy.answers import SourceAnswers
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.tenant import TenantAnswers

DOMAIN = "tenant.example.com"
ISSUER = f"https://{DOMAIN}/"
AUDIENCE = "https://legacy-api.example.com"
CLIENT = "client-of-the-scripts"
SCOPES = "verify:passwords read:users mark:users"
PASSWORD = "Lighthouse 47"
NOW = 1_790_000_000.0
COLUMNS = ("id", "email", "login", "name", "plan", "hash")
PROFILE: dict[str, Any] = {
    "user_id": "id",
    "user_id_prefix": "legacy|",
    "email": "email",
    "username": "login",
    "name": "name",
    "app_metadata": {"plan": "plan"},
}


class FakeClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@lru_cache
def key(name: str) -> rsa.RSAPrivateKey:
    assert name
    return rsa.generate_private_key(65537, 2048)


@lru_cache
def hashed(password: str = PASSWORD, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def jwk(name: str, **more: Any) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key()))
    return {**public, "kid": name, "use": "sig", "alg": "RS256", **more}


class FakeTenant:
    """Publishes keys, counts how often they are asked for, and can be down."""

    def __init__(self) -> None:
        self.keys = [jwk("first")]
        self.fetched = 0
        self.down = False
        self.said: bytes | None = None
        """Is answered in the place of keys."""

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetched += 1
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        assert str(request.url) == f"{ISSUER}.well-known/jwks.json"
        return httpx.Response(200, content=self.said or json.dumps({"keys": self.keys}))


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "iss": ISSUER,
        "sub": f"{CLIENT}@clients",
        "aud": AUDIENCE,
        "iat": int(NOW),
        "exp": int(NOW) + 600,
        "azp": CLIENT,
        "gty": "client-credentials",
        "scope": SCOPES,
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def token(kid: str = "first", *, signed_by: str | None = None, **changed: Any) -> str:
    return jwt.encode(claims(**changed), key(signed_by or kid), algorithm="RS256", headers={"kid": kid})


def person(number: int, **cells: Any) -> tuple[Any, ...]:
    usual = {
        "id": number,
        "email": f"person{number}@example.com",
        "login": f"person{number}",
        "name": f"Person {number}",
        "plan": "gold",
        "hash": hashed(),
    }
    return tuple({**usual, **cells}.values())


PEOPLE = (
    person(1, email=" Person1@Example.COM "),
    person(2),
    person(3, email="twice@example.com"),
    person(4, email="TWICE@example.com"),
    person(5, name="x" * 151),
    person(6, hash=""),
    person(7, hash="0" * 32),
    person(8, id="a/b c?"),
)


def store(folder: Path, people: Sequence[Sequence[Any]] = PEOPLE) -> Path:
    path = folder / "legacy.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (id, email TEXT, login TEXT, name TEXT, plan TEXT, hash TEXT)")
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", people)
    connection.close()
    return path


def answers(
    source: dict[str, Any],
    profile: dict[str, Any] = PROFILE,
    passwords: dict[str, Any] | None = None,
    connection: str = "people",
    **api: Any,
) -> Answers:
    return Answers(
        [
            TenantAnswers(domain=DOMAIN, client_id="wizard", client_secret="env:SECRET"),
            SourceAnswers.model_validate(source),
            ProfileAnswers.model_validate(profile),
            PasswordsAnswers.model_validate({"column": "hash"} if passwords is None else passwords),
            ConnectionAnswers(name=connection, requires_username=True),
            LegacyApiAnswers(**{"url": AUDIENCE, "audience": AUDIENCE, "client_id": CLIENT, **api}),
        ]
    )


class World:
    """The API and what is around it; `client` speaks to it with a good token."""

    def __init__(self, base: Path, given: Answers, tenant: FakeTenant, clock: FakeClock) -> None:
        self.tenant = tenant
        self.clock = clock
        self.log: list[str] = []
        self.app = build(given, base=base, secret=None, clock=clock, transport=tenant.transport(), log=self.log.append)
        self.client = self.client_with(token())

    def client_with(self, bearer: str | None) -> httpx.AsyncClient:
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url=AUDIENCE, headers=headers
        )

    async def login(self, identifier: str, password: str = PASSWORD) -> httpx.Response:
        return await self.client.post("/login", json={"identifier": identifier, "password": password})


@asynccontextmanager
async def world(base: Path, given: Answers | None = None, tenant: FakeTenant | None = None) -> AsyncIterator[World]:
    if given is None:
        given = answers({"path": store(base).name, "table": "users", "kind": "sql"})
    made = World(base, given, tenant or FakeTenant(), FakeClock())
    try:
        yield made
    finally:
        await made.app.aclose()
