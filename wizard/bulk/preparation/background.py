"""Prepare in a process of its own, so that an event loop and its screen stay quick meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from wizard.bulk.preparation.prepare import Prepared, Stop, prepare
from wizard.bulk.preparation.workers import rebuilt, settle, start_tracker, told
from wizard.errors import WizardError
from wizard.events import Emit, Event
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.mapping.compiled import Mapping
from wizard.stops import STOPS

STOPS_WITHIN = 5.0
"""Seconds that the process has to clean up after it was asked to stop."""

LOOKS_EVERY = 0.05
"""Seconds between two looks at what the process has to say."""


@dataclass(frozen=True)
class Order:
    """What to prepare, as the other process gets it."""

    source: LegacySource
    facts: SourceFacts
    mapping: Mapping
    out: Path
    options: dict[str, Any]


async def prepare_apart(order: Order, *, emit: Emit, stop: Stop) -> Prepared:
    """Prepare in a child process and relay its events; see `wizard.bulk.preparation.prepare.prepare` for errors.

    Cancelling stops the child, which removes what it began, and waits for it.
    """
    context = multiprocessing.get_context("spawn")
    start_tracker()
    ours, theirs = context.Pipe()
    # Not a daemon, as it has children. It ends by itself when this process does: the pipe closes.
    process = context.Process(target=_prepare, args=(theirs, order), name="prepare")
    process.start()
    theirs.close()
    asked = False
    try:
        while True:
            if stop() and not asked:
                ours.send("stop")
                asked = True
            while ours.poll():
                kind, value = ours.recv()
                if kind == "event":
                    emit(value)
                elif kind == "failed":
                    raise rebuilt(value)
                else:
                    prepared: Prepared = value
                    return prepared
            await asyncio.sleep(LOOKS_EVERY)
    except (EOFError, ConnectionError):
        raise WizardError(
            "The process that prepared users ended on its own",
            state="No file to import was left.",
            remedy="see whether the machine ran out of memory, then run the same command again.",
        ) from None
    finally:
        ours.close()
        await _ended(process)


async def _ended(process: BaseProcess) -> None:
    """Wait for the child, whose pipe is closed; kill it if it does not end."""
    for _ in range(int(STOPS_WITHIN / LOOKS_EVERY)):
        if not process.is_alive():
            break
        await asyncio.sleep(LOOKS_EVERY)
    else:
        process.kill()
    process.join()


def _prepare(pipe: Connection, order: Order) -> None:
    """The child: asks the pipe whether to go on, and takes its closing for a no."""
    for name in STOPS:
        signal.signal(name, signal.SIG_IGN)
    settle()

    def stop() -> bool:
        return pipe.poll()

    def emit(event: Event) -> None:
        pipe.send(("event", event))

    try:
        made = prepare(order.source, order.facts, order.mapping, order.out, emit=emit, stop=stop, **order.options)
        answer: tuple[str, Any] = ("done", made)
    except ConnectionError:  # nobody listens any more; what was begun is removed already
        return
    except Exception as error:  # noqa: BLE001 - told to the other side, which raises it
        answer = ("failed", told(error))
    try:
        pipe.send(answer)
    except ConnectionError:
        return
