"""Figures about the tenant: active users from the users themselves, logins and sign-ups of a day from its log.

Source: Auth0 docs, Management API, "Stats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.management.access import require
from wizard.practice.requests.reading import query
from wizard.practice.requests.schema import text

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

ACTIVE_SECONDS = 30 * 86_400
"""A user is active who has logged in within 30 days."""
DAY = text(pattern="^2[0-9]{3}((0[1-9])|(1[0-2]))((0[1-9])|([12][0-9])|(3[01]))$")
_DAYS = (
    "select strftime('%Y%m%d', at, 'unixepoch') as day, sum(type = 's') as logins, sum(type = 'ss') as signups, "
    "min(at) as first, max(at) as last from logs where type in ('s', 'ss') group by day "
    "having day between ? and ? order by day"
)


def routes(tenant: PracticeTenant) -> list[Route]:
    async def active_users(request: Request) -> Response:
        require(request, "read:stats")
        since = int((tenant.clock.now() - ACTIVE_SECONDS) * 1000)
        row = tenant.db.execute("select count(*) from users where last_login_ms > ?", (since,)).fetchone()
        return JSONResponse(row[0])

    async def daily(request: Request) -> Response:
        require(request, "read:stats")
        asked = query(request, {"from": DAY, "to": DAY})
        days = tenant.db.execute(_DAYS, (asked.get("from", "0"), asked.get("to", "9"))).fetchall()
        return JSONResponse([_shown(tenant, dict(day)) for day in days])

    return [
        Route("/api/v2/stats/active-users", active_users, methods=["GET"]),
        Route("/api/v2/stats/daily", daily, methods=["GET"]),
    ]


def _shown(tenant: PracticeTenant, day: dict[str, Any]) -> dict[str, Any]:
    name = day["day"]
    return {
        "date": f"{name[:4]}-{name[4:6]}-{name[6:]}T00:00:00.000Z",
        "logins": day["logins"],
        "signups": day["signups"],
        "leaked_passwords": 0,
        "created_at": tenant.now_iso(day["first"]),
        "updated_at": tenant.now_iso(day["last"]),
    }
