"""Auth0 itself: an export of users (NDJSON or CSV), or the file of password hashes that its support gives.

Source: Auth0 docs, "Bulk User Exports"; Auth0 support, "How to Use the Password Hashes Export from Auth0".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wizard.legacy.stores.parts import first, objects
from wizard.legacy.stores.store import FILES, Made, NotAUser, Row, Store, signs

if TYPE_CHECKING:
    from wizard.mapping.suggestion import Guess

PREFIX = "auth0|"


def _make(row: Row) -> Made:
    """The id is what stands after auth0|; users of other providers alone are not in a database.

    Where another provider's identity is the first and one of a database is linked to it, the password is that of the database:
    its id and its e-mail address are taken.
    Source: Auth0 docs, "User Account Linking": the user_id is the primary identity's; others keep theirs in identities.
    """
    user_id = first(row.get("user_id"), row.get("Id"))
    if isinstance(user_id, str) and "|" in user_id and not user_id.startswith(PREFIX):
        return _linked(row)
    email = next((each for each in objects(row.get("identifiers")) if each.get("type") == "email"), {})
    known = str(user_id).removeprefix(PREFIX) if user_id else first(row.get("alt_id"), row.get("_id"))
    return {
        "id": known,
        "email_address": first(row.get("email"), row.get("Email"), email.get("value")),
        "email_is_verified": first(row.get("email_verified"), row.get("Email Verified"), email.get("verified")),
    }


def _linked(row: Row) -> Made:
    own = next((each for each in objects(row.get("identities")) if each.get("provider") == "auth0"), None)
    if own is None or own.get("user_id") is None:
        raise NotAUser
    facts = own.get("profileData")
    known = facts if isinstance(facts, dict) and facts.get("email") else row
    return {
        "id": str(own["user_id"]).removeprefix(PREFIX),
        "email_address": known.get("email"),
        "email_is_verified": known.get("email_verified"),
    }


def _guess(columns: Sequence[str]) -> Mapping[str, Guess]:
    """What a user had in that tenant beside the profile: it is taken over as it is, less what an import refuses."""
    from wizard.mapping.suggestion import LIKELY, SURE, Guess
    from wizard.mapping.words import FORBIDDEN_APP_METADATA

    found: dict[str, Guess] = {}
    if "username" in columns:
        found["username"] = Guess("username", "username", "username", LIKELY, "what this store is known for")
    for field, forbidden in (("app_metadata", FORBIDDEN_APP_METADATA), ("user_metadata", frozenset[str]())):
        table: dict[str, Any] = {}
        for column in columns:
            above, *path = column.split(".")
            if above == field and path and path[0] not in forbidden and all(key and "$" not in key for key in path):
                _put(table, path, column)
        if table:
            found[field] = Guess(field, f"{field}.*", table, SURE, "what this store is known for")
    return found


def _put(table: dict[str, Any], path: Sequence[str], column: str) -> None:
    """Keep what is deeper where a key is a value of some users and an object of others."""
    *tables, last = path
    for key in tables:
        inner = table.get(key)
        if not isinstance(inner, dict):
            inner = table[key] = {}
        table = inner
    if not isinstance(table.get(last), dict):
        table[last] = column


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
    aliases={
        "Given Name": "given_name",
        "Family Name": "family_name",
        "Name": "name",
        "Nickname": "nickname",
        "Picture": "picture",
        "Created At": "created_at",
    },
    made=("id", "email_address", "email_is_verified"),
    make=_make,
    reads=("user_id", "email", "email_verified", "identities", "Id", "Email", "Email Verified"),
    guess=_guess,
    notes=(
        "Hashes come from Auth0's support in a file of their own: name it in hashes of [source], and they are merged.",
        "Usernames need requires_username in [connection] and username_max as it was; leave username out if nobody logs in with it.",
        "Users of other providers (google-oauth2| and the like) are no users of a database and are rejected as such.",
        "A user of another provider with a linked database identity becomes the user of that identity: user_id is that one's, not "
        "the one that applications know; link the other provider again after the migration.",
    ),
)
