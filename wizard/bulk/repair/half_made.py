"""Half-made users: Auth0 says that a user exists, and nobody finds it. Found, and cured in the documented order.

A login that broke off leaves the first of a user's two records: importing then fails as a duplicate though neither
GET /users/{id} nor GET /users-by-email finds the user. Deleting by id, then by e-mail address, takes the rest away.
Source: Auth0 docs, "Configure Automatic Migration from Your Database", troubleshooting.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.auth0.errors import NotFound
from wizard.bulk.files import durable
from wizard.bulk.manifest import PreparedFile, read_file, require_manifest
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
from wizard.errors import Interrupted
from wizard.events import UsersRepaired
from wizard.progress import Progress

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


def missing_users(folder: Path) -> Iterator[Profile]:
    """The prepared users that the last comparison missed, as they were prepared."""
    wanted: dict[str, set[str]] = defaultdict(set)
    path = folder / "verify.ndjson"
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        found = orjson.loads(line)
        if found["status"] == "missing" and found.get("file"):
            wanted[found["file"]].add(found["user_id"])
    left = EXAMINED
    for file in require_manifest(folder).files:
        if file.name in wanted and left > 0:
            for user in orjson.loads(read_file(folder, file)):
                if user["user_id"] in wanted[file.name] and left > 0:
                    left -= 1
                    yield user


async def half_made_users(connection: Connection, tools: Tools) -> AsyncIterator[Profile]:
    """Those of the missing users that Auth0 called duplicates for no reason that can be found."""
    from wizard.bulk.verification.linked import linked_users

    if not Progress.of(tools.journal.events()).duplicates:
        return
    nowhere = []
    for user in missing_users(tools.folder):
        _stop_if_asked(tools)
        if not await is_there(connection, user, tools) and not await _is_in_the_way(connection, user, tools):
            nowhere.append(user)
    linked = await linked_users(connection, nowhere, tools, by_email=True)
    for user in nowhere:
        if user["user_id"] not in linked:
            yield user


async def is_there(connection: Connection, user: Profile, tools: Tools) -> bool:
    """Whether Auth0 finds the user, by id or by e-mail address in this connection; both are up to date at once."""
    holder = await _holder(user, tools)
    if holder is not None and holder.is_in(connection.name):
        return True
    return any(one.is_in(connection.name) for one in await tools.tenant.users_by_email(user["email"]))


async def _holder(user: Profile, tools: Tools) -> User | None:
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
    if await _holder(user, tools) is None:  # else the id is somebody's of another connection, who stays
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
