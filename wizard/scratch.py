"""Private folders for what is needed no longer than a process lives; those that killed processes left are removed.

The process holds a lock in its folder. A folder that nobody holds was left behind, and goes when the next one is made.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

PREFIX = "auth0-migrate-"
LOCK = ".auth0-migrate-scratch"
"""The file that is held, and by which alone a folder is known to be one of these: others, of runs for instance, may be named alike."""

WORKING = ".working-"
"""How such folders begin inside the folder of a run, or of prepared files, which one process works in at a time."""

OF_EARLIER_VERSIONS = (".preparing-", ".left-", ".verify.ndjson.work-", ".overwrites.ndjson.work-")


@dataclass(frozen=True)
class Scratch:
    """A folder with mode 0700 in the system's place for temporary files, until `close`."""

    path: Path
    _held: BaseFileLock

    def close(self) -> None:
        """Remove the folder with all that is in it; does no harm twice."""
        self._held.release()
        shutil.rmtree(self.path, ignore_errors=True)


def open_scratch(purpose: str) -> Scratch:
    """Make a folder, and remove those of this user, for any purpose, that nobody holds any more.

    Args:
        purpose: A word that tells whoever finds the folder what it is for.
    """
    from filelock import FileLock

    _sweep(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-"))
        made, held = folder.stat().st_ino, FileLock(folder / LOCK, mode=0o600)
        with suppress(
            FileNotFoundError
        ):  # in the instant before it was held, another process took it for one left behind
            held.acquire()
            if (folder / LOCK).exists() and folder.stat().st_ino == made:
                return Scratch(folder, held)
        held.release()


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """The same for as long as the `with` block lasts."""
    opened = open_scratch(purpose)
    try:
        yield opened.path
    finally:
        opened.close()


@contextmanager
def scratch_within(folder: Path, purpose: str) -> Iterator[Path]:
    """A private folder inside one that no other process works in; what killed processes left for this purpose goes first.

    Each has a name of its own: a process that has lost its starter may remove its folder some seconds later.
    """
    for left in folder.glob(f"{WORKING}{purpose}-*"):
        shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{WORKING}{purpose}-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sweep(temporary: Path) -> None:
    from filelock import FileLock, Timeout

    for folder in temporary.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            if _is_ours(folder) and (folder / LOCK).is_file():
                with FileLock(folder / LOCK, timeout=0, mode=0o600):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder that this user made: in a place for all, others may put a link of that name to something."""
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and (not hasattr(os, "getuid") or facts.st_uid == os.getuid())
