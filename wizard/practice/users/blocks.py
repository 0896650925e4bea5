"""Blocks after brute force: the /user-blocks endpoints."""

from __future__ import annotations

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

_CONNECTIONS = (
    "select id, name from connections where (id = :id or :id is null) and "
    "(not :protected or coalesce(json_extract(body, '$.options.brute_force_protection'), 1))"
)
"""Connections that blocks are shown of: one or all, on demand only those that brute-force protection is on for."""


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
        names = [row[name] for name in ("email", "username", "phone_number") if row[name] is not None]
        return _answer(tenant, request, names, row["connection_id"])

    return blocks


def _require_blocks(request: Request) -> None:
    require(request, "read:users" if request.method != "DELETE" else "update:users")


def _answer(tenant: PracticeTenant, request: Request, names: list[str], connection_id: str | None) -> Response:
    """Show or lift the blocks of some identifiers; a login remembers its failures by connection and identifier."""
    asked = query(request, {"consider_brute_force_enablement": FLAG}) if request.method == "GET" else {}
    protected = asked.get("consider_brute_force_enablement", False)
    accounts = [
        (f"{row['id']} {name.strip().lower()}", row["name"], name)
        for name in names
        for row in tenant.db.execute(_CONNECTIONS, {"id": connection_id, "protected": protected})
    ]
    if request.method == "DELETE":
        with tenant.transaction() as db:
            db.executemany("delete from failed_logins where account = ?", [(account,) for account, _, _ in accounts])
        return Response(status_code=204)
    return JSONResponse(
        {
            "blocked_for": [
                {"identifier": name, "ip": row["ip"], "connection": connection}
                for account, connection, name in accounts
                for row in tenant.db.execute(
                    "select ip from failed_logins where account = ? and failures >= ?", (account, FAILURES)
                )
            ]
        }
    )
