"""Linked users: whose account was made an identity of somebody else's, and who are in the connection all the same.

Such an identity keeps its names and its password there, and logs in as the other user, the primary. Neither GET /users/{id}
nor GET /users-by-email finds it, and whether an export of its connection does is not documented: only search tells, some
seconds behind. Who is not found by it is no proof, unless it was waited for: see `caught_up`.
Source: Auth0 docs, "User Account Linking", "User Search Query Syntax".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.bulk.evidence import INDEX_PATIENCE, wait
from wizard.bulk.files import private

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, Identity
    from wizard.bulk.reconcile import Reconciliation
    from wizard.tools import Tools

AT_ONCE = 50
"""Users that one search looks for."""
QUERY = 3_000
"""Bytes that its names may come to; longer addresses of pages are refused."""
PAGE = 100
IN_VAIN = 10_000
"""Users that are looked for in a row without one that is linked, before the others are believed not to be, either."""
INDEXED = 10.0
"""Seconds after which search is taken to show what was written before; usually it takes one or two."""


async def caught_up(tools: Tools) -> None:
    """Wait until search shows what has been written by now."""
    await wait(INDEXED, tools)


async def linked_users(
    connection: Connection, users: Iterable[Mapping[str, Any]], tools: Tools, *, by_email: bool = False
) -> frozenset[str]:
    """The ids of those who are an identity of an account of several; one request for some fifty users.

    Args:
        users: With `user_id`, without `auth0|`, and for `by_email` with `email`.
        by_email: Whether whose e-mail address such an identity has counts too, whatever its id.
    """
    found, in_vain = set[str](), 0
    for batch in _batches(users, by_email):
        here = await _linked(connection, batch, by_email, tools)
        found |= here
        in_vain = 0 if here else in_vain + len(batch)
        if in_vain >= IN_VAIN:
            break
    return frozenset(found)


def _batches(users: Iterable[Mapping[str, Any]], by_email: bool) -> Iterator[list[Mapping[str, Any]]]:
    batch, size = list[Mapping[str, Any]](), 0
    for user in users:
        more = len(_any_of(user, by_email).encode())
        if batch and (len(batch) == AT_ONCE or size + more > QUERY):
            yield batch
            batch, size = [], 0
        batch.append(user)
        size += more
    if batch:
        yield batch


def _any_of(user: Mapping[str, Any], by_email: bool) -> str:
    asked = f"identities.user_id:{_quoted(user['user_id'])}"
    return asked + (f" OR identities.profileData.email:{_quoted(user['email'])}" if by_email else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def _linked(connection: Connection, users: Sequence[Mapping[str, Any]], by_email: bool, tools: Tools) -> set[str]:
    names = " OR ".join(_any_of(user, by_email) for user in users)
    identities = await _identities(connection, names, tools)
    ids = {one.user_id for one in identities}
    emails = {str(one.profile.get("email", "")).lower() for one in identities} if by_email else set[str]()
    return {
        user["user_id"] for user in users if user["user_id"] in ids or (by_email and user["email"].lower() in emails)
    }


async def _identities(connection: Connection, names: str, tools: Tools) -> list[Identity]:
    """Those in the connection, of the accounts of several that a search finds.

    Search asks of an account whether any identity is in the connection, and any has the name, so it finds others as well.
    """
    query = f'identities.connection:"{connection.name}" AND ({names})'
    found: list[Identity] = []
    page = 0
    while True:
        users = (await tools.tenant.search_users(query, page, PAGE)).users
        for user in users:
            if user.is_linked:
                found += [one for one in user.identities if one.connection == connection.name]
        page += 1
        if len(users) < PAGE:
            return found


async def accounts_left(connection: Connection, tools: Tools) -> int:
    """How many accounts have an identity in the connection, by a search that was waited for.

    It goes on showing for a while who was deleted just before.
    """
    query = f'identities.connection:"{connection.name}"'
    await caught_up(tools)
    waited, left = INDEXED, await tools.tenant.count_users(query)
    while left and waited < INDEX_PATIENCE:
        await wait(INDEXED, tools)
        waited, left = waited + INDEXED, await tools.tenant.count_users(query)
    return left


async def without_linked(
    result: Reconciliation, details: Path, connection: Connection, tools: Tools
) -> tuple[Reconciliation, int]:
    """Call those linked whom a comparison could not find by their id; returns what is left of it, and how many they are.

    Args:
        details: `verify.ndjson` of the comparison; it names them as linked then.
    """
    if not result.missing and "user_id" not in result.fields:
        return result, 0
    linked = await linked_users(connection, _not_found_by_id(details), tools)
    if not linked:
        return result, 0
    fields, taken, missing = Counter(result.fields), Counter[str](), set[str]()
    draft = details.with_name(f".{details.name}.linked")
    draft.unlink(missing_ok=True)  # of a process that was killed
    with details.open("rb") as lines, private(draft) as out:
        for line in lines:
            found = orjson.loads(line)
            if _is_not_found_by_id(found) and found["user_id"] in linked:
                taken[found["status"]] += 1
                if found["status"] == "missing":
                    missing.add(found["user_id"])
                fields.subtract(found["fields"])
                line = orjson.dumps(_as_linked(found), option=orjson.OPT_APPEND_NEWLINE)
            out.write(line)
    draft.replace(details)
    left = replace(
        result,
        missing=result.missing - taken["missing"],
        different=result.different - taken["different"],
        unfound=result.unfound - len(missing & _duplicates(tools)) if result.unfound else 0,
        fields={name: users for name, users in fields.items() if users},
    )
    return left, taken.total()


def _duplicates(tools: Tools) -> frozenset[str]:
    from wizard.bulk.made import duplicates
    from wizard.bulk.manifest import require_manifest

    return duplicates(tools.journal, require_manifest(tools.folder).files, tools.folder)


def _not_found_by_id(details: Path) -> Iterator[dict[str, Any]]:
    with details.open("rb") as lines:
        yield from filter(_is_not_found_by_id, map(orjson.loads, lines))


def _is_not_found_by_id(found: Mapping[str, Any]) -> bool:
    """Whether a line tells of somebody missing, or found by the e-mail address alone."""
    return found["status"] == "missing" or (found["status"] == "different" and "found_as" in found)


def _as_linked(found: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: one for name, one in found.items() if name != "found_as"}
    return {**kept, "status": "linked", "fields": []}
