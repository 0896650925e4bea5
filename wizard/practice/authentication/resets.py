"""Resetting a password: POST /dbconnections/change_password, the mail that would follow, and the tickets of POST /tickets/password-change.

No mail leaves the practice tenant. What Auth0 would send lies at GET /practice/password-resets, beside the tickets, and
POST /practice/password-resets/{ticket} with a `password` does what the page behind the link does. Both exist in the
practice tenant only.

Source: Auth0 docs, Authentication API, "Change Password"; "Configure Automatic Migration from Your Database".
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from wizard.practice.actions.bindings import bound_actions
from wizard.practice.authentication.database_scripts import ScriptFailed, looked_up
from wizard.practice.authentication.granting import parameters
from wizard.practice.authentication.password_login import bcrypt_hash
from wizard.practice.authentication.password_policy import weakness
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit
from wizard.practice.users import blocks, tickets
from wizard.practice.users import table as user_table
from wizard.practice.users.creation import UserExists, add_user
from wizard.practice.users.tickets import LIFE

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

REQUESTS = Limit(10, 1, 60)
"""Requests from one address for one account, on every plan."""
REMEMBERED = 10_000
SENT = "We've just sent you an email to reset your password."
"""A plain text that Auth0 sends as HTML. Source: recordings of go-auth0 and ruby-auth0."""


_WAITING = (
    "select ticket, connection_id, email, null as user_id, at from password_mails union all "
    "select ticket, connection_id, email, 'auth0|' || user_id, at from tickets join users using (connection_id) "
    "where users.id = tickets.user_id and page = 'reset' and until > ? order by at desc, ticket"
)
"""Mails go to an address, tickets to a user, who need not have one."""


@dataclass(frozen=True, slots=True)
class Reset:
    """What a link is good for: the user of a connection with this e-mail (or id).

    Args:
        profile: JSON of the user to make of somebody only the source knows.
        verifies: Whether following it shows that the address is theirs.
    """

    connection: Connection
    column: str
    value: str
    profile: str | None
    verifies: bool


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists password_mails (ticket text primary key, connection_id text not null, "
        "email text not null, profile text, at real not null) without rowid"
    )


def routes(tenant: PracticeTenant) -> list[Route]:
    buckets: dict[tuple[str, str], Bucket] = {}

    async def change_password(request: Request) -> Response:
        given = await parameters(request)
        # A bound Action of this trigger is told of the application.
        challenged = bool(bound_actions(tenant, "password-reset-post-challenge"))
        for name in ("connection", "email", *(["client_id"] if challenged else [])):
            if not given.get(name):
                raise AuthError(400, "invalid_request", f"{name} is required")
        connection = tenant.connection_named(given["connection"])
        if connection is None or not connection.is_database:
            raise AuthError(400, "invalid_request", "connection not found")
        now = tenant.clock.now()
        key = (request.client.host if request.client else "", given["email"].strip().lower())
        if len(buckets) > REMEMBERED:
            buckets.clear()
        taken = buckets.setdefault(key, Bucket(REQUESTS, "gradual", now)).take(now)
        if not taken.granted:
            headers = taken.headers if tenant.switches.rate_limit_headers else None
            words = "Too many password change requests for this account."
            raise AuthError(429, "too_many_requests", words, headers=headers)
        await _send(tenant, connection, key[1])
        return HTMLResponse(SENT)

    async def list_mails(request: Request) -> Response:
        """Practice only: the mails and tickets that wait to be followed, newest first."""
        rows = tenant.db.execute(_WAITING, (tenant.clock.now(),)).fetchall()
        mails = [
            {
                "ticket": row["ticket"],
                "email": row["email"],
                "connection_id": row["connection_id"],
                "user_id": row["user_id"],
                "sent_at": tenant.now_iso(row["at"]),
            }
            for row in rows
        ]
        return JSONResponse({"mails": mails})

    async def follow(request: Request) -> Response:
        """Practice only: choose the new password, as on the page behind the mail's link."""
        password = (await parameters(request)).get("password", "")
        await _follow(tenant, request.path_params["ticket"], password)
        return Response(status_code=204)

    return [
        Route("/dbconnections/change_password", change_password, methods=["POST"]),
        Route("/practice/password-resets", list_mails, methods=["GET"]),
        Route("/practice/password-resets/{ticket}", follow, methods=["POST"]),
    ]


async def _send(tenant: PracticeTenant, connection: Connection, email: str) -> None:
    """Leave a mail for somebody the store knows or, with import mode, the source; the answer is the same for all."""
    row = user_table.find_by(tenant, connection.id, "email", email)
    profile: dict[str, Any] | None = None
    in_store = row is not None and row["secret"] != user_table.ELSEWHERE
    if not in_store and connection.uses_own_database:
        profile = await _known_to_source(tenant, connection, email)
        if profile is None:
            return
    elif row is None:
        _log(tenant, connection, "fcpr", "The user does not exist.")
        return
    with tenant.transaction() as db:
        db.execute("delete from password_mails where at <= ?", (tenant.clock.now() - LIFE,))
        kept = None if profile is None else orjson.dumps(profile).decode()
        values = (tenant.new_id("", 32), connection.id, email, kept, tenant.clock.now())
        db.execute(
            "insert into password_mails (ticket, connection_id, email, profile, at) values (?, ?, ?, ?, ?)", values
        )
        tenant.log("scpr", "", connection=connection.name, connection_id=connection.id)


async def _known_to_source(tenant: PracticeTenant, connection: Connection, email: str) -> dict[str, Any] | None:
    """Return the profile that the reset will make a user of; None when there is to be no mail."""
    scripts = connection.options.get("customScripts") or {}
    needed = tenant.switches.reset_needs_change_password_script and "change_password" not in scripts
    if needed or not connection.import_mode:
        # Without import mode the new password would go into the source, by a script that is not run here.
        _log(tenant, connection, "fcpr", "Please implement the Change password script for this database connection")
        return None
    try:
        found = await looked_up(tenant, connection, email)
    except ScriptFailed as failed:
        _log(tenant, connection, "fcpr", str(failed))
        raise failed.auth_error(tenant) from None
    if found is None:
        _log(tenant, connection, "fcpr", "The user does not exist.")
    return None if found is None else found.user


async def _follow(tenant: PracticeTenant, ticket: str, password: str) -> None:
    """Set the password; somebody only the source knows becomes a user with the profile of get user.

    Raises:
        AuthError: 404 for a ticket that is unknown, used or too old; 400 for a weak password, or a user who came meanwhile.
    """
    reset = _reset(tenant, ticket)
    if reset is None:
        raise AuthError(404, "invalid_ticket", "The ticket is not valid or was used already")
    weak = weakness(reset.connection, password)
    if weak is not None:
        raise AuthError(400, "invalid_password", f"Password is too weak: {weak}")
    secret = await asyncio.to_thread(bcrypt_hash, password)
    with tenant.transaction():
        try:
            row = _set(tenant, reset, secret)
        except UserExists as exists:
            raise AuthError(400, "user_exists", str(exists)) from None
        _use_up(tenant, ticket, row)
        about = {"connection": reset.connection.name, "connection_id": reset.connection.id}
        tenant.log("scp", "", **about, user_id=f"auth0|{user_table.primary_of(tenant, row)['id']}")


def _reset(tenant: PracticeTenant, ticket: str) -> Reset | None:
    """Return what a link is good for; None for one that is unknown, used or too old."""
    mail = tenant.db.execute(
        "select * from password_mails where ticket = ? and at > ?", (ticket, tenant.clock.now() - LIFE)
    ).fetchone()
    made = tickets.ticket_named(tenant, tickets.RESET, ticket) if mail is None else None
    found = mail or made
    connection = None if found is None else tenant.connection(found["connection_id"])
    if connection is None:
        return None
    if made is not None:
        return Reset(connection, "id", made["user_id"], None, bool(made["verifies"]))
    return Reset(connection, "email", mail["email"], mail["profile"], True)


def _set(tenant: PracticeTenant, reset: Reset, secret: str) -> sqlite3.Row:
    row = user_table.find_by(tenant, reset.connection.id, reset.column, reset.value)
    if row is None and reset.profile is None:
        raise AuthError(404, "invalid_ticket", "The user does not exist any more")
    if row is None:
        row = add_user(tenant, reset.connection, orjson.loads(reset.profile or ""), None)
    if row["secret"] == user_table.ELSEWHERE and not reset.connection.import_mode:
        # The new password would go into the source, by a script that is not run here.
        raise AuthError(400, "not_supported", "Without import mode, the practice tenant changes nobody in the source")
    profile = orjson.loads(row["profile"])
    if reset.verifies:
        profile["email_verified"] = True
    at = user_table.now_ms(tenant)
    changes = {"secret": secret, "last_password_reset_ms": at, "profile": orjson.dumps(profile).decode()}
    user_table.change(tenant, row, changes, at)
    blocks.lift(tenant, row)
    return row


def _use_up(tenant: PracticeTenant, ticket: str, row: sqlite3.Row) -> None:
    """Forget the link, and all others that are there for the same user."""
    whose = (row["connection_id"], row["email"], ticket)
    tenant.db.execute("delete from password_mails where connection_id = ? and email = ? or ticket = ?", whose)
    theirs = (tickets.RESET, row["connection_id"], row["id"])
    tenant.db.execute("delete from tickets where page = ? and connection_id = ? and user_id = ?", theirs)


def _log(tenant: PracticeTenant, connection: Connection, kind: str, description: str) -> None:
    with tenant.transaction():
        tenant.log(kind, description, connection=connection.name, connection_id=connection.id)
