"""Auth0 itself: an export of users (NDJSON or CSV), or the file of password hashes that its support gives.

Source: Auth0 docs, "Bulk User Exports"; Auth0 support, "How to Use the Password Hashes Export from Auth0".
"""

from __future__ import annotations

from wizard.legacy.stores.parts import first, objects
from wizard.legacy.stores.store import FILES, Made, NotAUser, Row, Store, signs

PREFIX = "auth0|"


def _make(row: Row) -> Made:
    """The id is what stands after auth0|; users of other providers are not in a database."""
    user_id = first(row.get("user_id"), row.get("Id"))
    if isinstance(user_id, str) and "|" in user_id and not user_id.startswith(PREFIX):
        raise NotAUser
    email = next((each for each in objects(row.get("identifiers")) if each.get("type") == "email"), {})
    known = str(user_id).removeprefix(PREFIX) if user_id else first(row.get("alt_id"), row.get("_id"))
    return {
        "id": known,
        "email_address": first(row.get("email"), row.get("Email"), email.get("value")),
        "email_is_verified": first(row.get("email_verified"), row.get("Email Verified"), email.get("verified")),
    }


STORE = Store(
    key="auth0",
    title="Auth0 export",
    signs=signs("_id passwordHash", "user_id identities", "user_id email_verified logins_count", "Id Email Connection"),
    forms=FILES,
    profile={
        "user_id": "id",
        "email": "email_address",
        "email_verified": "email_is_verified",
        "given_name": "given_name",
        "family_name": "family_name",
        "name": "name",
        "nickname": "nickname",
        "picture": "picture",
        "blocked": "blocked",
    },
    passwords={"column": "passwordHash"},
    activity="last_login",
    created="created_at",
    verified="email_is_verified",
    made=("id", "email_address", "email_is_verified"),
    make=_make,
    notes=(
        "Hashes come from Auth0's support in a file of their own: name it in hashes of [source], and they are merged.",
        "If your connection takes usernames, map username to the column username.",
        "Users of other providers (google-oauth2| and the like) are no users of a database and are rejected as such.",
    ),
)
