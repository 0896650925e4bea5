"""Waits for the keyring no longer than is stated: a service that is stuck, or a prompt that nobody sees, would hold up a run for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from wizard.errors import Interrupted
from wizard.vault.backend import WAYS_OUT, KeyringUnavailable

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a keyring may take for one question: long enough for somebody to type the password that unlocks it."""
LAST_CHANCE = 2.0
"""Seconds that it still has once a stop was asked for: a secret just made is lost if it is not stored."""
TELL_AFTER = 2.0
"""Seconds after which it is told that the keyring is waited for: most answer long before."""
LOOK_EVERY = 0.1
"""Seconds between two looks at whether a stop was asked for."""


def within(
    seconds: float,
    question: Callable[[], T],
    stop: Callable[[], bool],
    tell: Callable[[str], None] = lambda words: None,
) -> T:
    """The answer to a question that may never be answered; then the thread that asks is left behind, and ends with the process.

    Args:
        seconds: How long the keyring may take.
        question: Asks it.
        stop: Whether to wait no longer.
        tell: Hears once that it is waited for, when that takes long.

    Raises:
        KeyringUnavailable: there was no answer within so many seconds.
        Interrupted: a stop was asked for meanwhile.
    """
    answers: list[T] = []
    errors: list[BaseException] = []
    answered = threading.Event()

    def ask() -> None:
        try:
            answers.append(question())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            errors.append(error)
        answered.set()

    threading.Thread(target=ask, name="keyring", daemon=True).start()
    _wait(answered, seconds, stop, tell)
    if errors:
        raise errors[0]
    return answers[0]


def _wait(answered: threading.Event, seconds: float, stop: Callable[[], bool], tell: Callable[[str], None]) -> None:
    left, told = seconds, False
    while not answered.wait(LOOK_EVERY):
        if not told and seconds - left >= TELL_AFTER:
            told = True
            tell(
                f"Waiting for the keyring, at most {seconds:g} seconds: it may be locked, and ask somewhere for its password."
            )
        left = min(left, LAST_CHANCE if stop() else left) - LOOK_EVERY
        if left > 0:
            continue
        if stop():
            raise Interrupted(
                "Stopped as asked",
                state="The keyring was being waited for; what was done before is kept.",
                remedy="See whether the keyring answers, then give the same command again.",
            )
        raise KeyringUnavailable(
            "The keyring does not answer",
            why=f"it was waited for {seconds:g} seconds, as somebody may have to unlock it",
            state="No secret was read, and none is known to be stored.",
            remedy=f"restart or unlock it, or {WAYS_OUT}",
        )
