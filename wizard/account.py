"""What each process that works on a run keeps of it: the fold of its events, how it ended, and what it spent."""

from __future__ import annotations

import time
from contextlib import suppress

from wizard.events import Event, ProcessEnded, ProcessStarted
from wizard.journal import Journal, JournalFailed
from wizard.progress import Progress

APPROVAL = "approval"
"""Journal fact: hashes of the changes that were approved; none once they were put back."""
GIVEN = "given_hash"
"""Journal fact: the hash that `apply` was called with, so that a kill before the plan is made again does not lose it."""
EVIDENCE = "evidence"
"""Journal fact: the answers that the evidence of an ended run was gathered for; some may change afterwards. Empty once
an undo of it has begun."""


class Account:
    """Keeps the fold of a run's events up to date while one process works on it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._started = time.monotonic()
        self._before = self.progress = Progress.of(journal.events())
        with suppress(JournalFailed):  # whatever is to be done next tells of it
            journal.record(ProcessStarted())

    def hear(self, event: Event) -> None:
        self.progress = self.progress.after(event)

    def note(self, event: Event) -> None:
        """Write down how the process ended; a run that has ended, or was undone, stays so where it was refused a start."""
        if not (self.progress.ended or self.progress.was_undone):
            with suppress(JournalFailed):  # the reason for it is on its way already
                self._journal.emit(event)

    def close(self) -> None:
        """Write down what this process spent."""
        spent = ProcessEnded(
            requests=self.progress.requests - self._before.requests,
            limited=self.progress.limited - self._before.limited,
            seconds=time.monotonic() - self._started,
        )
        with suppress(JournalFailed):
            self._journal.record(spent)
        self.progress = Progress.of(self._journal.events())
