"""The report of a run, filled from its journal and manifest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import __version__
from wizard.clock import RealClock
from wizard.counts import counted
from wizard.errors import WizardError
from wizard.events import (
    CheckFailed,
    CheckPassed,
    CheckWithdrawn,
    Event,
    RunUndone,
    UndoStarted,
    UsersReconciled,
    found_by,
)
from wizard.fates import words_of_rest
from wizard.journal import Journal
from wizard.undo.afterwards import way_on

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.bulk.manifest import Manifest
    from wizard.commands.output import Output
    from wizard.progress import Progress
    from wizard.report import Check, Compared, Moving, Phase, RejectedFor, Report, Upload
    from wizard.runs import RunFolder


def write_run_report(run: RunFolder, answers: Answers, progress: Progress) -> Path:
    """Write the report into the run's folder; returns where it is.

    Raises:
        WizardError: the manifest of the run is damaged.
    """
    from wizard.report import write_report

    write_report(run.report, run_report(run, answers, progress))
    return run.report


def write_report_or_say(run: RunFolder, answers: Answers, progress: Progress, output: Output) -> None:
    """Write the report into the run's folder. Where it cannot be written that is said, none is left, and the run counts."""
    try:
        write_run_report(run, answers, progress)
    except WizardError as error:
        with suppress(OSError):
            run.report.unlink(missing_ok=True)  # it told of before
        output.complain(str(error))


def run_report(run: RunFolder, answers: Answers, progress: Progress) -> Report:
    """The report of a run, with its phases.

    Raises:
        WizardError: the manifest of the run is damaged.
    """
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        return replace(
            report_of(run, answers, progress, list(journal.events()), journal.span()),
            phases=list(_phases(answers, progress, journal)),
            moving=_moving(answers, progress),
        )
    finally:
        journal.close()


def report_of(
    run: RunFolder, answers: Answers, progress: Progress, events: list[Event], span: tuple[float, float] | None
) -> Report:
    """What there is to say about a run; counts, names and reasons only."""
    from wizard.bulk.manifest import REJECTS, read_manifest
    from wizard.legacy.answers import SourceAnswers
    from wizard.mapping.moments import Unread
    from wizard.report import FOLDER, Report
    from wizard.runs import default_folder
    from wizard.steps.connection import ConnectionAnswers
    from wizard.steps.tenant import TenantAnswers

    def told(words: str) -> str:
        return words.replace(str(run.path.parent), FOLDER)

    manifest = read_manifest(run.path)
    source = answers[SourceAnswers]
    started, last = (datetime.fromtimestamp(moment, UTC) for moment in (span or (0.0, 0.0)))
    return Report(
        run=run.id,
        verdict=progress.verdict,
        tenant=answers[TenantAnswers].domain,
        connection=answers[ConnectionAnswers].name,
        strategy=progress.strategy,
        source=source.path or source.users_table or "query",
        started=started,
        ended=last if progress.ended else None,
        read=progress.read,
        imported=progress.imported,
        migrated=progress.migrated,
        already_there=progress.already_there,
        rejected=progress.rejected,
        skipped=progress.skipped,
        taken=progress.taken,
        unfound=progress.unfound,
        removed=progress.removed,
        undone="whole" if progress.taken_back else "half" if progress.undoing else "",
        way_on=told(way_on(progress, run)).replace("`", "") if progress.was_undone else "",
        rest=words_of_rest(progress),
        moved_since=sum(progress.moved_since),
        reasons=[replace(one, remedy=told(one.remedy)) for one in _reasons(progress, manifest, run)],
        upload=_upload(progress) if progress.jobs else None,
        compared=_compared(events) if progress.compared is not None else None,
        checks=[replace(check, remedy=told(check.remedy)) for check in _checks(events)],
        without_password=manifest.without_password if manifest and progress.imported else 0,
        waiting_for=progress.waiting,
        error=told(progress.error),
        remedy=told(progress.remedy),
        advice=[*_factors(progress), *(str(unread) for unread in Unread.of(manifest.notes if manifest else {}))],
        rejects_file=REJECTS if progress.refused_before or progress.skipped else "",
        details_file=run.verify.name
        if progress.missing or progress.different or progress.taken or progress.extra
        else "",
        practice=answers[TenantAnswers].environment == "practice",
        version=__version__,
        elsewhere=run.path.parent != default_folder(),
    )


def _phases(answers: Answers, progress: Progress, journal: Journal) -> Iterator[Phase]:
    """What a migration with an automatic phase goes through, by the receipts in the journal."""
    from wizard.report import Phase, State
    from wizard.steps.door import CLOSE_DOOR, has_closed
    from wizard.steps.strategy import StrategyAnswers

    def done(subject: str) -> float | None:
        return max((one.at for one in journal.intents(subject) if one.outcome == "done"), default=None)

    def phase(name: str, at: float | None, note: str, *, going_on: bool = False) -> Phase:
        state: State = "now" if going_on else "later" if at is None else "done"
        return Phase(name, state, f"{_utc(at):%Y-%m-%d %H:%M}" if at is not None else "", note)

    way = answers[StrategyAnswers].way
    if way == "bulk" or progress.was_undone:
        return
    yield phase("Scripts and guards are in place", done("change:scripts:"), "users move at their next login")
    looks = progress.looks
    over = looks[-1].at if looks and looks[-1].due else None
    moved = f"{looks[-1].migrated:,} of {counted(looks[-1].users, 'user')} moved at login" if looks else ""
    yield phase("Automatic phase", over, moved, going_on=bool(looks) and over is None)
    if way == "two-phase":
        there = f"{counted(progress.imported, 'user')} imported" if progress.jobs else "the others are imported"
        yield phase("Bulk import", done("change:upload:"), there)
    closed = done(CLOSE_DOOR) if has_closed(journal) else None
    yield phase(
        "Cutover", closed, "nobody is looked for in the legacy store any more" if closed else "the scripts are closed"
    )


def _moving(answers: Answers, progress: Progress) -> Moving | None:
    from wizard.report import Moving
    from wizard.steps.trickle import TrickleAnswers, outlook
    from wizard.strategy.activity import age_in_words

    looks = [(look.at, look.migrated) for look in progress.looks]
    if not looks:
        return None
    last, left = progress.looks[-1], progress.left
    foreseen = "" if last.due else outlook(looks, last.users, answers[TrickleAnswers])
    return Moving(
        looks,
        last.users,
        foreseen,
        tuple((age_in_words(age), users) for age, users in left.users.items()) if left else (),
        _utc(left.at) if left else None,
    )


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _factors(progress: Progress) -> Iterator[str]:
    """Who is in Auth0, but not or perhaps not with the second factors."""
    from wizard.bulk.jobs.harvest import LOOK_AT_FACTORS

    if bare := progress.without_factors:
        yield f"{counted(bare, 'user is', 'users are')} in Auth0 without their second factors, which it did not take; they enrol anew."
    if unknown := progress.factors_unknown:
        yield f"{counted(unknown, 'user is', 'users are')} in Auth0, perhaps without their second factors. {LOOK_AT_FACTORS}"


def _reasons(progress: Progress, manifest: Manifest | None, run: RunFolder) -> Iterator[RejectedFor]:
    from wizard.left_out import left_out
    from wizard.rejects import REASONS
    from wizard.report import RejectedFor

    for one in left_out(progress, manifest, run):
        message = REASONS[one.code].message.replace("{field}", "a field")
        yield RejectedFor(one.code, message, one.remedy.replace("`", ""), one.users)
    for code, users in sorted(progress.kept_out.items(), key=lambda item: -item[1]):
        yield RejectedFor(
            code, "Auth0 refused the user", "auth0-migrate keeps each one with Auth0's message.", users, "Auth0"
        )


def _upload(progress: Progress) -> Upload:
    from wizard.report import Upload

    jobs = progress.jobs.values()
    return Upload(
        files=progress.files,
        bytes=progress.bytes,
        jobs=len(jobs),
        completed=sum(job.status == "completed" for job in jobs),
        failed=sum(job.status == "failed" for job in jobs),
        requests=progress.requests,
        limited=progress.limited,
        seconds=progress.upload_seconds,
        floor_seconds=progress.upload_floor_seconds,
    )


def _compared(events: list[Event]) -> Compared | None:
    from wizard.report import Compared

    last = next((event for event in reversed(events) if isinstance(event, UsersReconciled)), None)
    if last is None:
        return None
    present = last.compared - last.missing - last.different - last.taken
    return Compared(last.compared, present, last.missing, last.different, last.extra, taken=last.taken)


def _checks(events: list[Event]) -> Iterator[Check]:
    """The last word on each check."""
    from wizard.report import Check

    checks: dict[str, Check] = {}
    for event in events:
        if isinstance(event, UndoStarted | RunUndone) and not event.only:
            checks.clear()  # they were of what was there before
        if isinstance(event, CheckPassed):
            checks[event.name] = Check(event.name, True, found_by(event))
        elif isinstance(event, CheckFailed):
            checks[event.name] = Check(event.name, False, found_by(event), event.remedy)
        elif isinstance(event, CheckWithdrawn):
            checks.pop(event.name, None)
    yield from checks.values()
