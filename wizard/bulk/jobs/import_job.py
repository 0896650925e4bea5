"""One import job: followed to its end, and every user of it accounted for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wizard.auth0.errors import NotFound
from wizard.bulk.jobs.desk import CALM, Desk
from wizard.bulk.jobs.harvest import Harvest, cleaned, culprit, harvest, without_proof_of_factors
from wizard.bulk.jobs.ledger import Outcome, Part, Standing, never_told
from wizard.bulk.jobs.submission import Running, Submission
from wizard.errors import WizardError
from wizard.events import Event, FileSplit, JobEnded, JobPolled, UsersRefused, UsersUnaccounted

if TYPE_CHECKING:
    from wizard.auth0.models import JobSummary

JOB_TIMEOUT = 2 * 3600.0 + 600.0
"""Auth0 fails an import job after two hours; a while later we do. Source: Auth0 docs, "Bulk User Imports"."""
FRESH = 60.0
"""A job that Auth0 does not find within this many seconds of taking it is not gone, only not found yet."""
FAILURES_IN_A_ROW = 12
"""Jobs that fail as a whole one after the other while none completes: it is not the users' fault."""
TRIES = 3
"""Times that a part is sent in one process when Auth0 forgets its jobs or its sums are off."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that runs no more.

    Args:
        status: completed, failed, expired or gone.
        after: Its age in seconds when it was last seen running; None if it never was.
        before: Its age when it was seen to have ended.
        summary: Auth0's counts of a completed job.
        details: Why it failed, in Auth0's words, if they came with it.
    """

    status: str
    after: float | None
    before: float
    summary: JobSummary | None = None
    details: str = ""


class ImportJob:
    """Carries one part until it is done, or says what is to be sent instead."""

    def __init__(self, desk: Desk, standing: Standing, read_ahead: Callable[[], None]) -> None:
        self.desk = desk
        self.part: Part = standing.part
        self.standing = standing
        self._read_ahead = read_ahead

    async def carry(self) -> Sequence[Standing]:
        """Return what is still to be sent: nothing, the part again, or its halves. Returns early when the upload stops.

        Raises:
            RunMismatch: the file is not as it was prepared.
            WizardError: what no further try would cure.
        """
        running = await Submission(self.desk, self.part).running(self.standing.open)
        if running is None:
            return ()
        self._read_ahead()
        ended = await self._follow(running)
        if ended is None:
            return ()
        if ended.status == "completed":
            return await self._account(running, ended)
        if ended.status == "failed":
            return await self._failed(running, ended)
        return self._gone(running, ended)

    async def _follow(self, running: Running) -> Ended | None:
        """Look at the job when it should have ended; None when the upload stops first."""
        desk = self.desk
        after: float | None = None
        look_at = 0.0 if running.resumed else desk.pace.next_look(None, self.part.users, budget=desk.budget())
        while await desk.sleep_until(running.accepted_at + look_at):
            asked = desk.now()
            try:
                job = await desk.ask(lambda: desk.jobs.job(running.job))
            except NotFound:
                if asked - running.accepted_at > FRESH:
                    return Ended("gone", after, asked - running.accepted_at)
                look_at = asked - running.accepted_at + CALM[0]
                continue
            if job is None:
                return None
            answered = desk.now()
            quickest = desk.looked(answered - asked)
            before = max(asked, answered - quickest) - running.accepted_at
            desk.emit(JobPolled(self.part.name, running.job, job.status, before))
            if job.ended:
                return Ended(job.status, after, before, job.summary, job.status_details or "")
            after = asked - running.accepted_at
            if after > JOB_TIMEOUT:
                return Ended("failed", after, before, details="The job did not end within two hours")
            look_at = desk.pace.next_look(after, self.part.users, budget=desk.budget())
        return None

    async def _account(self, running: Running, ended: Ended) -> Sequence[Standing]:
        """Take down the fate of every user of a completed job."""
        desk, part = self.desk, self.part
        summary = ended.summary
        # Whether users that are in without their second factors count as failed is not documented: the errors tell.
        may_lack_factors = b'"mfa_factors"' in part.read(desk.folder)
        if summary is not None and summary.failed == 0 and not may_lack_factors:
            result = Harvest(summary.inserted + summary.updated, 0, 0, updated=summary.updated)
        else:
            try:
                errors = await desk.ask(lambda: desk.jobs.job_errors(running.job))
            except NotFound:
                return self._gone(running, ended)
            if errors is None:
                return ()
            result = harvest(part.name, part.records(desk.folder), summary, errors.users)
            if summary is None and errors.whole_job:
                result = Harvest(0, 0, 0)
        desk.failed_in_a_row = 0
        if result.users != part.users:
            return self._unaccounted(running, ended, result)
        self._done(running, ended, result)
        return ()

    async def _failed(self, running: Running, ended: Ended) -> Sequence[Standing]:
        """Try a failed job once more, then in halves, until the user that makes it fail is found."""
        desk, part = self.desk, self.part
        details = await self._details(running, ended)
        if details is None:
            return ()
        desk.failed_in_a_row += 1
        again = replace(self.standing, open=None, failures=self.standing.failures + 1)
        if part.users == 1 and again.failures > 1:
            return await self._single_out(running, ended, details)
        why = {"details": cleaned(details, {})}
        if (part.is_whole or part.users == 1) and again.failures < 2:
            self._settle(running, ended, "failed", why)
            following: Sequence[Standing] = [again]
        else:
            halves = part.halves()
            split = FileSplit(part.name, tuple(half.name for half in halves))
            self._settle(running, ended, "split", why, [split])
            following = [Standing(half) for half in halves]
        if desk.failed_in_a_row >= FAILURES_IN_A_ROW:
            raise WizardError(
                f"Auth0 failed {desk.failed_in_a_row} import jobs in a row",
                why=why["details"],
                state="What was imported is in the journal.",
                remedy="Check that the connection is enabled and that Auth0 is well (status.auth0.com), then resume the run.",
            )
        return following

    async def _single_out(self, running: Running, ended: Ended, details: str) -> Sequence[Standing]:
        """Account for the user whose job always fails; a job that failed half way may have imported it before."""
        user = self.part.records(self.desk.folder)[0]
        found = await self.desk.users_here(str(user["email"]).lower())
        if found is None:
            return ()
        there = Harvest(0, 1, 0, there=[str(user.get("user_id", ""))])
        self._done(running, ended, there if found else culprit(self.part.name, user, details))
        return ()

    async def _details(self, running: Running, ended: Ended) -> str | None:
        """Why the job failed, in Auth0's words; None when the upload stops first."""
        if ended.details:
            return ended.details
        try:
            errors = await self.desk.ask(lambda: self.desk.jobs.job_errors(running.job))
        except NotFound:
            return "Auth0 gave no reason"
        return None if errors is None else errors.whole_job or "Auth0 gave no reason"

    def _gone(self, running: Running, ended: Ended) -> Sequence[Standing]:
        """Auth0 has forgotten the job before we could account for its users: only sending them again tells."""
        self._settle(running, ended, "gone", {})
        return self._once_more(
            "Auth0 forgets the import jobs of {name} before their results can be read",
            why="job data is kept for 24 hours",
        )

    def _unaccounted(self, running: Running, ended: Ended, result: Harvest) -> Sequence[Standing]:
        part = self.part
        event = UsersUnaccounted(part.name, running.job, part.users, result.users)
        self._settle(running, ended, "unaccounted", {"accounted": result.users}, [event])
        if self.standing.tries + 1 >= TRIES:
            self.desk.unaccounted.add(part.name)
            return ()
        return [replace(self.standing, open=None, tries=self.standing.tries + 1)]

    def _once_more(self, what: str, *, why: str) -> Sequence[Standing]:
        if self.standing.tries + 1 >= TRIES:
            raise WizardError(
                what.format(name=self.part.name),
                why=why,
                state="Its users may be in the tenant.",
                remedy="Resume the run while the jobs are young; it sends the file again and overwrites nothing.",
            )
        return [replace(self.standing, open=None, tries=self.standing.tries + 1)]

    def _done(self, running: Running, ended: Ended, result: Harvest) -> None:
        facts: dict[str, Any] = {
            "imported": result.imported,
            "already_there": result.already_there,
            "rejected": result.rejected,
        }
        if result.updated:
            facts["updated"] = result.updated
        if result.there:
            facts["there"] = list(result.there)
            result = self._with_factors_in_doubt(result)
        if ended.status == "completed" and (ended.after is not None or not running.resumed):
            duration = self.desk.learn(ended.after, ended.before, self.part.users)
            facts.update(after=duration.after, before=duration.before)
        events: list[Event] = [UsersRefused(self.part.name, result.codes)] if result.refusals else []
        self._settle(running, ended, "done", facts, events, result)

    def _with_factors_in_doubt(self, result: Harvest) -> Harvest:
        desk, part = self.desk, self.part
        if not never_told(desk.journal, desk.subject).intersection(part.names):
            return result
        doubtful = without_proof_of_factors(part.name, part.records(desk.folder), frozenset(result.there))
        return replace(result, refusals=[*result.refusals, *doubtful])

    def _settle(
        self,
        running: Running,
        ended: Ended,
        outcome: Outcome,
        facts: dict[str, Any],
        events: Sequence[Event] = (),
        result: Harvest | None = None,
    ) -> None:
        """Write down the end of a job, all of it in one commit: a kill can neither lose nor double a part of it."""
        counts = result or Harvest(0, 0, 0)
        end = JobEnded(
            self.part.name,
            running.job,
            ended.status,
            counts.imported,
            counts.already_there,
            counts.rejected,
            ended.before,
        )
        self.desk.journal.settle(running.intent, outcome, facts, events=[end, *events], refusals=list(counts.refusals))
