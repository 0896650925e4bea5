"""The profile: which column of the legacy store feeds which field of the Auth0 user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from wizard.answers import Answers
from wizard.aside import aside
from wizard.legacy.answers import SourceAnswers
from wizard.profile import ProfileAnswers
from wizard.step import Change, Step
from wizard.tools import Tools


@dataclass(frozen=True)
class ProfileFacts:
    """The columns there are; the mapping fits them."""

    columns: tuple[str, ...]


class ProfileStep(Step[ProfileFacts, Change]):
    key = "profile"
    title = "Profile"
    section = ProfileAnswers
    facts = ProfileFacts
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> ProfileFacts:
        from wizard.mapping import compile_mapping
        from wizard.passwords.answers import PasswordsAnswers

        source, _ = await tools.source(answers[SourceAnswers])
        profile, passwords = answers[ProfileAnswers], answers[PasswordsAnswers]
        await aside(partial(compile_mapping, profile, passwords, source.columns, secret=tools.secret))
        return ProfileFacts(tuple(source.columns))

    def plan(self, answers: Answers, facts: ProfileFacts) -> Sequence[Change]:
        return []
