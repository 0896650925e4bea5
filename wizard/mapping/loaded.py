"""How a rule's value is had: the compiled function and the columns of a block must read it alike, so both ask this."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from wizard.mapping.lines import Lines
from wizard.mapping.memo import Memo
from wizard.mapping.parts import Cell, Check, Part, Same, Text, Value, Word
from wizard.mapping.table import Odd, Origin

Wanted = Literal["text", "boolean", "cell"]
"""What a member of the schema takes; metadata takes any cell."""

NOTHING: Any = object()


@dataclass(frozen=True)
class Loaded:
    """A rule, resolved against the columns.

    Args:
        empty: What the variable holds where there is nothing: "" of text, else None.
        origin: Columns, literals and changes of text; None for constants.
        native: Whether cells that are not text are taken as they are.
        memo: What makes the value of the text, remembered.
        stands: Texts that it leaves as they are.
        make: The same without remembering; neither for text.
        always: Whether `make` is asked for empty text too.
        constant: The same for all users.
    """

    empty: Literal["text", "none"]
    origin: Origin | None = None
    native: bool = False
    memo: Memo | None = None
    stands: re.Pattern[str] | None = None
    make: Callable[[str], Any] | None = None
    always: bool = False
    constant: Any = NOTHING

    @property
    def is_there(self) -> str:
        """The condition under which the variable v holds something."""
        return "v" if self.empty == "text" else "v is not None"

    def part(self, key: str, *, check: Check, required: bool) -> Part | None:
        """The same for whole columns; None where only the compiled function can do it."""
        if self.origin is None:
            return None if self.empty == "text" else _same(key, self.constant)
        if self.memo is not None:
            stands = None if self.stands is None else Lines(self.stands)
            return Word(key, self.origin, self.memo.__getitem__, required, stands)
        if self.make is not None:
            return Value(key, self.origin, self.make, required, self.always)
        if self.native:
            (column,) = self.origin.parts
            return Cell(key, int(column), required)
        return Text(key, self.origin, check, required)


def _same(key: str, constant: Any) -> Same | None:
    try:
        written = orjson.dumps(constant, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:
        return None
    return None if b"\\" in written else Same(key, written)


def unchecked(values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    """The check of what may be any text."""
    return values
