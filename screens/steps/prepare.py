"""Preparing: how files are made, and which rejects the operator has decided to leave behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from screens.background import survey
from screens.form import Form
from screens.steps.base import FormView
from screens.widgets.ticks import Row, Ticks
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.aside import aside
from wizard.bulk.answers import PrepareAnswers
from wizard.bulk.assembly import CODES
from wizard.counts import counted
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.rejects import REASONS
from wizard.steps.connection import ConnectionAnswers


class PrepareView(FormView):
    """Every reason that was met, with its count; a tick leaves these users behind."""

    without = ("skip",)
    lead = "Users that Auth0 would refuse stay out of the files. Tick the reasons you have decided about."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None
        self._were_ticked = False

    def content(self) -> ComposeResult:
        yield Static("", id="survey", classes="block")
        yield Ticks(id="skip", classes="block")
        yield Form(
            PrepareAnswers, self.wizard.journey.given("prepare"), without=("skip",), first=("max_file_bytes", "workers")
        )

    async def shown(self) -> None:
        wizard = self.wizard
        answers = wizard.journey.answers
        tools = await wizard.outlook.tools(answers, wizard.journey.base)
        source, facts = await tools.source(answers[SourceAnswers])
        connection = answers[ConnectionAnswers]
        lengths = (connection.username_min, connection.username_max)
        profile, passwords = answers[ProfileAnswers], answers[PasswordsAnswers]
        known = (facts.fingerprint, profile, passwords, lengths)
        if known == self._known:
            return
        tally = self.query_one("#survey", Static)
        tally.update(Content.styled("Trying every record…", "$foreground-muted"))
        mapping = await aside(
            partial(compile_mapping, profile, passwords, source.columns, username_length=lengths, secret=tools.secret)
        )
        found = await wizard.apart.through(facts.records, survey, source, mapping)
        self._known = known
        good = found.read - found.rejected
        tally.update(
            Content.assemble(
                (f"{good:,} of {counted(found.read, 'record')}", "bold"), " can be imported.",
                f" {found.rejected:,} cannot, for these reasons:" if found.rejected else "",
                ("\nAddresses and ids met twice are found when the files are made.", "$foreground-muted"),
            )
        )  # fmt: skip
        self._fill(found.codes, [CODES[key] for key in mapping.keys])

    def _fill(self, codes: Mapping[str, int], twice: Sequence[str]) -> None:
        """A row for every reason that was met, and for what only the making of files finds: who shares a key."""
        listed = self.query_one("#skip", Ticks)
        before = set(listed.ticked) or set(self.wizard.journey.given("prepare").get("skip", ()))
        rows = [*codes, *(code for code in dict.fromkeys([*twice, *sorted(before)]) if code not in codes)]
        listed.fill([Row(code, _words(code, codes.get(code)), code in before) for code in rows])

    @on(Ticks.Changed)
    def _ticked(self, event: Ticks.Changed) -> None:
        event.stop()
        self._were_ticked = True
        self.post_message(self.Changed())

    def _with_skip(self, section: Section | None) -> Section | None:
        if not isinstance(section, PrepareAnswers):
            return None
        ticked = set(self.query_one("#skip", Ticks).ticked)
        given = [code for code in self.wizard.journey.given("prepare").get("skip", ()) if code in ticked]
        skip = [*given, *sorted(ticked.difference(given))]
        return validated(PrepareAnswers, {**section.model_dump(mode="json"), "skip": skip})

    @property
    def is_touched(self) -> bool:
        return super().is_touched or self._were_ticked

    def draft(self) -> Section | None:
        return self._with_skip(self.form.draft())

    async def answer(self) -> Section | None:
        return self._with_skip(await super().answer())


def _words(code: str, users: int | None) -> Content:
    counted = f"{users:>6,}" if users is not None else "     ?"
    return Content.assemble(
        (counted, "bold"),
        f"  {code}\n",
        (f"            {REASONS[code].message.replace('{field}', 'a field')}", "$foreground-muted"),
    )
