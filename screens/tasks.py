"""Work that a page begins and does not wait for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode


def begin(node: DOMNode, work: Callable[..., Coroutine[Any, Any, Any]], *args: Any, group: str) -> None:
    """Run the work as a task of the node, which ends with it; the work of the same group before it is cancelled."""
    # Taken out when it begins: what the work makes remembers the worker, which is not to remember the page in turn.
    waiting = [partial(work, *args)]

    async def started() -> None:
        try:
            await waiting.pop()()
        except NoMatches:
            if node.app.is_running and node.display:
                raise
            # Otherwise the node is being taken apart, its children first; its work is cancelled only after them.

    # A coroutine made beforehand would complain if it is cancelled before it begins.
    node.run_worker(cast("Callable[[], None]", started), group=group, exclusive=True)
