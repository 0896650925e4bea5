"""The signals that ask a process to stop, and which of them it hears."""

from __future__ import annotations

import signal

STOPS = tuple(
    signal.Signals.__members__[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)
"""Ctrl-C, being asked to end, and a terminal that is gone, such as a lost ssh session, where the platform has it."""

HANGUP = signal.Signals.__members__.get("SIGHUP")


def heard() -> tuple[signal.Signals, ...]:
    """Those that end this process: a lost terminal does not where it is to outlive it, as `nohup` has it."""
    return tuple(one for one in STOPS if one is not HANGUP or signal.getsignal(one) is not signal.SIG_IGN)
