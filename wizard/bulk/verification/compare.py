"""The process of a comparison: `python -m wizard.bulk.verification.compare`, started by `reconcile` and by nobody else.

The task arrives as one JSON line on stdin, which then stays open: when it closes, the starter wants no more or is gone,
and the work stops. Answers are JSON lines on stdout: `advance` any number of times, then `outcome`, `error` or `crash`.
None holds personal data.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import traceback
from dataclasses import asdict
from typing import Any

import orjson

from wizard.bulk.verification.comparison import Comparison, Task
from wizard.errors import Exit, WizardError
from wizard.stops import STOPS

NICENESS = 10
"""The screens of the starter come first."""

PATIENCE = 3.0
"""Seconds that a running statement gets to end once it is interrupted."""


def main() -> int:
    """Compare as the task on stdin says; returns the exit code."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    for name in STOPS:  # they reach the whole group; the process that has started this one decides what they mean
        signal.signal(name, signal.SIG_IGN)
    task = Task(**orjson.loads(sys.stdin.buffer.readline()))
    done = threading.Event()
    try:
        comparison = Comparison(task, _advance)
        threading.Thread(target=_stop_with_stdin, args=(comparison, task.folder, done), daemon=True).start()
        outcome = comparison.run()
        comparison.close()
        _tell("outcome", asdict(outcome))
        return Exit.DONE
    except WizardError as error:
        _tell("error", {"what": error.what, "why": error.why, "state": error.state, "remedy": error.remedy})
        return error.exit
    except Exception as error:  # noqa: BLE001 - told to the starter, without words that may hold a user's data
        _tell("crash", {"kind": type(error).__name__, "places": _places(error)})
        return Exit.FAILED
    finally:
        shutil.rmtree(task.folder, ignore_errors=True)  # the starter may be gone
        done.set()


def _advance(stage: str, done: int, total: int) -> None:
    _tell("advance", {"stage": stage, "done": done, "total": total})


def _tell(kind: str, words: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps({kind: words}, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def _stop_with_stdin(comparison: Comparison, folder: str, done: threading.Event) -> None:
    """Wait for the end of stdin, then end the work; if it does not end, or nobody is left to tidy up, do it here."""
    while sys.stdin.buffer.read(1):
        continue
    for _ in range(int(PATIENCE / 0.05)):
        comparison.stop()
        if done.wait(0.05):
            break
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(Exit.INTERRUPTED)


def _places(error: BaseException) -> list[str]:
    """Where it happened, without the message: libraries quote the data they choke on."""
    return [
        f"{frame.filename.rsplit(os.sep, 1)[-1]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]


if __name__ == "__main__":
    code = main()
    # DuckDB's binding complains if the interpreter takes it apart while a thread waits for stdin.
    os._exit(code)
