"""How long earlier processes of a run uploaded, read from its journal; what lies between two of them does not count."""

from __future__ import annotations

from collections.abc import Iterable

from wizard import events as happened
from wizard.events import Event

STEP = "upload"

SIGNS = (
    happened.JobSubmitted,
    happened.JobEnded,
    happened.UsersRefused,
    happened.SubmissionInDoubt,
    happened.SubmissionSettled,
    happened.FileSplit,
    happened.UsersUnaccounted,
    happened.RunInterrupted,
    happened.RunFailed,
    happened.ProcessEnded,
)
"""What a process that uploads writes down. A killed one counts until the last of these."""


def seconds_before(events: Iterable[tuple[float, Event]]) -> float:
    """Seconds that processes worked on the upload which did not end it, this one not among them.

    Args:
        events: All of the run, oldest first, with UNIX times; the process that asks has begun the change already.
    """
    legs: list[tuple[float, float]] = []
    working = False
    for at, event in events:
        match event:
            case happened.ChangeStarted(step=step) if step == STEP:
                legs.append((at, at))
                working = True
            case happened.ChangeApplied(step=step) if step == STEP:
                legs, working = [], False
            case happened.ProcessStarted() | happened.RunStarted() | happened.RunUndone():
                working = False
            case _ if working and isinstance(event, SIGNS):
                legs[-1] = (legs[-1][0], max(legs[-1][1], at))
                working = not isinstance(event, happened.ProcessEnded)
    return sum(ended - began for began, ended in legs[:-1])
