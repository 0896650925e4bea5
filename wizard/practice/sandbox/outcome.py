"""What came of a call into the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["Error", "WrongUsernameOrPasswordError", "ValidationError", "UnauthorizedError", "Timeout", "Crash"]


@dataclass(frozen=True, slots=True)
class ScriptError:
    """How a script failed.

    Args:
        kind: Auth0's error class, Error for any other; Timeout when it took too long, Crash when its container ended.
        message: The script's own text.
        subject: First argument of WrongUsernameOrPasswordError when it is one of a user.
        code: First argument of ValidationError, or the `code` of another error.
    """

    kind: Kind
    message: str
    subject: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Exactly one of `error` and the results.

    Args:
        results: What the callback got after its first argument, as JSON; empty when it got nothing.
        answer: What an Action or the Rules ended with, beside results.
        console: Lines the code wrote to its console, each cut at 256 characters.
    """

    error: ScriptError | None = None
    results: tuple[Any, ...] = ()
    answer: dict[str, Any] = field(default_factory=dict)
    console: tuple[str, ...] = ()

    @property
    def result(self) -> Any:
        """The first result, None when there is none."""
        return self.results[0] if self.results else None


def outcome_of(message: dict[str, Any]) -> Outcome:
    """Read the sandbox's `done` message."""
    console = tuple(message.get("console", ()))
    if "crashed" in message:
        return Outcome(ScriptError("Crash", message["crashed"]), console=console)
    error = message.get("error")
    known = ("results", "error", "console", "op", "id", "container", "instance")
    answer = {name: part for name, part in message.items() if name not in known}
    if error is not None:
        failed = ScriptError(error["kind"], error["message"], error.get("subject"), error.get("code"))
        return Outcome(failed, answer=answer, console=console)
    return Outcome(results=tuple(message.get("results", ())), answer=answer, console=console)
