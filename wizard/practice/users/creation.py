"""One more user in the store, whoever makes it: the Management API, a sign-up, or a script's first answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard.practice.users import half_made
from wizard.practice.users import table as user_table

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant


class UserExists(Exception):
    """Another user, or half a user, has one of the names; the text is Auth0's."""

    def __init__(self) -> None:
        super().__init__("The user already exists.")


def add_user(
    tenant: PracticeTenant, connection: Connection, user: Mapping[str, Any], secret: str | None, **columns: Any
) -> sqlite3.Row:
    """Store a user and return its row.

    Args:
        user: As an import or POST /users gives it; `user_id` without `auth0|`, invented when missing.
        secret: As `user_table.create_tables` describes it.
        columns: Further columns, such as `logins_count`.

    Raises:
        UserExists: nothing is stored.
    """
    row = user_table.row_of(user, secret=secret)
    row["id"] = user.get("user_id") or user_table.new_user_id(tenant)
    row["connection_id"] = connection.id
    row["created_ms"] = row["updated_ms"] = user_table.now_ms(tenant)
    row["visible_ms"] = row["created_ms"] + user_table.search_lag_ms(tenant)
    if half_made.is_half_made(tenant, connection.id, row["id"], row["email"], row["username"], row["phone_number"]):
        raise UserExists
    try:
        with tenant.transaction() as db:
            user_table.insert(db, row | columns)
    except sqlite3.IntegrityError:
        raise UserExists from None
    made = user_table.find_by(tenant, connection.id, "id", row["id"])
    assert made is not None  # noqa: S101 - inserted above
    return made
