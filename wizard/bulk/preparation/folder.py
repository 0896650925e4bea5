"""The folder of prepared files: all of a new preparation comes into it, or nothing."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from wizard.bulk.manifest import MIGRATED, NAME, REJECTS, USERS, Manifest
from wizard.errors import UsageError, WizardError
from wizard.private import private_folder
from wizard.scratch import OF_EARLIER_VERSIONS, WORKING

LOCK = ".lock"
PREPARING = f"{WORKING}preparing-"
_ours = re.compile(r"\d{5,}\.json")


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Hold a folder that is no run's for this process, which prepares users into it; the lock goes with the process.

    Raises:
        WizardError: another process holds it, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(out / LOCK, timeout=0, mode=0o600)
    try:
        private_folder(out)
        lock.acquire()
    except Timeout:
        raise WizardError(
            f"Another process prepares users into {out}",
            state="Nothing was done by this one.",
            remedy="Wait for it, or choose another folder.",
        ) from None
    except OSError as error:
        raise unwritable(out, error) from None
    try:
        yield
    finally:
        with suppress(OSError):  # not every system removes a file that is open
            (out / LOCK).unlink(missing_ok=True)
        lock.release()


class Preparation:
    """A folder inside `out` in which everything is made; gone when the `with` block ends, however it ends.

    What a killed preparation left behind is removed at the next, which works in a folder of another name: a process that
    has not yet noticed that nobody waits for it any more finds its own folder gone, and nobody else's. `publish` first
    takes the validity from what was there before by removing its manifest, and gives it to the new files with theirs.

    Raises:
        UsageError: `out` has files in the place of ours that no preparation made.
        OSError: it cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._left: list[Path] = []
        self._working = out / f"{PREPARING}{os.getpid()}-{secrets.token_hex(4)}"
        self.users = self._working / USERS
        self.spool = self._working / "spool"
        self.rejects = self._working / REJECTS
        self.migrated = self._working / MIGRATED

    def __enter__(self) -> Preparation:
        private_folder(self._out)
        _refuse_foreign(self._out / USERS)
        self._left = [path for path in self._out.iterdir() if path.name.startswith((PREPARING, *OF_EARLIER_VERSIONS))]
        self._sweep()
        for folder in (self._working, self.users, self.spool):
            folder.mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._working, ignore_errors=True)
        self._sweep()  # once more, as a process that was about to end may have written while the folder was removed

    def _sweep(self) -> None:
        for left in self._left:
            shutil.rmtree(left, ignore_errors=True)

    def publish(self, made: Manifest) -> None:
        """Put the new files in the place of the old ones; the manifest last.

        Raises:
            OSError: a later preparation has taken over, or it cannot be written.
        """
        self.users.stat()
        (self._out / NAME).unlink(missing_ok=True)
        if (self._out / USERS).exists():
            shutil.rmtree(self._out / USERS)
        self.users.replace(self._out / USERS)
        self.rejects.replace(self._out / REJECTS)
        if self.migrated.exists() and self.migrated.stat().st_size:
            self.migrated.replace(self._out / MIGRATED)
        else:
            (self._out / MIGRATED).unlink(missing_ok=True)
        made.write(self._out)


def _refuse_foreign(users: Path) -> None:
    if users.exists() and not (users.is_dir() and all(_ours.fullmatch(path.name) for path in users.iterdir())):
        raise UsageError(
            f"{users} holds files that this program did not make",
            state="Nothing was written.",
            remedy="choose another folder for the prepared files.",
        )


def unwritable(out: Path, error: OSError) -> WizardError:
    """What the system says about our own files; a source turns what concerns its own into a SourceError."""
    if error.errno == errno.EIO:
        return WizardError(
            f"The disk of {out} does not keep what is written to it",
            why=error.strerror or "the system reports an error of input or output",
            state="No file to import was left.",
            remedy="look into the system's log for errors of this disk, or choose a folder on another disk.",
        )
    full = error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
    remedy = (
        "make room for about two and a half times the size of the users as JSON, or choose a folder on another disk."
        if full
        else "choose a folder that this user may write to."
    )
    return WizardError(
        f"The prepared users cannot be written to {out}",
        why="the disk is full" if full else (error.strerror or type(error).__name__),
        state="No file to import was left.",
        remedy=remedy,
    )
