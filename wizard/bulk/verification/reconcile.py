"""Hold every prepared user against an export of the connection, in a niced process, within a limit of memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol, cast

import orjson

import wizard
from wizard.bulk.verification.comparison import LEAST_MB, Task
from wizard.errors import Interrupted, WizardError
from wizard.events import ComparisonAdvanced, Emit, Event
from wizard.scratch import scratch_within

MEMORY_MB = 330
"""Resident memory of the comparing process, at most; with the program that starts it below 400 MB."""

BESIDES_DUCKDB_MB = 130
"""What the process needs besides DuckDB's own account: the interpreter, the library, and what `malloc` keeps."""

THREADS = 2
WATCH_SECONDS = 0.1
ENDING_SECONDS = 5.0


class _Process(Protocol):
    """A process whose pipes are there."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the comparison found, in users: compared = present + missing + different + taken + refused.

    Users who had moved at login before the store was prepared are compared too, by their id alone. `moved_rejected` and
    `moved_skipped` are users who were rejected, or left behind as decided, and are in the connection none the less;
    `moved_codes` counts both by the code of the reason.
    `extra` users are in the connection but were not prepared; they may have been there before. `refused` are absent as
    Auth0 had refused them. `fields` counts the different users by each field that differs. `taken` are not in the
    connection, as their id is that of a user with another e-mail address; `unfound` of the missing had been refused as
    duplicates all the same.
    """

    compared: int
    present: int
    missing: int
    different: int
    extra: int
    refused: int
    fields: dict[str, int]
    seconds: float
    moved_rejected: int = 0
    moved_skipped: int = 0
    taken: int = 0
    unfound: int = 0
    moved_codes: dict[str, int] = field(default_factory=dict)


def reconcile(
    files: Sequence[Path],
    export: Path,
    out: Path,
    *,
    connection: str,
    refused: Path | None,
    emit: Emit,
    stop: Callable[[], bool],
    memory_mb: int = MEMORY_MB,
    known: Sequence[Path] = (),
    duplicates: Path | None = None,
    ids_may_be_taken: bool = False,
) -> Reconciliation:
    """Compare prepared users with an export, by the rules of `sameness`, and write who is not as prepared.

    Users are matched by user_id, which in an export has `auth0|` in front; those that have no match, by e-mail address:
    such a user is different in `user_id`. A user listed twice in the export is compared with both lines.

    Args:
        files: JSON arrays of prepared users, unique by user_id and by e-mail address.
        export: Gzip of one JSON object a line, as Auth0 exports it; users of other connections do not count.
        out: Gets one JSON object a line, mode 0600, only when the comparison ends well. `user_id` is as prepared (of an
            extra user as in Auth0), `status` is different, id_taken, missing, refused, extra or moved, `fields` names what
            differs, `file` is the prepared file, `found_as` the id in Auth0 of a user found by e-mail address. Who is
            missing though Auth0 refused it as there already is `refused_as` a duplicate. No values.
        connection: Name of the connection.
        refused: One JSON object a line with `user_id`, or `email` where that is null, of users that Auth0 refused; they
            may be absent.
        stop: Asked ten times a second.
        known: JSON objects a line with `user_id` and `code` of users that were not prepared: the code `migrated` for those
            who had moved at login, with `decision` for those left behind as decided; of no use where it is null.
        duplicates: One JSON object a line with `user_id` of users that Auth0 refused as it had them already.
        ids_may_be_taken: Whether such a user, where the id has another e-mail address, is taken for another person. While
            users move at login it is the same person, who has changed the address since.
        memory_mb: Resident memory for the comparing process; beyond it, a private folder beside `out` is used.

    Raises:
        WizardError: a prepared file or the export cannot be read, or there is too little memory or disk.
        Interrupted: `stop` answered yes; `out` is as before.
    """
    started = time.monotonic()
    with scratch_within(out.parent, out.name) as folder:
        task = replace(
            _task(files, export, out, folder, connection, refused, memory_mb, known),
            duplicates=str(duplicates.absolute()) if duplicates else None,
            ids_may_be_taken=ids_may_be_taken,
        )
        outcome = _compare(task, emit, stop)
    return Reconciliation(**outcome, seconds=time.monotonic() - started)


async def reconcile_async(
    files: Sequence[Path],
    export: Path,
    out: Path,
    *,
    connection: str,
    refused: Path | None,
    emit: Emit,
    stop: Callable[[], bool],
    memory_mb: int = MEMORY_MB,
    known: Sequence[Path] = (),
    duplicates: Path | None = None,
    ids_may_be_taken: bool = False,
) -> Reconciliation:
    """The same without blocking the event loop, which also runs `emit`; cancelling ends the process first."""
    import asyncio

    loop = asyncio.get_running_loop()
    cancelled = threading.Event()

    def relay(event: Event) -> None:
        loop.call_soon_threadsafe(emit, event)

    # The thread only waits for lines of the other process, so it takes nothing from the loop.
    work = asyncio.create_task(
        asyncio.to_thread(
            reconcile,
            files,
            export,
            out,
            connection=connection,
            refused=refused,
            emit=relay,
            stop=lambda: cancelled.is_set() or stop(),
            memory_mb=memory_mb,
            known=known,
            duplicates=duplicates,
            ids_may_be_taken=ids_may_be_taken,
        )
    )
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        with contextlib.suppress(WizardError):
            await work
        raise


def _task(
    files: Sequence[Path],
    export: Path,
    out: Path,
    folder: Path,
    connection: str,
    refused: Path | None,
    memory_mb: int,
    known: Sequence[Path],
) -> Task:
    for path in (*files, export):
        if not path.is_file() or not path.stat().st_size:
            raise WizardError(
                f"The file {path.name} that the comparison needs is gone or empty.",
                remedy="Run the step that makes it again: prepare for files of users, verify for an export.",
            )
    return Task(
        files=[str(path.absolute()) for path in files],
        export=str(export.absolute()),
        out=str(out.absolute()),
        folder=str(folder.absolute()),
        connection=connection,
        refused=str(refused.absolute()) if refused else None,
        memory=max(LEAST_MB, memory_mb - BESIDES_DUCKDB_MB),
        threads=min(THREADS, os.cpu_count() or 1),
        known=[str(path.absolute()) for path in known],
    )


def _compare(task: Task, emit: Emit, stop: Callable[[], bool]) -> dict[str, Any]:
    """Run the comparing process and relay what it tells; returns the fields of its outcome."""
    with _process() as process, _closed_when(stop, process.stdin) as stopped:
        with contextlib.suppress(BrokenPipeError):  # it died at once: the end of its answers tells
            process.stdin.write(orjson.dumps(asdict(task), option=orjson.OPT_APPEND_NEWLINE))
            process.stdin.flush()
        answer: dict[str, Any] = {}
        for line in process.stdout:
            answer = orjson.loads(line)
            if "advance" in answer:
                emit(ComparisonAdvanced(**answer["advance"]))
        code = process.wait()
    if "outcome" in answer:
        outcome: dict[str, Any] = answer["outcome"]
        return outcome
    raise _failure(answer, code, stopped=stopped.is_set())


def _failure(answer: dict[str, Any], code: int, *, stopped: bool) -> WizardError:
    if stopped:
        return Interrupted("The comparison with the export was stopped.", remedy="Verify again; nothing was changed.")
    if error := answer.get("error"):
        return WizardError(error["what"], why=error["why"], state=error["state"], remedy=error["remedy"])
    if crash := answer.get("crash"):
        why = f"{crash['kind']} at {', '.join(crash['places'][-3:])}"
    else:
        why = f"its process ended with {code}"
    return WizardError(
        "The comparison with the export broke off.",
        why=why,
        state="Nothing was changed in Auth0.",
        remedy="Check that the disk of the run's folder and the memory are not full, then verify again.",
    )


@contextmanager
def _process() -> Iterator[_Process]:
    """Start `compare` with the Python and the packages of this process; it is gone when the block ends."""
    packages = str(Path(wizard.__file__).parents[1])
    path = os.pathsep.join(part for part in (packages, os.environ.get("PYTHONPATH")) if part)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wizard.bulk.verification.compare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What DuckDB or Python might print there can quote a user.
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield cast("_Process", process)
    finally:
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                cast("IO[bytes]", pipe).close()
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _closed_when(stop: Callable[[], bool], pipe: IO[bytes]) -> Iterator[threading.Event]:
    """Close the process's stdin, which ends its work, once `stop` says so; the event tells whether it did."""
    over, stopped = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            if stop():
                stopped.set()
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield stopped
    finally:
        over.set()
        watching.join()
