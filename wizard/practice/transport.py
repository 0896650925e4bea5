"""Reaching a practice tenant from the same process, with the failures a network would show."""

from __future__ import annotations

import asyncio

import httpx
from starlette.types import ASGIApp

from wizard.practice.app import ConnectionCut


class PracticeTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient` that calls the application directly.

    A connection that the tenant cuts looks as it does over a network; so does an answer later than the read timeout.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(patience):
                return await self._inner.handle_async_request(request)
        except ConnectionCut:
            message = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(message, request=request) from None
        except TimeoutError:
            raise httpx.ReadTimeout("", request=request) from None
