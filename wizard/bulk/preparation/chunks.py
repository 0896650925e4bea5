"""Cut prepared users into files that one import job accepts: in source order, each as full as the next user allows.

Prepared users lie in spool files as compact JSON, each followed by a comma. A file to import is a bracket, pieces of the
spool without the last comma, and a bracket.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

BODY_LIMIT = 499_999
"""Bytes of a whole request that is surely taken. Auth0 says 500 KB and refuses a body over 512,000 bytes.

Source: Auth0 docs, "Bulk User Imports"; Management API, POST /jobs/users-imports, answer 413.
"""

MULTIPART_BYTES = 999
"""What boundaries, part headers and the other fields of the form may add to the file; about 700 with short names."""

IMPORT_FILE_BYTES = BODY_LIMIT - MULTIPART_BYTES
"""Largest file unless the answers say otherwise."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive users in one spool file.

    Args:
        spool: Which spool file.
        offset: Where the first user begins.
        sizes: Bytes of each user, its comma included.
    """

    spool: int
    offset: int
    sizes: Sequence[int]


Piece = tuple[int, int, int]
"""Spool file, offset and number of bytes, last comma included."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file to import: its number from 1, where its users lie, how many they are and the bytes of the file."""

    number: int
    pieces: tuple[Piece, ...]
    users: int
    bytes: int


def largest_user(limit: int) -> int:
    """Bytes of the largest user that fits into a file of `limit` bytes."""
    return limit - 2


def chunks(runs: Iterable[Run], *, limit: int = IMPORT_FILE_BYTES) -> Iterator[Chunk]:
    """Cut users into files, greedily, in order; no file is empty.

    Args:
        runs: Users in source order; consumed once, lazily.
        limit: Largest file in bytes, brackets and commas included.

    Raises:
        ValueError: a user alone exceeds `limit`.
    """
    number, users, room = 1, 0, limit - 1  # the last comma becomes the closing bracket
    pieces: list[Piece] = []
    for run in runs:
        ends = list(accumulate(run.sizes))
        start = base = 0
        while start < len(ends):
            stop = bisect_right(ends, base + room, lo=start)
            if stop > start:
                size = ends[stop - 1] - base
                _add(pieces, (run.spool, run.offset + base, size))
                users, room, start, base = users + stop - start, room - size, stop, ends[stop - 1]
            if start < len(ends):
                if not users:
                    raise ValueError(f"a user of {ends[start] - base} bytes does not fit into a file of {limit}")
                yield Chunk(number, tuple(pieces), users, limit - room)
                number, users, room, pieces = number + 1, 0, limit - 1, []
    if users:
        yield Chunk(number, tuple(pieces), users, limit - room)


def _add(pieces: list[Piece], piece: Piece) -> None:
    """Append the piece, or lengthen the last one if it goes on where that ends."""
    if pieces and pieces[-1][0] == piece[0] and pieces[-1][1] + pieces[-1][2] == piece[1]:
        piece = (piece[0], pieces[-1][1], pieces[-1][2] + piece[2])
        pieces.pop()
    pieces.append(piece)
