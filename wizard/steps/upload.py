"""The upload: the prepared files become import jobs, two at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.counts import counted
from wizard.doorway.scripts import is_closed
from wizard.errors import Interrupted, PlanStale, RunMismatch, UsageError, WizardError
from wizard.events import OverwritesForeseen
from wizard.legacy.answers import SourceAnswers
from wizard.step import Change, Finding, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.prepare import UPLOADED, input_fingerprint, prepared_users, some_users
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.tools import Tools

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.bulk.verification.taken_ids import TakenIds

CONNECTION = "connection_id"
"""Journal fact: the connection that this run uploads to."""


class UploadAnswers(Section):
    """How the files become import jobs."""

    table: ClassVar[str] = "upload"
    jobs_at_once: int = Field(
        default=2, ge=1, le=2, title="Import jobs at once", description="Auth0 takes two in the whole tenant."
    )
    upsert: bool = Field(
        default=False,
        title="Overwrite users that are there",
        description="Off: a user whose e-mail address is in the connection already stays as it is. On: Auth0 replaces "
        "names, nickname, picture, metadata, whether the address is verified, second factors and custom_password_hash; "
        "the preview of overwrites cannot see the last two, as no export holds them. Not while users move at login.",
    )
    overwrite_at_most: int = Field(
        default=0,
        ge=0,
        title="Users that may be overwritten",
        description="Where users may be overwritten: before anything is sent, an export shows which fields of how many users would change; "
        "more than this many stop the run, which then says how many.",
    )


@dataclass(frozen=True)
class UploadFacts:
    """`fingerprint` is of the users to import, `uploaded` of those whose jobs have ended.

    `prepared` are the users in the files, `records` those of the legacy store; None where that is not known yet. `ids` tells
    of some ids whether others have them; None where nothing is to be uploaded, or nobody may look. `moving` tells that users
    move to the connection at login, looked up only for an upload that may overwrite.
    """

    fingerprint: str
    uploaded: str | None
    prepared: int | None
    records: int | None
    ids: TakenIds | None = None
    moving: bool = False


@dataclass(frozen=True)
class ImportUsers(Change):
    reversible: ClassVar[bool] = False
    connection: str
    fingerprint: str
    upsert: bool
    overwrite_at_most: int
    jobs_at_once: int
    prepared: int | None = field(default=None, compare=False)
    records: int | None = field(default=None, compare=False)
    ids: TakenIds | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        return f"import-users:{self.connection}"

    @property
    def summary(self) -> str:
        how = "leaving users that are there as they are"
        if self.upsert:
            how = f"overwriting at most {self.overwrite_at_most:,} of the users that are there"
        users = "the prepared users"
        if self.prepared is not None:
            users = counted(self.prepared, "prepared user")
        elif self.records is not None:
            users = f"at most {counted(self.records, 'user')}"
        return f"import {users} into {self.connection}, {how}"

    @property
    def foretold(self) -> Sequence[str]:
        return list(self.ids.lines(self.connection)) if self.ids else ()

    @property
    def is_for_good(self) -> bool:
        return self.upsert

    @property
    def back(self) -> str:
        rest = ", with what it has overwritten" if self.upsert else " as before"
        return f"undo --users deletes whom it imports; whoever was there before stays{rest}"

    @property
    def requests(self) -> Sequence[str]:
        return ("POST /jobs/users-imports", "GET /jobs/{id}", "GET /jobs/{id}/errors")


class UploadStep(Step[UploadFacts, ImportUsers]):
    key = "upload"
    title = "Upload"
    section = UploadAnswers
    facts = UploadFacts
    strategies = frozenset({"bulk", "two-phase"})
    scopes: ClassVar[dict[str, str]] = {
        "create:users": "POST /jobs/users-imports",
        "read:users": "GET /users/{id}; GET /users-by-email, to settle an upload whose answer was lost",
    }

    async def inspect(self, answers: Answers, tools: Tools) -> UploadFacts:
        known = _connection_of_run(tools)
        if known is not None:
            await _require_same_connection(answers[ConnectionAnswers].name, known, tools)
        fingerprint = await input_fingerprint(answers, tools)
        _, found = await tools.source(answers[SourceAnswers])
        records = None if answers[StrategyAnswers].is_live else found.records
        uploaded = tools.journal.recall(UPLOADED)
        ids = None if uploaded == fingerprint else await _taken_ids(answers, fingerprint, found.records, tools)
        moving = uploaded != fingerprint and answers[UploadAnswers].upsert and await _moves_users(answers, tools)
        return UploadFacts(fingerprint, uploaded, prepared_users(fingerprint, tools), records, ids, moving)

    def plan(self, answers: Answers, facts: UploadFacts) -> Sequence[ImportUsers]:
        if facts.uploaded == facts.fingerprint:
            return []
        wanted, name = answers[UploadAnswers], answers[ConnectionAnswers].name
        if wanted.upsert and (facts.moving or answers[StrategyAnswers].is_live):
            raise UsageError(
                f"No user of {name} may be overwritten while users move there at login",
                why="upsert would overwrite whoever moves during the upload, unseen: profile and metadata are their own by then",
                state="Nothing was sent.",
                remedy="Set upsert = false in [upload]. Once the scripts of the connection find nobody any more, after a cutover, "
                'a run with way = "bulk" in [strategy] may overwrite.',
            )
        return [
            ImportUsers(
                name,
                facts.fingerprint,
                wanted.upsert,
                wanted.overwrite_at_most,
                wanted.jobs_at_once,
                facts.prepared,
                facts.records,
                facts.ids,
            ),
        ]

    async def apply(self, change: ImportUsers, tools: Tools) -> Receipt:
        from wizard.bulk.jobs.legs import seconds_before
        from wizard.bulk.jobs.upload import upload_files
        from wizard.bulk.manifest import USERS, require_manifest

        connection = await tools.tenant.connection_named(change.connection)
        if connection is None:
            raise WizardError(
                f"The connection {change.connection} is gone",
                state="No file was sent.",
                remedy="Resume the run; its plan will show what is missing.",
            )
        if change.upsert and not _was_sent(tools):
            await _require_few_overwrites(change, connection, tools)
        tools.journal.remember(CONNECTION, connection.id)
        manifest = require_manifest(tools.folder)
        tenant = tools.tenant
        uploaded = await upload_files(
            manifest.files,
            tenant,
            tools.journal,
            folder=tools.folder / USERS,
            connection_id=connection.id,
            connection=connection.name,
            external_id_prefix=tools.folder.name,
            upsert=change.upsert,
            slots=change.jobs_at_once,
            clock=tools.clock,
            emit=tools.emit,
            stop=tools.stop,
            budget=lambda: tenant.limiter.budget("other"),
            seconds_before=seconds_before(tools.journal.dated_events()),
        )
        if uploaded.files_left:
            raise Interrupted(
                f"Stopped as asked, with {counted(len(uploaded.files_left), 'file')} left",
                state="Jobs that run go on in Auth0.",
                remedy="Resume the run; it picks them up.",
            )
        tools.journal.remember(UPLOADED, change.fingerprint)
        return Receipt({"connection_id": connection.id, "files": len(manifest.files), "jobs": uploaded.jobs})

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        """Whether nobody was overwritten who came after it was looked who would be."""
        return list(_overwritten_unseen(tools))


def _overwritten_unseen(tools: Tools) -> Iterator[Finding]:
    """Whether upsert has met more users than were there when it was foreseen whom it would."""
    from wizard.bulk.jobs.ledger import overwritten
    from wizard.bulk.manifest import read_manifest

    foreseen = [event.there for event in tools.journal.events() if isinstance(event, OverwritesForeseen)]
    manifest = read_manifest(tools.folder)
    if not foreseen or foreseen[-1] is None or manifest is None:
        return
    met = overwritten(manifest.files, tools.journal)
    detail = f"upsert has met {counted(met, 'user')} of at most {foreseen[-1]:,} foreseen"
    remedy = (
        "The others have come during the upload, and Auth0 does not tell who they are: in its Dashboard, look at users of the "
        "connection who were made then, and whether their profiles and metadata are what they should be."
    )
    good = met <= foreseen[-1]
    yield Finding("overwrites", good, detail, "" if good else remedy)


async def _moves_users(answers: Answers, tools: Tools) -> bool:
    """Whether the connection is there, and whoever logs in moves to it."""
    found = await tools.tenant.connection_named(answers[ConnectionAnswers].name)
    if found is None or found.options is None:
        return False
    return found.options.custom_database and found.options.import_mode and not is_closed(found.options.scripts)


async def _taken_ids(answers: Answers, fingerprint: str, records: int, tools: Tools) -> TakenIds | None:
    """Whether others have some ids of the legacy store; looked up once a process, and None where the token may not."""
    from wizard.auth0.errors import NotAllowed
    from wizard.bulk.verification.taken_ids import look_up_ids

    name, known = answers[ConnectionAnswers].name, tools.sources.taken_ids
    key = (answers[TenantAnswers].domain, name, fingerprint)
    if key not in known:
        some = await some_users(answers, fingerprint, records, tools)
        try:
            found = await look_up_ids(some, name, tools, live=answers[StrategyAnswers].is_live)
        except NotAllowed:  # scopes that a run needs are required before it begins
            return None
        if tools.stop():
            return found
        known[key] = found
    return known[key]


async def _require_few_overwrites(change: ImportUsers, connection: Connection, tools: Tools) -> None:
    """Show what an upsert would change, and refuse more than was agreed to; whoever comes later `check` tells of."""
    from wizard.bulk.verification.evidence import foresee_overwrites

    fields = dict(await foresee_overwrites(connection, tools))
    users, there = fields.pop("users"), fields.pop("there")
    tools.emit(OverwritesForeseen(users, fields, there))
    if users > change.overwrite_at_most:
        named = ", ".join(f"{name} of {number:,}" for name, number in sorted(fields.items()))
        raise PlanStale(
            f"The upload would change {counted(users, 'user')} of {change.connection}",
            why=f"{named}; agreed to: {counted(change.overwrite_at_most, 'user')}",
            state="No file was sent.",
            remedy=f"Set overwrite_at_most = {users} in [upload] if that is what you want, or upsert = false.",
        )


def _was_sent(tools: Tools) -> bool:
    """Whether Auth0 has, or may have, a file of this run: then its own users are among those that an upsert would meet."""
    from wizard.bulk.jobs.ledger import SUBJECT

    return any(intent.outcome != "refused" for intent in tools.journal.intents(SUBJECT))


def _connection_of_run(tools: Tools) -> str | None:
    """The id of the connection that this run uploads to, or has made or changed before that.

    The fact alone does not bind it: it is kept before Auth0 takes the first file, and an undo may come between.
    """
    from wizard.bulk.jobs.ledger import SUBJECT

    undone = tools.journal.put_back("change:")
    changes = [intent for intent in tools.journal.intents("change:") if intent.id not in undone]
    receipts = [intent.result.get("connection_id") for intent in changes]
    has_uploaded = any("job" in intent.facts for intent in tools.journal.intents(SUBJECT))
    uploaded_to = tools.journal.recall(CONNECTION) if has_uploaded else None
    known: str | None = uploaded_to or next(filter(None, reversed(receipts)), None)
    return known


async def _require_same_connection(name: str, known: str, tools: Tools) -> None:
    found = await tools.tenant.connection_named(name)
    if found is None or found.id != known:
        raise RunMismatch(
            f"The connection {name} is not the one this run uploaded to",
            why=f"it was {known}, now {found.id if found else 'there is none'}",
            state="Nothing was changed.",
            remedy="Connect the tenant that it was, or start a new run for this one with `auth0-migrate apply ANSWERS --new`.",
        )
