"""What the tests of the practice tenant's core share: a tenant, a clock that stands still, and a client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from wizard.practice.tenant import PracticeTenant

START = 1_790_000_000.0


class StillClock:
    """Time that passes only when told to, or when somebody sleeps."""

    def __init__(self, now: float = START) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


def still_tenant(**settings: Any) -> PracticeTenant:
    """A tenant without rate limits whose clock stands still."""
    usual: dict[str, Any] = {"clock": StillClock(), "plan": "none", "seed": 7}
    return PracticeTenant(**(usual | settings))


class Api:
    """The tenant's Management API, as its own application or with fewer scopes."""

    def __init__(self, tenant: PracticeTenant, client: httpx.AsyncClient) -> None:
        self.tenant = tenant
        self.client = client

    def token(self, *scopes: str) -> str:
        """A token as /oauth/token would give it, with these scopes or all."""
        from wizard.practice.management.scopes import SCOPES

        claims = {"sub": f"{self.tenant.client_id}@clients", "aud": self.tenant.audience}
        return self.tenant.tokens.issue(claims | {"scope": " ".join(scopes or SCOPES)}, 86400)

    async def call(self, method: str, path: str, *scopes: str, **sent: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token(*scopes)}"} | sent.pop("headers", {})
        return await self.client.request(method, f"/api/v2{path}", headers=headers, **sent)

    async def get(self, path: str, *scopes: str, **sent: Any) -> httpx.Response:
        return await self.call("GET", path, *scopes, **sent)

    async def post(self, path: str, json: Any = None, *scopes: str) -> httpx.Response:
        return await self.call("POST", path, *scopes, json=json)

    async def patch(self, path: str, json: Any = None, *scopes: str) -> httpx.Response:
        return await self.call("PATCH", path, *scopes, json=json)

    async def delete(self, path: str, *scopes: str) -> httpx.Response:
        return await self.call("DELETE", path, *scopes)

    async def new_connection(self, name: str = "acme-users", **options: Any) -> dict[str, Any]:
        answer = await self.post("/connections", {"name": name, "strategy": "auth0", "options": options})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def new_client(self, name: str = "Shop", **more: Any) -> dict[str, Any]:
        answer = await self.post("/clients", {"name": name} | more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@asynccontextmanager
async def open_api(tenant: PracticeTenant) -> AsyncIterator[Api]:
    """A client of the tenant; the tenant is closed afterwards."""
    async with httpx.AsyncClient(transport=tenant.transport(), base_url=f"https://{tenant.domain}") as client:
        yield Api(tenant, client)
    tenant.close()


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, message and errorCode of a Management API refusal."""
    body = answer.json()
    assert body["statusCode"] == answer.status_code
    return answer.status_code, body["message"], body.get("errorCode")


def auth_error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, error and description of an Authentication API refusal."""
    body = answer.json()
    assert set(body) >= {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]
