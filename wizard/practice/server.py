"""Serving a practice tenant on this machine, for a rehearsal with real connections."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from wizard.auth0.domain import is_loopback
from wizard.errors import UsageError
from wizard.listening import listening
from wizard.practice.app import ConnectionCut, in_origin_form, matchable_path
from wizard.practice.errors import ApiError

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75


class CuttingProtocol(H11Protocol):
    """HTTP/1.1 whose connection closes without another byte when the application says so."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.app: ASGIApp = self._cutting(self.app)

    def _cutting(self, app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except ConnectionCut:
                self.transport.abort()
                while (await receive())["type"] != "http.disconnect":
                    continue

        return answer


class Named:
    """An application whose mails are read by the names of this machine and by its own alone.

    A web page whose name is made to lead here (DNS rebinding) could else read them: they need no token, as all else does.

    Args:
        domain: Its own, with a port or without.
    """

    def __init__(self, app: ASGIApp, domain: str) -> None:
        self._app = app
        self._own = _name_of(domain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = in_origin_form(scope)
            name = _name_of(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
            if matchable_path(scope).startswith(MAILS) and not (is_loopback(name) or name == self._own):
                await ApiError(421, MISDIRECTED).response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


MAILS = "/practice/"
MISDIRECTED = "What waits here is read by the name of the tenant; start it with --domain if it is to have this one"


def _name_of(host: str) -> str:
    """The host without its port, in lower case."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower()


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files to serve TLS with; the key is not encrypted."""

    file: Path
    key: Path

    def check(self) -> None:
        """Refuse files that TLS cannot be served with.

        Raises:
            UsageError: one cannot be read, is no such thing, or they do not belong together.
        """
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.file, self.key, password="")
        except (OSError, ValueError) as wrong:  # ssl.SSLError is an OSError
            raise UsageError(
                f"The practice tenant cannot serve TLS with {self.file} and {self.key}.",
                why=getattr(wrong, "reason", None) or getattr(wrong, "strerror", None) or str(wrong),
                remedy="Give a certificate and its own key, not encrypted, both as PEM.",
            ) from None


async def serve(
    tenant: PracticeTenant,
    host: str = "127.0.0.1",
    port: int = 8787,
    ready: Callable[[str], None] = lambda address: None,
    stop: asyncio.Event | None = None,
    certificate: Certificate | None = None,
) -> None:
    """Serve the tenant until `stop` is set or the task is cancelled.

    Args:
        host: A loopback address; the practice tenant is for this machine only.
        port: 0 for any free one.
        ready: Called with the address (`http://127.0.0.1:8787`) once requests are answered.
        certificate: Serve TLS with it; the address then begins with https.

    Raises:
        UsageError: the host is not loopback, the port is taken, or the certificate or its key is of no use.
    """
    refuse_open_host(host)
    if certificate is not None:
        certificate.check()
    config = uvicorn.Config(
        Named(tenant.app, tenant.domain),
        http=CuttingProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        # The tenant writes the time of its own clock.
        date_header=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificate.file if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    scheme = "https" if certificate else "http"
    with _listener(host, port) as listener:
        address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        # Scripts name the tenant by the address it is known by; it answers them in this process.
        tenant.served_at.add(address.partition("//")[2])
        server = AnnouncingServer(config, lambda: ready(address))
        await _run(server, listener, stop)


async def _run(server: uvicorn.Server, listener: socket.socket, stop: asyncio.Event | None) -> None:
    """Run the server, and let it end what it has begun whatever ends it."""
    serving = asyncio.ensure_future(server.serve([listener]))
    watching = asyncio.ensure_future(_end(server, stop)) if stop is not None else None
    try:
        await asyncio.shield(serving)
    finally:
        if watching is not None:
            watching.cancel()
        server.should_exit = True
        await serving


class AnnouncingServer(uvicorn.Server):
    """A server that says when it answers requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _listener(host: str, port: int) -> socket.socket:
    try:
        return listening(host, port)
    except OSError as taken:
        raise UsageError(
            f"The practice tenant cannot listen on {host}:{port}.",
            why=taken.strerror or str(taken),
            remedy="Choose another port with --port, or end what uses this one.",
        ) from None


def refuse_open_host(host: str) -> None:
    """Refuse an address that other machines could reach.

    Raises:
        UsageError: it is not loopback.
    """
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise UsageError(
            f"The practice tenant is not served on {host}.",
            why="it holds secrets in the open and is meant for this machine only",
            remedy="Use 127.0.0.1, ::1 or localhost.",
        )
