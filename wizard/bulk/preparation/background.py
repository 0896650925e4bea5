"""Prepare in a process of its own, so that an event loop and its screen stay quick meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.process import BaseProcess

from wizard.bulk.preparation.child import Order, work
from wizard.bulk.preparation.prepare import Prepared, Stop
from wizard.bulk.preparation.workers import rebuilt, start_tracker
from wizard.errors import WizardError
from wizard.events import Emit

STOPS_WITHIN = 5.0
"""Seconds that the process has to clean up after it was asked to stop."""

LOOKS_EVERY = 0.05
"""Seconds between two looks at what the process has to say."""


async def prepare_apart(order: Order, *, emit: Emit, stop: Stop) -> Prepared:
    """Prepare in a child process and relay its events; see `wizard.bulk.preparation.prepare.prepare` for errors.

    Cancelling stops the child, which removes what it began, and waits for it.
    """
    context = multiprocessing.get_context("spawn")
    start_tracker()
    ours, theirs = context.Pipe()
    # Not a daemon, as it has children. It ends by itself when this process does: the pipe closes.
    process = context.Process(target=work, args=(theirs, order), name="prepare")
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
