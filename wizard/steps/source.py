"""The legacy store: where the users come from."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.answers import Answers
from wizard.errors import SourceError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import SourceFacts
from wizard.step import Change, Step
from wizard.tools import Tools


class SourceStep(Step[SourceFacts, Change]):
    key = "source"
    title = "Legacy store"
    section = SourceAnswers
    facts = SourceFacts
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> SourceFacts:
        _, facts = await tools.source(answers[SourceAnswers])
        return facts

    def plan(self, answers: Answers, facts: SourceFacts) -> Sequence[Change]:
        if facts.records == 0:
            raise SourceError(
                "The legacy store holds no users",
                state="Nothing was sent.",
                remedy="Check the table [source] of the answers.",
            )
        return []
