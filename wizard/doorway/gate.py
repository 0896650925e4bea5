"""What stands before the routes: sizes, time, and one line of log a request, without personal data."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wizard.doorway.refusal import Refusal, internal_error, unavailable

MOST_BYTES = 8192
"""Of a body; an identifier and a password need far less."""
LONGEST_TARGET = 4096
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Log = Callable[[str], object]
"""Takes one line, which is a JSON object."""


class Gone(Exception):
    """The client is gone before its request was whole."""


class Gate:
    """Wraps an application.

    Args:
        seconds: From the head of a request to its answer.
        log: Hears of each request.
        clock: UNIX time, for the log.
    """

    def __init__(self, app: ASGIApp, *, seconds: float, log: Log, clock: Callable[[], float]) -> None:
        self._app = app
        self._seconds = seconds
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        answered = _Answered(send, given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8))
        scope.setdefault("state", {})
        try:
            async with asyncio.timeout(self._seconds):
                body = await _body(scope, headers, receive)
                await self._app(scope, _replayed(body, receive), answered)
        except Refusal as refusal:
            await _refuse(refusal, scope, receive, answered)
        except TimeoutError:
            # Where no route was reached, it is the client that did not send all of it.
            arrived = "path_params" in scope
            late = Refusal(408, "invalid_request", "The request took too long to arrive")
            await _refuse(unavailable("This took too long") if arrived else late, scope, receive, answered)
        except Gone:
            answered.outcome = "client_gone"
        except Exception as error:  # noqa: BLE001 - its words and traceback might hold personal data
            answered.outcome = type(error).__name__
            await _refuse(internal_error(), scope, receive, answered)
        finally:
            self._log(self._line(scope, answered, time.perf_counter() - began))

    def _line(self, scope: Scope, answered: _Answered, seconds: float) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        route = getattr(scope.get("route"), "path", None) or "-"
        outcome = answered.outcome or scope["state"].get("outcome") or ("ok" if answered.status < 400 else "refused")
        line = {
            "time": moment,
            "request_id": answered.request_id,
            "method": scope["method"] if scope["method"] in METHODS else "-",
            "route": route,
            "status": answered.status,
            "outcome": outcome,
            "ms": round(seconds * 1000, 1),
        }
        if why := answered.why or scope["state"].get("why"):
            line["why"] = why
        return json.dumps(line)


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class _Answered:
    """Sends, and remembers what was sent."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0
        self.outcome = ""
        self.why = ""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            more = [(b"x-request-id", self.request_id.encode()), (b"cache-control", b"no-store")]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await self._send(message)


async def _body(scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body.

    Raises:
        Refusal: it is too large, or the target is; told by its length, or once it goes beyond.
        Gone: the client went away.
    """
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > LONGEST_TARGET:
        raise _too_large()
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length[:20]) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, answered: _Answered) -> None:
    if not answered.outcome:
        answered.outcome, answered.why = refusal.code, refusal.message
    if answered.status:
        return  # an answer had begun, and can only end here
    headers = {**refusal.headers, "Connection": "close"} if refusal.status in (408, 413) else refusal.headers
    response: Any = JSONResponse(refusal.body, refusal.status, headers=headers)
    await response(scope, receive, answered)


def _too_large() -> Refusal:
    return Refusal(413, "too_large", f"A request may have {MOST_BYTES} bytes")
