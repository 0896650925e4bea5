"""Consecutive records of a delimited file as raw bytes: cheap to pickle, parsed by whoever receives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wizard.counts import counted
from wizard.legacy.dialect import Dialect, unescaped
from wizard.legacy.opened import Stretch
from wizard.legacy.source import BadRecord, Record

Piece = tuple[int, int, bool]
"""Where a record begins and ends in the bytes of its block, and whether it can be parsed at all."""

UNDECODABLE = "undecodable"
RAGGED = "ragged_row"
NUL = "nul_byte"
UNTERMINATED = "unterminated_quote"

Row = list[str] | BadRecord


@dataclass(frozen=True)
class CsvBlock:
    """Records `first` to `first + count - 1`, beginning at line `line` of the file; any `width` goes if it is 0.

    `pieces` is given where csv.reader alone would not find the same records: around a quote that is never closed. `again`
    is where another process finds `data`, which then is not sent along; `offset` where it begins among all that was read.
    """

    data: bytes
    dialect: Dialect
    width: int
    first: int
    count: int
    line: int
    lines: int
    pieces: tuple[Piece, ...] | None = None
    offset: int = 0
    again: Stretch | None = None

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        if self.again is not None:
            del state["data"]
        return state

    def __getattr__(self, name: str) -> bytes:
        """Read the data when it is wanted, in a process that did not get it."""
        again = vars(self).get("again")
        if name != "data" or again is None:
            raise AttributeError(name)
        data: bytes = again.read()
        vars(self)["data"] = data
        return data

    def rows(self) -> Iterator[Sequence[str] | BadRecord]:
        """Parse the block; the loop is short because it runs once a user."""
        escaped = self.dialect.unescapes and b"\\" in self.data
        if self.pieces is not None or 0 in self.data or escaped:
            yield from (row for row, _ in self._checked())
            return
        try:
            text = self.data.decode(self.dialect.encoding)
        except UnicodeDecodeError:
            yield from (row for row, _ in self._checked())
            return
        width = self.width
        rows: Iterable[list[str]] = self.dialect.rows(text)
        if any(mark in text for mark, _ in self.dialect.instead):
            rows = map(self._settled, rows)
        for row in rows:
            if len(row) == width:
                yield row
            elif row:
                yield self._ragged(row)

    def records(self) -> Iterator[Record]:
        """Parse the block and say where each record begins."""
        for index, (row, line) in enumerate(self._checked()):
            position = f"line {line}"
            if isinstance(row, BadRecord):
                yield Record(self.first + index, position, (), row)
            else:
                yield Record(self.first + index, position, row)

    def position(self, index: int) -> str:
        """Where the record begins: at once if each record is one line, else found by parsing the block once more."""
        return f"line {self.line + index if self.lines == self.count else self._starts[index]}"

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(line for _, line in self._checked())

    def _checked(self) -> Iterator[tuple[Row, int]]:
        """Each record, or what is wrong with it, and the line on which it begins."""
        parsed = self._parsed_whole() if self.pieces is None else self._parsed_in_pieces(self.pieces)
        for row, line in parsed:
            yield (row if isinstance(row, BadRecord) else self._check(row)), line

    def _parsed_whole(self) -> Iterator[tuple[Row, int]]:
        reader = self.dialect.rows(self.data.decode(self.dialect.encoding, "surrogateescape"))
        line = self.line
        for row in reader:
            if row:
                yield row, line
            line = self.line + reader.line_num

    def _parsed_in_pieces(self, pieces: Sequence[Piece]) -> Iterator[tuple[Row, int]]:
        line, seen = self.line, 0
        for start, end, whole in pieces:
            line, seen = line + count_lines(self.data[seen:start]), start
            yield (self._parsed_alone(self.data[start:end]) if whole else _UNTERMINATED), line

    def _parsed_alone(self, data: bytes) -> Row:
        text = data.decode(self.dialect.encoding, "surrogateescape")
        rows = [row for row in self.dialect.rows(text) if row]
        return rows[0] if len(rows) == 1 else BadRecord(UNTERMINATED, "its quotes or escapes do not match")

    def _check(self, row: list[str]) -> Row:
        """Refuse what could be read but not understood."""
        if any(map(_unreadable, row)):
            return BadRecord(UNDECODABLE, f"it has bytes that are not {self.dialect.encoding}")
        row = self._settled(row)
        if any("\0" in cell for cell in row):
            return BadRecord(NUL, "it has a NUL byte, so it is damaged or in another encoding")
        return row if len(row) == self.width or not self.width else self._ragged(row)

    def _settled(self, row: list[str]) -> list[str]:
        """The row with each cell as it is to be read."""
        meant = self._instead
        if self.dialect.unescapes:
            return [unescaped(cell) if (found := meant.get(cell)) is None else found for cell in row]
        return [meant.get(cell, cell) for cell in row]

    @cached_property
    def _instead(self) -> dict[str, str]:
        return dict(self.dialect.instead)

    def _ragged(self, row: Sequence[str]) -> BadRecord:
        there, wanted = counted(len(row), "cell"), counted(self.width, "column")
        return BadRecord(RAGGED, f"it has {there} where the file has {wanted}")


_UNTERMINATED = BadRecord(UNTERMINATED, "a quote opens on this line and is not closed; only this line was left out")


def count_lines(data: bytes) -> int:
    r"""Count line ends as an editor does: \n, \r\n and a lone \r."""
    ends = data.count(b"\n")
    return ends if b"\r" not in data else ends + data.count(b"\r") - data.count(b"\r\n")


def _unreadable(cell: str) -> bool:
    """Bytes that could not be decoded became lone surrogates, which no encoding of text can hold."""
    if cell.isascii():
        return False
    try:
        cell.encode()
    except UnicodeEncodeError:
        return True
    return False
