"""Open a file of users for reading, unpacked if it is compressed, with errors an operator can act on."""

from __future__ import annotations

import difflib
import errno
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from wizard.errors import SourceError
from wizard.legacy.encoding import Encoding, Read, find_encoding, readable_bytes

GZIP = b"\x1f\x8b"
Identity = tuple[int, int, int, int]
DAMAGED = "the compressed data is damaged or cut off"

if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())


class _Unpacking(gzip.GzipFile):
    """What cannot be unpacked is an error of the file, like any other that the system reports."""

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise OSError(errno.EIO, DAMAGED) from None


class UnpackedPath(_Path):
    """A path whose file is unpacked while it is read; everything derived from it is one too."""

    if not TYPE_CHECKING:

        def open(self, *args: Any, **options: Any) -> IO[Any]:
            return _Unpacking(os.fspath(self), "rb")


def is_packed(path: Path) -> bool:
    """Whether the file is compressed with gzip."""
    if not path.is_file():  # to open a pipe would wait for somebody to write to it
        return False
    try:
        with path.open("rb") as file:
            return file.read(2) == GZIP
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked if need be.

    Raises:
        SourceError: no such file, no permission, or it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is not a file", remedy="give the path of one file of users.")
        packed = UnpackedPath(path) if is_packed(path) else path
        with packed.open("rb") as file:
            yield cast("BinaryIO", file)
    except FileNotFoundError:
        if path.is_symlink():
            raise SourceError(
                f"{path} is a link to {path.readlink()}, which is not there",
                remedy="correct the link, or give the file.",
            ) from None
        near = difflib.get_close_matches(path.name, _names_beside(path), n=3, cutoff=0.5)
        hint = f" Near it there is {', '.join(near)}." if near else ""
        raise SourceError(
            f"There is no file {path}", remedy=f"correct the path; in an answers file it is seen from that file.{hint}"
        ) from None
    except PermissionError:
        raise SourceError(f"This user may not read {path}", remedy="give read permission, or copy the file.") from None
    except OSError as error:
        raise SourceError(
            f"Reading {path} failed",
            why=error.strerror or type(error).__name__,
            remedy="check the file, the disk or the share.",
        ) from None


def _names_beside(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.parent.iterdir())
    except OSError:
        return []


def identity(path: Path) -> Identity:
    """What changes when somebody writes to a file or puts another in its place; zeros where there is none."""
    try:
        return _identity(path.stat())
    except OSError:
        return (0, 0, 0, 0)


def identified(file: BinaryIO) -> Identity:
    """The same of an open file."""
    return _identity(os.fstat(file.fileno()))


def _identity(facts: os.stat_result) -> Identity:
    return facts.st_size, facts.st_mtime_ns, facts.st_ino, facts.st_dev


def changed(path: Path) -> SourceError:
    """The error for a file that somebody writes to."""
    return SourceError(
        f"The file {path.name} changed while it was read",
        state="What was read of it can't be trusted.",
        remedy="export it once more to a file that nothing writes to, and start again.",
    )


@dataclass(frozen=True)
class Stretch:
    """Some bytes of a file, for a process that reads them again rather than have them sent.

    Args:
        path: Of a file that is read as it is.
        identity: What the file had when it was read first.
    """

    path: Path
    offset: int
    size: int
    identity: Identity

    def read(self) -> bytes:
        """The same bytes.

        Raises:
            SourceError: somebody wrote to the file meanwhile, or it is gone.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
                now = identified(file)
        except OSError:
            raise changed(self.path) from None
        if len(data) != self.size or now != self.identity:
            raise changed(self.path)
        return data


@contextmanager
def read_as_utf8(path: Path, wanted: str, seen: Callable[[bytes], object]) -> Iterator[Read]:
    """Yield a function that reads the file as UTF-8, whatever Unicode encoding it is in; `seen` gets its own bytes.

    Raises:
        SourceError: it cannot be read, or somebody wrote to it meanwhile.
    """
    before = identity(path)
    with opened(path) as file:
        encoding = find_encoding(file, wanted)
        if wanted == "auto" and not encoding.name.startswith("utf-"):
            encoding = Encoding("utf-8")  # JSON and LDIF are UTF-8; what is not makes its own record a bad one
        file.seek(0)

        def watched(size: int) -> bytes:
            data = file.read(size)
            seen(data)
            return data

        yield _in_utf8(readable_bytes(watched, encoding), encoding)
    if before != identity(path):
        raise changed(path)


def _in_utf8(read: Read, encoding: Encoding) -> Read:
    if encoding.in_blocks == "utf-8":
        return read
    import codecs

    decoder = codecs.getincrementaldecoder(encoding.in_blocks)("surrogateescape")

    def transcoded(size: int) -> bytes:
        while True:
            data = read(size)
            text = decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8", "surrogatepass")

    return transcoded


def fingerprint(digest: bytes, *reading: object) -> str:
    """SHA-256 in hex of the data (its digest) and the way of reading it."""
    return hashlib.sha256(digest + repr(reading).encode("utf-8", "surrogatepass")).hexdigest()
