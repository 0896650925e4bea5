"""Asking for a password reset: POST /dbconnections/change_password. No mail leaves the practice tenant.

Source: Auth0 docs, Authentication API, "Change Password".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.granting import parameters
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

REQUESTS = Limit(10, 1, 60)
"""Requests from one address for one account, on every plan."""
REMEMBERED = 10_000


def routes(tenant: PracticeTenant) -> list[Route]:
    buckets: dict[tuple[str, str], Bucket] = {}

    async def change_password(request: Request) -> Response:
        given = await parameters(request)
        for name in ("connection", "email"):
            if not given.get(name):
                raise AuthError(400, "invalid_request", f"{name} is required")
        connection = tenant.connection_named(given["connection"])
        if connection is None or not connection.is_database:
            raise AuthError(400, "invalid_request", "connection not found")
        now = tenant.clock.now()
        key = (request.client.host if request.client else "", given["email"].strip().lower())
        if len(buckets) > REMEMBERED:
            buckets.clear()
        if not buckets.setdefault(key, Bucket(REQUESTS, "gradual", now)).take(now).granted:
            raise AuthError(429, "too_many_requests", "Too many password change requests for this account.")
        tenant.log("scpr", "", connection=connection.name)
        return PlainTextResponse("We've just sent you an email to reset your password.")

    return [Route("/dbconnections/change_password", change_password, methods=["POST"])]
