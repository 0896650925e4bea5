"""Who is in a connection already: the ids of an export as a sorted file, to ask of each record in fixed memory.

Of each id 16 bytes of its BLAKE2 are kept, in order, so that a look-up is a search in a mapped file: ten million users take
160 MB of disk and no memory to speak of, whatever number of workers asks.
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wizard.bulk.files import private
from wizard.bulk.verification.exported import not_whole, user_of
from wizard.errors import WizardError

WIDTH = 16
PARTS = 256
"""Ids are sorted by parts, one for each first byte; each is small enough to be sorted in memory."""

PREFIX = "auth0|"

Counts = Callable[[Mapping[str, Any], bytes], bool]
"""Whether an exported user counts, by the id that it has in the connection."""


def key_of(user_id: bytes) -> bytes:
    """What stands for an id without `auth0|`."""
    return hashlib.blake2b(user_id, digest_size=WIDTH).digest()


def exported_ids(export: Path, connection: str, counts: Counts | None = None) -> Iterator[bytes]:
    """The ids, without `auth0|`, of the users that an export has in a connection.

    Args:
        export: Gzip of one JSON object a line. A line without identities was asked for this connection alone.
        counts: Leaves the others out.

    Raises:
        WizardError: it is cut short, or a line of it is no user.
    """
    number = 0
    try:
        with gzip.open(export, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from _ids(line, number, connection, counts)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise not_whole(f"its compressed data are damaged after line {number:,}") from error


def ids_in(user: Mapping[str, Any], connection: str) -> Iterator[bytes]:
    """The ids, without `auth0|`, that an exported user has in a connection; one without identities was asked for it alone."""
    user_id, identities = user["user_id"], user.get("identities")
    if identities is None:
        yield str(user_id).removeprefix(PREFIX).encode()
        return
    for identity in identities:
        if identity.get("connection") == connection and identity.get("user_id") is not None:
            yield str(identity["user_id"]).encode()


def _ids(line: bytes, number: int, connection: str, counts: Counts | None) -> Iterator[bytes]:
    try:
        user = user_of(line, number)
        yield from (one for one in ids_in(user, connection) if counts is None or counts(user, one))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WizardError(
            f"Line {number:,} of the export is no user", remedy="Resume the run: that asks Auth0 for a new export."
        ) from None


def write_index(ids: Iterable[bytes], path: Path) -> int:
    """Write the sorted index of these ids; return how many different ones there are."""
    parts = [bytearray() for _ in range(PARTS)]
    spools = [path.with_name(f"{path.name}.{number:03}") for number in range(PARTS)]
    for spool in spools:
        spool.unlink(missing_ok=True)  # a process that was killed may have left its own
    held = 0
    for user_id in ids:
        key = key_of(user_id)
        parts[key[0]] += key
        held += WIDTH
        if held >= 1 << 22:
            _flush(parts, spools)
            held = 0
    count = 0
    with private(path) as out:
        for part, spool in zip(parts, spools, strict=True):
            data = (spool.read_bytes() if spool.exists() else b"") + bytes(part)
            spool.unlink(missing_ok=True)
            keys = sorted({data[at : at + WIDTH] for at in range(0, len(data), WIDTH)})
            out.write(b"".join(keys))
            count += len(keys)
    return count


def _flush(parts: list[bytearray], spools: list[Path]) -> None:
    for part, spool in zip(parts, spools, strict=True):
        if part:
            with spool.open("ab") as file:
                file.write(part)
            part.clear()


class Residents:
    """Asks an index that `write_index` wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        size = path.stat().st_size
        self._count = size // WIDTH
        self._keys: mmap.mmap | bytes = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    def close(self) -> None:
        if isinstance(self._keys, mmap.mmap):
            self._keys.close()
        self._file.close()

    def __contains__(self, user_id: bytes) -> bool:
        key, keys = key_of(user_id), self._keys
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found = keys[middle * WIDTH : middle * WIDTH + WIDTH]
            if found == key:
                return True
            if found < key:
                low = middle + 1
            else:
                high = middle
        return False
