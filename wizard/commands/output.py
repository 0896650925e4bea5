"""What a command says and where: results on stdout, narration on stderr, everything with its time in a log file.

    @click.command(cls=Command)
    @common_options
    def command(output: Output) -> None:
        output.say("Looking at the tenant")
        output.result({"changes": []}, "Nothing to change.")

With `--json` the last line of stdout is one JSON object. Errors are raised: the main program says what they are.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import stat
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from wizard.commands.redaction import redacted
from wizard.errors import Interrupted, UsageError, WizardError
from wizard.visible import visible

Returned = TypeVar("Returned")


class NotAnswered(Interrupted):
    """A signal, or the end of what is typed, came instead of the answer to a question."""

    def __init__(self) -> None:
        super().__init__(
            "Stopped at the question, as asked", state="Nothing was changed.", remedy="Give the same command again."
        )


@contextmanager
def answered() -> Iterator[None]:
    """Ask within this: Ctrl-D and Ctrl-C are no answer, and no failure.

    Raises:
        NotAnswered: one of them came.
    """
    try:
        yield
    except click.Abort:
        raise NotAnswered from None


class Output:
    """The mouth of one command.

    Args:
        as_json: The result is a JSON object; text meant for people stays off stdout.
        quiet: Nothing on stderr but errors; results are still shown.
        log: Where `--log-file` goes; None without one.
        now: The time of a log line, in UTC.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        log: TextIO | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._log = log
        self._now = now
        self._answered = False

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there who can be asked: questions go to stderr, answers come from stdin."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def live(self) -> bool:
        """Whether a line on stderr may be drawn over: a terminal, and narration is wanted."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def say(self, text: str) -> None:
        """Narrate to a person on stderr, and in the log."""
        self.log(text)
        if not self.quiet:
            tell(text, err=True)

    def log(self, text: str) -> None:
        """Write to the log file alone: each line with its time, without secrets, hashes and e-mail addresses."""
        if self._log is None:
            return
        moment = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            for line in redacted(visible(text)).splitlines():
                self._log.write(f"{moment} {line}\n")
            self._log.flush()
        except OSError as error:
            self._log = None
            why = error.strerror or type(error).__name__
            tell(f"The log file cannot be written any more: {why}. What is done goes on without it.", err=True)

    def result(self, answer: Mapping[str, Any], text: str = "", *, private: Collection[str] = ()) -> None:
        """Give the one result of the command: the object with `--json`, else the text.

        Args:
            answer: The object.
            text: The same for people.
            private: Keys of the object that hold a person's data, so that the log leaves them out.

        Raises:
            RuntimeError: there was a result already.
        """
        if self._answered:
            raise RuntimeError("a command has one result")
        self._answered = True
        # ASCII, so that every locale can print it; of what a terminal obeys JSON escapes all but one.
        written = json.dumps(answer).replace("\x7f", "\\u007f")
        self.log(f"result {json.dumps({key: part for key, part in answer.items() if key not in private})}")
        if self.as_json:
            tell(written)
        elif text:
            tell(text)

    def complain(self, text: str) -> None:
        """Say on stderr what is wrong, also when quiet, and in the log."""
        self.log(text)
        tell(text, err=True)

    def confirm(self, question: str, *, without_terminal: str) -> bool:
        """Ask yes or no, no by default.

        Args:
            question: Without question mark and choices.
            without_terminal: What to do instead where nobody can be asked ("add --yes").

        Raises:
            UsageError: there is no terminal.
            NotAnswered: nobody answered.
        """
        if not self.interactive:
            remedy = without_terminal.rstrip(".") + "."
            raise UsageError(f"Nobody can be asked here: {question}?", state="Nothing was done.", remedy=remedy)
        with answered():
            return click.confirm(visible(question), err=True)

    def ask_hidden(self, question: str, *, without_terminal: str) -> str:
        """Ask for a line that is not shown while it is typed.

        Raises:
            UsageError: there is no terminal.
            NotAnswered: nobody answered.
        """
        if not self.interactive:
            remedy = without_terminal.rstrip(".") + "."
            raise UsageError(f"Nobody can be asked here: {question}", state="Nothing was done.", remedy=remedy)
        with answered():
            return str(click.prompt(visible(question), hide_input=True, err=True))


def tell(text: str, *, err: bool = False) -> None:
    """Write a line to stdout or stderr, with nothing in it that a terminal would obey; where its reader is gone, as of `| head`, that line and all others go nowhere.

    The status says how the command went, not what its reader made of it: a run goes on when nobody listens. Nor does
    narration that finds no room on a disk stop anything; a result that finds none is no result.

    Raises:
        WizardError: a result could not be written.
    """
    try:
        click.echo(visible(text), err=err)
    except OSError as error:
        lost = _unwritten(error, err=err)
        if lost is not None:
            raise lost from None


def _unwritten(error: OSError, *, err: bool = False) -> WizardError | None:
    """Let all that is still written to stdout or stderr go nowhere; the error of a result that found no room."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())  # also for what is flushed at the end
    os.close(nowhere)
    if err or isinstance(error, BrokenPipeError):
        return None
    return WizardError(
        "The result cannot be written",
        why="stdout is closed" if error.errno == errno.EBADF else error.strerror or type(error).__name__,
        state="What was done so far is kept.",
        remedy="See that stdout leads to where there is room, then give the same command again.",
    )


def common_options(command: Callable[..., Returned]) -> Callable[..., Returned]:
    """Give a click command `--json`, `--quiet` and `--log-file`, and pass it an `output`."""

    @click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="One JSON object as the last line of stdout; of what serves, as the first.",
    )
    @click.option("--quiet", is_flag=True, help="No narration on stderr; errors and results stay.")
    @click.option(
        "--log-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Append narration and events here, with times and without secrets.",
    )
    @functools.wraps(command)
    def with_output(*, as_json: bool, quiet: bool, log_file: Path | None, **given: Any) -> Returned:
        log = _open_log(log_file) if log_file else None
        output = Output(as_json=as_json, quiet=quiet, log=log)
        try:
            return command(output=output, **given)
        except WizardError as error:
            output.log(f"stopped: {error}")
            raise
        except Exception as error:
            output.log(f"stopped by an error that should not happen: {type(error).__name__}")
            raise
        finally:
            if log:
                with suppress(OSError):  # told when it was written
                    log.close()

    return with_output


def _open_log(path: Path) -> TextIO:
    """Open for appending, readable by its owner alone."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if os.name == "posix" and stat.S_ISREG(os.fstat(number).st_mode):
            os.fchmod(number, 0o600)
    except OSError as error:
        remedy = "name a file in a folder that this account may write to."
        raise UsageError(f"The log file {path} cannot be opened", why=error.strerror or "", remedy=remedy) from None
    return os.fdopen(number, "a", encoding="utf-8", errors="backslashreplace")
