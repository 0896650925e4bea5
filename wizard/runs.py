"""The folder of a run: answers, journal, files of users, rejects and report, with a lock against a second process."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import time
from calendar import timegm
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import UsageError, WizardError
from wizard.private import private_folder
from wizard.scratch import OF_EARLIER_VERSIONS, WORKING

LOCK = "lock"

LOOKING_SECONDS = 1.0
"""How long a lock is waited for: whoever only looks whether a run is held takes it for an instant."""
STAMP = "YYYYMMDD-HHMMSS"
"""How the id of a run begins."""
STAMPED = "%Y%m%d-%H%M%S"
MAKING = re.compile(r"\.\d{8}-\d{6}-[a-z0-9-]+-[0-9a-f]{4}")
"""How the folder of a run is called while it is filled; other things may lie beside runs."""

MAKING_SECONDS = 30.0
"""How long is waited for others who look for a run or make one."""

WORKED_IN = (WORKING, *OF_EARLIER_VERSIONS, "export.", "refused.", "duplicates.", "left-out.")
"""How the files and folders of a run begin that live no longer than what makes them, unless that is killed."""

PURGED = (
    *WORKED_IN,
    "before.",
    ".before.",
    "users",
    "migrated.",
    "half-made.",
    "repair",
    "overwrites.",
    ".verify.",
    ".overwrites.",
    "unproven.",
    ".unproven.",
)
"""How the files and folders of a run begin that hold users, for good or for a while, or scripts that were on the tenant."""


@dataclass(frozen=True)
class RunFolder:
    """Where the parts of one run are; the folder itself is for its owner only."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def command(self, *words: str) -> str:
        """A command that finds this run by its id, ready to be pasted."""
        return command(*words, runs=self.path.parent)

    @property
    def answers(self) -> Path:
        return self.path / "answers.toml"

    @property
    def journal(self) -> Path:
        return self.path / "journal.db"

    @property
    def prepared(self) -> Path:
        """Holds `users/`, `rejects.ndjson` and `manifest.json`."""
        return self.path

    @property
    def verify(self) -> Path:
        return self.path / "verify.ndjson"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def worked_on(self) -> float:
        """UNIX time at which a process last wrote to it, by this machine's clock; looking at a run does not count."""
        files = [path for path in self.path.iterdir() if path.name != LOCK and not path.name.startswith("journal")]
        return max((path.stat().st_mtime for path in files), default=self.path.stat().st_mtime)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the lock goes with the process, however it ends.

        What a killed process left half-made of users' data goes at once.

        Raises:
            WizardError: another process holds it, or its folder cannot be written to.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / LOCK, timeout=LOOKING_SECONDS, mode=0o600)
        try:
            lock.acquire(poll_interval=0.02)
        except Timeout:
            raise WizardError(
                f"Another process is working on run {self.id}",
                state="Nothing was done by this one.",
                remedy=f"Wait for it, or watch it with: `{self.command('status', self.id)}`",
            ) from None
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            self._delete(WORKED_IN)
            yield
        finally:
            lock.release()

    @property
    def is_held(self) -> bool:
        """Whether a process is working on the run right now."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.path / LOCK, timeout=0, mode=0o600):
                return False
        except Timeout:
            return True
        except OSError:  # a folder that only may be read, such as a copy kept for the record
            return False

    def purge_users(self) -> int:
        """Delete the files that hold users' data, and what a killed process left of such; journal and report stay.

        What these tell of single users stays too, but for ids that may be e-mail addresses.

        With them goes what was on the tenant before and may hold credentials, such as scripts; returns of how many places.

        Raises:
            WizardError: some could not be deleted, or are links to what lies elsewhere.
        """
        from wizard.bulk.repair.made import MADE_AGAIN
        from wizard.bulk.repair.own_logins import OWN_LOGINS
        from wizard.journal import Journal
        from wizard.undo.before import purge_before

        self._delete(PURGED)
        self._hide_addresses()
        left = sorted(str(path) for path in self.path.iterdir() if path.name.startswith(PURGED))
        journal = Journal(self.journal, now=time.time)
        try:
            journal.forget_addresses((MADE_AGAIN, OWN_LOGINS))
            lost = purge_before(journal)
        finally:
            journal.close()
        if left:
            raise WizardError(
                f"The files of users of run {self.id} could not all be deleted",
                why=f"these are links to what lies elsewhere, or may not be deleted by this account: {', '.join(left)}",
                state="All others are gone.",
                remedy="Delete these, and what a link leads to, then give the same command again.",
            )
        return lost

    def _hide_addresses(self) -> None:
        """Take the ids that may be addresses out of the list of differences, and what a killed process left torn there."""
        from wizard.bulk.files import private

        if not self.verify.is_file():
            return
        draft = self.verify.with_name(f".{self.verify.name}.purged")
        with self.verify.open("rb") as lines, private(draft) as kept:
            for line in lines:
                try:
                    found = json.loads(line)
                except ValueError:
                    continue
                hidden = "@" in str(found["user_id"])
                kept.write(json.dumps({**found, "user_id": ""}).encode() + b"\n" if hidden else line)
        draft.replace(self.verify)

    def _delete(self, beginnings: tuple[str, ...]) -> None:
        for path in self.path.iterdir():
            if path.name.startswith(beginnings):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _made_at(run: RunFolder) -> int:
    """UNIX time that the id of a run begins with; 0 if it begins otherwise."""
    try:
        return timegm(time.strptime(run.id[: len(STAMP)], STAMPED))
    except ValueError:
        return 0


def _is_of_the_wizard(run: RunFolder) -> bool:
    from wizard.identity import is_of_the_wizard

    try:
        return is_of_the_wizard(run)
    except WizardError:  # what damaged its journal is told when it is read
        return False


def _unwritable(folder: Path, error: OSError) -> WizardError:
    return WizardError(
        f"The folder {folder} cannot be written to",
        why=os.strerror(error.errno or 0),
        state="Nothing was done.",
        remedy="Give this account the right to write there, or choose another folder with --runs DIR.",
    )


def default_folder() -> Path:
    """The platform's state folder for runs."""
    from platformdirs import user_state_path

    return user_state_path("auth0-migration-wizard", appauthor=False) / "runs"


def rehearsals() -> Path:
    """Where demonstrations are kept: apart, so that `latest` is never one of them, nor one of them a real run."""
    return default_folder().with_name("rehearsals")


def command(*words: str, runs: Path | None) -> str:
    """A command of ours as a shell takes it, with the folder of the runs where that is not the usual one.

    Args:
        words: The name of the command and what follows it.
        runs: The folder; None for the usual one.
    """
    where = () if runs is None or runs.absolute() == default_folder() else ("--runs", str(runs.absolute()))
    return shlex.join(("auth0-migrate", *words, *where))


class Runs:
    """All runs below one folder.

    Args:
        folder: Made when the first run is; None takes the platform's state folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or default_folder()).absolute()

    def command(self, *words: str) -> str:
        """A command that looks into this folder, ready to be pasted."""
        return command(*words, runs=self.folder)

    def all(self) -> Sequence[RunFolder]:
        """The runs, newest first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if path.name[0] != "." and (path / "journal.db").is_file()]
        return [RunFolder(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Hold all runs while one is looked for and made, so that two processes cannot make the same run twice."""
        from filelock import FileLock, Timeout

        self._make_folder(self.folder)
        lock = FileLock(self.folder / f".{LOCK}", timeout=MAKING_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise WizardError(
                f"Another process has held the folder of runs for long: {self.folder}",
                state="Nothing was done.",
                remedy="End that process, or choose another folder with --runs DIR.",
            ) from None
        except OSError as error:
            raise _unwritable(self.folder, error) from None
        try:
            for left in self.folder.glob(".*"):
                if MAKING.fullmatch(left.name):  # by a process that was killed
                    shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            lock.release()

    def create(self, name: str, fill: Callable[[RunFolder], None], *, now: float) -> RunFolder:
        """Make the folder of a new run, named by time, purpose and chance; it appears filled, or not at all.

        A run is named a second after the latest where the clock does not say so, within one second or where it was set back:
        the latest by name is the one that was made last.

        Args:
            name: What the run is for, such as the connection's name.
            fill: Puts into the folder what every run has.
            now: UNIX time in seconds.
        """
        label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "run"
        latest = max(map(_made_at, self.all()), default=0)
        stamp = time.strftime(STAMPED, time.gmtime(max(int(now), latest + 1)))
        path = self.folder / f"{stamp}-{label}-{secrets.token_hex(2)}"
        making = self.folder / f".{path.name}"
        self._make_folder(making)
        try:
            fill(RunFolder(making))
            making.replace(path)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return RunFolder(path)

    def _make_folder(self, path: Path) -> None:
        try:
            private_folder(path)
        except OSError as error:
            raise WizardError(
                f"The folder for the run cannot be made: {path}",
                why=os.strerror(error.errno or 0),
                remedy="Choose a folder you may write to with --runs DIR.",
            ) from None

    def find(self, wanted: str) -> RunFolder:
        """The run with this id, the beginning of one, a path, or `latest`: no rehearsal of the wizard where there are others.

        Raises:
            UsageError: none or several match.
        """
        if os.sep in wanted and (Path(wanted) / "journal.db").is_file():
            return RunFolder(Path(wanted).resolve())
        runs = self.all()
        if not runs:
            raise UsageError(
                f"There are no runs in {self.folder} yet",
                remedy="Start one with `auth0-migrate apply ANSWERS`, or name another folder with --runs DIR."
                + (f" Rehearsals are in {rehearsals()}." if Runs(rehearsals()).all() else ""),
            )
        if wanted == "latest":
            return next((run for run in runs if not _is_of_the_wizard(run)), runs[0])
        matches = [run for run in runs if run.id == wanted] or [run for run in runs if run.id.startswith(wanted)]
        if len(matches) == 1:
            return matches[0]
        known = ", ".join(run.id for run in (matches or runs)[:5])
        problem = "matches several runs" if matches else "is not a run"
        raise UsageError(
            f"“{wanted}” {problem} in {self.folder}",
            state=f"Runs: {known}.",
            remedy=f"Name one of them; `{self.command('runs')}` lists all.",
        )
