r"""Cut a delimited file into blocks at record boundaries by counting quotes, without parsing a cell.

What a record is: it ends at a line end (\n, \r\n, \r) outside quotes. A quote opens a cell only where a cell begins;
elsewhere it is a character like any other. Doubled quotes inside a quoted cell are one. Blank lines are no records. A
quoted cell may span lines only if its closing quote ends the cell; otherwise the quote is taken for a slip, only the line
with it is a bad record, and reading goes on at the next line. csv.reader finds the same records except for that last rule,
so the blocks can be parsed by it; where the rule matters, the block says where its records begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from wizard.errors import SourceError
from wizard.legacy.csv_block import CsvBlock, Piece, count_lines
from wizard.legacy.dialect import Dialect
from wizard.legacy.encoding import Read

BLOCK_BYTES = 1 << 17
"""About 600 users: small enough for the processor's cache, large enough to make sending it cheap."""
LONGEST_QUOTED = 1 << 20
"""A quoted cell that spans lines and is longer has lost its closing quote: no user that large can be imported."""
LONGEST_LINE = 16 << 20
LONGEST_HEADER = 1 << 20
"""Bytes of the first record: 2000 names of 200 characters are half of it."""

_first = itemgetter(slice(0, 1))
_last = itemgetter(slice(-1, None))


@dataclass(frozen=True)
class _Found:
    """Whole records at the beginning of a buffer: their bytes and how many; their places if needed, line ends if counted."""

    data: bytes
    count: int
    pieces: tuple[Piece, ...] | None = None
    ends: int | None = None


class Cutter:
    """Reads a file from its beginning and yields blocks; `header()` comes first where there is one."""

    def __init__(
        self,
        read: Read,
        dialect: Dialect,
        *,
        block: int = BLOCK_BYTES,
        longest_quoted: int = LONGEST_QUOTED,
        longest_line: int = LONGEST_LINE,
        name: str = "the file",
    ) -> None:
        self._name = name
        self._read = read
        self._block = block
        self._longest_quoted = longest_quoted
        self._longest_line = longest_line
        self._dialect = dialect
        self._delimiter = dialect.delimiter.encode(dialect.encoding)
        self._quote = dialect.quote.encode(dialect.encoding)
        ends = b"\r\n" + (re.escape(self._quote) if len(self._quote) == 1 else b"")
        self._token = re.compile(b"[" + ends + b"]" + (b"|" + re.escape(self._quote) if len(self._quote) > 1 else b""))
        self._around = frozenset((self._delimiter[:1], b"\n", b"\r", b""))
        self._simple = len(self._delimiter) == 1
        self._ahead = max(len(self._delimiter), len(self._quote))
        self._buffer = b""
        self._ended = False
        self._line = 1
        self._taken = 0

    def skip_line(self) -> None:
        """Leave out the first line, which is an instruction to a spreadsheet."""
        self._more(self._block)
        end = _line_end(self._buffer, 0)
        self._buffer, self._line, self._taken = self._buffer[end:], self._line + 1, self._taken + end

    def header(self) -> CsvBlock | None:
        """Take the first record; None if the file has no record.

        Raises:
            SourceError: it is so long that this is no file of users.
        """
        while True:
            found = self._walk(1)
            if found.count:
                return self._take(found, number=0, width=0)
            if self._ended:
                return None
            if len(self._buffer) > LONGEST_HEADER:
                raise self._too_long(LONGEST_HEADER)
            self._more(len(self._buffer))

    def blocks(self, width: int) -> Iterator[CsvBlock]:
        """Yield the records as blocks of about `block` bytes.

        Raises:
            SourceError: a line is so long that this is no file of users.
        """
        number = 1
        while True:
            found = self._whole_records()
            if found.data:
                block = self._take(found, number=number, width=width)
                number += block.count
                if block.count:
                    yield block
            if self._ended and not self._buffer:
                return
            if not found.data or len(self._buffer) < self._block:
                self._more(self._block if found.data else len(self._buffer))

    def _more(self, size: int) -> None:
        """Read on; twice as much each time a record does not end, so that long ones are not walked over and over."""
        if len(self._buffer) > self._longest_line:
            raise self._too_long(self._longest_line)
        data = b"" if self._ended else self._read(max(size, self._block))
        self._ended = not data
        self._buffer += data

    def _too_long(self, limit: int) -> SourceError:
        return SourceError(
            f"Line {self._line} of {self._name} is longer than {limit >> 20} MB",
            remedy="check that the file is delimited text with one user a line, and its encoding.",
        )

    def _take(self, found: _Found, *, number: int, width: int) -> CsvBlock:
        data, self._buffer = found.data, self._buffer[len(found.data) :]
        lines = count_lines(data) if found.ends is None else found.ends
        line, self._line = self._line, self._line + lines
        offset, self._taken = self._taken, self._taken + len(data)
        unfinished = not data.endswith((b"\n", b"\r"))
        return CsvBlock(data, self._dialect, width, number, found.count, line, lines + unfinished, found.pieces, offset)

    def _whole_records(self) -> _Found:
        """As many as make a block; more only where a single one is longer. Nothing if none has ended yet."""
        whole = self._ended and len(self._buffer) <= 2 * self._block
        end = (
            len(self._buffer)
            if whole
            else self._last_line_end(2 * self._block) or self._last_line_end(len(self._buffer))
        )
        found = self._count(self._buffer[:end])
        if found is None and self._quote and not whole:
            # Most often the buffer ends inside a quoted cell: up to the line before its quote all may be well.
            quote = max(0, self._buffer.rfind(self._quote, 0, end))
            found = self._count(self._buffer[: self._last_line_end(quote)])
        return found or self._walk()

    def _last_line_end(self, before: int) -> int:
        r"""Just after the last line end before this place; a final \r may be the first half of \r\n."""
        end = self._buffer.rfind(b"\n", 0, before) + 1
        if end:
            return end
        before = min(before, len(self._buffer) - 1)
        return before + 1 if self._buffer.startswith(b"\r\n", before - 1) else self._buffer.rfind(b"\r", 0, before) + 1

    def _count(self, data: bytes) -> _Found | None:
        """Count the records of `data` if its quotes prove to stand where cells begin and end; None if they don't."""
        if not data or (self._dialect.escape and b"\\" in data and not self._ends_lines(data)):
            return None
        quoted = bool(self._quote) and self._quote in data
        if quoted and len(data) > self._longest_quoted:
            return None
        outside = self._outside(data) if quoted else data
        if outside is None:
            return None
        if b"\r" in outside:
            outside = outside.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = outside.split(b"\n")
        return _Found(data, len(lines) - lines.count(b""), ends=len(lines) - 1 if outside is data else None)

    def _ends_lines(self, data: bytes) -> bool:
        """Whether all line ends are those of records, though there are escapes."""
        return not self._quote and b"\\\n" not in data and b"\\\r" not in data

    def _outside(self, data: bytes) -> bytes | None:
        """What is outside quoted cells, each of which becomes one quote; None if any quote is out of place.

        Split at quotes, every other part is outside. Each must begin after a cell ended and end where one begins, that is
        at a delimiter or a line end; an empty part is a doubled quote.
        """
        parts = data.split(self._quote)
        outside = parts[::2]
        if not self._simple or len(parts) % 2 == 0:
            return None
        if set(map(_first, outside[1:])) <= self._around and set(map(_last, outside[:-1])) <= self._around:
            return self._quote.join(outside)
        return None

    def _walk(self, most: int = -1) -> _Found:
        """Find records one by one, exactly; all that end in the buffer, or the first `most`."""
        pieces: list[Piece] = []
        start, masked = 0, self._masked(0)
        while start < min(len(self._buffer), 2 * self._block) and len(pieces) != most:
            step = self._record(start, masked)
            if step is None:
                break
            end, whole = step
            if self._buffer[start:end].strip(b"\r\n"):
                pieces.append((start, end, whole))
            if not whole:
                masked = self._masked(end)
            start = end
        plain = not self._dialect.escape and all(whole for _, _, whole in pieces)
        return _Found(self._buffer[:start], len(pieces), None if plain else tuple(pieces))

    def _masked(self, start: int) -> bytes:
        """The buffer with escaped characters blanked from a record's beginning on, so that their meaning is gone."""
        if not self._dialect.escape:
            return self._buffer
        return self._buffer[:start] + _ESCAPED.sub(b"xx", self._buffer[start:])

    def _record(self, start: int, masked: bytes) -> tuple[int, bool] | None:
        """Where the record that begins at `start` ends, and whether it can be parsed; None if more must be read."""
        buffer = self._buffer
        place = start
        while token := self._token.search(masked, place):
            if token.group() != self._quote:
                return self._ended_line(token.start())
            if not self._begins_cell(masked, start, token.start()):
                place = token.end()
                continue
            closed = self._closing(masked, token.end())
            spans = _spans_lines(buffer, token.end(), closed)
            if closed is None:
                lost = self._ended or (spans and len(buffer) - token.end() > self._longest_quoted + self._ahead)
                return self._slip(start) if lost else None
            if spans and (closed - token.end() > self._longest_quoted or not self._ends_cell(masked, closed)):
                return self._slip(start)
            place = closed
        return (len(buffer), True) if self._ended else None

    def _begins_cell(self, masked: bytes, start: int, quote: int) -> bool:
        if self._dialect.spaces:
            while quote > start and masked[quote - 1 : quote] == b" ":
                quote -= 1
        return quote == start or masked.endswith(self._delimiter, start, quote)

    def _closing(self, masked: bytes, place: int) -> int | None:
        """Just after the quote that closes the cell; None if it is not in the buffer for certain."""
        quote = self._quote
        while (found := masked.find(quote, place)) >= 0:
            place = found + len(quote)
            if place + self._ahead > len(masked) and not self._ended:
                return None
            if not masked.startswith(quote, place):
                return place
            place += len(quote)
        return None

    def _ends_cell(self, masked: bytes, place: int) -> bool:
        return place >= len(masked) or masked.startswith((self._delimiter, b"\n", b"\r"), place)

    def _ended_line(self, place: int) -> tuple[int, bool] | None:
        end = _line_end(self._buffer, place)
        return None if self._undecided(end) else (end, True)

    def _slip(self, start: int) -> tuple[int, bool] | None:
        end = _line_end(self._buffer, start)
        return None if self._undecided(end) else (end, False)

    def _undecided(self, end: int) -> bool:
        r"""A \r at the end of the buffer may be half of a line end."""
        return end == len(self._buffer) and self._buffer.endswith(b"\r") and not self._ended


_LINE_END = re.compile(rb"\r\n|\r|\n")
_ESCAPED = re.compile(rb"\\[\s\S]")


def _line_end(data: bytes, place: int) -> int:
    found = _LINE_END.search(data, place)
    return found.end() if found else len(data)


def _spans_lines(data: bytes, start: int, end: int | None) -> bool:
    stop = len(data) if end is None else end
    return data.find(b"\n", start, stop) >= 0 or data.find(b"\r", start, stop) >= 0
