"""Private files: readable by their owner alone, written so that a crash leaves no half of one."""

from __future__ import annotations

import os
from array import array
from io import BufferedWriter, FileIO
from pathlib import Path


def private(path: Path, *, append: bool = False) -> BufferedWriter:
    """Open a new file with mode 0600 for writing; with `append` also one that is there.

    Raises:
        OSError: as the system says.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_EXCL) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def durable(path: Path, data: bytes) -> None:
    """Write the file whole or not at all: beside it first, then in its place; on the disk when this returns."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with private(beside) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if os.name == "posix":  # so that the new name survives a power cut too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Up to so many bytes from there on; moves the place where the file is read, so a descriptor is one thread's own."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    data = os.read(descriptor, size)
    while 0 < len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


def read_into(descriptor: int, place: memoryview, offset: int) -> int:
    """Fill the place with what lies from there on; returns how many bytes, fewer only at the end of the file."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    done = 0
    with FileIO(descriptor, closefd=False) as file:
        while done < len(place) and (more := file.readinto(place[done:])):
            done += more
    return done


def write_at(descriptor: int, data: bytes | array[int], offset: int) -> None:
    """Write all of it from there on; what lies between the end of the file and that place reads as zeros."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    left = memoryview(data).cast("B")
    while left:
        left = left[os.write(descriptor, left) :]


class Opened:
    """Files open for reading, by path; each is opened once."""

    def __init__(self) -> None:
        self._descriptors: dict[Path, int] = {}

    def __call__(self, path: Path) -> int:
        if path not in self._descriptors:
            self._descriptors[path] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return self._descriptors[path]

    def close(self) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
