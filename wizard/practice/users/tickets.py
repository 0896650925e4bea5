"""Tickets: links that let a user choose a password or verify an address. The /tickets endpoints make them.

No page stands behind them here. Those for a password lie at GET /practice/password-resets beside the mails, and are
used as these are. Those for an address lie at GET /practice/email-verifications, and POST
/practice/email-verifications/{ticket} does what opening the link does. All of it exists in the practice tenant only.

Source: Auth0 docs, Management API, "Create a password change ticket" and "Create an email verification ticket".
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wizard.practice.errors import ApiError, AuthError, invalid_body, missing
from wizard.practice.jobs.email_format import is_email
from wizard.practice.jobs.uploads import CONNECTION_ID
from wizard.practice.management.access import require
from wizard.practice.management.connection_shapes import STRATEGIES
from wizard.practice.requests.reading import json_body
from wizard.practice.requests.schema import FLAG, choice, number, obj, text
from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

LIFE = 432_000
"""Seconds (five days) that a link is good for when nobody says otherwise."""

RESET = "reset"
VERIFY_EMAIL = "verify_email"
"""Names of the pages that links lead to."""

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

VERIFICATION_MAIL = obj(
    {
        "user_id": text(1),
        "client_id": text(1),
        "organization_id": text(1),
        "identity": obj(
            {"user_id": text(1), "provider": choice(*STRATEGIES), "connection_id": text(pattern=CONNECTION_ID)},
            "user_id",
            "provider",
        ),
    },
    "user_id",
)
EMAIL_VERIFICATION = obj(
    {
        **VERIFICATION_MAIL["properties"],
        "result_url": PASSWORD_CHANGE["properties"]["result_url"],
        "ttl_sec": number(0),
        "includeEmailInRedirect": FLAG,
    },
    "user_id",
)


def create_tables(db: sqlite3.Connection) -> None:
    """Make the table; `user_id` is without `auth0|`, `verifies` says whether the e-mail counts as verified after use."""
    db.execute(
        "create table if not exists tickets (ticket text primary key, page text not null, "
        "connection_id text not null, user_id text not null, verifies integer not null, at real not null, until real not null) without rowid"
    )


def routes(tenant: PracticeTenant) -> list[Route]:
    return [
        Route("/api/v2/tickets/password-change", _password_change(tenant), methods=["POST"]),
        Route("/api/v2/tickets/email-verification", _email_verification(tenant), methods=["POST"]),
        Route("/practice/email-verifications", _list_verifications(tenant), methods=["GET"]),
        Route("/practice/email-verifications/{ticket}", _verify(tenant), methods=["POST"]),
    ]


def issued(tenant: PracticeTenant, row: sqlite3.Row, page: str, body: dict[str, Any], *, verifies: bool) -> str:
    """Make a ticket for a user and return it; forget those that are too old."""
    now = tenant.clock.now()
    ticket = tenant.new_id("", 32)
    until = now + (body.get("ttl_sec") or LIFE)
    values = (ticket, page, row["connection_id"], row["id"], verifies, now, until)
    with tenant.transaction() as db:
        db.execute("delete from tickets where until <= ?", (now,))
        db.execute(
            "insert into tickets (ticket, page, connection_id, user_id, verifies, at, until) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    return ticket


def ticket_named(tenant: PracticeTenant, page: str, ticket: str) -> sqlite3.Row | None:
    """Find a ticket for a page that is still good."""
    row: sqlite3.Row | None = tenant.db.execute(
        "select * from tickets where ticket = ? and page = ? and until > ?", (ticket, page, tenant.clock.now())
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
        if "mark_email_as_verified" in body:
            refuse_without_email(row, "mark_email_as_verified")
        ticket = issued(tenant, row, RESET, body, verifies=body.get("mark_email_as_verified", False))
        return JSONResponse({"ticket": link(tenant, RESET, ticket, body)}, 201)

    return create_ticket


def _email_verification(tenant: PracticeTenant) -> Any:
    async def create_ticket(request: Request) -> Response:
        require(request, "create:user_tickets")
        body = await json_body(request, EMAIL_VERIFICATION)
        row = named_user(tenant, body["user_id"])
        if row is None:
            raise missing("user")
        refuse_without_email(row, "user_id")
        ticket = issued(tenant, row, VERIFY_EMAIL, body, verifies=True)
        return JSONResponse({"ticket": link(tenant, VERIFY_EMAIL, ticket, body)}, 201)

    return create_ticket


def _list_verifications(tenant: PracticeTenant) -> Any:
    async def list_verifications(request: Request) -> Response:
        """Practice only: the links that wait to be opened, newest first."""
        rows = tenant.db.execute(
            "select ticket, email, connection_id, 'auth0|' || user_id as user_id, at from tickets "
            "join users using (connection_id) where users.id = tickets.user_id and page = ? and until > ? "
            "order by at desc, ticket",
            (VERIFY_EMAIL, tenant.clock.now()),
        ).fetchall()
        names = ("ticket", "email", "connection_id", "user_id")
        mails = [{name: row[name] for name in names} | {"sent_at": tenant.now_iso(row["at"])} for row in rows]
        return JSONResponse({"mails": mails})

    return list_verifications


def _verify(tenant: PracticeTenant) -> Any:
    async def verify(request: Request) -> Response:
        """Practice only: open the link."""
        ticket = ticket_named(tenant, VERIFY_EMAIL, request.path_params["ticket"])
        whose = None if ticket is None else user_table.find_by(tenant, ticket["connection_id"], "id", ticket["user_id"])
        if ticket is None or whose is None:
            raise AuthError(404, "invalid_ticket", "The ticket is not valid or was used already")
        profile = orjson.loads(whose["profile"]) | {"email_verified": True}
        with tenant.transaction() as db:
            user_table.change(tenant, whose, {"profile": orjson.dumps(profile).decode()})
            db.execute("delete from tickets where ticket = ?", (ticket["ticket"],))
            tenant.log("sv", "", user_id=f"auth0|{whose['id']}", connection_id=whose["connection_id"])
        return Response(status_code=204)

    return verify


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


def refuse_without_email(row: sqlite3.Row, member: str) -> None:
    if row["email"] is None:
        raise invalid_body("the user has no email", member)


def named_user(tenant: PracticeTenant, user_id: str) -> sqlite3.Row | None:
    """Find a user by the id in a body.

    Raises:
        ApiError: 400 for what is no id of a user.
    """
    if not re.fullmatch(r"[^|]+\|.+", user_id, re.DOTALL):
        raise invalid_body(f"Object didn't pass validation for format user-id: {user_id}", "user_id")
    return user_table.find(tenant, user_id)
