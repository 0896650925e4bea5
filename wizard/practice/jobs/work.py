"""Jobs as time passes: what is due by now is done in order, whenever somebody looks.

There is no background task. Each request first settles all jobs up to the tenant's clock, so the state depends only on
the time and never on how often anybody asked.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wizard.practice.jobs.imports import Import, parse_users

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection, PracticeTenant

TIMEOUT_MS = 2 * 3600 * 1000
RETENTION_MS = 24 * 3600 * 1000
FOREVER_MS = 1 << 62
ACTIVE = ("pending", "processing")
OUT_OF_TIME = "The job exceeded the time limit of two hours."
UNREADABLE = ""
"""Fates of jobs: `status_details` of one that fails, NULL for one that completes. An unreadable file leaves no details."""


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables; `work_ms` is how long the users take, `ends_ms` when the job is over, `fate` how."""
    for statement in (
        """create table if not exists jobs (
            seq integer primary key, id text not null unique, type text not null, status text not null,
            connection_id text, connection text not null, external_id text,
            created_ms integer not null, work_ms integer not null, ends_ms integer not null,
            fate text, settings text not null, file blob,
            total integer not null default 0, done integer not null default 0, inserted integer not null default 0,
            updated integer not null default 0, failed integer not null default 0)""",
        "create index if not exists jobs_active on jobs (seq) where status in ('pending', 'processing')",
        "create index if not exists jobs_created on jobs (created_ms)",
        "create table if not exists job_errors (job_id text not null, position integer not null, body text not null)",
        "create index if not exists job_errors_job on job_errors (job_id, position)",
    ):
        db.execute(statement)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is told at its creation; `users` are those of its file, None when it cannot be read."""

    kind: str
    connection: Connection | None
    settings: dict[str, Any]
    external_id: str | None = None
    file: bytes | None = None
    users: int | None = 0


def create(tenant: PracticeTenant, job: NewJob) -> str:
    """Begin a job now, and decide already when and how it will end."""
    now = tenant.clock.now()
    trouble = tenant.faults.job(job.kind, job.connection.name if job.connection else None, now)
    created = int(now * 1000)
    work = _milliseconds(max(0.0, tenant.job_time(job.kind, job.users or 0)) * trouble.slower)
    ends = created + work + _milliseconds(trouble.stuck_seconds)
    fate = trouble.failed
    if job.users is None:
        fate = UNREADABLE
    if ends > created + TIMEOUT_MS:
        ends, fate = created + TIMEOUT_MS, OUT_OF_TIME
    job_id = tenant.new_id("job")
    with tenant.transaction() as db:
        db.execute(
            "insert into jobs (id, type, status, connection_id, connection, external_id, created_ms, work_ms, ends_ms,"
            " fate, settings, file, total) values (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job_id,
                job.kind,
                job.connection.id if job.connection else None,
                job.connection.name if job.connection else "",
                job.external_id or None,
                created,
                work,
                ends,
                fate,
                orjson.dumps(job.settings).decode(),
                job.file,
                job.users or 0,
            ),
        )
    return job_id


def _milliseconds(seconds: float) -> int:
    return FOREVER_MS if seconds > FOREVER_MS / 2000 else round(seconds * 1000)


class JobWork:
    """The jobs of a tenant that are under way."""

    def __init__(self, tenant: PracticeTenant) -> None:
        self._tenant = tenant
        self._imports: dict[str, Import] = {}

    def settle(self) -> None:
        """Do all that is due by now."""
        now = int(self._tenant.clock.now() * 1000)
        db = self._tenant.db
        jobs = db.execute(
            "select seq, id, type, connection_id, created_ms, work_ms, ends_ms, fate, settings, total, done"
            " from jobs where status in ('pending', 'processing') order by seq"
        ).fetchall()
        old = db.execute(
            "select 1 from jobs where created_ms <= ? and status <> 'expired' limit 1", (now - RETENTION_MS,)
        ).fetchone()
        if not jobs and not old:
            return
        with self._tenant.transaction():
            for at, _, job_id in heapq.merge(*(self._moments(job, now) for job in jobs)):
                self._imports[job_id].take_next(at)
            for job in jobs:
                self._note(job, now)
            if old:
                self._forget(now - RETENTION_MS)

    def _moments(self, job: sqlite3.Row, now: int) -> Iterator[tuple[int, int, str]]:
        """Yield when each of the job's users that are due is taken; a job that fails stops half way."""
        if job["type"] != "users_import" or job["fate"] == UNREADABLE:
            return
        last = job["total"] if job["fate"] in {None, OUT_OF_TIME} else job["total"] // 2
        until = min(now, job["ends_ms"])
        first_due = self._due(job, job["done"] + 1)
        if job["done"] >= last or first_due > until:
            return
        self._open(job)
        for number in range(job["done"] + 1, last + 1):
            at = self._due(job, number)
            if at > until:
                return
            yield at, job["seq"], job["id"]

    def _due(self, job: sqlite3.Row, number: int) -> int:
        return int(job["created_ms"] + job["work_ms"] * number // max(1, job["total"]))

    def _open(self, job: sqlite3.Row) -> None:
        """Have the job's import at hand; after a restart it is read again from its row."""
        connection = self._tenant.connection(job["connection_id"])
        if job["id"] in self._imports:
            self._imports[job["id"]].connection = connection
            return
        row = self._tenant.db.execute(
            "select file, inserted, updated, failed from jobs where seq = ?", (job["seq"],)
        ).fetchone()
        self._imports[job["id"]] = Import(
            self._tenant,
            job["id"],
            connection,
            parse_users(row["file"]) or [],
            bool(orjson.loads(job["settings"]).get("upsert")),
            job["done"],
            row["inserted"],
            row["updated"],
            row["failed"],
        )

    def _note(self, job: sqlite3.Row, now: int) -> None:
        """Write how far the job has come, and end it when its time is over."""
        db, done = self._tenant.db, job["done"]
        work = self._imports.get(job["id"])
        if work is not None and work.done > done:
            done = work.done
            db.execute(
                "update jobs set done = ?, inserted = ?, updated = ?, failed = ? where seq = ?",
                (done, work.inserted, work.updated, work.failed, job["seq"]),
            )
        if now >= job["ends_ms"]:
            self._imports.pop(job["id"], None)
            status = "completed" if job["fate"] is None else "failed"
            db.execute("update jobs set status = ?, file = null where seq = ?", (status, job["seq"]))
            if job["type"] == "users_import":
                self._tenant.log("sui" if job["fate"] is None else "fui", "Users import", job_id=job["id"])
        elif self._tenant.switches.processing_state and (done or now >= job["created_ms"] + job["work_ms"] // 10):
            db.execute("update jobs set status = 'processing' where seq = ?", (job["seq"],))

    def _forget(self, before: int) -> None:
        db = self._tenant.db
        old = [row["id"] for row in db.execute("select id from jobs where created_ms <= ?", (before,))]
        for job_id in old:
            self._imports.pop(job_id, None)
            db.execute("delete from job_errors where job_id = ?", (job_id,))
        if self._tenant.switches.expired_state:
            db.execute("update jobs set status = 'expired', file = null where created_ms <= ?", (before,))
        else:
            db.execute("delete from jobs where created_ms <= ?", (before,))
