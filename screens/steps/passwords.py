"""The passwords: the census as bars, a decision for each group that cannot travel, and a proof with one account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from screens.background import census_of, prove
from screens.fields import Field
from screens.form import Form
from screens.steps.base import FormView
from screens.tasks import begin
from screens.widgets.draw import bar
from wizard.answers import Section
from wizard.counts import counted
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.mapping import compile_mapping
from wizard.mapping.suggestion import suggest_answers
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.census import HashGroup
from wizard.profile import ProfileAnswers
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.tools import Tools

SHOWN = 12
BAR = 14
SAMPLE = 200


class PasswordsView(FormView):
    """Bars, a form of three fields, and two lines for the proof."""

    lead = "Which hashes Auth0 can take, and what becomes of the users whose hash it cannot."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None
        self._store: tuple[LegacySource, SourceFacts] | None = None

    def content(self) -> ComposeResult:
        yield Static("", id="census", classes="block")
        yield Form(PasswordsAnswers, self.wizard.journey.given("passwords"))
        yield Label("Prove it with one account", classes="head")
        with Horizontal(classes="row"):
            yield Input(placeholder="e-mail address", id="email", compact=True)
        with Horizontal(classes="row"):
            yield Input(placeholder="password, not kept", password=True, id="password", compact=True)
        with Horizontal(classes="row"):
            yield Button("Prove", id="prove", compact=True)
            yield Static("", id="proof", markup=False)

    async def shown(self) -> None:
        journey = self.wizard.journey
        answers, tools = await self._opened()
        self._store = await tools.source(answers[SourceAnswers])
        if not journey.is_answered("passwords") and not self.form.values.get("column") and not self._known:
            source = self._store[0]
            column = suggest_answers(source.columns, source.sample(SAMPLE)).passwords.column
            self.form.put({"column": column})
        await self._count()

    async def answer(self) -> Section | None:
        section = await super().answer()
        if not isinstance(section, PasswordsAnswers):
            return None
        try:
            return await self._fitting(section)
        except WizardError as error:
            self.trouble(error)
            return None

    async def _fitting(self, section: PasswordsAnswers) -> PasswordsAnswers | None:
        """The section if it fits the store; None when not, which is then said.

        Raises:
            WizardError: the store cannot be read, the key of the hashes is not found, or the mapping does not fit.
        """
        answers, tools = await self._opened()
        columns = (await tools.source(answers[SourceAnswers]))[0].columns
        if section.column is not None and section.column not in columns:
            self._no_such_column(columns)
            return None
        if section.column is None and section.missing == "reject":
            self.form.field("column").complain(
                "Name it, or choose without_password for users without a hash: it is final, and they reset their password."
            )
            return None
        compile_mapping(answers[ProfileAnswers], section, columns, username_length=(1, 128), secret=tools.secret)
        return section

    async def _opened(self) -> tuple[Answers, Tools]:
        journey = self.wizard.journey
        return journey.answers, await self.wizard.outlook.tools(journey.answers, journey.base)

    def _no_such_column(self, columns: Sequence[str]) -> None:
        self.form.field("column").complain(f"There is no such column; there are: {', '.join(columns)}.")

    async def _count(self) -> None:
        """Count the formats again when the column is another one."""
        if self._store is None:
            return
        source, facts = self._store
        values = self.form.values
        column = str(values.get("column", ""))
        if self._known == (facts.fingerprint, column):
            return
        place = self.query_one("#census", Static)
        if column not in source.columns:
            near = ", ".join(source.columns)
            place.update(f"No password is migrated without a column. There are: {near}." if not column else "")
            if column:
                self._no_such_column(source.columns)
            return
        place.update(Content.styled("Counting hashes…", "$foreground-muted"))
        groups = await self.wizard.apart.through(facts.records, census_of, source, column)
        self._known = (facts.fingerprint, column)
        self.wizard.census = groups
        place.update(bars(groups))

    def on_field_changed(self, event: Field.Changed) -> None:
        super().on_field_changed(event)
        if event.field.key == "column":
            begin(self, self._count, group="census")

    @on(Button.Pressed, "#prove")
    @on(Input.Submitted, "#password")
    def _pressed(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        begin(self, self._prove, group="prove")

    async def _prove(self) -> None:
        proof = self.query_one("#proof", Static)
        email, password = self.query_one("#email", Input).value, self.query_one("#password", Input).value
        column = str(self.form.values.get("column", ""))
        if self._store is None or not (email and password and column):
            proof.update("Give the column, an e-mail address and the password.")
            return
        proof.update("Looking…")
        source, facts = self._store
        section = PasswordsAnswers(column=column, unsupported="without_password", missing="without_password")
        try:
            profile = self.wizard.journey.answers[ProfileAnswers]
            mapping = compile_mapping(profile, section, source.columns, username_length=(1, 128))
            found = await self.wizard.apart.through(facts.records, prove, source, mapping, column, email, password)
        except WizardError as error:
            proof.update(f"✗ {error}")
            return
        sign = {True: "✓ ", False: "✗ ", None: "· "}[found.accepted]
        proof.update(sign + found.words)

    def says(self, changes: list[Change] | None) -> str | None:
        return (
            "Nothing is changed in Auth0 by this answer.\n\nA user who is imported without a hash gets a random one from "
            "Auth0, and a hash that comes later is refused: that user resets the password."
        )

    def copied(self) -> str:
        return super().copied() or str(self.query_one("#census", Static).content)


def bars(groups: Sequence[HashGroup]) -> Content:
    """The census: a bar a group, whether it travels, and why not."""
    total = sum(group.users for group in groups) or 1
    carried = sum(group.users for group in groups if group.carried_by != "none")
    parts: list[Any] = [
        (f"{carried:,} of {counted(total, 'user')}", "bold"), f" keep the password in an import ({carried / total:.1%})\n\n",
    ]  # fmt: skip
    for group in groups[:SHOWN]:
        good = group.carried_by != "none"
        name = f"{group.scheme} {group.parameters}".strip()[:22]
        drawn = bar(group.users / total, BAR)
        parts += [f"{name:<22} ", (drawn, "$text-success" if good else "$text-warning"), f" {group.users:>7,}\n"]
        words = f"travels as {group.carried_by}" if good else f"stays: {group.why}"
        parts += [
            ("✓ " if good else "! ", "$text-success" if good else "$text-warning"),
            (f"{words}\n", "$foreground-muted"),
        ]
    if len(groups) > SHOWN:
        rest = sum(group.users for group in groups[SHOWN:])
        parts.append((f"and {len(groups) - SHOWN} more formats with {counted(rest, 'user')}\n", "$foreground-muted"))
    return Content.assemble(*parts)
