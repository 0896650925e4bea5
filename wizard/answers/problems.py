"""What is wrong with an answers file, said all at once: where, what, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wizard.counts import counted
from wizard.errors import UsageError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; never with the value that is wrong, as that may be a secret.

    Args:
        file: The file, or the flag or environment variable that gave the answer.
        line: Line in the file from 1; None where it is in none.
        table: The table without brackets; "" for the top of the file.
        key: Dotted key in the table; "" for the table itself.
        message: What is wrong, to be read after the key ("is not a known key").
        remedy: What to do.
    """

    file: str
    line: int | None
    table: str
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        name = " ".join(part for part in (f"[{self.table}]" if self.table else "", self.key) if part)
        return f"{place}: {name + ' ' if name else ''}{self.message}. Next: {self.remedy}"


class AnswersInvalid(UsageError):
    """The answers cannot be used; `problems` has every reason."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(
            f"The answers in {file} have {counted(len(problems), 'problem')}",
            state="Nothing was sent.",
            remedy="correct them; `auth0-migrate answers check FILE` shows what is left.",
        )
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([f"{self.what}. {self.state}", *(f"  {problem}" for problem in self.problems)])

    def __reduce__(self) -> tuple[Any, ...]:
        return AnswersInvalid, (self.file, self.problems)

    def to_json(self) -> list[dict[str, Any]]:
        """The problems as JSON objects."""
        return [asdict(problem) for problem in self.problems]


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def instead(word: str, known: Sequence[str], *, what: str) -> str:
    """What to do about an unknown word: the near match, or the list to choose from."""
    meant = near(word, known)
    return f"did you mean {meant}?" if meant else f"remove it; {what}: {', '.join(known) or 'none'}."
