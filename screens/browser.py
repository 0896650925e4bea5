"""The wizard in a browser: textual-serve behind a door that one link opens once, for one browser.

The link's key is good for a single request, which gets a cookie in its place. Every other request needs that cookie and
the right Host; the websocket, over which the wizard is driven, needs the right Origin too. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from wizard.errors import UsageError
from wizard.listening import listening

PAGE = Path(__file__).with_name("browser.html")
SCRIPT = Path(__file__).with_name("browser.js")
KEY = "access_token"  # a name that logs mask
CLOSING = 12.0
"""Seconds that open wizards have to stop at a safe instant; a kill after them is safe too."""

LOCAL = ("127.0.0.1", "localhost", "[::1]")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REFUSED = (
    "This page is open to one browser only: the one that opened the link that `auth0-migrate serve` printed.\n"
    "The link works once. For another, stop `auth0-migrate serve` and start it again; runs and answers are kept.\n"
)
ELSEWHERE = "This address is not the one that is served here.\n"


class Door:
    """Lets the first who knows the key in, and from then on only that browser.

    Args:
        hosts: Host headers of the address, a port with each.
        origin: Scheme, host and port that a browser shows; None takes each of `hosts` over http.
        key: What the link carries.
    """

    def __init__(self, hosts: frozenset[str], *, origin: str | None = None, key: str | None = None) -> None:
        self.hosts = hosts
        self.key = key or secrets.token_urlsafe(32)
        self._used = False
        self._pass = secrets.token_urlsafe(32)
        self._origins = frozenset({origin} if origin else {f"http://{host}" for host in hosts})
        self.secure = bool(origin and origin.startswith("https:"))
        # A cookie is sent to every port of its host, so that its name tells two doors apart.
        self._cookie = f"auth0-migrate-{secrets.token_hex(4)}"

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only who may come in."""
        if request.headers.get("Host", "").lower() not in self.hosts:
            return _closed(ELSEWHERE)
        if request.path == "/" and KEY in request.query:
            return self._enter(request)
        if not self._may(request):
            return _closed(REFUSED)
        return await handler(request)

    def _enter(self, request: web.Request) -> web.StreamResponse:
        offered = request.query[KEY].encode("utf-8", "replace")
        if self._used or request.method != "GET" or not hmac.compare_digest(offered, self.key.encode()):
            return _closed(REFUSED)
        self._used = True
        entered = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
        entered.set_cookie(self._cookie, self._pass, httponly=True, samesite="Strict", secure=self.secure, path="/")
        return entered

    def _may(self, request: web.Request) -> bool:
        shown = request.cookies.get(self._cookie, "").encode("utf-8", "replace")
        if not hmac.compare_digest(shown, self._pass.encode()):
            return False
        return request.path != "/ws" or request.headers.get("Origin") in self._origins


def _closed(words: str) -> web.Response:
    return web.Response(status=403, text=words, headers={"Cache-Control": "no-store"})


async def _sealed(request: web.Request, response: web.StreamResponse) -> None:
    """Say to the browser that nothing comes from elsewhere and nobody may frame or cache this."""
    host = request.headers.get("Host", "")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"


def application(door: Door, command: str) -> web.Application:
    """The web application: a page, the parts of textual-serve, and a wizard for each page that is opened.

    Args:
        command: Shell command that starts a wizard.
    """
    served = Server(command, title="Auth0 Migration Wizard")

    async def page(request: web.Request) -> web.Response:
        scheme = "wss" if door.secure else "ws"
        text = PAGE.read_text(encoding="utf-8").replace("WEBSOCKET", f"{scheme}://{request.headers['Host']}/ws")
        return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def script(request: web.Request) -> web.FileResponse:
        return web.FileResponse(SCRIPT)

    app = web.Application(middlewares=[door.guard])
    app.on_response_prepare.append(_sealed)
    app.add_routes(
        [
            web.get("/", page),
            web.get("/browser.js", script),
            web.get("/ws", served.handle_websocket),
            web.get("/download/{key}", served.handle_download),
            web.static("/static", served.statics_path),
        ]
    )
    return app


def command_of(*, practice: bool, runs: Path | None) -> str:
    """The shell command of one wizard."""
    words = [sys.executable, "-m", "screens", *(["--practice"] if practice else [])]
    return shlex.join([*words, *(["--runs", str(runs.absolute())] if runs else [])])


async def serve(
    host: str,
    port: int,
    public: str | None,
    *,
    practice: bool,
    runs: Path | None,
    ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set.

    Args:
        port: 0 takes any free one.
        public: Address that a proxy with TLS in front has, such as https://wizard.example.com; None for none.
        ready: Told the link as soon as it can be opened.

    Raises:
        UsageError: the address cannot be served, or passwords would cross a network in clear.
    """
    origin = _origin_of(host, public)
    listening = _listening(host, port)
    taken = listening.getsockname()[1]
    if origin:
        door = Door(frozenset({urlsplit(origin).netloc.lower()}), origin=origin)
    else:
        door = Door(frozenset(f"{name}:{taken}" for name in LOCAL))
    # No access log: its lines would hold the key.
    runner = web.AppRunner(
        application(door, command_of(practice=practice, runs=runs)), access_log=None, shutdown_timeout=CLOSING
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        shown = f"[{host}]" if ":" in host else host
        ready(f"{origin or f'http://{shown}:{taken}'}/?{KEY}={door.key}")
        await stop.wait()
    finally:
        await runner.cleanup()


def _origin_of(host: str, public: str | None) -> str | None:
    if public is not None:
        parts = urlsplit(public)
        if parts.scheme != "https" or not parts.netloc or parts.path not in ("", "/") or parts.query:
            raise UsageError(
                f"{public} is no address that a browser may use",
                why="what is typed into the wizard may be a secret, so that it crosses a network only over TLS",
                state="Nothing is served.",
                remedy="Give --public-url the scheme and host of a proxy with TLS, such as https://wizard.example.com",
            )
        return f"https://{parts.netloc.lower()}"
    if not _is_loopback(host):
        raise UsageError(
            f"The wizard is not served on {host} without TLS",
            why="secrets and users would cross the network in clear",
            state="Nothing is served.",
            remedy="Leave --host out and reach this machine through a tunnel, such as ssh -L, or put a proxy with TLS in "
            "front and name its address by --public-url https://…",
        )
    return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    try:
        return listening(host, port)
    except OSError as error:
        raise UsageError(
            f"The wizard cannot be served on {host}:{port}",
            why=error.strerror or "",
            state="Nothing is served.",
            remedy="Choose another --port; 0 takes any free one.",
        ) from None
