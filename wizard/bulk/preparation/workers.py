"""Worker processes that own their files: niced, fed one task ahead, and never left behind.

Workers and the lone hand that replaces them for small stores do the same tasks in the same words, so that callers do not
know which it is.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, cast

from wizard import errors
from wizard.errors import WizardError
from wizard.stops import STOPS

Task = tuple[str, Any]
"""A method of the worker, and its argument."""

Make = Callable[[int], Any]
"""Makes the worker with this number; picklable."""

AHEAD = 4
"""Times that tasks are sent to a worker before it answers the first, so that it never waits for the other side."""

NICENESS = 10

ENDING_SECONDS = 2.0
"""How long a worker may take to see that its pipe is closed; a task takes some milliseconds."""


class Hands(Protocol):
    """Whoever does the tasks."""

    def results(self, tasks: Iterable[Task], *, together: int = 1) -> Iterator[Any]:
        """Do the tasks and yield what they return, in the order in which they end; `tasks` is consumed lazily.

        Args:
            together: Tasks sent to a process, and answered, at once; for many that are quickly done.
        """

    def each(self, method: str) -> None:
        """Have every worker do this once, and wait for all."""

    def close(self) -> None:
        """End the workers, at once if they are at work."""


class Alone:
    """Does the tasks itself."""

    def __init__(self, make: Make) -> None:
        self._worker = make(0)

    def results(self, tasks: Iterable[Task], *, together: int = 1) -> Iterator[Any]:
        for method, argument in tasks:
            yield getattr(self._worker, method)(argument)

    def each(self, method: str) -> None:
        getattr(self._worker, method)(None)

    def close(self) -> None:
        self._worker.close()


class Crew:
    """Worker processes. They end with this process, however it ends: the pipe they read from closes.

    Args:
        make: Called in each process.
        count: How many.
    """

    def __init__(self, make: Make, count: int) -> None:
        self._processes: dict[Connection, BaseProcess] = {}
        context = _context()
        if context.get_start_method() != "fork":
            start_tracker()
        try:
            for number in range(count):
                ours, theirs = context.Pipe()
                inherited = [*self._processes, ours] if context.get_start_method() == "fork" else []
                process = context.Process(
                    target=_work, args=(theirs, make, number, inherited), name=f"prepare-{number}", daemon=True
                )
                self._processes[ours] = process
                process.start()
                theirs.close()
        except BaseException:
            self.close()
            raise

    def results(self, tasks: Iterable[Task], *, together: int = 1) -> Iterator[Any]:
        waiting = iter(tasks)
        busy = dict.fromkeys(self._processes, 0)
        more = True
        while more or any(busy.values()):
            for _ in range(AHEAD):
                for pipe in sorted(busy, key=lambda each: busy[each]):
                    if more and busy[pipe] < AHEAD:
                        some = list(islice(waiting, together))
                        more = bool(some)
                        if more:
                            self._send(pipe, some)
                            busy[pipe] += 1
            for pipe in self._ready(busy):
                busy[pipe] -= 1
                yield from self._receive(pipe)

    def each(self, method: str) -> None:
        for pipe in self._processes:
            self._send(pipe, [(method, None)])
        for pipe in self._processes:
            self._receive(pipe)

    def close(self) -> None:
        for pipe in self._processes:
            pipe.close()
        for process in self._processes.values():
            if process.pid is not None:
                process.join(ENDING_SECONDS)
                if process.is_alive():
                    process.kill()
                    process.join()
        self._processes.clear()

    def _ready(self, busy: dict[Connection, int]) -> list[Connection]:
        found = (
            connection.wait([pipe for pipe, count in busy.items() if count], timeout=1.0) if any(busy.values()) else []
        )
        return [pipe for pipe in busy if pipe in found]

    def _send(self, pipe: Connection, tasks: list[Task]) -> None:
        try:
            pipe.send(tasks)
        except (BrokenPipeError, ConnectionError):
            raise self._died(pipe) from None

    def _receive(self, pipe: Connection) -> list[Any]:
        try:
            failed, results = pipe.recv()
        except (EOFError, ConnectionError):
            raise self._died(pipe) from None
        if failed:
            raise rebuilt(results)
        return cast("list[Any]", results)

    def _died(self, pipe: Connection) -> WizardError:
        process = self._processes[pipe]
        process.join(2)
        code = process.exitcode
        how = f"it was ended by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return WizardError(
            "A worker process that prepared users ended on its own",
            why=how,
            state="No file to import was left.",
            remedy="see whether the machine ran out of memory, then run the same command again.",
        )


def _context() -> Any:
    """How to start a process: forked, which spares it the import of everything, where that is safe; else anew.

    It is safe on Linux where there is no other thread, which might hold a lock that nobody would release in the copy.
    """
    alone = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def start_tracker() -> None:
    """Start the process that multiprocessing needs before all others, also where standard error is no real file.

    Inside a full-screen application `sys.stderr` has the descriptor -1, with which no process can be started.
    """
    with contextlib.redirect_stderr(sys.__stderr__):
        resource_tracker.ensure_running()


def settle() -> None:
    """Make this process one that works in the background, where the platform has a way to say so."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(max(0, NICENESS - os.nice(0)))
    gc.set_threshold(100_000)  # lists of bytes make no cycles; looking for some costs a twentieth of the time


def _work(pipe: Connection, make: Make, number: int, inherited: Sequence[Connection]) -> None:
    """Do tasks until the pipe closes. Signals reach the whole group; the process that reads decides what they mean.

    Args:
        inherited: The other ends of pipes that a forked process has too; while it does, none of them closes.
    """
    for name in STOPS:
        signal.signal(name, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    for each in inherited:
        each.close()
    settle()
    worker: Any = None
    while True:
        try:
            tasks = pipe.recv()
        except (EOFError, ConnectionError):
            return  # what is open is closed with the process
        try:
            worker = worker or make(number)
            answer: tuple[bool, Any] = (False, [getattr(worker, method)(argument) for method, argument in tasks])
        except Exception as error:  # noqa: BLE001 - told to the other side, which raises it
            answer = (True, told(error))
        try:
            pipe.send(answer)
        except ConnectionError:
            return


def told(error: Exception) -> dict[str, Any]:
    """An exception as plain data. Only our own messages are kept: others may quote what they failed on."""
    if isinstance(error, WizardError):
        parts = ("what", "why", "state", "remedy")
        return {"kind": type(error).__name__, **{part: getattr(error, part) for part in parts}}
    if isinstance(error, OSError):
        return {
            "kind": "OSError",
            "errno": error.errno,
            "strerror": error.strerror,
            "filename": str(error.filename or ""),
        }
    place = traceback.extract_tb(error.__traceback__)[-1]
    return {
        "kind": "WizardError",
        "what": "Preparing users failed in a way that was not foreseen",
        "why": f"{type(error).__name__} in {place.name}, line {place.lineno} of {os.path.basename(place.filename)}",  # noqa: PTH119
        "state": "No file to import was left.",
        "remedy": "report this as a defect with the words above; they hold no personal data.",
    }


def rebuilt(parts: dict[str, Any]) -> Exception:
    """The exception that `told` was given."""
    kind = getattr(errors, parts["kind"], None)
    if isinstance(kind, type) and issubclass(kind, WizardError):
        return kind(parts["what"], why=parts["why"], state=parts["state"], remedy=parts["remedy"])
    return OSError(parts["errno"], parts["strerror"], parts["filename"])
