"""Remembers what a pure function made of the values that users share, as a look-up costs a fraction of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST = 10_000
"""Values remembered; the later ones are computed each time, so that memory stays bounded."""


class Memo(dict[Any, Any]):
    """`memo[value]` is what the function makes of the value; what it raises is raised and not remembered."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: Any) -> Any:
        made = self._function(value)
        if len(self) < MOST:
            self[value] = made
        return made

    def __reduce__(self) -> tuple[type[Memo], tuple[Callable[[Any], Any]]]:
        return Memo, (self._function,)
