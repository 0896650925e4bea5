"""Half-made users: Auth0 says that a user exists, and nobody finds it. Found, and cured in the documented order.

A login that broke off leaves the first of a user's two records: importing then fails as a duplicate though neither
GET /users/{id} nor GET /users-by-email finds the user. Deleting by id, then by e-mail address, takes the rest away.

Only a refusal is evidence of that, so only who was refused as a duplicate is called half-made, and looked up one by one.
Others who are missing Auth0 had taken: they were deleted since, or never kept. A login may have broken off after that and
left remains, too, which no look can tell from nothing; and who was deleted on purpose is not to come back. So these are
only counted, and the same repair, which imports anew and takes away first what there may be, is offered for them by a
number of its own: a number that was allowed before they were told never brings one of them back.
Source: Auth0 docs, "Configure Automatic Migration from Your Database", troubleshooting.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.auth0.errors import NotFound
from wizard.bulk.files import durable
from wizard.bulk.manifest import PreparedFile, read_file, require_manifest
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
from wizard.bulk.verification.sameness import DUPLICATE
from wizard.errors import Interrupted
from wizard.events import UsersRepaired

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, User
    from wizard.tools import Tools

ROUND = "repair"
"""Journal fact: the repair under way or done last: `round`, `files` as the manifest has them, `done`."""

FOLDER = "repair"
IMPORTS = "repair:"
"""How the intents of all imports of repairs begin; the name of the repair follows, then that of the file."""
EXAMINED = 10_000
"""Missing users that are looked at one by one; of more, something else is wrong."""

Profile = dict[str, Any]


def missing_users(folder: Path, *, refused: bool) -> Iterator[Profile]:
    """The prepared users that the last comparison missed, as they were prepared; `EXAMINED` of them at most.

    Args:
        refused: Those whom Auth0 had refused as duplicates; else the others.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for found in islice((one for one in _missed(folder) if one.refused is refused and one.file), EXAMINED):
        wanted[found.file].add(found.user_id)
    for file in require_manifest(folder).files if wanted else ():
        if file.name in wanted:
            yield from (user for user in orjson.loads(read_file(folder, file)) if user["user_id"] in wanted[file.name])


@dataclass(frozen=True)
class Lost:
    """How many users were missed whom no import had refused; the `prepared` of them can be imported anew."""

    prepared: int = 0
    moved: int = 0

    @property
    def users(self) -> int:
        return self.prepared + self.moved


def lost_by(folder: Path) -> Lost:
    """Count them by what the last comparison has written down, without asking the tenant."""
    counts = Counter(bool(one.file) for one in _missed(folder) if not one.refused)
    return Lost(counts[True], counts[False])


@dataclass(frozen=True)
class _Missed:
    user_id: str
    file: str
    refused: bool


def _missed(folder: Path) -> Iterator[_Missed]:
    path = folder / "verify.ndjson"
    if path.is_file():
        with path.open("rb") as lines:
            for found in map(orjson.loads, lines):
                if found["status"] == "missing":
                    refused = found.get("refused_as") == DUPLICATE
                    yield _Missed(found["user_id"], found.get("file") or "", refused)


async def half_made_users(connection: Connection, tools: Tools) -> AsyncIterator[Profile]:
    """Those of the missing users that Auth0 called duplicates for no reason that can be found."""
    async for user in _nowhere(connection, missing_users(tools.folder, refused=True), tools):
        yield user


async def lost_users(connection: Connection, tools: Tools) -> AsyncIterator[Profile]:
    """Those of the missing users that no import had refused, and that are found nowhere now."""
    async for user in _nowhere(connection, missing_users(tools.folder, refused=False), tools):
        yield user


async def _nowhere(connection: Connection, users: Iterator[Profile], tools: Tools) -> AsyncIterator[Profile]:
    """Those of these whom no look finds, and whose names nobody else has."""
    from wizard.bulk.verification.linked import linked_users

    nowhere = []
    for user in users:
        _stop_if_asked(tools)
        if not await is_there(connection, user, tools) and not await _is_in_the_way(connection, user, tools):
            nowhere.append(user)
    linked = await linked_users(connection, nowhere, tools, by_email=True)
    for user in nowhere:
        if user["user_id"] not in linked:
            yield user


async def is_there(connection: Connection, user: Profile, tools: Tools) -> bool:
    """Whether Auth0 finds the user, by id or by e-mail address in this connection; both are up to date at once."""
    holder = await holder_of(user, tools)
    if holder is not None and holder.is_in(connection.name):
        return True
    return any(one.is_in(connection.name) for one in await tools.tenant.users_by_email(user["email"]))


async def holder_of(user: Profile, tools: Tools) -> User | None:
    """Who is found by this id; that may be somebody of another connection, for Auth0 lets two have the same id."""
    try:
        return await tools.tenant.user(f"auth0|{user['user_id']}")
    except NotFound:
        return None


async def _is_in_the_way(connection: Connection, user: Profile, tools: Tools) -> bool:
    """Whether another user has the username or telephone number, which is another story."""
    for field in ("username", "phone_number"):
        if field in user:
            text = str(user[field]).replace("\\", "\\\\").replace('"', '\\"')
            query = f'{field}:"{text}" AND identities.connection:"{connection.name}"'
            if await tools.tenant.count_users(query):
                return True
    return False


@dataclass(frozen=True)
class Round:
    """One repair: its name, and the files of users to import anew."""

    name: str
    files: tuple[PreparedFile, ...]
    done: bool = False

    @property
    def users(self) -> int:
        return sum(file.users for file in self.files)

    @property
    def subject(self) -> str:
        """How the intents of its imports begin."""
        return f"{IMPORTS}{self.name}:"


def round_of(tools: Tools) -> Round | None:
    """The repair that this run began last."""
    known = tools.journal.recall(ROUND)
    return (
        Round(known["round"], tuple(PreparedFile(*file) for file in known["files"]), known["done"]) if known else None
    )


def remember(one: Round, tools: Tools) -> None:
    files = [[file.name, file.users, file.bytes, file.sha256] for file in one.files]
    tools.journal.remember(ROUND, {"round": one.name, "files": files, "done": one.done})


def begin_round(users: Sequence[Profile], tools: Tools) -> Round:
    """Write down who is to be repaired, before anything is deleted."""
    ids = "\n".join(sorted(user["user_id"] for user in users))
    earlier = round_of(tools)
    name = hashlib.sha256(f"{earlier.name if earlier else ''}\n{ids}".encode()).hexdigest()[:12]
    folder = tools.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    files = []
    for number, data in enumerate(_packed(users), 1):
        path = folder / f"{name}-{number}.json"
        durable(path, data)
        digest = hashlib.sha256(data).hexdigest()
        files.append(PreparedFile(path.name, len(orjson.loads(data)), len(data), digest))
    begun = Round(name, tuple(files))
    remember(begun, tools)
    return begun


def _packed(users: Sequence[Profile]) -> Iterator[bytes]:
    """JSON arrays that one import job takes each."""
    held: list[bytes] = []
    size = 2
    for data in map(orjson.dumps, users):
        if held and size + len(data) + 1 > IMPORT_FILE_BYTES:
            yield b"[" + b",".join(held) + b"]"
            held, size = [], 2
        held.append(data)
        size += len(data) + 1
    if held:
        yield b"[" + b",".join(held) + b"]"


async def finish_round(one: Round, connection: Connection, tools: Tools) -> None:
    """Take the remains away, then import these users; all of it may be done again after a kill.

    A user who is found by now, as a login has completed it, is left alone, and so is who was linked to another account
    meanwhile: deleting by e-mail address would take that identity, with its password.
    """
    from wizard.bulk.jobs.upload import upload_files
    from wizard.bulk.repair.made import note_made_before
    from wizard.bulk.verification.linked import AT_ONCE, caught_up, linked_users

    users = list(_users(one, tools))
    if users:
        await caught_up(tools)
    for at in range(0, len(users), AT_ONCE):
        batch = users[at : at + AT_ONCE]
        linked = await linked_users(connection, batch, tools, by_email=True)
        for user in batch:
            _stop_if_asked(tools)
            if user["user_id"] not in linked and not await is_there(connection, user, tools):
                await _take_away(connection, user, tools)
    tools.emit(UsersRepaired(one.name, one.users, note_made_before(one.files, one.name, tools)))
    tenant = tools.tenant
    uploaded = await upload_files(
        one.files,
        tenant,
        tools.journal,
        folder=tools.folder / FOLDER,
        connection_id=connection.id,
        connection=connection.name,
        external_id_prefix=tools.folder.name,
        clock=tools.clock,
        emit=tools.emit,
        stop=tools.stop,
        budget=lambda: tenant.limiter.budget("other"),
        subject=one.subject,
    )
    if uploaded.files_left:
        _stop_if_asked(tools)
    remember(Round(one.name, one.files, done=True), tools)


async def _take_away(connection: Connection, user: Profile, tools: Tools) -> None:
    """Delete what is left of a half-made user, so that it can be imported anew."""
    if await holder_of(user, tools) is None:  # else the id is somebody's of another connection, who stays
        await tools.tenant.delete_user(f"auth0|{user['user_id']}")
    await tools.tenant.delete_user_of_connection(connection.id, user["email"])
    if tools.marks is not None:
        await tools.marks.unmark(user["user_id"])


def _users(one: Round, tools: Tools) -> Iterator[Profile]:
    """The users of a round whose import has not begun; afterwards there is nothing to take away any more."""
    begun = {intent.subject.removeprefix(one.subject) for intent in tools.journal.intents(one.subject)}
    for file in one.files:
        if file.name not in begun:
            yield from orjson.loads((tools.folder / FOLDER / file.name).read_bytes())


def _stop_if_asked(tools: Tools) -> None:
    if tools.stop():
        raise Interrupted(
            "Stopped while half-made users were looked for or repaired",
            state="Users repaired so far are in the journal.",
            remedy="Resume the run.",
        )
