"""The passwords: which hashes travel, and what is decided for those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from wizard.answers import Answers
from wizard.aside import aside
from wizard.errors import UsageError
from wizard.legacy.answers import SourceAnswers
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.census import HashGroup, census
from wizard.step import Change, Step
from wizard.tools import Tools

SAMPLE = 1000


@dataclass(frozen=True)
class PasswordFacts:
    """Formats of the hashes among the first records; `auth0-migrate inspect` counts them all."""

    groups: tuple[HashGroup, ...]


class PasswordsStep(Step[PasswordFacts, Change]):
    key = "passwords"
    title = "Passwords"
    section = PasswordsAnswers
    facts = PasswordFacts
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> PasswordFacts:
        from wizard.passwords import Judge
        from wizard.passwords.declared import declared

        source, _ = await tools.source(answers[SourceAnswers])
        given = answers[PasswordsAnswers]
        if given.column is None:
            return PasswordFacts(())
        judge = Judge(await aside(partial(declared, given, tools.secret, source.columns)))
        places = [source.columns.index(name) for name in (given.column, *judge.declared.columns)]
        records = [record.values for record in source.sample(SAMPLE) if record.bad is None]
        cells = [values[places[0]] if len(places) == 1 else tuple(values[at] for at in places) for values in records]
        return PasswordFacts(tuple(census(cells, judge, proven=given.proven_formats)))

    def plan(self, answers: Answers, facts: PasswordFacts) -> Sequence[Change]:
        """Change nothing, but stop where the import rests on a declaration that nobody has tried or said yes to."""
        waiting = sorted({group.scheme for group in facts.groups if group.needs_proof})
        if waiting and answers[PasswordsAnswers].unproven == "ask":
            raise UsageError(
                f"Nobody has tried whether these passwords work: {', '.join(waiting)}",
                why="the stored values do not say how they were made, and a wrong declaration shows only when users log in",
                state="Nothing was sent.",
                remedy="prove them with `auth0-migrate passwords prove` and paste what it reports into [passwords], or set "
                'unproven = "import" there as a deliberate yes.',
            )
        return []
