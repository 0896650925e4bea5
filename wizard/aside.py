"""Work in a thread that ends with the process, so that a signal is heard meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """The outcome of the work, or its error. Whoever is cancelled while waiting leaves the thread behind to end by itself."""
    loop = asyncio.get_running_loop()
    seen: asyncio.Future[T] = loop.create_future()

    def tell(set_it: Callable[[], None]) -> None:
        if not seen.done():
            set_it()

    def do() -> None:
        outcome: Callable[[], None]
        try:
            made = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            outcome = partial(seen.set_exception, error)
        else:
            outcome = partial(seen.set_result, made)
        with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(tell, outcome)

    Thread(target=do, daemon=True, name="aside").start()
    return await seen
