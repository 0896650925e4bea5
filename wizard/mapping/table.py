"""The cells of a block by column, as UTF-8: what is mapped by column is never made into text of Python's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from wizard.legacy.csv_block import CsvBlock
from wizard.legacy.source import BadRecord, Block
from wizard.mapping.values import text
from wizard.rejects import Refused, Reject

Read = Callable[[Any, Reject], str]
Odd = set[int]
"""Indices of the records that are left to the compiled function."""

ESCAPED = bytes([*range(0x20), *b'"\\'])
"""What JSON does not hold as it is."""


SPACES_BEGIN = (b"\xc2", b"\xe1", b"\xe2", b"\xe3")
"""What every white space beyond ASCII begins with in UTF-8; single bytes, as these are found fastest."""

SPACES = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a\x80", b"\xe2\x80", b"\xe2\x81\x9f", b"\xe3\x80\x80")
"""White space beyond ASCII in UTF-8, or what several of its characters begin with."""


class Table:
    """A block by column; lives as long as one call.

    Args:
        cells: Of each column, as many in each: text or what a database gives, or UTF-8 without escapes if `plain`.
        count: Of records.
        odd: Records known to be odd already; their cells may be anything.
        bad: Records that could not be read, by index.
    """

    def __init__(
        self, cells: Sequence[Sequence[Any]], count: int, odd: Odd, bad: dict[int, BadRecord], *, plain: bool
    ) -> None:
        self.cells = cells
        self.count = count
        self.odd = odd
        self.bad = bad
        self.plain = plain
        self.trimmed: set[int] = set()  # columns in which no cell begins or ends with white space
        self.known: dict[Any, Sequence[bytes]] = {}
        self.untried: list[int] = []  # records whose password travels by a description that nobody has tried

    @classmethod
    def of(cls, block: Block, width: int) -> Table:
        """The table of a block whose records have this many cells."""
        if isinstance(block, CsvBlock) and (table := cls._split(block, width)) is not None:
            return table
        rows: list[Any] = list(block.rows())
        bad = {}
        if BadRecord in set(map(type, rows)):
            bad = {index: row for index, row in enumerate(rows) if isinstance(row, BadRecord)}
            rows = [("",) * width if index in bad else row for index, row in enumerate(rows)]
        return cls(list(zip(*rows, strict=True)) if rows else [()] * width, len(rows), set(bad), bad, plain=False)

    @classmethod
    def _split(cls, block: CsvBlock, width: int) -> Table | None:
        """The table of a block in which nothing is quoted or escaped, found without a parser that reads each letter.

        None where a comma or line end might not be what it looks like, or a record has another width.
        """
        dialect, between = block.dialect, block.dialect.delimiter.encode()
        quoted_escapes = dialect.escape and not dialect.unescapes
        if block.pieces is not None or quoted_escapes or dialect.spaces or width < 2:
            return None
        data = block.data
        try:
            if dialect.encoding != "utf-8":
                data = data.decode(dialect.encoding).encode()
        except UnicodeError:
            return None
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        data = data.removesuffix(b"\n")
        if (dialect.quote and dialect.quote.encode() in data) or b"\r" in data:
            return None
        data = dialect.settled(data)
        if b"\0" in data or (dialect.escape and b"\\" in data):
            return None
        # A line end becomes a cell of its own: if every record has the same width, these are where they must be. Then a
        # blank line, which is no record, has no place either.
        spread = data.replace(b"\n", between + b"\n" + between)
        stride, ends = width + 1, block.count - 1
        if len(spread) - len(data) != 2 * len(between) * ends:
            return None
        cells = spread.split(between)
        if len(cells) != ends * stride + width or cells[width::stride].count(b"\n") != ends:
            return None
        columns = [cells[column::stride] for column in range(width)]
        try:
            if not data.isascii():
                data.decode()
        except UnicodeDecodeError:
            return None
        table = cls(columns, block.count, _escaped(data, between), {}, plain=True)
        table.trimmed = _trimmed(data, between, columns)
        return table

    def row(self, index: int) -> tuple[Any, ...]:
        """One record as the source has it."""
        cells = tuple(column[index] for column in self.cells)
        return tuple(map(bytes.decode, cells)) if self.plain else cells

    def column(self, index: int, refusal: Reject, read: Read) -> Sequence[bytes]:
        """The column as UTF-8, for members that are text."""
        if self.plain:
            return self.cells[index]
        if (index, read) not in self.known:
            self.known[index, read] = self._encoded(self.cells[index], refusal, read)
        return self.known[index, read]

    def is_text(self, index: int) -> bool:
        """Whether all cells of the column are text; told by C, not by a loop."""
        try:
            return self.plain or isinstance("".join(self.cells[index]), str)
        except TypeError:
            return False

    def _encoded(self, cells: Sequence[Any], refusal: Reject, read: Read = text) -> list[bytes]:
        try:
            data = "\n".join(cells).encode()
            if len(data) - len(data.translate(None, ESCAPED)) == len(cells) - 1:
                return data.split(b"\n")
        except (TypeError, UnicodeEncodeError):
            pass
        found = []
        for index, cell in enumerate(cells):
            try:
                piece = (cell if type(cell) is str else read(cell, refusal)).encode()
            except (Refused, UnicodeEncodeError):
                piece = b"\0"
            if len(piece.translate(None, ESCAPED)) != len(piece):
                self.odd.add(index)
                piece = b""
            found.append(piece)
        return found


@dataclass(frozen=True)
class Origin:
    """Where a text comes from: columns (by index) with literals between them, and then what is done to it.

    Args:
        read: Makes text of cells that are none.
    """

    parts: tuple[int | str, ...]
    changes: tuple[Callable[[str], str], ...]
    refusal: Reject = field(compare=False)
    read: Read = text

    def texts(self, table: Table) -> Sequence[bytes]:
        """The text of each record as UTF-8."""
        known = table.known.get(self)
        if known is None:
            known = table.known[self] = self._changed(table, self._joined(table))
        return known

    def _joined(self, table: Table) -> Sequence[bytes]:
        columns = [table.column(part, self.refusal, self.read) for part in self.parts if isinstance(part, int)]
        if len(self.parts) == 1:
            return columns[0]
        waiting = iter(columns)
        parts = [next(waiting) if isinstance(part, int) else repeat(part.encode(), table.count) for part in self.parts]
        found = list(map(b"".join, zip(*parts, strict=True)))
        if not all(columns[0]):
            found = [whole if any(cells) else b"" for whole, *cells in zip(found, *columns, strict=True)]
        return found

    def _is_trimmed(self, table: Table) -> bool:
        """Whether the texts are known to have no white space at their ends."""
        first, last = self.parts[0], self.parts[-1]
        if first not in table.trimmed or last not in table.trimmed:
            return False
        return len(self.parts) == 1 or all(all(table.cells[int(part)]) for part in (first, last))

    def _changed(self, table: Table, found: Sequence[bytes]) -> Sequence[bytes]:
        if not self.changes or (self.changes == (str.strip,) and self._is_trimmed(table)):
            return found
        if self.changes == (str.strip,):
            return stripped(found)
        texts = list(map(bytes.decode, found))
        for change in self.changes:
            texts = list(map(change, texts))
        return table._encoded(texts, self.refusal)


def _escaped(data: bytes, between: bytes) -> Odd:
    """The records, one a line, with characters that JSON escapes."""
    unusual = ESCAPED.replace(between, b"").replace(b"\n", b"")
    if len(data.translate(None, unusual)) == len(data):
        return set()
    return {index for index, line in enumerate(data.split(b"\n")) if len(line.translate(None, unusual)) != len(line)}


def _trimmed(data: bytes, between: bytes, columns: Sequence[Sequence[bytes]]) -> set[int]:
    """The columns in which no cell begins or ends with white space that is no control character."""
    known, most = set(range(len(columns))), len(columns[0])
    if not _all_inside(data, between, _few(data, b" ", most)):
        known = {index for index in known if not _has_edges(b"\n".join(columns[index]))}
    if not data.isascii():
        suspects = [_few(data, begin, most) for begin in SPACES_BEGIN]
        if any(places is None or any(data.startswith(SPACES, at) for at in places) for places in suspects):
            known = {index for index in known if not _has_other_spaces(b"".join(columns[index]))}
    return known


def _few(data: bytes, byte: bytes, most: int) -> list[int] | None:
    """Where the byte is; None if in more places than `most`. A look at each of a few is faster than at all cells."""
    places: list[int] = []
    at = data.find(byte)
    while at >= 0:
        if len(places) == most:
            return None
        places.append(at)
        at = data.find(byte, at + 1)
    return places


def _all_inside(data: bytes, between: bytes, places: list[int] | None) -> bool:
    """Whether these places are known to be neither first nor last in a cell."""
    edges = frozenset((b"", between[:1], between[-1:], b"\n"))
    return places is not None and all(
        at and data[at - 1 : at] not in edges and data[at + 1 : at + 2] not in edges for at in places
    )


def _has_edges(joined: bytes) -> bool:
    """Whether a cell, of those in lines, may begin or end with a space."""
    return b" " in joined and (b"\n " in joined or b" \n" in joined or joined[:1] == b" " or joined[-1:] == b" ")


def _has_other_spaces(joined: bytes) -> bool:
    return (
        not joined.isascii()
        and any(begin in joined for begin in SPACES_BEGIN)
        and any(space in joined for space in SPACES)
    )


def stripped(values: Sequence[bytes]) -> list[bytes]:
    """Without white space at the ends, of any script."""
    found = list(map(bytes.strip, values))
    joined = b"".join(found)
    if _has_other_spaces(joined):
        found = [value if value.isascii() else value.decode().strip().encode() for value in found]
    return found
