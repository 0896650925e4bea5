"""Linked users: whose account was made an identity of somebody else's, and who are in the connection all the same.

Such an identity keeps its names and its password there, and logs in as the other user, the primary. Neither GET /users/{id}
nor GET /users-by-email finds it, and whether an export of its connection does is not documented: only search tells, some
seconds behind. Who is not found by it is no proof, unless it was waited for: see `caught_up`.
Source: Auth0 docs, "User Account Linking", "User Search Query Syntax".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.aside import aside
from wizard.bulk.files import private
from wizard.bulk.verification.evidence import INDEX_PATIENCE, wait
from wizard.bulk.verification.sameness import ID_TAKEN, LOWERED
from wizard.progress import Progress
from wizard.scratch import scratch_within

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from wizard.auth0.models import Connection, Identity
    from wizard.bulk.verification.reconcile import Reconciliation
    from wizard.bulk.verification.residents import Residents
    from wizard.tools import Tools

MARKED, OTHERS = "marked", "others"
"""Lists of those who were left out: whom the legacy API has marked as moved, and the others."""
AT_ONCE = 50
"""Users that one search looks for."""
QUERY = 3_000
"""Bytes that its names may come to; longer addresses of pages are refused."""
PAGE = 100
IN_VAIN = 10_000
"""Users that are looked for in a row without one that is linked, before the others are believed not to be, either."""
LINKED = "linked"
"""The status of a prepared user who is an identity of somebody else's account."""
NAMES = ("email", "username", "phone_number")
INDEXED = 10.0
"""Seconds after which search is taken to show what was written before; usually it takes one or two."""


async def caught_up(tools: Tools) -> None:
    """Wait until search shows what has been written by now."""
    await wait(INDEXED, tools)


async def linked_users(
    connection: Connection,
    users: Iterable[Mapping[str, Any]],
    tools: Tools,
    *,
    by_email: bool = False,
    looks: Looks | None = None,
) -> frozenset[str]:
    """The ids of those who are an identity of an account of several; one request for some fifty users.

    Args:
        users: With `user_id`, without `auth0|`, and for `by_email` with `email`.
        by_email: Whether whose e-mail address such an identity has counts too, whatever its id.
        looks: Those before for other users of the same connection, which this one goes on with.
    """
    return frozenset(await _looked_for(connection, users, tools, by_email, looks))


@dataclass
class Looks:
    """Several looks for linked users that are one: how many were looked for in a row in vain."""

    in_vain: int = 0


async def _looked_for(
    connection: Connection,
    users: Iterable[Mapping[str, Any]],
    tools: Tools,
    by_email: bool = False,
    looks: Looks | None = None,
) -> dict[str, Identity]:
    """By the id of each who is linked, the identity."""
    found: dict[str, Identity] = {}
    looks = looks or Looks()
    for batch in _batches(users, by_email):
        if looks.in_vain >= IN_VAIN:
            break
        here = await _linked(connection, batch, by_email, tools)
        found |= here
        looks.in_vain = 0 if here else looks.in_vain + len(batch)
    return found


async def linked_apart(
    connection: Connection, users: Sequence[Mapping[str, Any]], tools: Tools
) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of those of these prepared users who are linked, and of those whose id is another person's who is."""
    found = await _looked_for(connection, users, tools)
    doubtful = doubtful_among(found, tools)
    proven, taken = _told_apart([user for user in users if user["user_id"] in doubtful], found)
    return (frozenset(found) - doubtful) | proven, frozenset(taken)


def doubtful_among(ids: Iterable[str], tools: Tools) -> frozenset[str]:
    """Those of these ids that may be another person's, as Auth0 refused the prepared one as a duplicate.

    While users move at login it is the same person in any case.
    """
    found = frozenset(ids)
    if not found or Progress.of(tools.journal.events()).strategy != "bulk":
        return frozenset()
    refused = _duplicates_among(found | {""}, tools)
    return found if "" in refused else refused  # "" stands for those whom Auth0 did not name


def _told_apart(
    users: Iterable[Mapping[str, Any]], found: Mapping[str, Identity]
) -> tuple[frozenset[str], Mapping[str, Sequence[str]]]:
    """The ids of those whose identity shows the e-mail address that was prepared; and of those where it shows another, the
    names that differ. Where it shows none, nothing is proven.
    """
    proven, taken = set[str](), dict[str, Sequence[str]]()
    for user in users:
        shown = found[user["user_id"]].profile
        others = [name for name in NAMES if _is_another(name, user.get(name), shown.get(name))]
        if "email" in others:
            taken[user["user_id"]] = others
        elif shown.get("email"):
            proven.add(user["user_id"])
    return frozenset(proven), taken


def _is_another(name: str, given: object, shown: object) -> bool:
    if not given or not shown:
        return False
    return str(given).lower() != str(shown).lower() if name in LOWERED else given != shown


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


async def _linked(
    connection: Connection, users: Sequence[Mapping[str, Any]], by_email: bool, tools: Tools
) -> dict[str, Identity]:
    names = " OR ".join(_any_of(user, by_email) for user in users)
    identities = await _identities(connection, names, tools)
    by_id = {one.user_id: one for one in identities}
    by_address = {str(one.profile.get("email", "")).lower(): one for one in identities} if by_email else {}
    found: dict[str, Identity] = {}
    for user in users:
        one = by_id.get(user["user_id"]) or (by_address.get(user["email"].lower()) if by_email else None)
        if one is not None:
            found[user["user_id"]] = one
    return found


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

    Who is missing as the id is that of a linked user with another e-mail address is called so.

    Args:
        details: `verify.ndjson` of the comparison; it names them so then.
    """
    if not result.missing and "user_id" not in result.fields:
        return result, 0
    identities = await _looked_for(connection, _not_found_by_id(details), tools)
    if not identities:
        return result, 0
    doubtful = doubtful_among(identities, tools)
    proven, taken = _told_apart(_prepared(details, doubtful, tools.folder), identities)
    linked = (frozenset(identities) - doubtful) | proven
    fields, called, unfound = Counter(result.fields), Counter[tuple[str, str]](), 0
    draft = details.with_name(f".{details.name}.linked")
    draft.unlink(missing_ok=True)  # of a process that was killed
    with details.open("rb") as lines, private(draft) as out:
        for line in lines:
            found = orjson.loads(line)
            if _is_not_found_by_id(found) and (now := _called(found, linked, taken)) is not None:
                called[found["status"], now["status"]] += 1
                unfound += "refused_as" in found
                fields.subtract(found["fields"])
                line = orjson.dumps(now, option=orjson.OPT_APPEND_NEWLINE)
            out.write(line)
    draft.replace(details)
    left = replace(
        result,
        missing=result.missing - called["missing", LINKED] - called["missing", ID_TAKEN],
        different=result.different - called["different", LINKED],
        taken=result.taken + called["missing", ID_TAKEN],
        unfound=result.unfound - unfound,
        fields={name: users for name, users in fields.items() if users},
    )
    return left, called["missing", LINKED] + called["different", LINKED]


async def linked_since(
    result: Reconciliation, details: Path, marked: Residents | None, connection: Connection, tools: Tools
) -> tuple[Reconciliation, int]:
    """Count as moved who was left out when the store was prepared, and is linked by now; returns how many, too.

    Who moves at a login and is linked then is in no export any more. Whom the legacy API has marked has moved, and is
    looked for first; of the others so many as there are until none was linked for long, as everywhere.

    Args:
        details: `verify.ndjson` of the comparison; it names them as moved then.
        marked: Who has been marked; None where that is not told.
    """
    from wizard.bulk.manifest import REJECTS

    rejects = tools.folder / REJECTS
    if not rejects.is_file() or not rejects.stat().st_size:
        return result, 0
    with scratch_within(tools.folder, "linked") as scratch:
        await aside(partial(_sort_left_out, rejects, details, marked, scratch))
        found = await linked_users(connection, _lines(scratch / MARKED), tools)
        found |= await linked_users(connection, _lines(scratch / OTHERS), tools)
        if not found:
            return result, 0
        moved = [one for name in (MARKED, OTHERS) for one in _lines(scratch / name) if one["user_id"] in found]
    with details.open("ab") as out:
        for one in moved:
            line = {"user_id": one["user_id"], "status": "moved", "code": one["code"], "fields": []}
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    skipped = sum(one["decision"] is not None for one in moved)
    codes = Counter(result.moved_codes) + Counter(str(one["code"]) for one in moved)
    return replace(
        result,
        moved_rejected=result.moved_rejected + len(moved) - skipped,
        moved_skipped=result.moved_skipped + skipped,
        moved_codes=dict(codes),
    ), len(moved)


def _sort_left_out(rejects: Path, details: Path, marked: Residents | None, scratch: Path) -> None:
    """Write who was left out and is not known to have moved into two lists, those who are marked and the others."""
    from wizard.bulk.verification.residents import Residents, write_index

    write_index((found["user_id"].encode() for found in _lines(details) if found["status"] == "moved"), scratch / "in")
    there = Residents(scratch / "in")
    try:
        with private(scratch / MARKED) as first, private(scratch / OTHERS) as others:
            for one in _lines(rejects):
                user_id = one.get("user_id")
                if user_id and user_id.encode() not in there:
                    line = {"user_id": user_id, "code": one["code"], "decision": one.get("decision")}
                    out = first if marked is not None and user_id.encode() in marked else others
                    out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    finally:
        there.close()


async def moved_and_linked(connection: Connection, export: Path, tools: Tools) -> tuple[str, ...]:
    """The ids, without `auth0|`, of those whom the legacy API has marked as moved and who are linked: no export shows them.

    Nobody where the marks cannot be asked: an import then refuses them as duplicates, and verifying finds them linked.
    """
    from wizard.bulk.verification.marked import marked_ids
    from wizard.bulk.verification.residents import Residents, exported_ids, write_index

    marked = await marked_ids(tools)
    if not marked:
        return ()
    with scratch_within(tools.folder, "linked") as scratch:
        await aside(partial(write_index, exported_ids(export, connection.name), scratch / "in"))
        there = Residents(scratch / "in")
        try:
            gone = ({"user_id": user_id} for user_id in marked if user_id.encode() not in there)
            return tuple(sorted(await linked_users(connection, gone, tools)))
        finally:
            there.close()


def _called(
    found: Mapping[str, Any], linked: frozenset[str], taken: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    """The line of `verify.ndjson` for a user whom search has found; None where it says nothing of this one."""
    kept = {name: one for name, one in found.items() if name not in ("found_as", "refused_as")}
    if found["user_id"] in linked:
        return {**kept, "status": LINKED, "fields": []}
    if found["user_id"] in taken and found["status"] == "missing":  # else the person is there, by another id
        return {**kept, "status": ID_TAKEN, "fields": list(taken[found["user_id"]])}
    return None


def _prepared(details: Path, ids: frozenset[str], folder: Path) -> list[dict[str, Any]]:
    """The names of these users of a comparison, as they were prepared."""
    from wizard.bulk.manifest import read_file, require_manifest

    files = {found["file"] for found in _not_found_by_id(details) if found["user_id"] in ids}
    return [
        {name: user[name] for name in ("user_id", *NAMES) if name in user}
        for file in require_manifest(folder).files
        if file.name in files
        for user in orjson.loads(read_file(folder, file))
        if user["user_id"] in ids
    ]


def _duplicates_among(ids: AbstractSet[str], tools: Tools) -> frozenset[str]:
    from wizard.bulk.manifest import require_manifest
    from wizard.bulk.repair.made import duplicates

    all_of_them = duplicates(tools.journal, require_manifest(tools.folder).files, tools.folder)
    return frozenset(user_id for user_id in all_of_them if user_id in ids)


def _not_found_by_id(details: Path) -> Iterator[dict[str, Any]]:
    yield from filter(_is_not_found_by_id, _lines(details))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _is_not_found_by_id(found: Mapping[str, Any]) -> bool:
    """Whether a line tells of somebody missing, or found by the e-mail address alone."""
    return found["status"] == "missing" or (found["status"] == "different" and "found_as" in found)
