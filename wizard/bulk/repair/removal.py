"""Deletes the users that a run has made, after a look at who of them is there and has logged in or changed since."""

from __future__ import annotations

import asyncio
import errno
import gzip
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wizard.auth0.dates import moment
from wizard.auth0.errors import NotFound
from wizard.bulk.repair.made import REMOVED, Made, Whose, rejected_users
from wizard.bulk.repair.own_logins import OwnLogins
from wizard.bulk.verification.evidence import export_users, private_file
from wizard.bulk.verification.exported import not_whole
from wizard.bulk.verification.linked import AT_ONCE, Looks, linked_users
from wizard.bulk.verification.marked import marked_by_now
from wizard.bulk.verification.residents import ids_in
from wizard.counts import counted
from wizard.errors import Interrupted, WizardError
from wizard.events import UsersRemoved
from wizard.javascript_json import loads
from wizard.journal import JournalFailed
from wizard.progress import Progress

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, User
    from wizard.bulk.verification.residents import Residents
    from wizard.tools import Tools

InUse = Literal["keep", "delete"]
"""What becomes of users who have logged in or changed since they were imported."""

Use = Literal["", "logged in", "changed"]
Fate = Literal["deleted", "gone", "in use", "linked", "elsewhere", "anew", "before"]

LINKED = "linked"
"""The use of a user who is one of several identities of an account."""

FIELDS = ("user_id", "identities", "created_at", "updated_at", "last_login", "logins_count")
SCOPES = {"read:users": "GET /users/{id}, GET /users, POST /jobs/users-exports", "delete:users": "DELETE /users/{id}"}
WRITTEN_WITHIN = 2.0
"""Seconds in which Auth0 writes a new user in several goes. Source: recordings of Auth0, where it took 0.24 at most."""
EXCHANGE_SECONDS = 0.05
"""Usual time of one request and its answer."""
TOLD_EVERY = 50
"""Users between two events that tell how many are deleted: on the smallest plan a minute."""
LOOKED_UP = 20
"""Users whose ids are looked up before an undo is approved: by id Auth0 finds one user, also where two connections have it."""
LINES = 500
"""Lines of an export between two looks whether the operator wants it to stop."""


@dataclass(frozen=True)
class Look:
    """Of the users to delete, how many are there, and what Auth0 tells of them since the import.

    Args:
        there: All that the run has made and that are there.
        logged_in: Those of them who have logged in.
        changed: Those who have not, and are otherwise not as they were made.
        seconds: How long deleting them takes at the tenant's rate limit.
        before: Users who were there before, and whom an upsert has overwritten; they stay.
        anew: Users with an id of the run who were made anew after its import; they stay.
        looked_up: Of those that are there, how many were looked up by id.
        elsewhere: Of these, how many ids lead to a user of another connection, so that the one of the run stays.
        elsewhere_unused: Of these, those who have neither logged in nor changed.
        linked: Users of the run whose account is linked to another; they stay, whatever becomes of those in use.
    """

    there: int
    logged_in: int
    changed: int
    seconds: float
    before: int = 0
    anew: int = 0
    looked_up: int = 0
    elsewhere: int = 0
    elsewhere_unused: int = 0
    linked: int = 0

    @property
    def in_use(self) -> int:
        return self.logged_in + self.changed

    @property
    def is_exact(self) -> bool:
        """Whether it is known of each user whether its id leads to it; where all of some do, that is taken for all."""
        return not self.elsewhere or self.looked_up == self.there

    def deleted(self, in_use: InUse | None) -> int:
        """How many would be deleted, at most; without a decision, with those in use."""
        if not self.is_exact:
            return self.there - (self.in_use if in_use == "keep" else 0)
        if in_use == "keep":
            return self.there - self.in_use - self.elsewhere_unused
        return self.there - self.elsewhere


@dataclass(frozen=True)
class Removed:
    """How many users were deleted, and how many were not, with the reason; whether nobody could ask for their marks."""

    deleted: int = 0
    in_use: int = 0
    elsewhere: int = 0
    anew: int = 0
    linked: int = 0
    marks_unknown: bool = False

    @property
    def left(self) -> list[str]:
        """Who is left, and what may be left of those who are deleted, in words."""
        elsewhere = "of this run: the same id leads to a user of another connection"
        anew = "with an id of this run: made anew after its import"
        used = "logged in or changed since the import"
        linked = "linked to others: deleting would take the other account, too"
        told = [
            (self.in_use, f"user who has {used}", f"users who have {used}"),
            (self.linked, f"user whose account is {linked}", f"users whose accounts are {linked}"),
            (self.elsewhere, f"user {elsewhere}", f"users {elsewhere}"),
            (self.anew, f"user {anew}", f"users {anew}"),
        ]
        left = [counted(users, one, several) for users, one, several in told if users]
        if self.marks_unknown and self.deleted:
            left.append(
                "marks of deleted users in the legacy API, which cannot be asked: whoever has one cannot move again"
            )
        return left


Facts = tuple[str, object, object, object, object]
"""Of a user the full id, created_at, updated_at, last_login and logins_count, as Auth0 tells them."""


def facts_of(user: User) -> Facts:
    return user.user_id, user.created_at, user.updated_at, user.last_login, user.logins_count


def use_of(
    user_id: str, created_at: object, updated_at: object, last_login: object, logins_count: object, own: OwnLogins
) -> Use:
    """What has become of a user since it was made, as far as Auth0 tells; it tells of no single change.

    Args:
        own: Logins of the run's canaries, which are none of the user.
    """
    if own.are_all(user_id, logins_count, last_login, updated_at):
        return ""
    if last_login or logins_count:
        return "logged in"
    created, updated = moment(created_at), moment(updated_at)
    return "changed" if created is not None and updated is not None and updated - created > WRITTEN_WITHIN else ""


async def look_at(made: Sequence[Made], connection: Connection | None, tools: Tools) -> Look:
    """Count who of these is there, by an export of the connection; None for one that is gone, and everybody with it.

    Raises:
        WizardError: the export failed, or the files of users were purged.
    """
    refused = rejected_users(tools.journal)
    found: Counter[str] = Counter()
    whose: Counter[Whose] = Counter()
    asked, linked, some = 0, 0, _Spread(LOOKED_UP)
    elsewhere: Counter[str] = Counter()
    looks = Looks()
    if connection is not None:
        with (
            private_file(tools.folder / "export.ndjson.gz") as export,
            private_file(tools.folder / "export.db") as index,
            _opened(index) as there,
        ):
            await export_users(connection, export, tools, FIELDS)
            await _read(export, connection.name, there, tools)
            for one in made:
                absent = []
                for user in one.users(tools.folder, refused):
                    asked += 1
                    row = there.execute("SELECT created, use FROM there WHERE id = ?", (user["user_id"],)).fetchone()
                    if row is None:
                        absent.append(user)
                    elif row[1] == LINKED:
                        linked += 1
                    else:
                        whose[(of := one.whose(row[0]))] += 1
                        if of == "made":
                            found[row[1]] += 1
                            some.add((user["user_id"], row[1]))
                linked += len(await linked_users(connection, absent, tools, looks=looks))
                await _breathe(tools)
        for user_id, use in some.chosen:
            elsewhere[use] += await _leads_elsewhere(user_id, connection, tools)
            await _breathe(tools)
    users = found.total()
    limiter = tools.tenant.limiter
    seconds = limiter.seconds_for({"read_users": asked, "delete_users": users})
    seconds = max(seconds, EXCHANGE_SECONDS * (asked + users)) if asked else 0.0
    return Look(
        users,
        found["logged in"],
        found["changed"],
        seconds,
        whose["before"],
        whose["anew"],
        looked_up=len(some.chosen),
        elsewhere=elsewhere.total(),
        elsewhere_unused=elsewhere[""],
        linked=linked,
    )


class _Spread:
    """Up to so many of all that were added, at even distances."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._every = 1
        self._added = 0
        self._kept: list[tuple[str, Use]] = []

    def add(self, one: tuple[str, Use]) -> None:
        if self._added % self._every == 0:
            self._kept.append(one)
        self._added += 1
        if len(self._kept) > self._most:
            self._every *= 2
            self._kept = self._kept[::2]

    @property
    def chosen(self) -> Sequence[tuple[str, Use]]:
        return self._kept


async def _leads_elsewhere(user_id: str, connection: Connection, tools: Tools) -> bool:
    """Whether Auth0 finds by this id a user of another connection: two may have the same."""
    try:
        user = await tools.tenant.user(f"auth0|{user_id}")
    except NotFound:  # deleted since the export
        return False
    return not user.has(connection.name, user_id)


@contextmanager
def _opened(index: Path) -> Iterator[sqlite3.Connection]:
    """A database in a private file; what the disk does not take is an error of the system there, too.

    Raises:
        OSError: the disk does not take it.
    """
    with closing(sqlite3.connect(index, isolation_level=None)) as there:
        try:
            yield there
        except sqlite3.OperationalError as error:
            raise OSError(errno.EIO, str(error)) from None


async def _read(export: Path, connection: str, there: sqlite3.Connection, tools: Tools) -> None:
    """Keep of each line what is asked for, on the disk: a connection may have more users than fit in memory."""
    there.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE there (id TEXT PRIMARY KEY, created REAL, use TEXT NOT NULL) WITHOUT ROWID; BEGIN;"
    )
    number, own = 0, OwnLogins.of(tools.journal)
    try:
        with gzip.open(export, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    rows = _rows(loads(line), connection, own)
                    there.executemany("INSERT OR REPLACE INTO there VALUES (?, ?, ?)", rows)
                if number % LINES == 0:
                    await _breathe(tools)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _not_whole(f"its compressed data are damaged after line {number:,}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _not_whole(f"line {number:,} of it is no user") from None


def _not_whole(why: str) -> WizardError:
    return not_whole(why, state="Nothing was changed.", remedy="Undo again: that asks Auth0 for a new export.")


def _rows(user: dict[str, Any], connection: str, own: OwnLogins) -> list[tuple[str, float | None, str]]:
    """The ids that the user has in the connection, when it was made, and what has become of it since."""
    if len(user.get("identities") or ()) > 1:
        return [(user_id.decode(), None, LINKED) for user_id in ids_in(user, connection)]
    created, updated = user.get("created_at"), user.get("updated_at")
    use = use_of(str(user["user_id"]), created, updated, user.get("last_login"), user.get("logins_count"), own)
    return [(str(user["user_id"]).removeprefix("auth0|"), moment(created), use)]


async def delete_users(
    made: Sequence[Made], connection: Connection | None, in_use: InUse | None, tools: Tools
) -> Removed:
    """Delete these users, one by one; stopped or killed, it goes on with the job it was at.

    Each is looked at just before, as deleting goes by id: whoever is not the one that the run has made stays, and unless
    `in_use` is delete also who has logged in or changed since. Whose account is linked to another stays in any case: with
    the one the other would go, which is not of the run. Whoever is deleted is no longer marked as moved in the legacy API.

    Raises:
        Interrupted: the operator stopped it.
        WizardError: the tenant refuses, or does not answer.
    """
    async with marked_by_now(tools) as marked:
        removed = await _delete_all(made, connection, in_use, marked, tools)
    return replace(removed, marks_unknown=tools.marks is not None and marked is None)


async def _delete_all(
    made: Sequence[Made], connection: Connection | None, in_use: InUse | None, marked: Residents | None, tools: Tools
) -> Removed:
    refused, fates, looks = rejected_users(tools.journal), Counter[Fate](), Looks()
    # A pass that was broken off may have told of more than is settled.
    told = Progress.of(tools.journal.events()).removed
    passes = [one.result for one in tools.journal.intents(REMOVED) if one.outcome == "done"]
    gone = sum(one.get("gone", one.get("removed", 0)) for one in passes)  # earlier versions noted whom they removed
    total = gone + sum(one.count for one in made)
    for one in made:
        began = tools.journal.begin(f"{REMOVED}{one.part.name}", {"part": one.part.name})
        here, absent = Counter[Fate](), list[dict[str, Any]]()
        try:
            for number, user in enumerate(one.users(tools.folder, refused), 1):
                if number % TOLD_EVERY == 0:
                    tools.emit(UsersRemoved(max(gone + _gone(here), told), total))
                _stop_if_asked(tools)
                fate = await _delete(user, one, connection, in_use, marked, tools)
                if fate == "gone" and connection is not None:
                    absent.append(user)  # counted once it is known not to be linked, so that no figure goes down again
                else:
                    here[fate] += 1
                if len(absent) == AT_ONCE:
                    here += await _fates_of(absent, connection, looks, tools)
                    absent.clear()
            here += await _fates_of(absent, connection, looks, tools)
        except (WizardError, asyncio.CancelledError):
            with suppress(JournalFailed):  # what ended it is on its way already
                tools.emit(UsersRemoved(max(gone + _gone(here), told), total))
            raise
        gone += _gone(here)
        fates += here
        # Who is left is looked for again the next time.
        outcome = "left" if here["in use"] or here["linked"] or here["elsewhere"] else "done"
        # Once all of them were looked for, that is how many are gone, whatever was told before.
        told = 0 if one is made[-1] else told
        tools.journal.settle(began, outcome, {"gone": _gone(here)}, events=[UsersRemoved(max(gone, told), total)])
    return Removed(fates["deleted"], fates["in use"], fates["elsewhere"], fates["anew"], fates["linked"])


async def _fates_of(
    absent: Sequence[dict[str, Any]], connection: Connection | None, looks: Looks, tools: Tools
) -> Counter[Fate]:
    """Of users whom no id leads to, how many are linked, and how many gone."""
    linked = 0 if connection is None else len(await linked_users(connection, absent, tools, looks=looks))
    return Counter[Fate]({"linked": linked, "gone": len(absent) - linked})


def _gone(fates: Counter[Fate]) -> int:
    """How many of the users that the run has made are not there any more."""
    return fates["deleted"] + fates["gone"] + fates["anew"]


async def _delete(
    prepared: dict[str, Any],
    made: Made,
    connection: Connection | None,
    in_use: InUse | None,
    marked: Residents | None,
    tools: Tools,
) -> Fate:
    """Delete one user if it is the one that was made and may be deleted; says what has become of it."""
    if connection is None:
        return "gone"
    user = await _found(prepared, connection, tools)
    if isinstance(user, str):
        return user
    if user.is_linked:
        return "linked"
    whose = made.whose(moment(user.created_at))
    if whose != "made":
        return whose
    if in_use != "delete" and use_of(*facts_of(user), OwnLogins.of(tools.journal)):
        return "in use"
    if tools.marks is not None and marked is not None and prepared["user_id"].encode() in marked:
        await tools.marks.unmark(prepared["user_id"])  # before, as nobody would look for a mark of who is gone
    await tools.tenant.delete_user(user.user_id)
    return "deleted"


async def _found(prepared: dict[str, Any], connection: Connection, tools: Tools) -> User | Literal["gone", "elsewhere"]:
    """The user in the connection, if the id leads there.

    Elsewhere where it leads to a user of another connection, and this one is found by its e-mail address only.
    """
    user_id = f"auth0|{prepared['user_id']}"
    try:
        user = await tools.tenant.user(user_id)
    except NotFound:
        return "gone"
    if user.has(connection.name, prepared["user_id"]):
        return user
    found = await tools.tenant.users_by_email(prepared["email"])
    return "elsewhere" if any(one.user_id == user_id and one.is_in(connection.name) for one in found) else "gone"


async def _breathe(tools: Tools) -> None:
    await asyncio.sleep(0)
    _stop_if_asked(tools)


def _stop_if_asked(tools: Tools) -> None:
    if tools.stop():
        raise Interrupted("Stopped as asked", state="What was put back stays so.", remedy="Undo again to go on.")
