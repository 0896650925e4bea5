"""Consecutive objects of a JSON file as raw bytes: cheap to pickle, parsed by whoever receives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from wizard.legacy.flat import Shape
from wizard.legacy.source import BadRecord, Record

INVALID = BadRecord("json_invalid", "it is not valid JSON")
NO_NUMBER = BadRecord(
    "json_invalid", "it has NaN or Infinity, which JSON does not have; null says that there is no number"
)
SURROGATE = BadRecord("lone_surrogate", "it has half of a surrogate pair, which is no text")
BOM = b"\xef\xbb\xbf"

Place = tuple[int, int]
"""Where an object begins and ends in the bytes of its block."""


@dataclass(frozen=True)
class JsonBlock:
    """Objects `first` to `first + count - 1`.

    Args:
        data: Elements with commas between them; or, if `line` is given, lines.
        line: The number of the first line in the file, of NDJSON.
        places: Where the elements lie, given where one of them may not be valid.
    """

    data: bytes
    first: int
    count: int
    shape: Shape = field(default_factory=Shape)
    line: int | None = None
    places: tuple[Place, ...] | None = None

    def objects(self) -> Iterator[Any]:
        """Each parsed element, or what is wrong with it."""
        if self.line is None and self.places is None:
            yield from orjson.loads(b"[" + self.data + b"]")
            return
        for piece in self._pieces():
            try:
                yield orjson.loads(piece)
            except ValueError:
                yield _why_invalid(piece)

    def rows(self) -> Iterator[Sequence[Any] | BadRecord]:
        row = self.shape.row
        for each in self.objects():
            yield each if each.__class__ is BadRecord else row(each)

    def records(self) -> Iterator[Record]:
        for index, row in enumerate(self.rows()):
            if isinstance(row, BadRecord):
                yield Record(self.first + index, self.position(index), (), row)
            else:
                yield Record(self.first + index, self.position(index), row)

    def position(self, index: int) -> str:
        """The line of NDJSON, else the number of the element."""
        if self.line is None:
            return f"element {self.first + index}"
        return f"line {self._lines[index]}"

    def _pieces(self) -> Iterator[bytes]:
        if self.places is not None:
            return (self.data[start:end] for start, end in self.places)
        return (line for line in self.data.split(b"\n") if not blank(line))

    @cached_property
    def _lines(self) -> Sequence[int]:
        begin = self.line or 1
        lines = self.data.split(b"\n")
        return [number for number, line in enumerate(lines, begin) if not blank(line)]


def _why_invalid(piece: bytes) -> BadRecord:
    """What is wrong with an element that is not valid, as far as a reader shows that takes more."""
    constants: list[str] = []
    try:
        value = json.loads(piece, parse_constant=constants.append)
        if not constants:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return SURROGATE
    except (ValueError, RecursionError):
        return INVALID
    return NO_NUMBER if constants else INVALID


def blank(line: bytes) -> bool:
    """Whether a line holds nothing but white space."""
    return not line or line.isspace()
