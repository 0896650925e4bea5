"""Resetting a password: POST /dbconnections/change_password, and the mail that would follow.

No mail leaves the practice tenant. What Auth0 would send lies at GET /practice/password-resets, and POST
/practice/password-resets/{ticket} with a `password` does what the page behind the mail's link does. Both exist in the
practice tenant only.

Source: Auth0 docs, Authentication API, "Change Password"; "Configure Automatic Migration from Your Database".
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wizard.practice.authentication.database_scripts import ScriptFailed, looked_up
from wizard.practice.authentication.granting import parameters
from wizard.practice.authentication.password_login import bcrypt_hash
from wizard.practice.authentication.password_policy import weakness
from wizard.practice.errors import AuthError
from wizard.practice.limits import Bucket, Limit
from wizard.practice.users import table as user_table
from wizard.practice.users.creation import UserExists, add_user

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

REQUESTS = Limit(10, 1, 60)
"""Requests from one address for one account, on every plan."""
REMEMBERED = 10_000
LIFE = 432_000
"""Seconds (five days) that the link of a mail is good for."""
SENT = "We've just sent you an email to reset your password."


def create_tables(db: sqlite3.Connection) -> None:
    db.execute(
        "create table if not exists password_mails (ticket text primary key, connection_id text not null, "
        "email text not null, profile text, at real not null) without rowid"
    )


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
        taken = buckets.setdefault(key, Bucket(REQUESTS, "gradual", now)).take(now)
        if not taken.granted:
            headers = taken.headers if tenant.switches.rate_limit_headers else None
            words = "Too many password change requests for this account."
            raise AuthError(429, "too_many_requests", words, headers=headers)
        await _send(tenant, connection, key[1])
        return PlainTextResponse(SENT)

    async def list_mails(request: Request) -> Response:
        """Practice only: the mails that wait to be followed, newest first."""
        rows = tenant.db.execute("select * from password_mails order by at desc, ticket").fetchall()
        mails = [
            {
                "ticket": row["ticket"],
                "email": row["email"],
                "connection_id": row["connection_id"],
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
    mail = tenant.db.execute("select * from password_mails where ticket = ?", (ticket,)).fetchone()
    connection = None if mail is None else tenant.connection(mail["connection_id"])
    if connection is None or mail["at"] <= tenant.clock.now() - LIFE:
        raise AuthError(404, "invalid_ticket", "The ticket is not valid or was used already")
    weak = weakness(connection, password)
    if weak is not None:
        raise AuthError(400, "invalid_password", f"Password is too weak: {weak}")
    secret = await asyncio.to_thread(bcrypt_hash, password)
    with tenant.transaction() as db:
        try:
            _set(tenant, connection, mail, secret)
        except UserExists as exists:
            raise AuthError(400, "user_exists", str(exists)) from None
        db.execute("delete from password_mails where connection_id = ? and email = ?", (connection.id, mail["email"]))
        tenant.log("scp", "", connection=connection.name, connection_id=connection.id)


def _set(tenant: PracticeTenant, connection: Connection, mail: sqlite3.Row, secret: str) -> None:
    row = user_table.find_by(tenant, connection.id, "email", mail["email"])
    if row is None and mail["profile"] is None:
        raise AuthError(404, "invalid_ticket", "The user does not exist any more")
    if row is None:
        row = add_user(tenant, connection, orjson.loads(mail["profile"]), None)
    # Whoever followed the link has shown that the address is theirs.
    profile = orjson.loads(row["profile"]) | {"email_verified": True}
    at = user_table.now_ms(tenant)
    changes = {"secret": secret, "last_password_reset_ms": at, "profile": orjson.dumps(profile).decode()}
    user_table.change(tenant, row, changes, at)


def _log(tenant: PracticeTenant, connection: Connection, kind: str, description: str) -> None:
    with tenant.transaction():
        tenant.log(kind, description, connection=connection.name, connection_id=connection.id)
