"""The mapping of single members over a whole block: a few calls a column instead of dozens a user.

Only regular records are done here, whose every cell passes quick checks. Any other record is odd and goes to the compiled
function, which alone decides about rejects. What is made here is byte for byte what that would make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Protocol

import orjson

from wizard.mapping.lines import Lines
from wizard.mapping.memo import MOST
from wizard.mapping.table import Odd, Origin, Table
from wizard.mapping.values import NOT_JSON, plain
from wizard.rejects import Refused

Check = Callable[[Sequence[bytes], Odd], Sequence[bytes]]
"""Returns texts as Auth0 wants them and adds to the odd ones those that did not pass; b"" passes: nothing is there."""

Members = list[bytes | Sequence[bytes]]
"""Text in pieces, each the same for all records or one for each record."""


class Part(Protocol):
    """One member of a profile or of metadata."""

    @property
    def key(self) -> str: ...

    def members(self, table: Table) -> tuple[bool, Members]:
        """Its text with the comma before it, and whether every record has it."""


@dataclass(frozen=True)
class Text:
    """A text with its check. `required` makes records without it odd."""

    key: str
    origin: Origin
    check: Check
    required: bool

    def pieces(self, table: Table) -> Sequence[bytes]:
        """The text of each record in UTF-8."""
        values = self.check(self.origin.texts(table), table.odd)
        if self.required:
            _refuse_empty(values, table.odd)
        return values

    def members(self, table: Table) -> tuple[bool, Members]:
        return member(self.key, self.pieces(table), table.odd, quote=b'"')


@dataclass(frozen=True)
class Word:
    """One of few values, remembered by its text: a boolean, a date.

    Args:
        stands: Texts that are the value as they stand, if most may be; then nothing needs to be remembered.
    """

    key: str
    origin: Origin
    make: Callable[[str], Any]
    required: bool
    stands: Lines | None = None
    known: dict[bytes, bytes] = field(default_factory=dict, compare=False)

    def __reduce__(self) -> tuple[type[Word], tuple[str, Origin, Callable[[str], Any], bool, Lines | None]]:
        return Word, (self.key, self.origin, self.make, self.required, self.stands)

    def members(self, table: Table) -> tuple[bool, Members]:
        texts = self.origin.texts(table)
        if self.required:
            _refuse_empty(texts, table.odd)
        if self.stands is not None:
            others = self.stands.exceptions(texts, len(texts) // 8)
            if others is not None:
                return self._mostly_standing(texts, others, table.odd)
        return member(self.key, self._values(texts, table.odd), table.odd, quote=b"")

    def _mostly_standing(self, texts: Sequence[bytes], others: Sequence[int], odd: Odd) -> tuple[bool, Members]:
        made = {index: self._made(texts[index], index, odd) for index in others}
        if made:
            texts = list(texts)
            for index, piece in made.items():
                texts[index] = piece[1:-1]  # without its quotes
        return member(self.key, texts, odd, quote=b'"')

    def _values(self, texts: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
        values: list[Any] = list(map(self.known.get, texts))
        index = -1
        for _ in range(values.count(None)):
            index = values.index(None, index + 1)
            values[index] = self._made(texts[index], index, odd)
        return values

    def _made(self, text: bytes, index: int, odd: Odd) -> bytes:
        value = _tried(self.make, text.decode(), index, odd) if text else None
        piece = b"" if value is None else orjson.dumps(value)
        if len(self.known) < MOST and index not in odd:
            self.known[text] = piece
        return piece


@dataclass(frozen=True)
class Value:
    """Any other value: what `make` makes of the text; None is nothing. `always` makes it of an empty text too."""

    key: str
    origin: Origin
    make: Callable[[str], Any]
    required: bool
    always: bool

    def members(self, table: Table) -> tuple[bool, Members]:
        values = [
            _tried(self.make, each.decode(), index, table.odd) if each or self.always else None
            for index, each in enumerate(self.origin.texts(table))
        ]
        return member(self.key, dumped(values, table.odd, self.required), table.odd, quote=b"")


@dataclass(frozen=True)
class Cell:
    """What the store has, as it has it; white space around text does not count."""

    key: str
    column: int
    required: bool

    def members(self, table: Table) -> tuple[bool, Members]:
        if table.is_text(self.column):
            texts = Origin((self.column,), (str.strip,), NOT_JSON).texts(table)
            if self.required:
                _refuse_empty(texts, table.odd)
            return member(self.key, texts, table.odd, quote=b'"')
        values = [
            (cell.strip() or None)
            if type(cell) is str
            else None
            if cell is None
            else _tried(plain, cell, index, table.odd)
            for index, cell in enumerate(table.cells[self.column])
        ]
        return member(self.key, dumped(values, table.odd, self.required), table.odd, quote=b"")


@dataclass(frozen=True)
class Same:
    """A constant."""

    key: str
    json: bytes

    def members(self, table: Table) -> tuple[bool, Members]:
        return True, [b"," + orjson.dumps(self.key) + b":" + self.json]


@dataclass(frozen=True)
class Rare:
    """What is left to the compiled function wherever it is there at all."""

    key: str
    origin: Origin

    def members(self, table: Table) -> tuple[bool, Members]:
        table.odd.update(index for index, each in enumerate(self.origin.texts(table)) if each)
        return True, []


@dataclass(frozen=True)
class Nested:
    """An object of members; left out where it would be empty."""

    key: str
    parts: tuple[Part, ...]

    def members(self, table: Table) -> tuple[bool, Members]:
        found = [part.members(table) for part in self.parts]
        begin = b"," + orjson.dumps(self.key) + b":{"
        inside = [each for _, members in found for each in members]
        if all(always for always, _ in found):  # then the first piece is text for all, and begins with a comma
            return True, [begin, inside[0][1:], *inside[1:], b"}"]
        return False, [[begin + each[1:] + b"}" if each else b"" for each in glued(inside, table.count)]]


def dumped(values: list[Any], odd: Odd, required: bool) -> list[bytes]:
    """The values as JSON; b"" for None."""
    found = []
    for index, value in enumerate(values):
        piece = b""
        if value is not None:
            try:
                piece = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
            except TypeError:
                odd.add(index)
        if b"\\" in piece or (required and value is None):
            odd.add(index)
        found.append(piece)
    return found


def glued(members: Members, count: int) -> list[bytes]:
    """One text for each record."""
    columns: list[Any] = []
    same = b""
    for each in members:
        if isinstance(each, bytes):
            same += each
        else:
            columns += [repeat(same, count), each] if same else [each]
            same = b""
    columns.append(repeat(same, count))
    return list(map(b"".join, zip(*columns, strict=True)))


def member(key: str, values: Sequence[bytes], odd: Odd, *, quote: bytes) -> tuple[bool, Members]:
    """Values with their key before them and quotes around them; b"" is no value, but for odd records."""
    begin = b"," + orjson.dumps(key) + b":" + quote
    if not all(values) and values.count(b"") <= len(odd):
        filled = list(values)
        for index in odd:
            filled[index] = filled[index] or b"0"
        values = filled
    if all(values):
        return True, [begin, values, quote]
    return False, [[begin + value + quote if value else b"" for value in values]]


def _refuse_empty(values: Sequence[bytes], odd: Odd) -> None:
    if not all(values):
        odd.update(index for index, value in enumerate(values) if not value)


def _tried(make: Callable[[Any], Any], value: Any, index: int, odd: Odd) -> Any:
    try:
        return make(value)
    except Refused:
        odd.add(index)
        return None
