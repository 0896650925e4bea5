"""Users as rows: the identity store of all connections, and the search index that lags behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant

PROFILE = (
    "email_verified",
    "phone_verified",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "blocked",
    "user_metadata",
    "app_metadata",
)
"""Members of a user that the profile column keeps as they were given."""

ELSEWHERE = "elsewhere"
"""The secret of a user whose password only the operator's own database knows: a login without import mode left it."""

COLUMNS = (
    "connection_id",
    "id",
    "email",
    "username",
    "phone_number",
    "created_ms",
    "updated_ms",
    "visible_ms",
    "last_login_ms",
    "logins_count",
    "last_password_reset_ms",
    "profile",
    "secret",
    "factors",
    "linked_to",
    "linked",
)

NEVER = 1 << 62
"""When search sees a row that is only an identity of another user."""

_INSERT = f"insert into users ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - constants


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables.

    A user's `secret` is a bcrypt hash, the JSON of a custom_password_hash that nobody has logged in with yet, NULL for a
    random password, or ELSEWHERE. `visible_ms` is when search sees the row; what it saw before stays in `former_users` until then.
    `linked_to` is the number of the row whose user this one was linked to: it is found by its names at its connection only.
    `linked` is, in the row of such a primary, the JSON of these identities.
    A half-made user is what a broken lazy creation leaves: no profile, yet its names are taken.
    """
    columns = """
        connection_id text not null, id text not null, email text, username text, phone_number text,
        created_ms integer not null, updated_ms integer not null, visible_ms integer not null,
        last_login_ms integer, logins_count integer, last_password_reset_ms integer,
        profile text not null, secret text, factors text, linked_to integer, linked text
    """
    for statement in (
        f"create table if not exists users (seq integer primary key, {columns})",
        f"create table if not exists former_users (seq integer primary key, {columns}, shown_until_ms integer not null)",
        "create table if not exists half_made_users"
        " (connection_id text not null, id text, email text, username text, phone_number text)",
        *_later_columns(db),
        "create index if not exists users_linked on users (linked_to) where linked_to is not null",
        "create unique index if not exists users_id on users (id, connection_id)",
        "create unique index if not exists users_email on users (email, connection_id) where email is not null",
        "create unique index if not exists users_username on users (username, connection_id) where username is not null",
        "create unique index if not exists users_phone on users (phone_number, connection_id)"
        " where phone_number is not null",
        "create index if not exists users_connection on users (connection_id, visible_ms, logins_count)",
    ):
        db.execute(statement)


def _later_columns(db: sqlite3.Connection) -> list[str]:
    """Return what a state of before linking lacks."""
    later = {"linked_to": "integer", "linked": "text"}
    return [
        f"alter table {table} add column {name} {kind}"
        for table in ("users", "former_users")
        if (there := {row["name"] for row in db.execute(f"pragma table_info({table})")})
        for name, kind in later.items()
        if name not in there
    ]


def now_ms(tenant: PracticeTenant) -> int:
    return int(tenant.clock.now() * 1000)


def search_lag_ms(tenant: PracticeTenant) -> int:
    """Return how long search stays behind a write made now."""
    lag = tenant.faults.search_lag(tenant.clock.now())
    return int((tenant.switches.search_lag_seconds if lag is None else lag) * 1000)


def new_user_id(tenant: PracticeTenant) -> str:
    """Invent the 24 hexadecimal digits of a user without a given id."""
    return f"{tenant.random.getrandbits(96):024x}"


def row_of(user: Mapping[str, Any], *, secret: str | None = None) -> dict[str, Any]:
    """Turn a user, as an import or POST /users gives it, into columns; times and connection are left to the caller."""
    email, username = user.get("email"), user.get("username")
    profile = {key: user[key] for key in PROFILE if key in user}
    if email is not None:
        profile.setdefault("email_verified", False)
    if user.get("phone_number") is not None:
        profile.setdefault("phone_verified", False)
    factors = user.get("mfa_factors")
    return {
        "email": None if email is None else email.lower(),
        "username": None if username is None else username.lower(),
        "phone_number": user.get("phone_number"),
        "profile": orjson.dumps(profile).decode(),
        "secret": secret,
        "factors": None if factors is None else orjson.dumps(factors).decode(),
    }


def insert(db: sqlite3.Connection, row: Mapping[str, Any]) -> int:
    """Add a user and return its row number."""
    cursor = db.execute(_INSERT, [row.get(column) for column in COLUMNS])
    return int(cursor.lastrowid or 0)


def find(tenant: PracticeTenant, user_id: str) -> sqlite3.Row | None:
    """Find a user by `auth0|…`; of two connections that both have it, the first made."""
    provider, bar, plain = user_id.partition("|")
    if provider != "auth0" or not bar:
        return None
    row: sqlite3.Row | None = tenant.db.execute(
        "select * from users where id = ? and linked_to is null order by seq limit 1", (plain,)
    ).fetchone()
    return row


def find_by(tenant: PracticeTenant, connection_id: str, column: str, value: str) -> sqlite3.Row | None:
    """Find a user of one connection by id, email, username or phone_number; also one that is linked to another."""
    if column not in {"id", "email", "username", "phone_number"}:
        raise KeyError(column)
    row: sqlite3.Row | None = tenant.db.execute(
        f"select * from users where {column} = ? and connection_id = ?",  # noqa: S608 - one of four names
        (value, connection_id),
    ).fetchone()
    return row


def primary_of(tenant: PracticeTenant, row: sqlite3.Row) -> sqlite3.Row:
    """Return the user as whom somebody with this row's password is logged in: itself, or the one it is linked to."""
    if row["linked_to"] is None:
        return row
    primary: sqlite3.Row = tenant.db.execute("select * from users where seq = ?", (row["linked_to"],)).fetchone()
    return primary


def part(tenant: PracticeTenant, primary: sqlite3.Row, secondary: sqlite3.Row) -> None:
    """Take an identity from what is shown of its primary."""
    gone = (secondary["connection_id"], secondary["id"])
    left = [each for each in orjson.loads(primary["linked"]) if (each["connection_id"], each["user_id"]) != gone]
    change(tenant, primary, {"linked": orjson.dumps(left).decode() if left else None})


def change(tenant: PracticeTenant, row: sqlite3.Row, changes: Mapping[str, Any], at_ms: int | None = None) -> None:
    """Write columns of a user; search goes on showing what it showed until the lag has passed."""
    at = now_ms(tenant) if at_ms is None else at_ms
    visible = _keep_former(tenant, row["seq"], at)
    linked = changes["linked_to"] if "linked_to" in changes else row["linked_to"]
    changes = {"updated_ms": at, **changes, "visible_ms": visible if linked is None else NEVER}
    names = ", ".join(f"{name} = ?" for name in changes)
    tenant.db.execute(
        f"update users set {names} where seq = ?",  # noqa: S608 - column names of this module
        (*changes.values(), row["seq"]),
    )


def remove(tenant: PracticeTenant, seqs: Iterable[int]) -> None:
    """Delete users with all their identities; search goes on showing them until the lag has passed."""
    at = now_ms(tenant)
    for seq in seqs:
        row = tenant.db.execute("select * from users where seq = ?", (seq,)).fetchone()
        if row is not None and row["linked_to"] is not None:
            part(tenant, primary_of(tenant, row), row)
        tenant.db.execute("delete from users where linked_to = ?", (seq,))
        _keep_former(tenant, seq, at)
        tenant.db.execute("delete from users where seq = ?", (seq,))


def _keep_former(tenant: PracticeTenant, seq: int, at: int) -> int:
    """Keep what search shows of the row now, and return when it will see the change."""
    visible = at + search_lag_ms(tenant)
    if visible > at:
        names = ", ".join(("seq", *COLUMNS))
        tenant.db.execute(
            f"insert or ignore into former_users ({names}, shown_until_ms) "  # noqa: S608 - constants
            f"select {names}, ? from users where seq = ? and visible_ms <= ?",
            (visible, seq, at),
        )
        tenant.db.execute("update former_users set shown_until_ms = ? where seq = ?", (visible, seq))
    return visible


def index_source(tenant: PracticeTenant) -> tuple[str, tuple[int, ...]]:
    """Return what to select from to see users as search does now, with its parameters."""
    at = now_ms(tenant)
    db = tenant.db
    db.execute("delete from former_users where shown_until_ms <= ?", (at,))
    if db.execute("select 1 from former_users limit 1").fetchone() is None:
        return "(select * from users where visible_ms <= ?)", (at,)
    names = ", ".join(("seq", *COLUMNS))
    return (
        f"(select {names} from users where visible_ms <= ? union all select {names} from former_users)",  # noqa: S608
        (at,),
    )
