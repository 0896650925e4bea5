"""What the command line says when something goes wrong, and the exit code that goes with it."""

from __future__ import annotations

import asyncio
import io
import sys
import traceback
from typing import Any

import click

from wizard import entry
from wizard.commands.output import Output, tell
from wizard.errors import Exit, UsageError, WizardError


class Unforeseen(WizardError):
    """A defect of this program, told by its kind and place only: its text might hold a user's data."""


def exit_code_of(error: BaseException, *, as_json: bool) -> int:
    """Tell the operator what failed and what to do next; returns the exit code.

    With `as_json` the error is the JSON object on the last line of stdout.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()
        return Exit.FAILED
    told = as_wizard_error(error)
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(shown)
        tell(shown.getvalue().rstrip("\n"), err=True)
    else:
        tell(str(told), err=True)
    if as_json:
        try:
            Output(as_json=True).result(failure(told))
        except WizardError as lost:
            tell(str(lost), err=True)
    return told.exit


def failure(error: WizardError) -> dict[str, Any]:
    """An error as JSON: `error`, and `problems` for answers that have some."""
    told = {"what": error.what, "why": error.why, "state": error.state, "remedy": error.remedy, "exit": int(error.exit)}
    problems = getattr(error, "to_json", None)
    return {"verdict": "failed", "error": told, **({"problems": problems()} if problems else {})}


def as_wizard_error(error: BaseException) -> WizardError:
    """What to tell the operator: a foreseen error as it is, any other without its words."""
    if isinstance(error, WizardError):
        return error
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message(), state="Nothing was sent.", remedy="See --help.")
    if isinstance(error, (KeyboardInterrupt, click.Abort, asyncio.CancelledError)):
        told = WizardError(entry.WHAT, remedy=entry.REMEDY)
        told.exit = Exit.INTERRUPTED
        return told
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return Unforeseen(
        f"An error that should not happen: {type(error).__name__}",
        why=places,
        state="What was done so far is kept.",
        remedy="Please report it with these places.",
    )
