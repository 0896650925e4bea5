"""Hands a part of the users to Auth0 once, also when it is not known whether Auth0 has it already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.auth0.dates import moment
from wizard.auth0.errors import AnswerLost, AnswerNotUnderstood, ImportSlotsBusy, Refused, Unreachable
from wizard.bulk.jobs.desk import CALM, OUTAGE, Desk, Patience
from wizard.bulk.jobs.ledger import Part
from wizard.events import ImportSlotAwaited, JobSubmitted, SubmissionInDoubt, SubmissionSettled

if TYPE_CHECKING:
    from wizard.journal import Intent

DOUBT_PATIENCE = 2.0
"""A submission in doubt is waited for as long as this many typical jobs take, at most an hour."""
LOST_IN_A_ROW = 5
"""Submissions of one part whose answers are lost: something between here and Auth0 does not let them through."""


@dataclass(frozen=True, slots=True)
class Running:
    """A job that Auth0 took. `accepted_at` is UNIX time; `resumed` when another process submitted it."""

    intent: int
    job: str
    accepted_at: float
    resumed: bool = False


class Submission:
    """Brings one part to the point where Auth0 has a job of it."""

    def __init__(self, desk: Desk, part: Part) -> None:
        self._desk = desk
        self._part = part
        self._external_id = f"{desk.external_id_prefix}:{part.name}"
        self._out_since: float | None = None
        self._lost = 0

    async def running(self, before: Intent | None) -> Running | None:
        """Return the job; None when the upload stops first.

        Args:
            before: What an earlier process left open: a running job, or a submission in doubt.

        Raises:
            RunMismatch: the file is not as it was prepared.
            Refused: Auth0 does not take the file; Unreachable: there was no connection for long.
        """
        if before is not None:
            now = self._desk.now()  # what comes later was noted while the clock of this machine was ahead
            if "job" in before.facts:
                return Running(before.id, before.facts["job"], min(now, before.facts["accepted_at"]), resumed=True)
            if not await self._settle_doubt(before.id, min(now, before.at)):
                return None
        patience = Patience()
        while not self._desk.halted:
            running = await self._try_once(patience)
            if running is not None:
                return running
        return None

    async def _try_once(self, patience: Patience) -> Running | None:
        """Submit; None after waiting for whatever was in the way."""
        desk, asked = self._desk, self._desk.now()
        intent = self._begin()
        try:
            return await self._post(intent)
        except (AnswerLost, AnswerNotUnderstood):
            self._lost += 1
            if await self._settle_doubt(intent, asked) and self._lost >= LOST_IN_A_ROW:
                raise
            return None
        except ImportSlotsBusy:
            desk.journal.settle(intent, "refused", {"why": "two import jobs are active"})
            desk.emit(ImportSlotAwaited(self._part.name, patience.seconds))
            self._out_since = None
        except Unreachable:
            desk.journal.settle(intent, "refused", {"why": "no connection"})
            self._out_since = self._out_since or asked
            if desk.now() - self._out_since > OUTAGE:
                raise
        except Refused as error:
            desk.journal.settle(intent, "refused", {"why": f"{error.status} {error.code}".strip()})
            raise
        await desk.pause(patience.seconds)
        patience.grow()
        return None

    def _begin(self) -> int:
        desk, part = self._desk, self._part
        desk.read_ahead(part)
        facts = {
            "file": part.file.name,
            "users": part.users,
            "sha256": part.file.sha256,
            "upsert": desk.upsert,
            "external_id": self._external_id,
        }
        return desk.journal.begin(desk.subject + part.name, facts)

    async def _post(self, intent: int) -> Running:
        desk, part = self._desk, self._part
        body, asked = desk.body(part), desk.now()
        job = await desk.jobs.import_users(
            body,
            filename=part.name,
            connection_id=desk.connection_id,
            external_id=self._external_id,
            upsert=desk.upsert,
        )
        accepted = desk.now()
        created = moment(job.created_at)  # by Auth0's clock, to which the times of users can be compared
        facts = {"job": job.id, "accepted_at": accepted} | ({} if created is None else {"created": created})
        desk.journal.update(intent, facts)
        desk.emit(JobSubmitted(part.name, job.id, part.users, len(body)))
        desk.posted(accepted - asked)
        return Running(intent, job.id, accepted)

    async def _settle_doubt(self, intent: int, asked: float) -> bool:
        """Look what became of a submission whose answer is lost; False when the upload stops first.

        It is sent again in any case: that overwrites nothing (with upsert it writes the same again), and only a job's
        results tell the fate of each user. Waiting until its users are there, or should be, leaves the slot to the job
        that may be running.

        Args:
            intent: In the journal, without a job.
            asked: When it was sent, UNIX time.
        """
        desk, part = self._desk, self._part
        desk.emit(SubmissionInDoubt(part.name))
        records = part.records(desk.folder)
        emails = sorted({str(records[place]["email"]).lower() for place in (0, len(records) // 2, -1)})
        typical = desk.pace.typical_seconds(part.users)
        until = asked + min(3600.0, DOUBT_PATIENCE * typical)
        while (found := await self._found(emails)) is not None:
            if found == len(emails) or desk.now() >= until:
                settled = SubmissionSettled(part.name, found, len(emails))
                desk.journal.settle(intent, "lost", {"found": found}, events=[settled])
                return True
            step = min(max(typical / 4, CALM[0]), CALM[1])
            if not await desk.sleep_until(min(until, desk.now() + step)):
                break
        return False

    async def _found(self, emails: list[str]) -> int | None:
        """How many of these users are in the connection; None when the upload stops first."""
        found = 0
        for email in emails:
            users = await self._desk.users_here(email)
            if users is None:
                return None
            found += bool(users)
        return found
