"""Being asked to end from outside, as by `kill`, ends the wizard as Quit does: at a safe instant, its terminal as it was."""

from __future__ import annotations

import asyncio
import signal
from types import FrameType
from typing import TYPE_CHECKING

from wizard.entry import interrupt
from wizard.stops import heard

if TYPE_CHECKING:
    from screens.app import WizardApp


def end_with_signals(app: WizardApp) -> None:
    """Let every signal that asks a process to end ask the wizard; while its loop does not run, it is interrupted."""

    def hear(number: int, frame: FrameType | None) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            interrupt(number, frame)
        else:
            loop.call_soon_threadsafe(app.end_as_asked)

    for name in heard():
        signal.signal(name, hear)
