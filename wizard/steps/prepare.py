"""Preparing: the records of the legacy store become files of users that import jobs accept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers
from wizard.aside import aside
from wizard.bulk.preparation.answers import PrepareAnswers
from wizard.counts import counted
from wizard.errors import UsageError, WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.step import Change, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.bulk.preparation.foreseen import Foreseen
    from wizard.bulk.preparation.prepare import LeaveOut
    from wizard.mapping.compiled import Mapping as CompiledMapping

UPLOADED = "uploaded"
"""Journal fact: the fingerprint of the prepared users whose import jobs have all ended."""


@dataclass(frozen=True)
class PrepareFacts:
    """`fingerprint` is of what there is to prepare, `prepared` of the files that are there or were uploaded.

    `foreseen` and `warnings` are of a store that is still to be prepared.
    """

    fingerprint: str
    prepared: str | None
    records: int
    foreseen: Foreseen | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrepareUsers(Change):
    """`way` is the strategy: while users move at login, those in the connection are left out; automatic imports nobody.

    `records` are those of the legacy store when it was looked at, `foreseen` what would become of some of them, `warnings` what
    is odd about it, such as a list that is not read.
    """

    source: SourceAnswers
    profile: ProfileAnswers
    passwords: PasswordsAnswers
    prepare: PrepareAnswers
    username_length: tuple[int, int]
    fingerprint: str
    connection: str = ""
    way: str = "bulk"
    records: int = field(default=0, compare=False)
    foreseen: Foreseen | None = field(default=None, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        return f"prepare-users:{self.fingerprint[:12]}"

    @property
    def summary(self) -> str:
        records = counted(self.records, "record")
        if self.way == "automatic":
            return f"tell of every user of the legacy store, {records} now, whether it has moved to {self.connection}"
        if self.way == "two-phase":
            files = f"files of users to import who are not in {self.connection} by then"
            return f"prepare the legacy store, {records} now, as {files}"
        return f"prepare {records} of the legacy store as files of users to import"

    @property
    def foretold(self) -> Sequence[str]:
        return [*self.warnings, *(self.foreseen.lines(live=self.way != "bulk") if self.foreseen else ())]

    @property
    def undo_summary(self) -> str:
        return "leave the prepared files until they are purged; nothing in the tenant comes from them alone"

    @property
    def requests(self) -> Sequence[str]:
        export = ("POST /jobs/users-exports", "GET /jobs/{id}")
        return (
            (*export, "POST /users/{id}/migrated of the legacy API, for users whom no login has marked")
            if self.way != "bulk"
            else ()
        )


class PrepareStep(Step[PrepareFacts, PrepareUsers]):
    key = "prepare"
    title = "Prepare"
    section = PrepareAnswers
    facts = PrepareFacts
    needs_tenant = False
    puts_back = False

    async def inspect(self, answers: Answers, tools: Tools) -> PrepareFacts:
        from wizard.bulk.manifest import read_manifest

        fingerprint = await input_fingerprint(answers, tools)
        _, found = await tools.source(answers[SourceAnswers])
        if tools.journal.recall(UPLOADED) == fingerprint:
            return PrepareFacts(fingerprint, fingerprint, found.records)
        known = tools.journal.recall("prepared")
        prepared = known if known is not None and read_manifest(tools.folder) else None
        change, way = _change(answers, fingerprint, found.records), answers[StrategyAnswers].way
        if prepared != fingerprint and way == "bulk":
            await _require_anybody(change, tools)
        foreseen = await _foreseen(change, tools) if prepared != fingerprint and way != "automatic" else None
        warnings = found.warnings if prepared != fingerprint else ()
        return PrepareFacts(fingerprint, prepared, found.records, foreseen, warnings)

    def plan(self, answers: Answers, facts: PrepareFacts) -> Sequence[PrepareUsers]:
        if facts.prepared == facts.fingerprint:
            return []
        change = _change(answers, facts.fingerprint, facts.records)
        return [replace(change, foreseen=facts.foreseen, warnings=facts.warnings)]

    async def apply(self, change: PrepareUsers, tools: Tools) -> Receipt:
        from wizard.bulk.preparation.prepare import prepare_async
        from wizard.bulk.verification.marked import mark_moved
        from wizard.mapping.passwords import UNTRIED

        live = change.way != "bulk"
        source, facts = await tools.source(change.source, anew=live)
        mapping = await _mapping(change, source.columns, tools)
        async with _left_out(change, tools) as leave_out:
            prepared = await prepare_async(
                source,
                facts,
                mapping,
                tools.folder,
                workers=change.prepare.workers,
                skip=change.prepare.skip,
                emit=tools.emit,
                max_file_bytes=change.prepare.max_file_bytes,
                stop=tools.stop,
                leave_out=leave_out,
            )
        _require_tried(prepared.notes.get(UNTRIED, 0))
        marked = await mark_moved(tools.folder, tools) if live else 0
        tools.journal.remember("prepared", change.fingerprint)
        if change.way == "automatic":
            tools.journal.remember(UPLOADED, change.fingerprint)
        made = {"read": prepared.read, "prepared": prepared.prepared, "files": prepared.files}
        return Receipt({**made, "migrated": prepared.migrated, "marked": marked} if live else made)

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        """Nothing in the tenant comes from preparing; the files stay until they are purged."""


def _require_tried(users: int) -> None:
    """Stop before anything is sent; a look at the first records (see the step of the passwords) may have seen none of them."""
    if users:
        raise UsageError(
            f"Nobody has tried whether the passwords of {counted(users, 'user')} work",
            why="the stored values do not say how they were made, and a wrong description shows only when users log in",
            state="Files of users were prepared; nothing was sent.",
            remedy="prove one account of each format with `auth0-migrate passwords prove` and paste what it reports into "
            '[passwords], or set unproven = "import" there as a deliberate yes.',
        )


def _change(answers: Answers, fingerprint: str, records: int) -> PrepareUsers:
    lengths = answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max
    return PrepareUsers(
        answers[SourceAnswers],
        answers[ProfileAnswers],
        answers[PasswordsAnswers],
        answers[PrepareAnswers],
        lengths,
        fingerprint,
        *_whom_to_leave_out(answers),
        records=records,
    )


async def _mapping(change: PrepareUsers, columns: Sequence[str], tools: Tools) -> CompiledMapping:
    from wizard.mapping import compile_mapping

    lengths = change.username_length
    return await aside(
        partial(
            compile_mapping, change.profile, change.passwords, columns, username_length=lengths, secret=tools.secret
        )
    )


async def _foreseen(change: PrepareUsers, tools: Tools) -> Foreseen:
    """Who of the first records would be rejected, and where; looked for once a process."""
    from wizard.bulk.preparation.foreseen import foresee

    known, key = tools.sources.foreseen, (change.fingerprint, change.records)
    if key not in known:
        source, _ = await tools.source(change.source)
        mapping = await _mapping(change, source.columns, tools)
        decided = change.prepare
        known[key] = await aside(
            partial(foresee, source, change.records, mapping, decided.skip, decided.max_file_bytes)
        )
    return known[key]


async def some_users(answers: Answers, fingerprint: str, records: int, tools: Tools) -> Sequence[tuple[str, str]]:
    """Some users of the legacy store that would be imported, by user_id and e-mail address."""
    return (await _foreseen(_change(answers, fingerprint, records), tools)).some


async def _require_anybody(change: PrepareUsers, tools: Tools) -> None:
    """Raise UsageError where the whole store would be rejected; what was found is looked for once a process."""
    from wizard.bulk.preparation.hopeless import require_anybody

    if change.fingerprint in tools.sources.importable:
        return
    source, _ = await tools.source(change.source)
    mapping = await _mapping(change, source.columns, tools)
    left = Event()
    try:
        await aside(
            lambda: require_anybody(source, mapping, change.prepare.skip, lambda: left.is_set() or tools.stop())
        )
    except asyncio.CancelledError:
        left.set()
        raise
    if not tools.stop():
        tools.sources.importable.add(change.fingerprint)


def _whom_to_leave_out(answers: Answers) -> tuple[str, str]:
    """The connection whose users are left out, and the way; empty and bulk where everybody is imported."""
    way = answers[StrategyAnswers].way
    return ("", way) if way == "bulk" else (answers[ConnectionAnswers].name, way)


@asynccontextmanager
async def _left_out(change: PrepareUsers, tools: Tools) -> AsyncIterator[LeaveOut | None]:
    """Who has moved by now, by an export that is gone afterwards, and who is linked, whom it may not show."""
    from wizard.bulk.preparation.prepare import LeaveOut
    from wizard.bulk.verification.evidence import export_users, private_file
    from wizard.bulk.verification.linked import moved_and_linked
    from wizard.bulk.verification.marked import marked_by_now
    from wizard.bulk.verification.moved import FIELDS, since_of

    if change.way == "bulk":
        yield None
        return
    connection = await tools.tenant.connection_named(change.connection)
    if connection is None:
        raise WizardError(
            f"The connection {change.connection} is gone",
            state="No user was prepared.",
            remedy="Resume the run; its plan will show what is missing.",
        )
    since = since_of(tools.journal)
    with private_file(tools.folder / "export.ndjson.gz") as export:
        await export_users(connection, export, tools, ("user_id", "identities", *(FIELDS if since else ())))
        linked = await moved_and_linked(connection, export, tools)
        left_out = LeaveOut(export, connection.name, nobody=change.way == "automatic", linked=linked)
        if since is None:
            yield left_out
            return
        async with marked_by_now(tools) as marked:
            yield replace(left_out, since=since.at, marked=marked.path if marked else None)


def prepared_users(fingerprint: str, tools: Tools) -> int | None:
    """How many users the files of this fingerprint hold; None where they are not there."""
    from wizard.bulk.manifest import read_manifest

    manifest = read_manifest(tools.folder) if tools.journal.recall("prepared") == fingerprint else None
    return manifest.totals["prepared"] if manifest else None


async def input_fingerprint(answers: Answers, tools: Tools) -> str:
    """SHA-256 in hex of everything that decides which users are imported: data, mapping, decisions.

    Where users move for weeks, the store is in use and its data do not count: it is prepared once, when they have.
    """
    _, facts = await tools.source(answers[SourceAnswers])
    data = answers[StrategyAnswers].way if answers[StrategyAnswers].is_live else facts.fingerprint
    decisions = [
        answers[ProfileAnswers].model_dump(mode="json"),
        answers[PasswordsAnswers].model_dump(mode="json"),
        answers[PrepareAnswers].model_dump(mode="json", exclude={"workers"}),
        [answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max],
    ]
    text = json.dumps([data, decisions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
