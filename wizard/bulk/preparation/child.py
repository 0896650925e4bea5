"""The process that prepares in the background: one starts for every preparation, so no event loop is imported here."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from wizard.bulk.preparation.prepare import prepare
from wizard.bulk.preparation.workers import settle, told
from wizard.events import Event
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.mapping.compiled import Mapping
from wizard.stops import STOPS


@dataclass(frozen=True)
class Order:
    """What to prepare, as the other process gets it."""

    source: LegacySource
    facts: SourceFacts
    mapping: Mapping
    out: Path
    options: dict[str, Any]


def work(pipe: Connection, order: Order) -> None:
    """Carry out the order; asks the pipe whether to go on, and takes its closing for a no."""
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
