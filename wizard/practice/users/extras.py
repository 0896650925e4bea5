"""What surrounds users: blocks after brute force, and tickets to choose a new password."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, invalid_body, missing
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.uploads import CONNECTION_ID
from wizard.practice.management.access import require
from wizard.practice.requests.reading import json_body, query
from wizard.practice.requests.schema import FLAG, choice, number, obj, text
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

TICKET = obj(
    {
        "user_id": text(1),
        "email": text(1),
        "connection_id": text(pattern=CONNECTION_ID),
        "client_id": text(1),
        "organization_id": text(1),
        "identity": obj(
            {"user_id": text(1), "provider": choice("auth0"), "connection_id": text(pattern=CONNECTION_ID)},
            "user_id",
            "provider",
        ),
        "result_url": text(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"),
        "ttl_sec": number(0),
        "mark_email_as_verified": FLAG,
        "includeEmailInRedirect": FLAG,
    }
)


def routes(tenant: PracticeTenant) -> list[Route]:
    return [
        Route("/api/v2/user-blocks", _blocks_by_identifier(tenant), methods=["GET", "DELETE"]),
        Route("/api/v2/user-blocks/{id}", _blocks_by_user(tenant), methods=["GET", "DELETE"]),
        Route("/api/v2/tickets/password-change", _password_change(tenant), methods=["POST"]),
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


def _password_change(tenant: PracticeTenant) -> Any:
    async def create_ticket(request: Request) -> Response:
        require(request, "create:user_tickets")
        body = await json_body(request, TICKET)
        row = _ticket_user(tenant, body)
        if row is None:
            raise missing("user")
        if body.get("mark_email_as_verified") is not None and row["email"] is None:
            raise invalid_body("the user has no email", "mark_email_as_verified")
        ticket = f"https://{tenant.domain}/lo/reset?ticket={tenant.new_id('', 32)}"
        if "result_url" not in body:
            ticket += "#"
        return JSONResponse({"ticket": ticket}, 201)

    return create_ticket


def _ticket_user(tenant: PracticeTenant, body: dict[str, Any]) -> sqlite3.Row | None:
    if "user_id" in body:
        if not re.fullmatch(r"[^|]+\|.+", body["user_id"], re.DOTALL):
            raise invalid_body(f"Object didn't pass validation for format user-id: {body['user_id']}", "user_id")
        return user_table.find(tenant, body["user_id"])
    if "email" not in body or "connection_id" not in body:
        raise ApiError(400, "Either user_id or both email and connection_id are required.", "invalid_body")
    if not is_email(body["email"]):
        raise invalid_body(f"Object didn't pass validation for format email: {body['email']}", "email")
    if tenant.connection(body["connection_id"]) is None:
        raise missing("connection")
    return user_table.find_by(tenant, body["connection_id"], "email", body["email"].lower())
