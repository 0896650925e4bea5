"""The ASGI application: every request meets the faults, the rate limits, then the routes."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wizard.practice import areas
from wizard.practice.errors import ApiError, AuthError
from wizard.practice.faults import RequestTrouble
from wizard.practice.limits import Taken
from wizard.practice.management import connections
from wizard.practice.management.access import require
from wizard.practice.management.unserved import scope_of

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

MANAGEMENT = "/api/v2/"
TOKEN = "/oauth/token"  # noqa: S105 - a path
"""Its JSON comes without a charset, that of the Management API, of sign-ups and of /userinfo with one. Source: recordings of go-auth0."""
FILES = "/exports/"
"""Where exports are downloaded: with Auth0 a store of files, which its rate limits do not count."""
SLASH = "\ue000"
"""Stands for a slash inside a path parameter (`%2F`) while routes are matched."""
WARNED_AT = 80
"""Percent of a bucket that are used when the tenant's log warns. Source: Auth0 docs, "Rate Limit Use Cases"."""
LOGGED_EVERY = 60.0
"""Seconds between two events of the log about one bucket."""
LOW = "You used 80% of the limit of calls to this API"
PASSED = "You passed the limit of calls to this API"
SLOW_SEARCH = (
    "The query exceeded the timeout. Please try refining your search criteria. "
    "See https://auth0.com/docs/best-practices/search-best-practices."
)


class ConnectionCut(Exception):
    """The connection ends here without a whole answer; transport and server let the client see just that."""


def build(tenant: PracticeTenant) -> ASGIApp:
    """Put the tenant's application together."""
    tenant.before_request.append(lambda: connections.settle(tenant))
    routes = areas.routes(tenant)
    for route in routes:
        route.app = _with_slashes(route.app)
    app = Starlette(
        routes=routes,
        exception_handlers={
            ApiError: _refused,
            AuthError: _refused,
            HTTPException: _not_found,
            ClientDisconnect: _gone,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    app.state.tenant = tenant
    return Front(tenant, app)


class Front:
    """What stands before the routes."""

    def __init__(self, tenant: PracticeTenant, app: ASGIApp) -> None:
        self._tenant = tenant
        self._app = app
        self._buckets = tenant.buckets
        self._logged: dict[tuple[str, bool, str], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        tenant = self._tenant
        scope = in_origin_form(scope)
        path = matchable_path(scope)
        scope = {**scope, "path": path}
        trouble = tenant.faults.request(scope["method"], path.replace(SLASH, "/"), tenant.clock.now())
        if trouble.delay:
            await tenant.clock.sleep(trouble.delay)
        if trouble.expire_tokens:
            tenant.keys.revoke_tokens()
        if trouble.cut == "before":
            raise ConnectionCut
        for settle in tenant.before_request:
            settle()
        headers = {"date": formatdate(tenant.clock.now(), usegmt=True)}
        json = "application/json" if path == TOKEN else "application/json; charset=utf-8"
        answering = self._limited(scope, trouble, headers) or self._app
        if trouble.status is not None and answering is self._app:
            if trouble.committed:
                await self._app(scope, receive, _nowhere)
            answering = _failing(scope["method"], path, trouble.status)
        if trouble.cut == "after":
            await answering(scope, receive, _nowhere)
        else:
            await answering(scope, receive, _sender(send, headers, json, halved=trouble.cut == "midway"))
        if trouble.cut:
            raise ConnectionCut

    def _limited(self, scope: Scope, trouble: RequestTrouble, headers: dict[str, str]) -> ASGIApp | None:
        """Spend the request and note what remains in the headers; return the 429 if it must not go on."""
        tenant = self._tenant
        now = tenant.clock.now()
        path: str = scope["path"]
        management = path.startswith(MANAGEMENT)
        if management:
            with_q = "q" in parse_qs(scope["query_string"].decode("latin-1"))
            spent = self._buckets.take_management(scope["method"], path.removeprefix(MANAGEMENT), with_q, now)
        elif path.startswith(FILES):
            spent = None
        else:
            spent = self._buckets.take_authentication(path, now)
        group, taken = spent or ("", None)
        if trouble.limited:
            taken = replace(taken or Taken(False, 1, 0, int(now) + 1), granted=False, remaining=0)
        if taken is None:
            return None
        if tenant.switches.rate_limit_headers:
            headers.update(taken.headers)
        if 100 * (taken.limit - taken.remaining) >= WARNED_AT * taken.limit:
            self._log("api_limit_warning", LOW, management, group)
        if taken.granted:
            return None
        if trouble.limited and trouble.retry_after is not None:
            headers["retry-after"] = str(trouble.retry_after)
        elif tenant.switches.retry_after_on_429 and not trouble.limited:
            headers["retry-after"] = str(max(1, taken.reset - int(now)))
        self._log("api_limit", PASSED, management, group)
        return _too_many(management, group)

    def _log(self, kind: str, description: str, management: bool, group: str) -> None:
        """Tell the tenant's log of a bucket, once a minute for as long as it goes on."""
        now, bucket = self._tenant.clock.now(), (kind, management, group)
        if now - self._logged.get(bucket, -LOGGED_EVERY) >= LOGGED_EVERY:
            self._logged[bucket] = now
            self._tenant.log(kind, description)


def _failing(method: str, path: str, status: int) -> ASGIApp:
    if not path.startswith(MANAGEMENT):
        return AuthError(status, "server_error", "Internal error.").response()
    searches = (method, path, status) == ("GET", f"{MANAGEMENT}users", 503)
    return ApiError(status, SLOW_SEARCH if searches else "Internal error.").response()


def _too_many(management: bool, group: str) -> ASGIApp:
    if not management:
        return AuthError(429, "too_many_requests", "Rate limit exceeded.").response()
    if not group:
        return ApiError(429, "Global limit has been reached", "too_many_requests").response()
    verb, _, things = group.partition("_")
    unit = "second" if group == "read_status_connection" else "minute"
    message = f"Global per {unit} {things}_{verb} group limit has been reached"
    return ApiError(429, message, "too_many_requests").response()


def _sender(send: Send, headers: dict[str, str], json: str, *, halved: bool) -> Send:
    """A `send` that adds headers the answer has not set itself; halved, it gives only the first half of each part of the body, and never the end.

    Args:
        json: The content type of JSON.
    """

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers.items():
                given.setdefault(name, value)
            if given.get("content-type") == "application/json":
                given["content-type"] = json
        elif halved:
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return sending


async def _nowhere(message: Message) -> None:
    """Let an answer be lost."""


def in_origin_form(scope: Scope) -> Scope:
    """Take scheme and host out of a target in absolute form; that host counts, not the header's.

    Source: RFC 9112, section 3.2.2.
    """
    raw: bytes = scope.get("raw_path") or b"/"
    scheme, mark, rest = raw.partition(b"://")
    if not mark or scheme.lower() not in {b"http", b"https"}:
        return scope
    host, _, path = rest.partition(b"/")
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "raw_path": b"/" + path, "headers": [*headers, (b"host", host)]}


def matchable_path(scope: Scope) -> str:
    """Decode the path segment by segment, so that an encoded slash stays part of its segment."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return str(scope["path"])
    segments = raw.partition(b"?")[0].decode("latin-1").split("/")
    return "/".join(unquote(segment).replace("/", SLASH) for segment in segments)


def _with_slashes(app: ASGIApp) -> ASGIApp:
    """Give the route its path parameters with the slashes they were sent with."""

    async def restored(scope: Scope, receive: Receive, send: Send) -> None:
        parameters = {name: str(value).replace(SLASH, "/") for name, value in scope["path_params"].items()}
        await app({**scope, "path_params": parameters}, receive, send)

    return restored


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, ApiError | AuthError)  # noqa: S101 - registered for these two
    return refusal.response()


async def _not_found(request: Request, refusal: Exception) -> Response:
    """Answer for an unknown path and for a method a path does not have; Auth0 does not tell them apart.

    An area that Auth0 has and the practice tenant has not asks for its scope first, which no token here holds.
    """
    path: str = request.scope["path"]
    scope = scope_of(request.method, path.removeprefix(MANAGEMENT)) if path.startswith(MANAGEMENT) else None
    if scope is not None:
        try:
            require(request, scope)
        except ApiError as refused:
            return refused.response()
    return ApiError(404, "Not Found").response()


async def _gone(request: Request, disconnect: Exception) -> Response:
    """Answer nobody: the client went before its request was whole, and nothing was done."""
    return Response(status_code=400)


async def _broken(request: Request, error: Exception) -> Response:
    return ApiError(500, "An internal server error occurred").response()
