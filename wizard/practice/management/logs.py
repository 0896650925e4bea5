"""The tenant's log: written by whoever has something to say, read at /logs, and of one user at /users/{id}/logs.

Source: Auth0 docs, "Log Event Type Codes", "Log Search Query Syntax" and Management API, "Logs".
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError
from wizard.practice.management.access import require
from wizard.practice.management.client_store import client_with_id
from wizard.practice.requests.reading import Window, chosen_fields, narrowed, offset_window, query, within_first_records
from wizard.practice.requests.schema import number, text
from wizard.practice.users import table as user_table
from wizard.practice.users.search_sql import Field, Index, Sql
from wizard.practice.users.search_sql import where as condition

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

FIELDS = frozenset(
    [
        "date",
        "connection",
        "client_id",
        "client_name",
        "ip",
        "user_id",
        "user_name",
        "description",
        "user_agent",
        "type",
        "details",
        "strategy",
        "strategy_type",
    ]
)
SORT = text(pattern=f"^({'|'.join(sorted(FIELDS))}):(1|-1)$")
INDEX = Index(
    {
        "log_id": Field("log_id"),
        "type": Field("type"),
        "date": Field("cast(round(at * 1000) as integer)", "date"),
        "description": Field("json_extract(body, '$.description')", "words"),
    }
    | {
        name: Field(f"json_extract(body, '$.{name}')")
        for name in (
            "client_id",
            "client_name",
            "connection",
            "connection_id",
            "hostname",
            "ip",
            "organization_id",
            "strategy",
            "strategy_type",
            "user_agent",
            "user_id",
            "user_name",
        )
    },
    ("client_name", "connection", "description", "ip", "log_id", "type", "user_name"),
)
"""What `q` searches; case counts."""
EVERYTHING: Sql = ("true", ())
DAYS = {"free": 1, "essentials": 5, "professional": 10, "none": 100_000}
"""How long events are shown, by plan; all others have those of Enterprise. Source: Auth0 docs, "Log Data Retention"."""
DAYS_OF_ENTERPRISE = 30
NEWEST = 100_000
"""Rows kept; the oldest go first."""


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists logs (row integer primary key autoincrement, log_id text not null unique, "
        "at real not null, type text not null, body text not null)"
    )


def write(tenant: PracticeTenant, kind: str, details: dict[str, Any]) -> None:
    """Add a row; `kind` is a log event type code such as api_limit or fp.

    What follows from the details is added to them: the names of application and user, strategy and id of the connection.
    """
    at = tenant.clock.now()
    details = _named(tenant, details)
    log_id = f"900{int(at * 1000):017d}{tenant.random.randrange(10**30):030d}"
    row = tenant.db.execute(
        "insert into logs (log_id, at, type, body) values (?, ?, ?, ?)", (log_id, at, kind, json.dumps(details))
    ).lastrowid
    if row is not None and row % 1000 == 0:
        tenant.db.execute("delete from logs where row <= ?", (row - NEWEST,))


def _named(tenant: PracticeTenant, details: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    client = client_with_id(tenant, details.get("client_id", ""))
    if client is not None:
        found["client_name"] = client["name"]
    connection = tenant.connection_named(details.get("connection", ""))
    if connection is not None:
        found |= {"connection_id": connection.id, "strategy": connection.strategy}
        found |= {"strategy_type": "database"} if connection.is_database else {}
    user = user_table.find(tenant, details.get("user_id") or "")
    if user is not None:
        found["user_name"] = user["email"] or user["username"] or user["phone_number"]
    return details | found


def routes(tenant: PracticeTenant) -> list[Route]:
    def shown(row: sqlite3.Row) -> dict[str, Any]:
        event = {"_id": row["log_id"], "log_id": row["log_id"], "date": tenant.now_iso(row["at"]), "type": row["type"]}
        details: dict[str, Any] = json.loads(row["body"])
        return event | {"isMobile": False} | details

    async def list_logs(request: Request) -> Response:
        require(request, "read:logs", "read:logs_users")
        if "take" in request.query_params or "from" in request.query_params:
            return JSONResponse([shown(row) for row in _after(tenant, request)])
        asked = query(request, {"q": text(), "search": text(), "sort": SORT})
        fields = chosen_fields(request, FIELDS)
        wanted = asked.get("q") or asked.get("search") or ""
        window = offset_window(request, lowest=0)
        within_first_records(window)
        return listed(window, condition(wanted, INDEX) if wanted.strip() else EVERYTHING, asked, fields)

    async def of_user(request: Request) -> Response:
        require(request, "read:logs", "read:logs_users")
        asked = query(request, {"sort": SORT})
        window = offset_window(request)
        wanted = ("json_extract(body, '$.user_id') = ?", (request.path_params["id"],))
        return listed(window, wanted, asked, None)

    def listed(
        window: Window, wanted: Sql, asked: dict[str, Any], fields: tuple[frozenset[str], bool] | None
    ) -> Response:
        where, values = f"at > ? and ({wanted[0]})", (_oldest(tenant), *wanted[1])
        rows = tenant.db.execute(
            f"select * from logs where {where} order by {_order(asked.get('sort', 'date:-1'))} limit ? offset ?",  # noqa: S608 - constants
            (*values, window.limit, window.offset),
        )
        events = [narrowed(shown(row), fields) for row in rows.fetchall()]
        if not window.totals:
            return JSONResponse(events)
        total = tenant.db.execute(f"select count(*) from logs where {where}", values).fetchone()[0]  # noqa: S608 - constants
        return JSONResponse(
            {"start": window.offset, "limit": window.limit, "length": len(events), "total": total, "logs": events}
        )

    async def read(request: Request) -> Response:
        require(request, "read:logs", "read:logs_users")
        asked = (request.path_params["id"], _oldest(tenant))
        row = tenant.db.execute("select * from logs where log_id = ? and at > ?", asked).fetchone()
        if row is None:
            raise ApiError(404, "Log not found.", "inexistent_log")
        return JSONResponse(shown(row))

    return [
        Route("/api/v2/logs", list_logs, methods=["GET"]),
        Route("/api/v2/logs/{id}", read, methods=["GET"]),
        Route("/api/v2/users/{id}/logs", of_user, methods=["GET"]),
    ]


def _order(sort: str) -> str:
    name, _, direction = sort.partition(":")
    way = "asc" if direction == "1" else "desc"
    return f"row {way}" if name in {"date", "details"} else f"{INDEX.fields[name].sql} {way}, row {way}"


def _after(tenant: PracticeTenant, request: Request) -> list[sqlite3.Row]:
    """Return the events after the one whose log_id is given, oldest first; all other parameters are ignored."""
    asked = query(request, {"from": text(), "take": number(1, 100)})
    row = tenant.db.execute("select row from logs where log_id = ?", (asked.get("from", ""),)).fetchone()
    return tenant.db.execute(
        "select * from logs where row > ? and at > ? order by row limit ?",
        (row["row"] if row else 0, _oldest(tenant), asked.get("take", 50)),
    ).fetchall()


def _oldest(tenant: PracticeTenant) -> float:
    """Events from before this moment are shown no more; what counts logins still knows them."""
    return tenant.clock.now() - DAYS.get(tenant.plan, DAYS_OF_ENTERPRISE) * 86_400
