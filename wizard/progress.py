"""The only account of a run: a fold of its events that screens, headless lines, status and reports all draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Literal

from wizard import events as happened
from wizard.errors import Exit

Verdict = Literal["complete", "attention", "waiting", "failed"]

EXITS: Mapping[Verdict, Exit] = {
    "complete": Exit.DONE,
    "attention": Exit.ATTENTION,
    "waiting": Exit.WAITING,
    "failed": Exit.FAILED,
}

PARTLY_IMPORTED = "MFA_FACTORS_FAILED"
"""The code of users that are in, without their factors. Source: Auth0 docs, "Bulk User Imports"."""
FACTORS_UNKNOWN = "MFA_FACTORS_UNKNOWN"
"""Our code of users that are in, and of whose second factors nobody knows whether Auth0 took them."""
IN_ALL_THE_SAME = frozenset({PARTLY_IMPORTED, FACTORS_UNKNOWN})
"""The codes of users that are in though something is to be said of them."""


@dataclass(frozen=True, slots=True)
class JobTally:
    """One import job: counts of users, and its last known status."""

    file: str
    status: str = "pending"
    users: int = 0
    bytes: int = 0
    imported: int = 0
    already_there: int = 0
    rejected: int = 0
    seconds: float = 0.0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; counts are users unless named otherwise.

    `prepared`, `skipped` and `refused_before` come from preparing; the rest of the sum from ended import jobs.
    """

    run: str = ""
    strategy: str = ""
    step: str = ""
    looking: bool = False
    """Whether the process that began last has come to no step yet."""
    steps_done: tuple[str, ...] = ()
    change: str = ""
    users_total: int | None = None
    read: int = 0
    accounted: bool = False
    """Whether the store has been prepared, so that its users are counted one by one."""
    prepared: int = 0
    refused_before: int = 0
    skipped_before: int = 0
    files: int = 0
    bytes: int = 0
    migrated_before: int = 0
    moved_since: tuple[int, int] = (0, 0)
    """Users who moved at login after they had counted as rejected, or as skipped."""
    moved_codes: Mapping[str, int] = field(default_factory=dict)
    """The same users by the code of the reason that they had been left out for."""
    looks: tuple[happened.UsersMigrated, ...] = ()
    left: happened.UsersLeftCounted | None = None
    repairs: Mapping[str, int] = field(default_factory=dict)
    repaired_again: Mapping[str, int] = field(default_factory=dict)
    undone: int = 0
    taken_back: bool = False
    """Whether the run was undone since it was last worked on."""
    undoing: happened.UndoStarted | None = None
    """The undo that has begun to put back what the run had changed, and has not ended."""
    deleting: bool = False
    """Whether an undo has begun to delete users that the run had imported, and none since has told how many are gone."""
    connection_undone: bool = False
    """Whether an undo has deleted the connection that the run had made."""
    removed: int = 0
    """Users that the run had imported and that an undo has left none of: they count as missing, not as imported."""
    jobs: Mapping[str, JobTally] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    compared: int | None = None
    missing: int = 0
    different: int = 0
    extra: int = 0
    taken: int = 0
    """Users that Auth0 refused as duplicates and that are not in: their id is that of a user with another e-mail address."""
    unfound: int = 0
    """Users that Auth0 refused as duplicates and that are found nowhere, such as half-made ones; of the missing, too."""
    linked: int = 0
    """Users who are an identity of another account; they are there, and none of the missing."""
    failed_checks: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    limited: int = 0
    seconds: float = 0.0
    rate: happened.RateLimitSeen | None = None
    upload_seconds: float | None = None
    upload_floor_seconds: float | None = None
    waiting: str = ""
    ended: bool = False
    interrupted: bool = False
    error: str = ""
    remedy: str = ""

    @staticmethod
    def of(events: Iterable[happened.Event]) -> Progress:
        """Fold all events of a run, oldest first."""
        return reduce(Progress.after, events, Progress())

    @property
    def imported(self) -> int:
        made = sum(job.imported for job in self.jobs.values()) - sum(self.repaired_again.values())
        return max(0, made - self.removed)

    @property
    def duplicates(self) -> int:
        """Users that Auth0 refused as it had them already, without the half-made ones that were repaired and imported anew."""
        repaired = sum(self.repairs.values()) - sum(self.repaired_again.values())
        return max(0, sum(job.already_there for job in self.jobs.values()) - repaired)

    @property
    def already_there(self) -> int:
        """Users that Auth0 had already: duplicates by its word, without those that the comparison did not find in it."""
        return max(0, self.duplicates - self.taken - self.unfound)

    @property
    def migrated(self) -> int:
        """Users who moved at their login."""
        return self.migrated_before + sum(self.moved_since)

    @property
    def skipped(self) -> int:
        return max(0, self.skipped_before - self.moved_since[1])

    @property
    def rejected(self) -> int:
        return max(0, self.refused_before - self.moved_since[0]) + sum(job.rejected for job in self.jobs.values())

    @property
    def kept_out(self) -> Mapping[str, int]:
        """Users that Auth0 refused and that are not in, by its code."""
        return {code: users for code, users in self.codes.items() if code not in IN_ALL_THE_SAME}

    @property
    def without_factors(self) -> int:
        """Users that are in, but without their second factors: whether Auth0 counts them as imported is not documented."""
        return self.codes.get(PARTLY_IMPORTED, 0)

    @property
    def factors_unknown(self) -> int:
        """Users that were there when a file was sent again, whose second factors no answer has told of and no export shows."""
        return self.codes.get(FACTORS_UNKNOWN, 0)

    @property
    def users_done(self) -> int:
        """Users whose place is known: in Auth0, or not, with a reason."""
        there = self.imported + self.migrated + self.already_there
        return there + self.removed + self.taken + self.unfound + self.rejected + self.skipped

    @property
    def adds_up(self) -> bool:
        """Whether every user that was read is accounted for."""
        return self.read == self.users_done

    @property
    def unproven(self) -> bool:
        """Whether users count as already there on Auth0's word alone, which it also gives of a phone number in use."""
        return self.already_there > 0 and self.compared is None

    @property
    def is_closed(self) -> bool:
        """Whether a cutover is over, so that nobody moves at login any more."""
        return "cutover" in self.steps_done and not self.was_undone

    @property
    def was_undone(self) -> bool:
        """Whether what the run had changed was put back since it was last worked on, or a part of it."""
        return self.taken_back or self.undoing is not None

    @property
    def needs_new_run(self) -> bool:
        """Whether the run cannot do again what an undo has put back: by its journal its users were imported already."""
        return bool(self.removed or self.deleting or (self.connection_undone and self.jobs))

    @property
    def verdict(self) -> Verdict:
        """What an operator should think of the run now; a run that was stopped half-way counts as failed."""
        if self.was_undone:
            return "attention"
        if self.error or not (self.ended or self.waiting):
            return "failed"
        if self.waiting:
            return "attention" if self.failed_checks else "waiting"
        left_over = self.rejected or self.taken or self.missing or self.different or self.failed_checks
        doubtful = left_over or self.unproven or self.without_factors or self.factors_unknown
        return "complete" if self.adds_up and not doubtful else "attention"

    @property
    def stopped(self) -> bool:
        """Whether it was stopped or killed half-way and nothing went wrong: it only has to be resumed."""
        return self.verdict == "failed" and not self.error

    @property
    def exit(self) -> Exit:
        stopped = self.interrupted and not (self.ended or self.was_undone)
        return Exit.INTERRUPTED if stopped else EXITS[self.verdict]

    def to_json(self, *, report: str | None) -> dict[str, Any]:
        """The answer of `demo`, `apply`, `resume`, `status` and `verify`."""
        return {
            "run": self.run,
            "verdict": self.verdict,
            "strategy": self.strategy,
            "step": self.step,
            "users": {
                "read": self.read,
                "imported": self.imported,
                "migrated": self.migrated,
                "already_there": self.already_there,
                "rejected": self.rejected + self.taken + self.unfound,
                "skipped": self.skipped,
                "missing": self.missing,
                "different": self.different,
                "extra": self.extra,
            },
            "jobs": {
                "total": len(self.jobs),
                "completed": sum(job.status == "completed" for job in self.jobs.values()),
                "failed": sum(job.status == "failed" for job in self.jobs.values()),
            },
            "requests": {"sent": self.requests, "limited": self.limited},
            "seconds": round(self.seconds, 3),
            "report": report,
        }

    def after(self, event: happened.Event) -> Progress:
        """This account after one more event. Counting an event of a user's fate twice changes nothing."""
        match event:
            case happened.RunStarted():
                return replace(
                    self,
                    run=event.run,
                    strategy=event.strategy,
                    looking=True,
                    ended=False,
                    interrupted=False,
                    taken_back=False,
                    undoing=None,
                    waiting="",
                    error="",
                    remedy="",
                )
            case happened.StepStarted():
                return replace(self, step=event.step, looking=False)
            case happened.StepFinished():
                done = tuple(step for step in self.steps_done if step != event.step)
                return replace(self, steps_done=(*done, event.step))
            case happened.ChangeStarted():
                return replace(self, change=event.summary)
            case happened.ChangeApplied():
                return replace(self, change="", connection_undone=self.connection_undone and event.step != "connection")
            case happened.UsersRead():
                return replace(self, read=event.read, users_total=event.total, refused_before=event.rejected)
            case happened.UsersPrepared():
                return replace(
                    self,
                    read=event.read,
                    users_total=event.read,
                    accounted=True,
                    prepared=event.prepared,
                    refused_before=event.rejected,
                    skipped_before=event.skipped,
                    migrated_before=event.migrated,
                    moved_since=(0, 0),
                    moved_codes={},
                    files=event.files,
                    bytes=event.bytes,
                )
            case happened.UsersMigrated():
                seen = replace(self, looks=(*self.looks, event))
                if self.accounted:
                    return seen
                return replace(seen, read=event.users, users_total=event.users, migrated_before=event.migrated)
            case happened.UsersLeftCounted():
                return replace(self, left=event)
            case happened.UsersMovedSince():
                return replace(self, moved_since=(event.rejected, event.skipped), moved_codes=event.codes)
            case happened.UsersRepaired():
                again = {**self.repaired_again, event.round: event.again}
                cured = 0 if event.round in self.repairs else event.users - event.again
                repairs = {**self.repairs, event.round: event.users}
                return replace(self, repairs=repairs, repaired_again=again, unfound=max(0, self.unfound - cured))
            case happened.UndoStarted():
                deleting = self.deleting or event.users
                checks = self.failed_checks if event.only else {}
                return replace(self, undoing=event, deleting=deleting, failed_checks=checks, error="", remedy="")
            case happened.ChangeUndone():
                gone = self.connection_undone or event.step == "connection"
                return replace(self, undone=self.undone + 1, connection_undone=gone)
            case happened.RunUndone() if event.only:
                done = tuple(step for step in self.steps_done if step != event.only)
                waiting = f"the {event.only} was taken back; it is made again when it is confirmed anew"
                return replace(self, step=event.only, steps_done=done, ended=False, undoing=None, waiting=waiting)
            case happened.RunUndone():
                deleting = self.deleting and not (self.undoing and self.undoing.users)
                now = replace(self, step="undone", taken_back=True, undoing=None, deleting=deleting)
                return replace(now, failed_checks={}, error="", remedy="")
            case happened.UsersRemoved() if event.removed != self.removed:
                return replace(self, removed=event.removed, compared=None, missing=event.removed, different=0)
            case happened.JobSubmitted():
                job = JobTally(file=event.file, users=event.users, bytes=event.bytes)
                return replace(self, jobs={**self.jobs, event.job: job})
            case happened.JobPolled():
                job = self.jobs.get(event.job, JobTally(event.file))
                return replace(
                    self, jobs={**self.jobs, event.job: replace(job, status=event.status, seconds=event.seconds)}
                )
            case happened.JobEnded():
                job = replace(
                    self.jobs.get(event.job, JobTally(event.file)),
                    status=event.status,
                    imported=event.imported,
                    already_there=event.already_there,
                    rejected=event.rejected,
                    seconds=event.seconds,
                    ended=True,
                )
                return replace(self, jobs={**self.jobs, event.job: job})
            case happened.UsersRefused():
                codes = dict(self.codes)
                for code, count in event.codes.items():
                    codes[code] = codes.get(code, 0) + count
                return replace(self, codes=codes)
            case happened.UploadForecast():
                return replace(self, upload_seconds=event.seconds, upload_floor_seconds=event.floor_seconds)
            case happened.UsersReconciled():
                return replace(
                    self,
                    compared=event.compared,
                    missing=event.missing,
                    different=event.different,
                    extra=event.extra,
                    taken=event.taken,
                    unfound=event.unfound,
                    linked=event.linked,
                )
            case happened.CheckPassed() | happened.CheckWithdrawn():
                return replace(self, failed_checks={k: v for k, v in self.failed_checks.items() if k != event.name})
            case happened.CheckFailed():
                return replace(self, failed_checks={**self.failed_checks, event.name: happened.found_by(event)})
            case happened.RateLimitSeen():
                return replace(self, rate=event)
            case happened.RequestSent():
                return replace(self, requests=self.requests + 1)
            case happened.RequestLimited():
                return replace(self, limited=self.limited + 1)
            case happened.ProcessEnded():
                return replace(
                    self,
                    requests=self.requests + event.requests,
                    limited=self.limited + event.limited,
                    seconds=self.seconds + event.seconds,
                )
            case happened.WorldAwaited():
                return replace(self, waiting=event.reason)
            case happened.RunInterrupted():
                return replace(self, interrupted=True)
            case happened.RunEnded():
                return replace(self, ended=True, step="")
            case happened.RunFailed():
                return replace(self, error=event.what, remedy=event.remedy)
            case _:
                return self
