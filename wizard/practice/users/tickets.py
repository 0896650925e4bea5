"""Tickets: links that let a user choose a password. POST /tickets/password-change makes them.

No page stands behind them here: the ticket in the link lies at GET /practice/password-resets beside the mails, and is
used as one of those is.

Source: Auth0 docs, Management API, "Create a password change ticket".
"""

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
from wizard.practice.requests.reading import json_body
from wizard.practice.requests.schema import FLAG, choice, number, obj, text
from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

LIFE = 432_000
"""Seconds (five days) that a link is good for when nobody says otherwise."""

PASSWORD_CHANGE = obj(
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


def create_tables(db: sqlite3.Connection) -> None:
    """Make the table; `user_id` is without `auth0|`, `verifies` says whether the e-mail counts as verified after use."""
    db.execute(
        "create table if not exists tickets (ticket text primary key, connection_id text not null, "
        "user_id text not null, verifies integer not null, at real not null, until real not null) without rowid"
    )


def routes(tenant: PracticeTenant) -> list[Route]:
    return [Route("/api/v2/tickets/password-change", _password_change(tenant), methods=["POST"])]


def issued(tenant: PracticeTenant, row: sqlite3.Row, body: dict[str, Any], *, verifies: bool) -> str:
    """Make a ticket for a user and return it; forget those that are too old."""
    now = tenant.clock.now()
    ticket = tenant.new_id("", 32)
    values = (ticket, row["connection_id"], row["id"], verifies, now, now + (body.get("ttl_sec") or LIFE))
    with tenant.transaction() as db:
        db.execute("delete from tickets where until <= ?", (now,))
        db.execute(
            "insert into tickets (ticket, connection_id, user_id, verifies, at, until) values (?, ?, ?, ?, ?, ?)",
            values,
        )
    return ticket


def ticket_named(tenant: PracticeTenant, ticket: str) -> sqlite3.Row | None:
    """Find a ticket that is still good."""
    row: sqlite3.Row | None = tenant.db.execute(
        "select * from tickets where ticket = ? and until > ?", (ticket, tenant.clock.now())
    ).fetchone()
    return row


def link(tenant: PracticeTenant, page: str, ticket: str, body: dict[str, Any]) -> str:
    """Return the address that Auth0 would give out; without a result_url it ends with `#`."""
    return f"https://{tenant.domain}/lo/{page}?ticket={ticket}" + ("" if "result_url" in body else "#")


def _password_change(tenant: PracticeTenant) -> Any:
    async def create_ticket(request: Request) -> Response:
        require(request, "create:user_tickets")
        body = await json_body(request, PASSWORD_CHANGE)
        row = _user(tenant, body)
        if row is None:
            raise missing("user")
        if body.get("mark_email_as_verified") is not None and row["email"] is None:
            raise invalid_body("the user has no email", "mark_email_as_verified")
        ticket = issued(tenant, row, body, verifies=body.get("mark_email_as_verified", False))
        return JSONResponse({"ticket": link(tenant, "reset", ticket, body)}, 201)

    return create_ticket


def _user(tenant: PracticeTenant, body: dict[str, Any]) -> sqlite3.Row | None:
    if "user_id" in body:
        return named_user(tenant, body["user_id"])
    if "email" not in body or "connection_id" not in body:
        raise ApiError(400, "Either user_id or both email and connection_id are required.", "invalid_body")
    if not is_email(body["email"]):
        raise invalid_body(f"Object didn't pass validation for format email: {body['email']}", "email")
    if tenant.connection(body["connection_id"]) is None:
        raise missing("connection")
    return user_table.find_by(tenant, body["connection_id"], "email", body["email"].lower())


def named_user(tenant: PracticeTenant, user_id: str) -> sqlite3.Row | None:
    """Find a user by the id in a body.

    Raises:
        ApiError: 400 for what is no id of a user.
    """
    if not re.fullmatch(r"[^|]+\|.+", user_id, re.DOTALL):
        raise invalid_body(f"Object didn't pass validation for format user-id: {user_id}", "user_id")
    return user_table.find(tenant, user_id)
