"""Prepare a legacy store for import: files of users, rejects with reasons, and a manifest that makes them count.

Workers map blocks into spool files of their own; keys that must be unique are compared bucket by bucket; then files are
cut from the spool in source order. Whatever the number of workers, the bytes are the same. Nothing grows with the number
of users but these files and some numbers a block.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from wizard.bulk.manifest import Manifest, PreparedFile
from wizard.bulk.preparation.assembly import Assembly
from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES, Chunk, chunks, largest_user
from wizard.bulk.preparation.folder import Preparation, unwritable
from wizard.bulk.preparation.keys import batches, buckets_for
from wizard.bulk.preparation.spool import EMAIL, MOVED, Job, file_name
from wizard.bulk.preparation.workers import Alone, Crew, Hands, Task
from wizard.counts import counted
from wizard.errors import Interrupted, SourceError, WizardError
from wizard.events import Emit, UsersPrepared, UsersRead
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.mapping.compiled import Mapping

WORKERS_PAY_FROM = 50_000
"""Users. Below, starting processes costs more than it saves."""

BLOCKS_TOGETHER = 4
"""Blocks sent to a worker at once: sending, and what comes back, cost as much as mapping a tenth of a block."""

EVENTS_EVERY = 0.25
"""Seconds between two events of progress."""

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The outcome: read = prepared + rejected + skipped + migrated. `bytes` of all files, `largest` of one."""

    read: int
    prepared: int
    rejected: int
    skipped: int
    files: int
    bytes: int
    largest: int
    seconds: float
    reasons: dict[str, int]
    notes: dict[str, int]
    migrated: int = 0


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Who is not to be imported: the users that an export has in a connection; with `nobody`, the others neither.

    `linked` are ids of users who are there and in no export, as they are an identity of another account. Where users were
    there before any could move, `since` is the UNIX time from which they can, and `marked` the index of those who have
    been marked: only who has moved is left out. The store is in use then, so that a database may have changed since it was
    counted.
    """

    export: Path
    connection: str
    nobody: bool = False
    linked: tuple[str, ...] = ()
    since: float | None = None
    marked: Path | None = None


def workers_for(wanted: str | int, records: int) -> int:
    """How many worker processes: as asked, or none for small stores and single processors, else two."""
    if isinstance(wanted, int):
        return wanted
    return 2 if records >= WORKERS_PAY_FROM and (os.cpu_count() or 1) > 1 else 0


def prepare(
    source: LegacySource,
    facts: SourceFacts,
    mapping: Mapping,
    out: Path,
    *,
    workers: str | int = "auto",
    skip: Collection[str] = (),
    emit: Emit = lambda event: None,
    max_file_bytes: int = IMPORT_FILE_BYTES,
    stop: Stop = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    leave_out: LeaveOut | None = None,
) -> Prepared:
    """Prepare all users of the source into `out`; blocks until it is done.

    Args:
        source: Read once.
        facts: What `source.facts()` found; the source must still be the same, unless users of a database move meanwhile.
        mapping: Compiled for the columns of the source.
        out: Folder for `users/`, `rejects.ndjson` and `manifest.json`; an earlier preparation there is replaced.
        workers: Processes, or "auto".
        skip: Codes of rejects that the operator decided to leave behind.
        emit: Hears UsersRead at most four times a second, and UsersPrepared at the end.
        max_file_bytes: Largest file to import.
        stop: Asked often; once true, the preparation ends and leaves nothing.
        clock: Seconds, for the rhythm of events and the duration.
        leave_out: Who is in Auth0 already; they count as migrated, and not as rejected.

    Raises:
        SourceError: the store cannot be read, or is not the one that was looked at.
        Interrupted: `stop` said so.
        WizardError: the folder cannot be written, the disk is full, or a worker died.
    """
    began = clock()
    count = workers_for(workers, facts.records)
    try:
        with Preparation(out) as folder:
            job = Job(
                folder=folder.spool,
                out=folder.users,
                mapping=mapping,
                largest_user=largest_user(max_file_bytes),
                skip=frozenset(skip),
                buckets=buckets_for(facts.records),
                spools=max(1, count),
                there=_index(leave_out, folder.spool) if leave_out else None,
                nobody=leave_out is not None and leave_out.nobody,
            )
            hands: Hands = Crew(job, count) if count else Alone(job)
            try:
                work = _Work(job, hands, emit, stop, clock, is_live=leave_out is not None and facts.is_database)
                work.map(source, facts)
                work.find_collisions()
                made = work.write_files(folder, facts, max_file_bytes)
            finally:
                hands.close()
            work.require_wanted()
            folder.publish(made)
    except OSError as error:
        raise unwritable(out, error) from None
    totals = made.totals
    emit(
        UsersPrepared(
            read=totals["read"],
            prepared=totals["prepared"],
            rejected=totals["rejected"],
            skipped=totals["skipped"],
            files=totals["files"],
            bytes=totals["bytes"],
            migrated=totals["migrated"],
        )
    )
    return Prepared(**totals, seconds=clock() - began, reasons=dict(made.reasons), notes=dict(made.notes))


async def prepare_async(
    source: LegacySource,
    facts: SourceFacts,
    mapping: Mapping,
    out: Path,
    *,
    workers: str | int = "auto",
    skip: Collection[str] = (),
    emit: Emit = lambda event: None,
    max_file_bytes: int = IMPORT_FILE_BYTES,
    stop: Stop = lambda: False,
    leave_out: LeaveOut | None = None,
) -> Prepared:
    """The same in a niced process of its own, off the event loop; progress is relayed. Cancelling stops it."""
    from wizard.bulk.preparation.background import prepare_apart
    from wizard.bulk.preparation.child import Order

    options = {"workers": workers, "skip": tuple(skip), "max_file_bytes": max_file_bytes, "leave_out": leave_out}
    return await prepare_apart(Order(source, facts, mapping, out, options), emit=emit, stop=stop)


def _index(leave_out: LeaveOut, spool: Path) -> Path:
    from wizard.bulk.verification.moved import moved_only
    from wizard.bulk.verification.residents import Residents, exported_ids, write_index

    path = spool / "there"
    linked = (user_id.encode() for user_id in leave_out.linked)
    marked = Residents(leave_out.marked) if leave_out.marked else None
    try:
        counts = moved_only(leave_out.since, marked)
        write_index(chain(exported_ids(leave_out.export, leave_out.connection, counts), linked), path)
    finally:
        if marked is not None:
            marked.close()
    return path


class _Work:
    """The three phases of one preparation, seen from the process that reads."""

    def __init__(
        self, job: Job, hands: Hands, emit: Emit, stop: Stop, clock: Callable[[], float], *, is_live: bool
    ) -> None:
        self._job = job
        self._hands = hands
        self._emit = emit
        self._stop = stop
        self._clock = clock
        self._is_live = is_live
        self._assembly = Assembly(job.folder, job.mapping.keys, job.skip)

    def map(self, source: LegacySource, facts: SourceFacts) -> None:
        """Have every block mapped."""
        next_event = self._clock() + EVENTS_EVERY
        expected = None if self._is_live else facts.fingerprint
        blocks = (("map_block", block) for block in source.blocks(expect=expected))
        for mapped in self._hands.results(self._until_stopped(blocks), together=BLOCKS_TOGETHER):
            self._assembly.add(mapped)
            if (now := self._clock()) >= next_event:
                next_event = now + EVENTS_EVERY
                read = self._assembly.read
                self._emit(UsersRead(read, self._assembly.rejected, max(read, facts.records)))
        self._hands.each("end_mapping")
        self._hands.each("settle_keys")
        if self._assembly.read != facts.records and not self._is_live:
            raise SourceError(
                "The legacy store is not the one that was looked at",
                why=f"it had {counted(facts.records, 'record')}, and now {self._assembly.read:,} {'was' if self._assembly.read == 1 else 'were'} read",
                state="No file to import was left.",
                remedy="run the same command again when nothing writes to the store.",
            )

    def find_collisions(self) -> None:
        """Have the keys of every bucket compared: all e-mail addresses first, as who is preferred rules out others."""
        keys = self._job.mapping.keys
        addresses = [kind for kind, key in enumerate(keys) if key == EMAIL]
        for kinds in (addresses, [kind for kind in range(len(keys)) if kind not in addresses]):
            tasks = (("find_collisions", (kind, some)) for kind in kinds for some in batches(self._job.buckets))
            for _ in self._hands.results(self._until_stopped(tasks)):
                pass
        self._hands.each("end_collisions")

    def write_files(self, folder: Preparation, facts: SourceFacts, max_file_bytes: int) -> Manifest:
        """Have the files written, and account for every record."""
        from wizard import __version__

        written: dict[int, tuple[Chunk, str]] = {}
        cut: dict[int, Chunk] = {}
        for number, digest in self._hands.results(self._until_stopped(self._cut(folder, max_file_bytes, cut))):
            written[number] = (cut.pop(number), digest)
        self._hands.each("remove_users")
        files = tuple(
            PreparedFile(file_name(number), chunk.users, chunk.bytes, digest)
            for number, (chunk, digest) in sorted(written.items())
        )
        assembly = self._assembly
        totals = {
            "read": assembly.read,
            "prepared": sum(file.users for file in files),
            "rejected": assembly.rejected,
            "skipped": assembly.skipped,
            "migrated": assembly.migrated,
            "files": len(files),
            "bytes": sum(file.bytes for file in files),
            "largest": max((file.bytes for file in files), default=0),
        }
        if totals["read"] != sum(totals[fate] for fate in ("prepared", "rejected", "skipped", "migrated")):
            raise WizardError(
                "Preparing lost count of the users",
                why=", ".join(f"{count} {name}" for name, count in totals.items()),
                state="No file to import was left.",
                remedy="report this as a defect.",
            )
        return Manifest(
            created_by=f"auth0-migration-wizard {__version__}",
            source={"kind": facts.kind, "fingerprint": facts.fingerprint, "records": assembly.read},
            mapping=self._job.mapping.fingerprint,
            max_file_bytes=max_file_bytes,
            skip=tuple(sorted(self._job.skip)),
            totals=totals,
            reasons=dict(sorted((code, users) for code, users in assembly.reasons.items() if code != MOVED)),
            notes=dict(sorted((note, users) for note, users in assembly.notes.items() if users)),
            files=files,
            rejects=assembly.rejects,
        )

    def _cut(self, folder: Preparation, max_file_bytes: int, cut: dict[int, Chunk]) -> Iterator[Task]:
        for chunk in chunks(self._assembly.runs(folder.rejects, folder.migrated), limit=max_file_bytes):
            cut[chunk.number] = Chunk(chunk.number, (), chunk.users, chunk.bytes)
            yield "write_chunk", chunk

    def _until_stopped(self, tasks: Iterator[Task]) -> Iterator[Task]:
        for task in tasks:
            self.require_wanted()
            yield task

    def require_wanted(self) -> None:
        """Stop when the operator wants no more, or the process that waits is gone."""
        if self._stop():
            raise Interrupted(
                "Preparing users was stopped",
                state="No file to import was left.",
                remedy="run the same command again; it begins anew.",
            )
