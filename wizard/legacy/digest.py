"""SHA-256 of a stream, worked out by a thread of its own beside whoever reads it."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

AT_ONCE = 1 << 20
"""Bytes that the thread gets together: handing over costs as much as some kilobytes."""


class Digest:
    """SHA-256 of what `update` is given, in order; whole when the `with` block has ended. Holds at most two megabytes.

    The digest of large data is worked out without the interpreter's lock, so it takes the time of another processor.
    """

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._working: Future[None] | None = None
        self._held: list[bytes] = []
        self._size = 0

    def __enter__(self) -> Digest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._hand_over()
                self._wait()
        finally:
            self._thread.shutdown()

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self._held.append(data)
        self._size += len(data)
        if self._size >= AT_ONCE:
            self._hand_over()

    def digest(self) -> bytes:
        """The 32 bytes, once the `with` block has ended."""
        return self._sum.digest()

    def _hand_over(self) -> None:
        self._wait()
        self._working, self._held, self._size = self._thread.submit(self._add, self._held), [], 0

    def _wait(self) -> None:
        if self._working:
            self._working.result()

    def _add(self, held: list[bytes]) -> None:
        self._sum.update(b"".join(held))  # at once: for each update the thread waits for its turn
