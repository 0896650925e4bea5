"""A tenant at the transport for tests of the Auth0 client, a clock that needs no waiting, and the recorded exchanges."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from wizard.auth0 import connect
from wizard.auth0.client import Management
from wizard.events import Event

DOMAIN = "acme.eu.auth0.com"
CLIENT_ID = "wizardClient0000000000000000000w"
SECRET = "canary-secret-5f1c"
RECORDINGS = Path(__file__).parents[3] / "shared" / "auth0" / "recordings"

Handler = Callable[[httpx.Request], httpx.Response]


class StageClock:
    """Time that jumps to the next sleeper as soon as everybody sleeps."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def pass_by(self, seconds: float) -> None:
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        loop = asyncio.get_running_loop()
        wake = loop.create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), self._order, wake))
        loop.call_later(0.0002, self._jump)
        await wake

    def _jump(self) -> None:
        if self._sleepers:
            at, _, wake = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not wake.done():
                wake.set_result(None)


class Stage:
    """Answers as the handler says; the token endpoint answers by itself. Keeps every request."""

    def __init__(self, handler: Handler, scope: str | None = "read:connections") -> None:
        self.requests: list[httpx.Request] = []
        self.tokens = 0
        self.events: list[Event] = []
        self.clock = StageClock()
        self._handler = handler
        self._scope = scope

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token" and b"client_credentials" in request.content:
            self.tokens += 1
            scope = {} if self._scope is None else {"scope": self._scope}
            return httpx.Response(
                200, json={"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 86400, **scope}
            )
        self.requests.append(request)
        return self._handler(request)

    def seen(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @asynccontextmanager
    async def open(self, **given: Any) -> AsyncIterator[Management]:
        settings: dict[str, Any] = {"secret": SECRET, "plan": "private-10000", "clock": self.clock} | given
        async with connect(
            DOMAIN, CLIENT_ID, emit=self.events.append, transport=httpx.MockTransport(self), **settings
        ) as tenant:
            yield tenant


def answers(*several: httpx.Response | Exception) -> Handler:
    """Give these answers in turn, the last one for ever; an exception is raised as the network would."""
    queue = list(several)

    def handler(request: httpx.Request) -> httpx.Response:
        one = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(one, Exception):
            raise one
        return httpx.Response(one.status_code, headers=one.headers, content=one.content)

    return handler


def refused(status: int, message: str, code: str = "", error: str = "Refused") -> httpx.Response:
    body = {"statusCode": status, "error": error, "message": message}
    return httpx.Response(status, json=body | ({"errorCode": code} if code else {}))


def recorded(name: str) -> list[dict[str, Any]]:
    """The exchanges of a recording; the test is skipped where there are none."""
    path = RECORDINGS / f"{name}.json"
    if not path.is_file():
        pytest.skip("no recorded exchanges here")
    exchanges: list[dict[str, Any]] = json.loads(path.read_text())["exchanges"]
    return exchanges
