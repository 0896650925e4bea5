"""Requests that scripts make to hosts which live in this process: the tenant itself, and what stands outside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import httpx

DROPPED = {"content-encoding", "content-length", "transfer-encoding", "connection"}
"""Headers of an answer that no longer fit once its body is decoded and whole."""


async def fetched(transports: Mapping[str, httpx.AsyncBaseTransport], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do a request of the sandbox's `fetch` message and return what its script gets.

    Returns:
        `status`, `headers` (pairs) and `body` (base64); or `failure` with a `code` of Node's.
    """
    url = httpx.URL(asked["url"])
    transport = transports.get(url.netloc.decode()) or transports.get(url.host)
    if transport is None:
        return {"failure": f"getaddrinfo ENOTFOUND {url.host}", "code": "ENOTFOUND"}
    body = base64.b64decode(asked["body"])
    request = httpx.Request(
        asked["method"], url, headers=[(name, value) for name, value in asked["headers"]], content=body
    )
    try:
        response = await transport.handle_async_request(request)
        try:
            content = await response.aread()
        finally:
            await response.aclose()
    except httpx.ConnectError:
        return {"failure": f"connect ECONNREFUSED {url.host}", "code": "ECONNREFUSED"}
    except httpx.TimeoutException:
        return {"failure": f"connect ETIMEDOUT {url.host}", "code": "ETIMEDOUT"}
    except httpx.TransportError:
        return {"failure": "socket hang up", "code": "ECONNRESET"}
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in DROPPED]
    return {"status": response.status_code, "headers": headers, "body": base64.b64encode(content).decode()}
