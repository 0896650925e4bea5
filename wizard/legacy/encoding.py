"""Find the encoding of a text file, and turn any encoding into bytes whose quotes and newlines can be counted."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from wizard.errors import SourceError

Read = Callable[[int], bytes]
"""Read up to so many bytes; empty at the end of the file."""

LOOK = 1 << 20
MOST_LOOKED_AT = 16 << 20
"""Bytes of chunks with anything but ASCII that are looked at before deciding; ASCII is skipped at no cost."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNREADABLE = "\udcff"


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text: the codec, how many bytes its mark takes, and what to warn about."""

    name: str
    mark: int = 0
    warning: str = ""

    @property
    def in_blocks(self) -> str:
        """The encoding after `readable_bytes`: the same, or UTF-8 where a comma byte may be part of another character."""
        return self.name if _keeps_ascii_apart(self.name) else "utf-8"


def find_encoding(file: BinaryIO, wanted: str = "auto") -> Encoding:
    """Decide the encoding by a byte order mark, the place of zero bytes, or by trying UTF-8 on what is not ASCII.

    Raises:
        SourceError: it is UTF-16 or UTF-32, as wanted, and nothing tells in which order its bytes are.
    """
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    wanted = "utf-8" if wanted == "utf-8-sig" else wanted
    marked = next((Encoding(name, len(mark)) for mark, name in _MARKS if head.startswith(mark)), None)
    if wanted != "auto":
        if marked and wanted in (marked.name, marked.name[:-3]):
            return marked
        return Encoding(_ordered(head, wanted) if wanted in ("utf-16", "utf-32") else wanted)
    if marked:
        return marked
    wide = _wide(head)
    return Encoding(wide) if wide else _utf8_or_western(file)


def readable_bytes(read: Read, encoding: Encoding) -> Read:
    """Wrap `read` so that it yields `encoding.in_blocks`, without the mark.

    Bytes that the codec cannot read come out as bytes that UTF-8 cannot read either, so only their row is bad.
    """
    pending_mark = encoding.mark

    def without_mark(size: int) -> bytes:
        nonlocal pending_mark
        data = read(size)
        skipped, pending_mark = data[pending_mark:], max(0, pending_mark - len(data))
        return skipped if skipped or not data else without_mark(size)

    if encoding.in_blocks == encoding.name:
        return without_mark
    codecs.register_error("auth0-migrate.unreadable", _unreadable)
    decoder = codecs.getincrementaldecoder(encoding.name)("auth0-migrate.unreadable")

    def transcoded(size: int) -> bytes:
        while True:
            data = without_mark(size)
            text = decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8", "surrogatepass")

    return transcoded


def _unreadable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNREADABLE, max(error.end, error.start + 1)


def _keeps_ascii_apart(name: str) -> bool:
    """An ASCII byte always is that character: then quotes and newlines can be counted in the raw bytes."""
    if bytes(range(128)).decode(name, "replace") != "".join(map(chr, range(128))):
        return False
    return all(bytes((byte, 0x41)).decode(name, "replace").endswith("A") for byte in range(128, 256))


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: mostly zero bytes at every other place."""
    even, odd = head[::2], head[1::2]
    if len(head) < 4:
        return None
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def _ordered(head: bytes, wanted: str) -> str:
    """The encoding with the order of its bytes: the zero bytes of its ASCII tell where no mark does."""
    if wanted == "utf-16":
        found = _wide(head)
    else:  # no character has more than 21 bits, so that the highest byte is always zero
        low, high = any(head[0::4]), any(head[3::4])
        found = None if low == high else "utf-32-le" if low else "utf-32-be"
    if found is None:
        raise SourceError(
            f"The file has no mark that tells in which order the bytes of {wanted.upper()} are",
            remedy=f"Set encoding in [source] to {wanted}-le (little-endian, as Windows writes) or {wanted}-be.",
        )
    return found


def _utf8_or_western(file: BinaryIO) -> Encoding:
    """UTF-8 unless the lines that are not ASCII are mostly not UTF-8 either."""
    if _all_utf8(file):
        file.seek(0)
        return Encoding("utf-8")
    file.seek(0)
    good = bad = looked = 0
    line = b""
    while looked < MOST_LOOKED_AT and (chunk := file.read(LOOK)):
        chunk, line = line + chunk, b""
        if chunk.isascii():
            continue
        looked += len(chunk)
        *lines, line = chunk.split(b"\n")
        bad_here = sum(not _is_utf8(each) for each in lines if not each.isascii())
        bad += bad_here
        good += sum(not each.isascii() for each in lines) - bad_here
    if not line.isascii():
        good, bad = good + _is_utf8(line), bad + (not _is_utf8(line))
    file.seek(0)
    if bad <= good:
        return Encoding("utf-8")
    return Encoding(
        "cp1252",
        warning="The file is not UTF-8 and was read as Windows-1252 (Western European). If names look wrong in the "
        "preview, set encoding in [source] to the one the file was written with.",
    )


def _all_utf8(file: BinaryIO) -> bool:
    """Whether all that is looked at is UTF-8, as nearly always: found without a look at each line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    looked = 0
    try:
        while looked < MOST_LOOKED_AT and (chunk := file.read(LOOK)):
            decoder.decode(chunk)
            looked += 0 if chunk.isascii() else len(chunk)
        decoder.decode(b"", final=looked < MOST_LOOKED_AT)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
