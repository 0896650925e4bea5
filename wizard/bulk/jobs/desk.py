"""What the slots of an upload share: the tenant, the journal, time, what was learnt so far, and when to stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from wizard.auth0.errors import AnswerLost, ServerFailed, Unreachable
from wizard.bulk.jobs.ledger import SUBJECT
from wizard.bulk.jobs.schedule import EXCHANGE_SECONDS, Duration, Pace, floor, percentile

if TYPE_CHECKING:
    from wizard.auth0.models import Job, JobErrors, User
    from wizard.bulk.jobs.ledger import Part
    from wizard.clock import Clock
    from wizard.events import Emit
    from wizard.journal import Journal

T = TypeVar("T")

OUTAGE = 900.0
"""Seconds that Auth0 may be out of reach before the upload gives up; its jobs run on meanwhile."""
CALM = (5.0, 30.0)
"""Seconds between two tries where waiting is all there is to do: at first, and at most."""
HEARTBEAT = 0.5
"""Seconds after which a wait looks whether the run is to stop."""


class ImportJobs(Protocol):
    """What an upload needs of the Management API."""

    async def import_users(
        self, body: bytes, *, filename: str, connection_id: str, external_id: str, upsert: bool = False
    ) -> Job: ...
    async def job(self, job_id: str, /) -> Job: ...
    async def job_errors(self, job_id: str, /) -> JobErrors: ...
    async def users_by_email(self, email: str, /) -> list[User]: ...


class Patience:
    """Pauses that grow from `CALM`'s first figure to its last."""

    def __init__(self) -> None:
        self.seconds = CALM[0]

    def grow(self) -> None:
        self.seconds = min(CALM[1], self.seconds * 1.5)


@dataclass
class Desk:
    """Shared by the slots of one upload.

    Args:
        jobs: The tenant.
        folder: Where the prepared files are.
        connection: The name of the connection.
        external_id_prefix: The run.
        stop: Whether the operator asked to stop.
        budget: Requests a second that the upload may send now.
        subject: How the intents of this upload begin in the journal.
    """

    jobs: ImportJobs
    journal: Journal
    folder: Path
    connection_id: str
    connection: str
    external_id_prefix: str
    upsert: bool
    slots: int
    clock: Clock
    emit: Emit
    stop: Callable[[], bool]
    budget: Callable[[], float]
    pace: Pace
    subject: str = SUBJECT
    broken: bool = False
    """One slot met an error: the others finish the request under way and stop too."""
    failed_in_a_row: int = 0
    """Jobs that failed as a whole since one completed."""
    unaccounted: set[str] = field(default_factory=set)
    """Parts whose sums stay off."""
    _ahead: dict[str, bytes] = field(default_factory=dict)
    _durations: list[float] = field(default_factory=list)
    _posts: list[float] = field(default_factory=list)
    _gets: list[float] = field(default_factory=list)

    @property
    def halted(self) -> bool:
        return self.broken or self.stop()

    def now(self) -> float:
        return self.clock.now()

    async def sleep_until(self, at: float) -> bool:
        """Wait; False as soon as the upload is to stop."""
        while not self.halted:
            left = at - self.now()
            if left <= 0:
                return True
            await self.clock.sleep(min(left, HEARTBEAT))
        return False

    async def pause(self, seconds: float) -> bool:
        """Wait; False as soon as the upload is to stop."""
        return await self.sleep_until(self.now() + seconds)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Ask what may be asked twice until Auth0 answers, through an outage; None when the upload is to stop.

        Raises:
            WizardError: Auth0 refuses, or stays out of reach.
        """
        patience, lost_at = Patience(), None
        while True:
            try:
                return await question()
            except (AnswerLost, ServerFailed, Unreachable):
                lost_at = lost_at or self.now()
                if self.now() - lost_at > OUTAGE:
                    raise
            if not await self.pause(patience.seconds):
                return None
            patience.grow()

    async def users_here(self, email: str) -> list[User] | None:
        """The users of this connection with an e-mail address; other connections may have users of the same address.

        Returns None when the upload is to stop. Raises as `ask` does.
        """
        found = await self.ask(lambda: self.jobs.users_by_email(email))
        if found is None:
            return None
        return [user for user in found if any(one.connection == self.connection for one in user.identities)]

    def body(self, part: Part) -> bytes:
        """The JSON array to send, read beforehand where possible."""
        return self._ahead.pop(part.name, None) or part.read(self.folder)

    def read_ahead(self, part: Part) -> None:
        """Read what is sent next while nothing else is to do; one part is kept."""
        if part.name not in self._ahead:
            self._ahead = {part.name: part.read(self.folder)}

    def posted(self, seconds: float) -> None:
        """Note how long a submission took."""
        self._posts.append(seconds)

    def looked(self, seconds: float) -> float:
        """Note how long a look at a job took; return how long one takes without waiting for the rate limit."""
        self._gets.append(seconds)
        self.pace.exchange_seconds = self.exchange_seconds
        return min(self._gets)

    def learn(self, after: float | None, before: float, users: int) -> Duration:
        """Note a job that was seen from its beginning to its end."""
        duration = self.pace.learn(after, before, users)
        self._durations.append(duration.middle)
        return duration

    @property
    def exchange_seconds(self) -> float:
        """One POST and one GET: the lower quartile, since the others waited for the rate limit."""
        if not self._posts or not self._gets:
            return EXCHANGE_SECONDS
        return percentile(self._posts[-200:], 0.25) + percentile(self._gets[-200:], 0.25)

    def floor_seconds(self, burst: float, before: Sequence[float] = ()) -> float | None:
        """P of the jobs that were seen from their beginning to their end; None when there was none.

        Args:
            before: Seconds of the jobs that earlier processes saw so.
        """
        durations = [*before, *self._durations]
        if not durations:
            return None
        return floor(
            durations,
            slots=self.slots,
            exchange_seconds=self.exchange_seconds,
            rate=max(self.budget(), 1e-6),
            burst=burst,
        )
