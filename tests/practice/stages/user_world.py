"""A practice tenant with one enabled connection, for the tests of users, jobs and search."""

from __future__ import annotations

import json
from typing import Any

import httpx

from wizard.practice.faults import Faults
from wizard.practice.switches import Switches
from wizard.practice.tenant import JobTime, PracticeTenant

API = "/api/v2"
SCOPES = (
    "read:users create:users update:users delete:users create:user_tickets create:connections read:connections "
    "update:connections delete:connections read:connections_options update:connections_options read:logs "
    "read:authentication_methods create:authentication_methods update:authentication_methods "
    "delete:authentication_methods"
)


class StandingClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.at = 1_790_000_000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += max(0.0, seconds)


class World:
    """The tenant, its clock, and a client with a token for everything."""

    def __init__(
        self, *, faults: Faults | None = None, job_time: JobTime | None = None, state: Any = None, **switches: Any
    ) -> None:
        self.clock = StandingClock()
        self.tenant = PracticeTenant(
            state,
            seed=7,
            plan="none",
            clock=self.clock,
            faults=faults,
            job_time=job_time,
            switches=Switches(**{"search_lag_seconds": 0} | switches),
        )
        self.client = self.client_with(SCOPES)
        self.connection_id = ""

    def client_with(self, scopes: str) -> httpx.AsyncClient:
        token = self.tenant.tokens.issue({"aud": self.tenant.audience, "scope": scopes}, 30 * 86_400)
        return httpx.AsyncClient(
            transport=self.tenant.transport(),
            base_url=f"https://{self.tenant.domain}",
            headers={"authorization": f"Bearer {token}"},
        )

    async def connection(self, name: str = "people", *, enabled: bool = True, **options: Any) -> str:
        """Make a connection, enabled for the tenant's own application, and return its id."""
        body = {"name": name, "strategy": "auth0", "options": options}
        made = await self.client.post(f"{API}/connections", json=body)
        assert made.status_code == 201, made.text
        connection_id = str(made.json()["id"])
        if enabled:
            change = [{"client_id": self.tenant.client_id, "status": True}]
            assert (await self.client.patch(f"{API}/connections/{connection_id}/clients", json=change)).is_success
        self.connection_id = self.connection_id or connection_id
        return connection_id

    async def upload(self, users: Any, *, connection_id: str | None = None, **fields: str) -> httpx.Response:
        """Send users (or the raw text of a file) to an import job."""
        raw = users if isinstance(users, bytes) else json.dumps(users).encode()
        return await self.client.post(
            f"{API}/jobs/users-imports",
            data={"connection_id": connection_id or self.connection_id, **fields},
            files={"users": ("users.json", raw, "application/json")},
        )

    async def imported(self, users: Any, *, connection_id: str | None = None, **fields: str) -> dict[str, Any]:
        """Import users, let the job end, and return it."""
        started = await self.upload(users, connection_id=connection_id, **fields)
        assert started.status_code == 202, started.text
        self.clock.at += 3600
        return await self.job(started.json()["id"])

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"{API}/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def errors(self, job_id: str) -> Any:
        """Return the errors of a job; None for 204."""
        answer = await self.client.get(f"{API}/jobs/{job_id}/errors")
        return None if answer.status_code == 204 else answer.json()

    async def by_email(self, email: str) -> list[dict[str, Any]]:
        answer = await self.client.get(f"{API}/users-by-email", params={"email": email})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def search(self, q: str, **more: Any) -> list[str]:
        """Return the e-mails of those a search finds."""
        answer = await self.client.get(f"{API}/users", params={"q": q, "search_engine": "v3", **more})
        assert answer.status_code == 200, answer.text
        return [user["email"] for user in answer.json()]


def same_shape(expected: Any, found: Any, path: str = "") -> list[str]:
    """Say where an answer lacks what a recorded one has, or has it with another type."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [path]
        return [place for key, part in expected.items() for place in same_shape(part, found.get(key), f"{path}.{key}")]
    if isinstance(expected, list):
        return [path] if not isinstance(found, list) or bool(expected) != bool(found) else [
            place for part, each in zip(expected, found, strict=False) for place in same_shape(part, each, f"{path}[]")
        ]  # fmt: skip
    return [] if type(expected) is type(found) else [path]


def people(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Users for an import, without passwords."""
    return [{"email": f"user{number}@example.com", "user_id": f"u{number}"} for number in range(start, start + count)]
