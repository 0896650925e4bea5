"""The strategy: users move at login, in bulk, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from wizard.answers import Answers, Section
from wizard.step import Change, Step
from wizard.tools import Tools


class StrategyAnswers(Section):
    """How users move into Auth0."""

    table: ClassVar[str] = "strategy"
    way: Literal["bulk", "automatic", "two-phase"] = Field(
        default="bulk",
        title="Way to migrate",
        description="bulk: import jobs move everybody now. automatic: each user moves at the first login. "
        "two-phase: automatic first, bulk for the rest.",
    )

    @property
    def is_live(self) -> bool:
        """Whether users move while the legacy store is in use, for weeks."""
        return self.way != "bulk"


@dataclass(frozen=True)
class StrategyFacts:
    """How many users there are to move."""

    users: int


class StrategyStep(Step[StrategyFacts, Change]):
    key = "strategy"
    title = "Strategy"
    section = StrategyAnswers
    facts = StrategyFacts
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> StrategyFacts:
        from wizard.legacy.answers import SourceAnswers

        _, facts = await tools.source(answers[SourceAnswers])
        return StrategyFacts(facts.records)

    def plan(self, answers: Answers, facts: StrategyFacts) -> Sequence[Change]:
        return []
