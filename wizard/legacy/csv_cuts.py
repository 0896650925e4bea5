"""Where the blocks of a delimited file begin and end, remembered so that they need not be looked for again."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from wizard.legacy.csv_block import CsvBlock
from wizard.legacy.dialect import Dialect
from wizard.legacy.encoding import Read
from wizard.legacy.opened import Identity


class Cuts:
    """The cuts of one pass over a file, for another pass over the same bytes; 40 bytes a block, some 600 users.

    Of a file with records that csv.reader alone would not find nothing is held, as the places of all records would have to be.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Hold nothing."""
        self._numbers = array("Q")
        self._whole = True
        self._of: tuple[str, Identity] | None = None

    def add(self, block: CsvBlock) -> None:
        """Remember the next block."""
        self._whole = self._whole and block.pieces is None
        if self._whole:
            self._numbers.extend((block.offset, len(block.data), block.count, block.line, block.lines))

    def settle(self, fingerprint: str, identity: Identity) -> None:
        """All blocks are there: they are those of the file that had this identity, and of data with this fingerprint."""
        self._of = (fingerprint, identity)

    def hold(self, fingerprint: str, identity: Identity) -> bool:
        """Whether all blocks of this file are held."""
        return self._whole and self._of == (fingerprint, identity)

    def blocks(self, read: Read, dialect: Dialect, width: int) -> Iterator[CsvBlock]:
        """The blocks again, from a file that is read from its beginning, after a mark, to its end."""
        at, first = 0, 1
        for place in range(0, len(self._numbers), 5):
            offset, size, count, line, lines = self._numbers[place : place + 5]
            read(offset - at)
            yield CsvBlock(read(size), dialect, width, first, count, line, lines, None, offset)
            at, first = offset + size, first + count
        while read(1 << 17):
            continue
