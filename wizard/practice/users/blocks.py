"""Blocks after brute force: wrong passwords by address and account, and the /user-blocks endpoints.

A block ends after 30 days without a wrong password, by the endpoints, and when the user changes the password.
Source: Auth0 docs, "Brute-Force Protection".
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, missing
from wizard.practice.management.access import require
from wizard.practice.requests.reading import query
from wizard.practice.requests.schema import FLAG, text
from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

FAILURES = 10
"""Wrong passwords after which brute-force protection blocks an account for an address."""
LIFE = 30 * 86_400
"""Seconds after the last wrong password in which they count."""

_CONNECTIONS = (
    "select id, name from connections where (id = :id or :id is null) and "
    "(not :protected or coalesce(json_extract(body, '$.options.brute_force_protection'), 1))"
)
"""Connections that blocks are shown of: one or all, on demand only those that brute-force protection is on for."""


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists failed_logins (ip text, account text, failures integer not null, "
        "last real not null default 0, primary key (ip, account)) without rowid"
    )
    if "last" not in {row["name"] for row in db.execute("pragma table_info(failed_logins)")}:  # a state of before
        db.execute("alter table failed_logins add column last real not null default 0")


def account(connection_id: str, identifier: str) -> str:
    """What failures are counted by: an e-mail address, username or phone number at a connection."""
    return f"{connection_id} {identifier.strip().lower()}"


def failures(tenant: PracticeTenant, ip: str, account: str) -> int:
    """How many wrong passwords came from this address for this account."""
    since = tenant.clock.now() - LIFE
    asked = "select failures from failed_logins where ip = ? and account = ? and last > ?"
    row = tenant.db.execute(asked, (ip, account, since)).fetchone()
    return int(row["failures"]) if row else 0


def count_failure(tenant: PracticeTenant, ip: str, account: str) -> None:
    with tenant.transaction() as db:
        count = failures(tenant, ip, account) + 1
        db.execute(
            "insert or replace into failed_logins (ip, account, failures, last) values (?, ?, ?, ?)",
            (ip, account, count, tenant.clock.now()),
        )


def forget_failures(tenant: PracticeTenant, ip: str, account: str) -> None:
    """A good password from this address."""
    with tenant.transaction() as db:
        db.execute("delete from failed_logins where ip = ? and account = ?", (ip, account))


def lift(tenant: PracticeTenant, row: sqlite3.Row) -> None:
    """Let a user try again from everywhere, whichever name is typed."""
    accounts = [(account(row["connection_id"], name),) for name in names_of(row)]
    with tenant.transaction() as db:
        db.executemany("delete from failed_logins where account = ?", accounts)


def names_of(row: sqlite3.Row) -> list[str]:
    """What a user may type to log in."""
    return [row[name] for name in ("email", "username", "phone_number") if row[name] is not None]


def routes(tenant: PracticeTenant) -> list[Route]:
    return [
        Route("/api/v2/user-blocks", _blocks_by_identifier(tenant), methods=["GET", "DELETE"]),
        Route("/api/v2/user-blocks/{id}", _blocks_by_user(tenant), methods=["GET", "DELETE"]),
    ]


def _blocks_by_identifier(tenant: PracticeTenant) -> Any:
    async def blocks(request: Request) -> Response:
        _require_blocks(request)
        asked = query(request, {"identifier": text(1)})
        if "identifier" not in asked:
            raise ApiError(
                400, "Query validation error: 'Missing required property: identifier'.", "invalid_query_string"
            )
        return _answer(tenant, request, [asked["identifier"]], None)

    return blocks


def _blocks_by_user(tenant: PracticeTenant) -> Any:
    async def blocks(request: Request) -> Response:
        _require_blocks(request)
        row = user_table.find(tenant, request.path_params["id"])
        if row is None:
            raise missing("user")
        return _answer(tenant, request, names_of(row), row["connection_id"])

    return blocks


def _require_blocks(request: Request) -> None:
    require(request, "read:users" if request.method != "DELETE" else "update:users")


def _answer(tenant: PracticeTenant, request: Request, names: list[str], connection_id: str | None) -> Response:
    """Show or lift the blocks of some identifiers; a login remembers its failures by connection and identifier."""
    asked = query(request, {"consider_brute_force_enablement": FLAG}) if request.method == "GET" else {}
    protected = asked.get("consider_brute_force_enablement", False)
    accounts = [
        (account(row["id"], name), row["name"], name)
        for name in names
        for row in tenant.db.execute(_CONNECTIONS, {"id": connection_id, "protected": protected})
    ]
    if request.method == "DELETE":
        with tenant.transaction() as db:
            db.executemany("delete from failed_logins where account = ?", [(each,) for each, _, _ in accounts])
        return Response(status_code=204)
    return JSONResponse(
        {
            "blocked_for": [
                {"identifier": name, "ip": row["ip"], "connection": connection}
                for each, connection, name in accounts
                for row in tenant.db.execute(
                    "select ip from failed_logins where account = ? and failures >= ? and last > ?",
                    (each, FAILURES, tenant.clock.now() - LIFE),
                )
            ]
        }
    )
