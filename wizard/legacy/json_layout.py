"""How a JSON file that is no plain list of users keeps them, told by its beginning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from wizard.mapping.names import NAMES, bare, simple

Layout = Literal["list", "sequence", "map", "realms", "table"]
"""A list, alone or in an object; objects one after another; an object with a user a key; Keycloak's export of all realms; a
table of phpMyAdmin."""

LISTS = ("users", "Users", "data", "items", "records", "results", "value", "rows")
"""Where an object may keep its list of users."""

OTHER_LISTS = (
    *("identities", "humanUsers", "members", "people", "persons", "customers", "accounts", "profiles", "contacts"),
    *("clients", "subscribers", "employees", "documents", "docs", "content", "entries", "objects", "list", "result"),
    *("Resources", "nodes"),
)
"""Names of lists that are only taken for users where what they hold looks like it.

Source: Ory docs, "Import users" (identities); Zitadel docs, "ImportData" (orgs, humanUsers); SCIM, RFC 7644, section 3.4.2
(Resources); Spring Data's pages (content); Appwrite and PocketBase (documents, records).
"""

ASIDE = frozenset(
    [
        "actions",
        "activities",
        "applications",
        "apps",
        "articles",
        "audit",
        "auditlog",
        "auditlogs",
        "branches",
        "carts",
        "categories",
        "channels",
        "comments",
        "companies",
        "connections",
        "contents",
        "deliveries",
        "departments",
        "devices",
        "domains",
        "emails",
        "errors",
        "events",
        "failed",
        "failures",
        "feedback",
        "groups",
        "integrations",
        "invitations",
        "invites",
        "invoices",
        "issues",
        "logins",
        "logs",
        "mails",
        "meta",
        "metadata",
        "messages",
        "newsletters",
        "notes",
        "notifications",
        "organisations",
        "organizations",
        "orders",
        "orgs",
        "pages",
        "payments",
        "permissions",
        "posts",
        "products",
        "projects",
        "providers",
        "purchases",
        "queue",
        "reservations",
        "roles",
        "sales",
        "sessions",
        "settings",
        "shipments",
        "subscriptions",
        "teams",
        "templates",
        "tenants",
        "tickets",
        "tokens",
        "transactions",
        "warnings",
        "webhooks",
        "workspaces",
    ]
)
"""Simple names of lists that hold something else than users, though it may have an e-mail address."""

DEEPEST = 4
"""Objects around the list of users, at most."""

ENOUGH = 0.8
"""Share of the members looked at that must look like users."""

LOOKED_AT = 50

_MEMBER = re.compile(r'\s*,?\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_REALMS = re.compile(r'\s*\[\s*\{\s*(?:"id"\s*:\s*"[^"]*"\s*,\s*)?"realm"\s*:\s*"')
_TABLE = re.compile(r'\s*\[\s*\{\s*"type"\s*:\s*"header"')
_LOGIN = frozenset({"username", "login", "user_login"})
_PARTS = frozenset(
    [
        *("admin", "administrator", "author", "billing", "contact", "creator", "editor", "exporter", "from", "legal"),
        *("maintainer", "owner", "primary", "privacy", "recipient", "replyto", "sales", "secondary", "security"),
        *("sender", "support", "technical", "to"),
    ]
)
"""Simple names of what an address is for; a map with no other keys is none of users."""
_DONE_BY = re.compile(r"(?:_by|[a-z]By)$")
OWN = ("users", "Users")
_KEYS = NAMES["email"] | NAMES["username"] | {"emails", "emailaddresses", "primaryemailaddress", "userprincipalname"}
"""Simple names of what users log in with."""


def layout_of(text: str) -> Layout:
    """The layout of the file that begins with this text.

    Source: Keycloak's RealmRepresentation, whose first members are id and realm; phpMyAdmin's plugin "Export to JSON", which
    writes a header, the database, and each table with its rows in data; MongoDB docs, mongoexport --pretty.
    """
    if _REALMS.match(text):
        return "realms"
    if _TABLE.match(text):
        return "table"
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] != "{":
        return "list"
    if is_map_of_users(members_of(text)) or member_of_users(text)[0]:
        return "map"
    try:
        first, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return "list"
    rest = text[end:].lstrip().removeprefix(",").lstrip()
    return "sequence" if rest.startswith("{") or (not rest and is_user(first) and not lists_in(first)) else "list"


def member_of_users(text: str, wanted: str = "") -> tuple[str, int]:
    """The member of the object that the text begins with under which users are kept by key, and where its value begins.

    The member is "" if there is none, the object is a user itself, or it has a list that may be of users; only the one that
    is `wanted` counts where that is given.
    """
    found, at, decoder = ("", 0), text.find("{") + 1, json.JSONDecoder()
    while name := _MEMBER.match(text, at):
        named, begin = str(json.loads(name[1])), text[name.end() : name.end() + 1]
        if not wanted and ((named in LISTS and begin == "[") or is_user({named: None}) or named.lower() in _LOGIN):
            return "", 0
        if (
            (named == wanted if wanted else named in OWN)
            and begin == "{"
            and is_map_of_users(members_of(text, name.end()), fewest=1)
        ):
            found = named, name.end()
        try:
            _, at = decoder.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break
    return found


def members_of(text: str, start: int = 0) -> dict[str, Any]:
    """The first members of the object that begins there in the text; it may be cut off."""
    return begun_members(text, start)[0]


def begun_members(text: str, start: int = 0) -> tuple[dict[str, Any], bool]:
    """The same, and whether they tell enough: they are many, or all."""
    at, found, decoder = text.find("{", start) + 1, dict[str, Any](), json.JSONDecoder()
    while len(found) < LOOKED_AT and (name := _MEMBER.match(text, at)):
        try:
            found[json.loads(name[1])], at = decoder.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            return found, False
    return found, len(found) >= LOOKED_AT or text[at:].lstrip().startswith("}")


def is_map_of_users(members: dict[str, Any], *, fewest: int = 2) -> bool:
    """Whether each member is an object, and nearly all have what a user logs in with."""
    values = list(members.values())
    if len(values) < fewest or not all(isinstance(value, dict) for value in values):
        return False
    fitting = sum(any("mail" in key.lower() or key.lower() in _LOGIN for key in value) for value in values)
    return fitting / len(values) >= ENOUGH


def is_map_aside(members: dict[str, Any], name: str) -> bool:
    """Whether such a map is surely of something else: by its name or its keys, unless there are passwords."""
    if has_passwords(members.values()):
        return False
    told = name not in OWN and all(simple(key) in _PARTS or _DONE_BY.search(key) for key in members)
    return told or is_aside(members.values(), name)


def key_column(members: dict[str, Any]) -> str:
    """The column for the keys of a map; its users may have one of that name."""
    return "_key" if any("key" in value for value in members.values() if isinstance(value, dict)) else "key"


def is_user(value: dict[str, Any]) -> bool:
    """Whether an object by itself is a user."""
    return "_id" in value or any("mail" in key.lower() for key in value)


def holds_users(columns: Sequence[str]) -> bool:
    """Whether objects with these columns may be users: they have what one logs in with."""
    return any("mail" in column.lower() or column.rpartition(".")[2].lower() in _LOGIN for column in columns)


def looks_like_users(elements: Iterable[Any], name: str) -> bool:
    """Whether some elements of a list of this name have what one logs in with.

    Where the name says nothing, it must be the member's own name that does, so that who has sold what is no user.
    """
    columns = [path for each in elements if isinstance(each, dict) for path in _paths(each, 3)]
    if name in OWN:
        return bool(columns)
    return (
        holds_users(columns) if name in OTHER_LISTS or name in LISTS else any(bare(path) in _KEYS for path in columns)
    )


def is_aside(elements: Iterable[Any], name: str) -> bool:
    """Whether such a list is surely of something else: by its name, unless there are passwords."""
    return simple(name) in ASIDE and not has_passwords(elements)


def has_passwords(elements: Iterable[Any]) -> bool:
    """Whether some objects have a password or its hash."""
    columns = (path for each in elements if isinstance(each, dict) for path in _paths(each, 3))
    return any(bare(path) in NAMES["password"] for path in columns)


def _paths(value: dict[str, Any], deepest: int) -> Iterator[str]:
    for key, part in value.items():
        if isinstance(part, dict) and deepest > 1:
            yield from (f"{key}.{path}" for path in _paths(part, deepest - 1))
        else:
            yield key


def lists_in(value: dict[str, Any]) -> list[str]:
    """Members that are lists of objects under a name for users, or empty."""
    return [
        name
        for name, part in value.items()
        if name in LISTS and isinstance(part, list) and (not part or isinstance(part[0], dict))
    ]
