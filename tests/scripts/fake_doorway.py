"""A legacy API and a token endpoint on loopback, as simple as can be: it answers what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

AUDIENCE = "https://legacy.example.com/api"
PROFILE = {
    "user_id": "legacy|7",
    "email": "ann@example.com",
    "email_verified": True,
    "app_metadata": {"plan": "gold", "since": 2011},
    "user_metadata": {"theme": "dark"},
}


@dataclass(frozen=True)
class Reply:
    """What to answer. `hang` never answers, `cut` closes the connection, `stall` sends the head and never the body."""

    status: int = 200
    body: Any = None
    how: str = "answer"
    text: str | None = None


@dataclass(frozen=True)
class Heard:
    """A request: its path is not decoded."""

    method: str
    path: str
    bearer: str | None
    body: Any


def user(profile: Mapping[str, Any] = PROFILE) -> Reply:
    return Reply(200, {"user": dict(profile)})


def refusal(status: int, code: str, **more: Any) -> Reply:
    return Reply(status, {"error": code, "message": "in words", **more})


@dataclass
class FakeDoorway:
    """Answers each path with the next of its replies, the last one for ever; tokens are token-1, token-2, …"""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    token_replies: list[Reply] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    tokens: int = 0
    url: str = ""

    @property
    def configuration(self) -> dict[str, str]:
        return {
            "TOKEN_URL": f"{self.url}/oauth/token",
            "LEGACY_API_URL": self.url,
            "LEGACY_API_AUDIENCE": AUDIENCE,
            "LEGACY_API_CLIENT_ID": "client-1",
            "LEGACY_API_CLIENT_SECRET": "canary-secret-4f1d",
        }

    @property
    def calls(self) -> list[Heard]:
        """Requests that were not for a token."""
        return [one for one in self.heard if one.path != "/oauth/token"]

    def _reply(self, heard: Heard) -> Reply:
        if heard.path == "/oauth/token":
            if self.token_replies:
                return self.token_replies.pop(0)
            self.tokens += 1
            return Reply(200, {"access_token": f"token-{self.tokens}", "expires_in": 86400, "token_type": "Bearer"})
        route = f"{heard.method} {heard.path.partition('?')[0]}"
        waiting = self.replies.get(route) or [refusal(404, "no_such_route")]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            method, path, _ = first.split(" ")
            raw = await reader.readexactly(int(headers.get("content-length", "0")))
            bearer = headers.get("authorization", "").removeprefix("Bearer ") or None
            heard = Heard(method, path, bearer, json.loads(raw) if raw else None)
            self.heard.append(heard)
            reply = self._reply(heard)
            if reply.how == "hang":
                await asyncio.sleep(60)
            if reply.how != "cut":
                body = reply.text if reply.text is not None else "" if reply.body is None else json.dumps(reply.body)
                size = len(body.encode())
                writer.write(
                    f"HTTP/1.1 {reply.status} X\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()
                )
                await writer.drain()
                if reply.how == "stall":
                    await asyncio.sleep(60)
                writer.write(body.encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def fake_doorway(**replies: Reply | list[Reply]) -> AsyncIterator[FakeDoorway]:
    """A doorway whose routes are given as `login=`, `users=`, `one=` (GET by id), `mark=`."""
    routes = {
        "login": "POST /login",
        "users": "GET /users",
        "one": "GET /users/legacy%7C7",
        "mark": "POST /users/legacy%7C7/migrated",
    }
    listed = {routes[name]: one if isinstance(one, list) else [one] for name, one in replies.items()}
    doorway = FakeDoorway(listed)
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(doorway._serve(reader, writer))
        connections.add(task)
        await asyncio.gather(task, return_exceptions=True)
        connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    doorway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield doorway
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def query_of(heard: Heard) -> str:
    return unquote(heard.path.partition("?")[2])
