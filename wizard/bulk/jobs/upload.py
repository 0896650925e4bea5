"""Uploads prepared files as import jobs: two at a time, each accounted for at once, and safe to stop at any instant."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.bulk.jobs.desk import Desk, ImportJobs
from wizard.bulk.jobs.import_job import ImportJob
from wizard.bulk.jobs.ledger import SUBJECT, PreparedFile, Standing, ledger
from wizard.bulk.jobs.schedule import Pace, forecast
from wizard.errors import WizardError
from wizard.events import UploadExpected, UploadForecast

if TYPE_CHECKING:
    from wizard.clock import Clock
    from wizard.events import Emit
    from wizard.journal import Journal

__all__ = ["ImportJobs", "Uploaded", "upload_files"]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """How far the upload has come. users = imported + already_there + rejected counts all processes of the run.

    Args:
        users: Users of files, or parts of files, that are accounted for.
        jobs: Import jobs that Auth0 took.
        files_left: Names of the files that are not done; empty unless the upload was stopped.
        seconds: Time that this process spent.
        floor_seconds: The least that its jobs could have taken (P); None when it saw none from its beginning to its end.
    """

    users: int
    imported: int
    already_there: int
    rejected: int
    jobs: int
    files_left: Sequence[str]
    seconds: float
    floor_seconds: float | None

    @property
    def ratio(self) -> float | None:
        """This process's time as a multiple of the floor."""
        return self.seconds / self.floor_seconds if self.floor_seconds else None


async def upload_files(
    files: Sequence[PreparedFile],
    jobs: ImportJobs,
    journal: Journal,
    *,
    folder: Path,
    connection_id: str,
    connection: str,
    external_id_prefix: str,
    upsert: bool = False,
    slots: int = 2,
    clock: Clock,
    emit: Emit,
    stop: Callable[[], bool],
    budget: Callable[[], float],
    burst: float = 0.0,
    subject: str = SUBJECT,
    seconds_before: float = 0.0,
) -> Uploaded:
    """Send all files that are not done yet, and return when every user of them is accounted for, or on `stop`.

    Jobs that an earlier process left running are followed to their end; submissions it left in doubt are settled by
    looking. On `stop`, the request under way is finished and running jobs are left running.

    Args:
        files: As the manifest lists them, in order.
        jobs: The tenant.
        journal: Of the run; holds all that is known of earlier processes.
        folder: Where the files are.
        connection: The name of the connection whose id is `connection_id`.
        external_id_prefix: The run; with the name of the file it is the job's external id.
        upsert: Whether users that exist are overwritten.
        slots: Import jobs at once, 1 or 2.
        emit: Hears of jobs as they come and go; give the journal's.
        stop: Whether the upload is to stop.
        budget: Requests a second that the upload may send now.
        burst: Requests that may be sent at once; only for the floor.
        subject: How the intents of these files begin in the journal; files of one name can so be told apart.
        seconds_before: What earlier processes spent on the same upload.

    Raises:
        RunMismatch: a file is not the one that was prepared.
        WizardError: what stops the upload, or sums that stay off; the run can be resumed.
    Source: Auth0 docs, "Bulk User Imports", read 2026-08: two jobs at once, job data is kept for 24 hours.
    """
    slots = max(1, min(2, slots))
    known = ledger(files, journal, subject)
    pace = Pace(slots=slots)
    for duration in known.durations:
        pace.learn(duration.after, duration.before, duration.users)
    desk = Desk(
        jobs,
        journal,
        folder,
        connection_id,
        connection,
        external_id_prefix,
        upsert,
        slots,
        clock,
        emit,
        stop,
        budget,
        pace,
        subject,
    )
    began = clock.now()
    if known.to_do:
        files_left, users_left = len(known.to_do), sum(standing.part.users for standing in known.to_do)
        emit(UploadExpected(*_span(desk, files_left, users_left), files_left=files_left))
    await _Slots(desk, known.to_do).run()
    seconds, floor_seconds = clock.now() - began, desk.floor_seconds(burst)
    now = ledger(files, journal, subject)
    least = desk.floor_seconds(burst, [duration.middle for duration in known.durations])
    if subject == SUBJECT and not now.files_left and least is not None:
        emit(UploadForecast(seconds_before + seconds, least))
    if desk.unaccounted:
        raise _sums_are_off(desk.unaccounted)
    return Uploaded(
        now.done.users,
        now.done.imported,
        now.done.already_there,
        now.done.rejected,
        now.done.jobs,
        sorted(now.files_left),
        seconds,
        floor_seconds,
    )


class _Slots:
    """Keeps the slots full; parts of files that failed come before files that were not sent yet."""

    def __init__(self, desk: Desk, to_do: Sequence[Standing]) -> None:
        self._desk = desk
        self._waiting = deque(to_do)
        self._sent_back: deque[Standing] = deque()
        self._in_flight: list[Standing] = []
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Work until nothing is left or the upload stops; then raise what stopped it."""
        slots = [asyncio.create_task(self._fill()) for _ in range(self._desk.slots)]
        for ended in await asyncio.gather(*slots, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    async def _fill(self) -> None:
        """Work in one slot."""
        try:
            while (standing := await self._take()) is not None:
                self._in_flight.append(standing)
                try:
                    self._sent_back.extend(await ImportJob(self._desk, standing, self._read_ahead).carry())
                finally:
                    self._in_flight.remove(standing)
                    self._moved.set()
                self._tell_how_long()
        except BaseException:
            self._desk.broken = True
            raise
        finally:
            self._moved.set()

    async def _take(self) -> Standing | None:
        """The next part; None when there is none and none can come from the other slot, or the upload stops."""
        while not self._desk.halted:
            if self._sent_back:
                return self._sent_back.popleft()
            if self._waiting:
                return self._waiting.popleft()
            if not self._in_flight:
                return None
            self._moved.clear()
            await self._moved.wait()
        return None

    def _read_ahead(self) -> None:
        following = self._sent_back or self._waiting
        if following and following[0].open is None:
            self._desk.read_ahead(following[0].part)

    def _tell_how_long(self) -> None:
        left = [*self._sent_back, *self._waiting, *self._in_flight]
        if not left:
            return
        span = _span(self._desk, len(left), sum(standing.part.users for standing in left))
        self._desk.emit(UploadExpected(*span, files_left=len(left)))


def _span(desk: Desk, files: int, users: int) -> tuple[float, float]:
    """Between which seconds from now the upload should end, as well as is known yet."""
    learnt = desk.pace.remaining(files, users)
    return learnt or forecast(users, files, slots=desk.slots, rate=max(desk.budget(), 1e-6))


def _sums_are_off(parts: set[str]) -> WizardError:
    names = ", ".join(sorted(parts)[:5]) + (", …" if len(parts) > 5 else "")
    return WizardError(
        f"Auth0's counts do not tell what became of every user of {names}",
        why="imported, already there and rejected users do not add up to the users of the file, however often it is sent",
        state="All other files are done.",
        remedy="Resume the run to send them again; if it stays so, look at the jobs in the tenant's logs.",
    )
