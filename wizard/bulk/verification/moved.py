"""Who of a connection that was there before a run has moved: made since users can move, or logged in since.

While a connection used its own database with import mode off, each login left a record of the user without the password.
Once import mode is on, such a record looks like that of somebody who has moved: it is in every export, and an import
refuses it as a duplicate. But only the legacy store has the password, so that after a cutover this user could not log in.
Source: Auth0 docs, "Configure Automatic Migration from Your Database", and Auth0's support on users of that time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.aside import aside
from wizard.auth0.dates import moment
from wizard.bulk.verification.residents import Counts, Residents, exported_ids, write_index
from wizard.bulk.verification.sameness import THERE_BEFORE
from wizard.counts import counted
from wizard.progress import Progress
from wizard.scratch import scratch_within
from wizard.step import Finding

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.journal import Journal
    from wizard.tools import Tools

SINCE = "users_move_since"
"""Journal fact: `at`, UNIX time since when users can move, 0 where nobody was there before; `was_off`: see `Since`."""

PASSWORDS = "passwords"
"""The check that the passwords are in Auth0 of users who were there before anybody could move."""

ELSEWHERE = "password_elsewhere"
"""The status in `verify.ndjson` of those whose are not; and the journal fact how many they, or the next, were lately."""

UNKNOWN = "password_unknown"
"""The status of those of whom nobody can tell, as import mode was on when the run first looked."""

FIELDS = ("created_at", "last_login", "last_password_reset")
"""What an export has to bring to tell who has moved."""

SKEW = 60.0
"""Seconds by which this clock may be behind Auth0's: who came that shortly before import mode is no one who has moved."""


@dataclass(frozen=True)
class Since:
    """Since when users of a connection can move that held users before.

    Args:
        at: UNIX time.
        was_off: Whether this run has turned import mode on, so that Auth0 had no password of those who were there. Where
            it was on before the run, nobody knows.
    """

    at: float
    was_off: bool


def note_opening(tools: Tools) -> None:
    """This run is about to turn import mode on, for a connection that used its own database without."""
    tools.journal.remember(SINCE, {"at": tools.clock.now() + SKEW, "was_off": True})


def note_adopted(users: int, tools: Tools) -> None:
    """Import mode was on when this run first looked, and so many users were there."""
    tools.journal.remember(SINCE, {"at": float(int(tools.clock.now())) if users else 0.0, "was_off": False})


def is_noted(journal: Journal) -> bool:
    return journal.recall(SINCE) is not None


def since_of(journal: Journal) -> Since | None:
    """None where nobody was in the connection before its users could move."""
    known = journal.recall(SINCE)
    return Since(float(known["at"]), bool(known["was_off"])) if known and known["at"] else None


def moved_only(since: float | None, marked: Residents | None) -> Counts | None:
    """Which exported users count as moved; None where all do.

    Once import mode is on, whoever logs in or sets a new password has it in Auth0; so has whom the legacy API has marked.
    What is told of an account of several identities may be of another of them.
    """
    if since is None:
        return None

    def has_moved(user: Mapping[str, Any], user_id: bytes) -> bool:
        if _is_after(since, user, "created_at") or (marked is not None and user_id in marked):
            return True
        alone = len(user.get("identities") or ()) < 2
        return alone and any(_is_after(since, user, name) for name in ("last_login", "last_password_reset"))

    return has_moved


async def came_since(connection: Connection, tools: Tools) -> int:
    """How many have moved, signed up or been imported since this run has turned import mode on.

    Auth0 alone has what these log in with: with import mode off it would ask the login script about them. An export tells,
    or where Auth0 refuses one a search, which may be some seconds behind. Whoever came shortly before counts, too, as
    clocks may differ.
    """
    from wizard.auth0.errors import NotAllowed
    from wizard.bulk.verification.evidence import export_users, private_file

    since = since_of(tools.journal)
    if since is None or not since.was_off:
        return 0
    began = since.at - 2 * SKEW
    with private_file(tools.folder / "export.ndjson.gz") as export:
        try:
            await export_users(connection, export, tools, ("user_id", "identities", *FIELDS))
        except NotAllowed:
            return await tools.tenant.count_users(search_for_moved(connection, began))
        ids = exported_ids(export, connection.name, moved_only(began, None))
        return await aside(lambda: sum(1 for _ in ids))


def search_for_moved(connection: Connection, since: float) -> str:
    """What finds the users of a connection who have moved; who only has a mark is not found."""
    begin = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
    moments = " OR ".join(f"{name}:[{begin} TO *]" for name in FIELDS)
    return f'identities.connection:"{connection.name}" AND ({moments})'


def _is_after(since: float, user: Mapping[str, Any], name: str) -> bool:
    found = moment(user.get(name))
    return found is not None and found >= since


@asynccontextmanager
async def unmoved_in(
    export: Path, connection: Connection, marked: Residents | None, tools: Tools
) -> AsyncIterator[Residents | None]:
    """The ids of those in an export who have not moved; None where nobody was there before users could move."""
    since = since_of(tools.journal)
    if since is None:
        yield None
        return
    moved = moved_only(since.at, marked)

    def has_not(user: Mapping[str, Any], user_id: bytes) -> bool:
        return moved is not None and not moved(user, user_id)

    with scratch_within(tools.folder, "unmoved") as scratch:
        ids = exported_ids(export, connection.name, has_not)
        await aside(partial(write_index, ids, scratch / "there"))
        found = Residents(scratch / "there")
        try:
            yield found
        finally:
            found.close()


def with_there_before(rejects: Path, unmoved: Residents, out: Path) -> None:
    """Copy the list of rejects into a file that is there; of each who is in the connection and has not moved it tells that."""
    with rejects.open("rb") as lines, out.open("wb") as copy:
        for one in map(orjson.loads, lines):
            if (user_id := one.get("user_id")) and str(user_id).encode() in unmoved:
                one[THERE_BEFORE] = True
            copy.write(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE))


async def left_without_password(unmoved: Residents, tools: Tools) -> list[str]:
    """The ids of prepared users whom Auth0 refused as duplicates, and of whom nothing shows that it has their password."""
    from wizard.bulk.manifest import read_file, require_manifest
    from wizard.bulk.repair.made import duplicates

    manifest = require_manifest(tools.folder)
    refused = set(duplicates(tools.journal, manifest.files, tools.folder))
    found: list[str] = []
    for file in manifest.files if refused else ():
        ids = (str(user["user_id"]) for user in orjson.loads(read_file(tools.folder, file)))
        found += [one for one in ids if one.encode() in unmoved and (one in refused or "" in refused)]
        await asyncio.sleep(0)
    return found


def of_elsewhere(elsewhere: Sequence[str] | None, tools: Tools) -> Iterator[Finding]:
    """Name the users whose passwords the legacy store alone has, or may have, in `verify.ndjson` too.

    Args:
        elsewhere: None where none can be so.
    """
    tools.journal.remember(ELSEWHERE, len(elsewhere or ()))
    since = since_of(tools.journal)
    was_off = since is not None and since.was_off
    if elsewhere:
        status = ELSEWHERE if was_off else UNKNOWN
        with (tools.folder / "verify.ndjson").open("ab") as out:
            for user_id in elsewhere:
                out.write(orjson.dumps({"user_id": user_id, "status": status, "fields": []}) + b"\n")
        is_one = len(elsewhere) == 1
        them, have = ("it", "has") if is_one else ("them", "have")
        if not was_off:  # as after an earlier run, whose users are nobody's worry
            detail = f"{counted(len(elsewhere), 'user was', 'users were')} there before this run and {have} not logged in since"
            yield Finding(
                PASSWORDS, True, f"{detail}: nothing tells whether Auth0 has the passwords (verify.ndjson: {status})"
            )
            return
        whose = "its password is" if is_one else "their passwords are"
        detail = (
            f"{counted(len(elsewhere), 'user')} had logged in while import mode was off, and {have} not since: {whose} in the "
            "legacy store alone"
        )
        remedy = (
            f"verify.ndjson names {them} as {status}. Whoever logs in or sets a new password before the cutover moves by that; "
            "verify again then. After the cutover only a new password lets them in."
        )
        yield Finding(PASSWORDS, False, detail, remedy)
    elif elsewhere is not None and PASSWORDS in Progress.of(tools.journal.events()).failed_checks:
        yield Finding(PASSWORDS, True, "nobody is left whose password the legacy store alone has")
