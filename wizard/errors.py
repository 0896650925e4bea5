"""Errors an operator can act on, and the exit codes that scripts rely on."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line; a contract with other people's scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3
    CREDENTIALS = 4
    STALE = 5
    WAITING = 6
    CHANGES = 10
    INTERRUPTED = 130


class WizardError(Exception):
    """Something stops a step.

    Args:
        what: What failed, by its own name, in one sentence.
        why: The reason, in Auth0's or the library's words, free of personal data.
        state: What state things are in now ("Nothing was changed.").
        remedy: What to do next.
    """

    exit: Exit = Exit.FAILED

    def __init__(self, what: str, *, remedy: str, why: str = "", state: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.state = state
        self.remedy = remedy

    def __str__(self) -> str:
        cause = f"{self.what.rstrip('.')}: {self.why}" if self.why else self.what
        told = " ".join(_sentence(part) for part in (cause, self.state) if part)
        return f"{told}\nNext: {_sentence(self.remedy)}"


def _sentence(text: str) -> str:
    """The text with a full stop, and a large first letter unless it begins with a name such as legacy.db."""
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "?", "!", ":", "…")) else ".")


class UsageError(WizardError):
    """Wrong usage or invalid answers; nothing was sent."""

    exit = Exit.USAGE


class TableMissing(UsageError):
    """A table of the answers is needed that is not there."""


class SourceError(WizardError):
    """The legacy store cannot be read, or not as the answers say."""

    exit = Exit.USAGE


class SourceUnreachable(SourceError):
    """The legacy store does not answer now, or another program holds it: the answers may be right."""

    exit = Exit.FAILED


class SourceRefused(SourceError):
    """The legacy store does not accept the credentials, or they may not read it."""

    exit = Exit.CREDENTIALS


class CredentialsError(WizardError):
    """Auth0 does not accept the credentials, or they lack a permission."""

    exit = Exit.CREDENTIALS


class PlanStale(WizardError):
    """What was approved is not what would happen now."""

    exit = Exit.STALE


class RunMismatch(WizardError):
    """The tenant, the source or the answers are not those the run was made with."""

    exit = Exit.STALE


class Interrupted(WizardError):
    """The operator stopped the run; it can be resumed."""

    exit = Exit.INTERRUPTED


class AnswerLost(WizardError):
    """A request may or may not have been carried out: its answer never came. Look before repeating it."""
