"""Keeps Python's search for garbage from stopping the screen.

A full collection looks at every object that is alive; with the engine, pydantic and Textual imported these are so many that it
takes a quarter of a second on a slow core, and it came about once in sixty keys. What lives as long as the wizard need not be
looked at again. `tests/benchmarks/responsiveness.py` shows it, in the 99th percentile at rest.
"""

from __future__ import annotations

import gc

_spared: set[str] = set()


def spare_the_living(occasion: str) -> None:
    """Leave out of later collections what is alive now, at the first of each occasion.

    What is garbage already is kept with it, so it is done where the wizard has just grown for good, and not again.
    """
    if occasion not in _spared:
        _spared.add(occasion)
        gc.freeze()


def let_go() -> None:
    """A migration has been left: what it had grown to is garbage, and has to be found though it was spared."""
    gc.unfreeze()
    _spared.discard("run")
