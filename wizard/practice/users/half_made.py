"""Half-made users: what is left when the lazy creation of a user breaks off between its two records.

The first record takes the names, so that creating or importing the user answers "already exists"; the second is missing,
so that looking for the user finds nothing, and that the next login fails too. Deleting the user by id or by e-mail cures
it; then the user logs in or resets the password again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.practice.tenant import PracticeTenant


def plant_half_made_user(
    tenant: PracticeTenant,
    connection_id: str,
    *,
    email: str | None = None,
    user_id: str | None = None,
    username: str | None = None,
    phone_number: str | None = None,
) -> None:
    """Leave a partial record behind, as a login that broke off does; `user_id` is without `auth0|`."""
    with tenant.transaction() as db:
        db.execute(
            "insert into half_made_users (connection_id, id, email, username, phone_number) values (?, ?, ?, ?, ?)",
            (connection_id, user_id, email and email.lower(), username and username.lower(), phone_number),
        )


def is_half_made(
    tenant: PracticeTenant,
    connection_id: str,
    user_id: str | None,
    email: str | None,
    username: str | None,
    phone_number: str | None,
) -> bool:
    """Say whether a partial record takes one of the names."""
    return (
        tenant.db.execute(
            "select 1 from half_made_users where connection_id = ?"
            " and (id = ? or email = ? or username = ? or phone_number = ?) limit 1",
            (connection_id, user_id, email, username, phone_number),
        ).fetchone()
        is not None
    )


def cure_by_id(tenant: PracticeTenant, user_id: str) -> None:
    """Forget partial records of `auth0|…`."""
    tenant.db.execute("delete from half_made_users where 'auth0|' || id = ?", (user_id,))


def cure_by_email(tenant: PracticeTenant, connection_id: str, email: str) -> None:
    """Forget the connection's partial records of an e-mail address."""
    tenant.db.execute(
        "delete from half_made_users where connection_id = ? and email = ?", (connection_id, email.lower())
    )
