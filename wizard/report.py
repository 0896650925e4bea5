"""The report of a run, as one HTML file for those who were not there: what happened, where every user is, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from wizard.answers.atomic import write_atomically
from wizard.counts import counted
from wizard.fates import UNACCOUNTED, WORDS, Fate
from wizard.runs import command
from wizard.strategy.curve import drawing

FOLDER = "FOLDER"
"""Stands in a report for the folder of the runs: it is handed on, and says nothing of the machine it was made on."""

TEMPLATE = Path(__file__).parents[1] / "assets" / "report.html.j2"


@dataclass(frozen=True, slots=True)
class RejectedFor:
    """Users that are not in Auth0 for one reason; `by` says who refused them."""

    code: str
    message: str
    remedy: str
    users: int
    by: Literal["wizard", "Auth0"] = "wizard"


@dataclass(frozen=True, slots=True)
class Check:
    """One piece of evidence."""

    name: str
    passed: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Prepared users held against an export of the connection; `fields` are names with the users that differ in them.

    `taken` are not in it, as their id is that of another user.
    """

    compared: int
    present: int
    missing: int
    different: int
    extra: int
    refused: int = 0
    fields: Sequence[tuple[str, int]] = ()
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent. `floor_seconds` is the least that the same jobs could have taken with both slots always busy."""

    files: int
    bytes: int
    jobs: int
    completed: int
    failed: int
    requests: int
    limited: int
    seconds: float | None = None
    floor_seconds: float | None = None


State = Literal["done", "now", "later"]


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a migration in phases: done at a time, going on, or still to come."""

    name: str
    state: State
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class Moving:
    """The automatic phase: looks as UNIX time and users moved, of all users; what is foreseen; who was left, by last login."""

    looks: Sequence[tuple[float, int]]
    users: int
    foreseen: str = ""
    left: Sequence[tuple[str, int]] = ()
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Counts, names and reasons of a run; never an address, a hash, or the value of a user's field.

    Args:
        read: Users of the source; the six counts after it should add up to it.
        undone: Whether an undo has put back what the run had changed, or was stopped before its end; `way_on` how to go on.
        removed: Users that the run had imported and an undo has deleted.
        taken, unfound: Users whom Auth0 refused as it had them, and who are not in: their id is that of a user with another
            e-mail address, or nobody is found.
        without_password: Of the users prepared for import, those whose password does not travel.
        error: What stopped the run, if anything did, and `remedy` what to do about it.
        phases, moving: Of a migration in phases; the automatic one in detail.
        rest: What is to be said of users that are not accounted for.
        moved_since: Users beside those of `reasons` who logged in later and count as migrated at login.
        advice: What else to do next, one sentence each.
        rejects_file, details_file: Names of the files in the run's folder that list users one by one; "" if there are
            none.
        elsewhere: Whether the run is in another folder than the usual one, which commands then have to name.
    """

    run: str
    verdict: Literal["complete", "attention", "waiting", "failed"]
    tenant: str
    connection: str
    strategy: str
    source: str
    started: datetime
    ended: datetime | None
    read: int
    imported: int
    migrated: int
    already_there: int
    rejected: int
    skipped: int
    taken: int = 0
    unfound: int = 0
    removed: int = 0
    undone: Literal["", "half", "whole"] = ""
    way_on: str = ""
    reasons: Sequence[RejectedFor] = ()
    upload: Upload | None = None
    compared: Compared | None = None
    checks: Sequence[Check] = ()
    without_password: int = 0
    waiting_for: str = ""
    error: str = ""
    remedy: str = ""
    advice: Sequence[str] = ()
    rejects_file: str = ""
    details_file: str = ""
    practice: bool = False
    elsewhere: bool = False
    rest: str = UNACCOUNTED
    moved_since: int = 0
    phases: Sequence[Phase] = ()
    moving: Moving | None = None
    version: str = field(default="", kw_only=True)

    @property
    def unaccounted(self) -> int:
        """Users whose fate is not known; below zero, users that were counted twice."""
        there = self.imported + self.migrated + self.already_there
        return self.read - (there + self.taken + self.unfound + self.rejected + self.skipped + self.removed)


def write_report(path: Path, report: Report) -> None:
    """Write the report; one file, mode 0600, that needs nothing else and runs nothing.

    Raises:
        WizardError: no permission, no space.
    """
    write_atomically(path, render(report))


def render(report: Report) -> str:
    """The report as HTML."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": _count,
        "counted": counted,
        "share": _share,
        "duration": _duration,
        "size": _size,
        "moment": _moment,
    }
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        curve=drawing(report.moving.looks, report.moving.users) if report.moving else None,
        places=places(report),
        headline=headline(report),
        next_steps=list(next_steps(report)),
    )


Kind = Literal["imported", "migrated", "there", "rejected", "skipped", "unknown"]
"""How a place is coloured."""

KINDS: Mapping[Fate, Kind] = {
    "imported": "imported",
    "removed": "skipped",
    "migrated": "migrated",
    "already_there": "there",
    "taken": "rejected",
    "unfound": "rejected",
    "rejected": "rejected",
    "skipped": "skipped",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of the users is now."""

    name: str
    users: int
    note: str
    kind: Kind


def places(report: Report) -> list[Place]:
    """Where every user is, without the places that have none."""
    notes: Mapping[Fate, str] = {
        "imported": "brought to Auth0 by import jobs",
        "removed": "imported by this run, and not in Auth0 any more",
        "migrated": "moved by themselves, with their password",
        "already_there": "were in Auth0 before and stayed as they were",
        "taken": "their id is in Auth0 that of a user with another e-mail address",
        "unfound": "not in Auth0, which refused them as duplicates all the same",
        "rejected": f"not in Auth0{'; the reasons are below' if report.reasons else ''}",
        "skipped": "not in Auth0",
    }
    everywhere = [
        Place(_capital(WORDS[fate]), getattr(report, fate), note, KINDS[fate]) for fate, note in notes.items()
    ]
    rest = Place(_capital(report.rest), max(0, report.unaccounted), _rest_told(report), "unknown")
    return [place for place in (*everywhere, rest) if place.users]


def _rest_told(report: Report) -> str:
    """What is known of the users who are in no other place."""
    if report.rest == UNACCOUNTED:
        return "their fate is not known yet"
    return "not brought to Auth0" if report.undone else "for the run to go on with"


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    if report.verdict == "failed":
        return report.error or "The run was stopped before its end. It can be resumed where it was."
    if report.verdict == "waiting":
        return f"The run waits: {report.waiting_for}." if report.waiting_for else "The run waits and can go on later."
    if report.verdict == "complete":
        proof = ", and Auth0 holds them as they were prepared" if report.compared else ""
        whoever = "The one user is" if report.read == 1 else f"Every one of {counted(report.read, 'user')} is"
        return f"{whoever} accounted for{proof}."
    if report.undone == "half":
        return "An undo of the run was stopped half-way."
    if report.undone:
        gone = (
            f"; its {counted(report.removed, 'imported user is', 'imported users are')} deleted"
            if report.removed
            else ""
        )
        return f"An undo has put back what the run had changed, as far as that can be{gone}."
    found = report.compared
    concerns = [
        (report.rejected, "rejected"),
        (report.taken, "not imported as the id is taken"),
        (found.missing if found else 0, "missing from Auth0"),
        (found.different if found else 0, "not as prepared"),
        (abs(report.unaccounted), UNACCOUNTED),
    ]
    told = [f"{_count(users)} {'is' if users == 1 else 'are'} {what}" for users, what in concerns if users]
    if told:
        return f"The run finished. Of {counted(report.read, 'user')}, {_listed(told)}."
    failed = sum(not check.passed for check in report.checks)
    return f"All users are accounted for, but {counted(failed, 'check')} failed."


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do, and the command for it if there is one."""

    text: str
    command: str = ""


def next_steps(report: Report) -> Iterator[NextStep]:
    """What to do now, the most pressing first."""
    folder = ("--runs", FOLDER) if report.elsewhere else ()
    if report.undone:
        yield NextStep(f"{report.way_on if report.way_on.startswith('auth0-migrate') else _capital(report.way_on)}.")
    else:
        yield from _steps_on(report, folder)
    if report.verdict in ("complete", "attention") and report.undone != "half":
        yield NextStep(
            "When nobody needs the prepared files any more, delete them: they hold personal data.",
            command("runs", "--purge", report.run, *folder, runs=None),
        )


def _steps_on(report: Report, folder: tuple[str, ...]) -> Iterator[NextStep]:
    if report.verdict == "failed":
        if report.remedy:
            yield NextStep(report.remedy)
        yield NextStep(
            "Resume the run; what was done is not done again.", command("resume", report.run, *folder, runs=None)
        )
    elif report.verdict == "waiting":
        yield NextStep("Run it again later; it goes on where it is.", command("resume", report.run, *folder, runs=None))
    elif report.unaccounted > 0:
        yield NextStep(
            "Resume the run; it settles the users not accounted for.", command("resume", report.run, *folder, runs=None)
        )
    found = report.compared
    if found and (found.missing or found.different):
        where = f" {report.details_file} names each of them and what differs." if report.details_file else ""
        yield NextStep(f"Look at the users that are missing or not as prepared.{where}")
    if report.rejected:
        where = f" {report.rejects_file} names each with its place in the source." if report.rejects_file else ""
        yield NextStep(f"Correct the rejected users in the source and run again, or decide to leave them.{where}")
    for check in report.checks:
        if not check.passed and check.remedy and not (report.details_file and report.details_file in check.remedy):
            yield NextStep(check.remedy)
    if report.without_password:
        yield NextStep(
            f"Tell the {counted(report.without_password, 'user')} whose password did not travel to reset it: "
            "with “Forgot password?” at the next login, or by a message with a link."
        )
    if found and found.extra:
        yield NextStep(
            f"The connection has {counted(found.extra, 'user')} not of this migration. Check whether that is meant so."
        )
    yield from map(NextStep, report.advice)
    if report.verdict == "complete":
        yield NextStep("Log in with a few accounts you know, through an application of your own.")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _count(number: int) -> str:
    return f"{number:,}"


def _share(part: float, whole: float) -> str:
    """A percentage that says 0 % or 100 % only of nothing and of everything."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    if part == whole:
        return "100 %"
    if percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if percent > 99.9 else f"{percent:.1f} %"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _size(number: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _moment(when: datetime) -> str:
    return f"{when:%d %B %Y, %H:%M}" + (f" {when:%Z}" if when.tzinfo else "")
