"""Fetches an export file from its short-lived address to a private file, without our token."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from wizard.auth0.domain import is_loopback
from wizard.auth0.errors import DownloadFailed

MOST_REDIRECTS = 3
REMEDY = "Ask for a fresh address of the export and fetch it again."


async def save(client: httpx.AsyncClient, url: str, path: Path) -> int:
    """Stream the file to `path` (mode 0600) exactly as it was sent, and return its size in bytes.

    The file appears only when it is whole.

    Raises:
        DownloadFailed: the address is not one we go to, has expired, or the connection broke.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            try:
                size = await _stream(client, url, file.write)
            except httpx.RequestError as error:
                raise DownloadFailed(
                    "The connection broke while an export was fetched", why=type(error).__name__, remedy=REMEDY
                ) from None
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


async def _stream(client: httpx.AsyncClient, url: str, write: Callable[[bytes], int]) -> int:
    for _ in range(MOST_REDIRECTS + 1):
        _check(url)
        request = client.build_request("GET", url, headers={"Accept": "*/*", "Accept-Encoding": "identity"})
        response = await client.send(request, stream=True)
        try:
            if response.is_redirect:
                url = urljoin(url, response.headers["location"])
                continue
            if response.status_code != 200:
                raise DownloadFailed(
                    "An export could not be fetched", why=f"its store answered {response.status_code}", remedy=REMEDY
                )
            if response.is_stream_consumed:  # a transport without a network may hand the answer over whole
                return write(response.content)
            return sum([write(block) async for block in response.aiter_raw()])
        finally:
            await response.aclose()
    raise DownloadFailed("An export could not be fetched", why="its address leads in a circle", remedy=REMEDY)


def _check(url: str) -> None:
    """Users travel over TLS, or not beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return
    raise DownloadFailed(
        f"The export is at {parts.scheme}://{parts.hostname or ''}, where its users could be read on the way",
        remedy="Report this to Auth0: exports are served over https.",
    )
