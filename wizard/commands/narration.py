"""Tells a person on stderr how a run goes: one live line on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from wizard import events as happened
from wizard.counts import counted
from wizard.events import Event
from wizard.progress import Progress
from wizard.strategy.activity import age_in_words
from wizard.visible import visible

LIVE_SECONDS = 0.25
QUIET_SECONDS = 5.0
SILENT_SECONDS = 10.0
"""How long no request gets an answer before that is said; and again after as long as it has been then."""


class Narrator:
    """A watcher of events that folds them and draws.

    Args:
        say: Prints a whole line for people.
        stream: Where the live line goes, if it is a terminal.
        seconds: A monotonic clock.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        stream: TextIO | None = None,
        seconds: Callable[[], float] = time.monotonic,
        live: bool | None = None,
    ) -> None:
        self._say = say
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() if live is None else live
        self._seconds = seconds
        self._drawn = 0.0
        self._width = 0
        self._silent: float | None = None  # since when no request got an answer
        self._told_silent = 0.0
        self.progress = Progress()

    def hear(self, event: Event) -> None:
        """Fold one event; print what is worth a line and refresh the account when it is due."""
        self.progress = self.progress.after(event)
        now = self._seconds()
        if line := _line_of(event) or self._of_silence(event, now):
            self.clear()
            self._say(line)
        if now - self._drawn >= (LIVE_SECONDS if self._live else QUIET_SECONDS):
            self._drawn = now
            self._draw()

    def _of_silence(self, event: Event, now: float) -> str:
        """That the tenant does not answer, and that it does again; nothing for any other event."""
        if not isinstance(event, happened.RequestSent):
            return ""
        if event.status:
            was_told, self._silent, self._told_silent = bool(self._told_silent), None, 0.0
            return "  The tenant answers again." if was_told else ""
        self._silent = now if self._silent is None else self._silent
        silence = now - self._silent
        if silence < max(SILENT_SECONDS, 2 * self._told_silent):
            return ""
        self._told_silent = silence
        return f"! The tenant has not answered for {silence:.0f} s; it is asked again and again. Ctrl-C stops, resume goes on."

    def clear(self) -> None:
        """Take the live line away, so that other text does not mix with it."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _draw(self) -> None:
        text = account_line(self.progress)
        if not text:
            return
        if not self._live:
            self._say(text)
            return
        columns = shutil.get_terminal_size((80, 24)).columns
        text = visible(text)[: columns - 1]
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)

    def _write(self, text: str) -> None:
        """Draw; a run goes on, or comes to its end, when the terminal is lost."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._live = False


def account_line(progress: Progress) -> str:
    """Where the run stands, in one line of at most about 100 characters."""
    if progress.step == "prepare" and progress.read and not progress.prepared:
        total = progress.users_total
        read = f"{progress.read:,} of {counted(total, 'user')}" if total else counted(progress.read, "user")
        return f"  preparing: {read} read, {progress.refused_before:,} rejected"
    if progress.step == "upload" and progress.prepared:
        running = sum(not job.ended for job in progress.jobs.values())
        done = progress.imported + progress.already_there
        placed = progress.users_done - progress.refused_before - progress.skipped_before - progress.migrated_before
        share = 100 * placed / progress.prepared
        limited = f", limited {counted(progress.limited, 'time')}" if progress.limited else ""
        return (
            f"  uploading: {share:.0f} %, {counted(done, 'user')} in Auth0, {counted(running, 'job')} running, "
            f"{counted(progress.requests, 'request')}{limited}"
        )
    return ""


def _line_of(event: Event) -> str:
    """What is worth a line of its own."""
    match event:
        case happened.RunStarted():
            return f"Run {event.run}: {'resumed' if event.resumed else 'started'} ({event.strategy})"
        case happened.ChangeStarted():
            return f"→ {event.summary}"
        case happened.StepStarted() if event.step == "verify":
            return "  gathering evidence: what Auth0 holds is held against what was prepared"
        case happened.UsersPrepared():
            left = f", {event.rejected:,} rejected" if event.rejected else ""
            skipped = f", {event.skipped:,} left behind as decided" if event.skipped else ""
            moved = f", {event.migrated:,} have moved at login" if event.migrated else ""
            return f"  {counted(event.read, 'user')} read, {event.prepared:,} in {counted(event.files, 'file')}{moved}{left}{skipped}"
        case happened.UsersLeftCounted():
            told = ", ".join(f"{number:,} {age_in_words(age)}" for age, number in event.users.items())
            return f"  not moved yet, of those with a user_id, by last login: {told}"
        case happened.UsersMigrated():
            share = event.migrated / max(1, event.users)
            return f"  {event.migrated:,} of {counted(event.users, 'user')} have moved at login ({share:.1%})"
        case happened.UsersMovedSince() if event.rejected or event.skipped:
            return f"  {counted(event.rejected + event.skipped, 'more user has', 'more users have')} logged in since the store was prepared"
        case happened.UsersRepaired():
            return f"  {counted(event.users, 'half-made user')}: remains removed, imported anew"
        case happened.UsersRemoved() if event.removed:
            return f"  deleted {event.removed:,} of {counted(event.total, 'user')}"
        case happened.ChangeUndone():
            return f"  undone: {event.summary.removeprefix('undo: ') or event.key}"
        case happened.SubmissionInDoubt():
            return f"  {event.file}: the answer to the upload was lost; looking whether Auth0 has it"
        case happened.JobEnded() if event.status != "completed":
            return f"  {event.file}: import job {event.job} {event.status}"
        case happened.UsersRefused():
            codes = ", ".join(f"{code} {number:,}" for code, number in sorted(event.codes.items()))
            return f"  {event.file}: Auth0 refused users ({codes})"
        case happened.RequestLimited() if event.wait_seconds >= 2:
            return f"  Auth0 asks to wait {event.wait_seconds:.0f} s ({event.method} {event.path})"
        case happened.OverwritesForeseen() if event.users:
            fields = ", ".join(f"{name} {number:,}" for name, number in sorted(event.fields.items()))
            return f"  {counted(event.users, 'user')} of those there would change ({fields})"
        case happened.CheckPassed():
            return f"✓ {event.detail}"
        case happened.CheckFailed():
            return f"✗ {event.detail}. {event.remedy}"
        case happened.WorldAwaited():
            return f"… waiting: {event.reason} (until {event.until})"
        case _:
            return ""
