"""The passwords: the census as bars, a decision for each group that cannot travel, and a proof with one account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from screens.background import census_of, prove
from screens.fields import Field
from screens.form import Form
from screens.steps.accounts import KnownAccounts
from screens.steps.base import unseen
from screens.steps.decisions import Decisions
from screens.tasks import begin
from screens.titles import on_pages
from screens.widgets.draw import bar, cut
from screens.widgets.hanging import Hanging
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.aside import aside
from wizard.counts import counted
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.census import HashGroup
from wizard.passwords.declared import declared
from wizard.passwords.prove import DESCRIBING, Proof
from wizard.profile import ProfileAnswers
from wizard.step import Change
from wizard.strategy.survey import suggestion_for

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.tools import Tools

SHOWN = 12
BAR = 14
SEARCH_SECONDS = 30.0
"""How long a search for the way that hashes were made may take."""

FIRST = ("column", "unsupported", "missing")
MORE = "How the hashes were made, and more"
DECIDING = DESCRIBING | {"column", "key_lost", "unconfirmed", "proven"}
"""Keys of the section that what is counted depends on."""


class PasswordsView(KnownAccounts):
    """Bars, a proof with one account, and a form of which what describes the hashes is folded away."""

    lead = "Which hashes Auth0 can take, and what becomes of the users whose hash it cannot."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._known: object = None
        self._store: tuple[LegacySource, SourceFacts] | None = None
        self._found: Mapping[str, Any] = {}
        self._told_unused = False  # that what was found is not used yet

    def content(self) -> ComposeResult:
        yield Hanging("", id="census", classes="block", markup=False)
        given = self.wizard.journey.given("passwords")
        yield Decisions(given.get("decisions", {}))
        yield Form(PasswordsAnswers, given, first=FIRST, without=("decisions",), more=MORE)
        yield Label("Prove it with one account", classes="head")
        with Horizontal(classes="row"):
            yield Input(placeholder="e-mail address, username or id", id="login", compact=True)
        with Horizontal(classes="row"):
            yield Input(placeholder="password, not kept", password=True, id="password", compact=True)
        with Horizontal(classes="row"):
            yield Button("Prove", id="prove", compact=True)
            yield unseen(Button("Use what was found", id="use", compact=True))
        yield Hanging("", id="proof", markup=False)

    async def shown(self) -> None:
        journey = self.wizard.journey
        answers, tools = await self._opened()
        self._store = await tools.source(answers[SourceAnswers])
        if not journey.is_answered("passwords") and not self.form.values.get("column") and not self._known:
            self.form.put(
                suggestion_for(answers[SourceAnswers], self._store[0]).passwords.model_dump(exclude_unset=True)
            )
            self.form.begin_here()
        await self._count()
        field = self.query_one("#login", Input)
        if self.wizard.practice is not None and not field.value and self.accounts:
            field.value = str(self.accounts[0]["login"])
            field.cursor_position = 0  # its beginning in sight
            self.query_one("#password", Input).placeholder = "known here: leave it empty"

    @property
    def is_touched(self) -> bool:
        return super().is_touched or self.query_one(Decisions).is_touched

    def draft(self) -> Section | None:
        return self._decided(super().draft())

    def _decided(self, section: Section | None) -> PasswordsAnswers | None:
        """The section with what was decided for single formats."""
        if not isinstance(section, PasswordsAnswers):
            return None
        values = section.model_dump(mode="json", exclude_unset=True)
        return validated(PasswordsAnswers, {**values, "decisions": self.query_one(Decisions).value})

    async def answer(self) -> Section | None:
        if self._found and not self._told_unused:
            self._told_unused = True
            self.query_one("#use", Button).focus()
            self.app.notify(
                "What fits is not used yet: press “Use what was found”, or Next once more to go on without it.",
                severity="warning",
            )
            return None
        section = self._decided(await super().answer())
        if section is None:
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
            self._no_such_column("column", columns)
            return None
        if section.column is None and section.missing == "reject":
            self.form.field("column").complain(
                "Name it, or choose without_password for users without a hash: it is final, and they reset their password."
            )
            return None
        await aside(
            partial(
                compile_mapping,
                answers[ProfileAnswers],
                section,
                columns,
                username_length=(1, 128),
                secret=tools.secret,
            )
        )
        return section

    async def _opened(self) -> tuple[Answers, Tools]:
        journey = self.wizard.journey
        return journey.answers, await self.wizard.outlook.tools(journey.answers, journey.base)

    def _no_such_column(self, key: str, columns: Sequence[str]) -> None:
        self.form.field(key).complain(f"There is no such column; there are: {', '.join(columns)}.")

    async def _count(self) -> None:
        """Count the formats again when they are described in another way."""
        if self._store is None:
            return
        source, facts = self._store
        place = self.query_one("#census", Static)
        section = self._described()
        if isinstance(section, str):
            place.update(section)
            return
        described = section.model_dump(include=set(DECIDING))
        if self._known == (facts.fingerprint, described):
            return
        place.update(Content.styled("Counting hashes…", "$foreground-muted"))
        _, tools = await self._opened()
        try:
            settings = await aside(partial(declared, section, tools.secret, source.columns))
            groups = await self.wizard.apart.through(facts.records, census_of, source, section, settings)
        except WizardError as error:
            place.update(Content.styled(f"✗ {on_pages(str(error))}", "$text-error"))
            return
        self._known = (facts.fingerprint, described)
        place.update(bars(groups, facts.records))
        self.query_one(Decisions).show(groups, section.unsupported)

    def _described(self) -> PasswordsAnswers | str:
        """The form if it is right and fits the store, or what is missing."""
        columns = self._store[0].columns if self._store else ()
        section = self.form.draft()
        if not isinstance(section, PasswordsAnswers):
            return "Hashes are counted when the fields below are right."
        if section.column is None:
            return f"No password is migrated without a column. There are: {', '.join(columns)}."
        for key, named in section.columns:
            if named not in columns:
                self._no_such_column(key, columns)
                return ""
        return section

    def on_field_changed(self, event: Field.Changed) -> None:
        super().on_field_changed(event)
        if event.field.key == "unsupported":
            self.query_one(Decisions).follow(str(event.field.value))
        if event.field.key in DECIDING:
            begin(self, self._count, group="census")

    @on(Decisions.Changed)
    def _changed(self, event: Decisions.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Button.Pressed, "#prove")
    @on(Input.Submitted, "#password")
    def _pressed(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        begin(self, self._prove, group="prove")

    async def _prove(self) -> None:
        self._offer({})
        told = self.query_one("#proof", Static)
        login, password = self.query_one("#login", Input).value.strip(), self.query_one("#password", Input).value
        section = self._described()
        if self._store is None or isinstance(section, str):
            told.update("First complete the column above.")
            return
        try:
            password = password or await self.known_password(login)
        except WizardError as error:
            told.update(f"✗ {on_pages(str(error))}")
            return
        if not (login and password):
            told.update("Give an account and its password here.")
            return
        _, tools = await self._opened()
        try:
            secrets = {name: await aside(partial(tools.secret, name)) for name in section.references}
            asked = self.wizard.apart.do(prove, self._store[0], section, secrets, login, password, SEARCH_SECONDS)
            found = await self._counted(asyncio.ensure_future(asked), told)
        except WizardError as error:
            told.update(f"✗ {on_pages(str(error))}")
            return
        told.update(" ".join((outcome(found), *_lost(found.lost(section)))))
        noted = found.noted(section)
        if found.recipe:
            self._offer(noted)
            self.query_one("#use", Button).focus()
        else:
            self.form.put(noted)

    async def _counted(self, asked: asyncio.Future[Proof], told: Static) -> Proof:
        """What was asked for, with the seconds until then."""
        began = time.monotonic()
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        try:
            while not asked.done():
                took = f"{time.monotonic() - began:.0f} s"
                told.update(f"Looking, {took}. Where it does not fit, other ways are tried for {SEARCH_SECONDS:.0f} s…")
                await asyncio.wait([asked], timeout=0.5)
            return asked.result()
        finally:
            asked.cancel()
            self.query_one("#password", Input).value = ""

    def _offer(self, found: Mapping[str, Any]) -> None:
        self._found, self._told_unused = found, False
        self.query_one("#use", Button).display = bool(found)

    @on(Button.Pressed, "#use")
    def _use(self, event: Button.Pressed) -> None:
        """Put the description that fits into the form, instead of the one that was there."""
        event.stop()
        fields = PasswordsAnswers.model_fields
        self.form.put({key: fields[key].get_default(call_default_factory=True) for key in DESCRIBING})
        self.form.put(self._found)
        self._offer({})
        self.query_one("#proof", Static).update("Filled in above, and noted as proven.")

    def says(self, changes: list[Change] | None) -> str | None:
        return (
            "Nothing is changed in Auth0 by this answer.\n\nA user who is imported without a hash gets a random one from "
            "Auth0, and a hash that comes later is refused: that user resets the password."
        )

    def copied(self) -> str:
        return super().copied() or str(self.query_one("#census", Static).content)


def outcome(proof: Proof) -> str:
    """What the proof of one account found, in words."""
    (account,) = proof.accounts
    name = f"{account.scheme} {account.parameters}".strip()
    sign = {True: "✓", False: "✗", None: "·"}[account.fits]
    if proof.recipe:
        described = " and, for other hashes, ".join(map(_described, (proof.recipe, *proof.recipe.get("also", ()))))
        return f"✓ The password fits with {described}. Found after {counted(proof.tried, 'try', 'tries')}."
    slip = "The password may be mistyped, a key (pepper) not given, or the way of hashing one that Auth0 cannot check."
    if not proof.tried:
        return f"{sign} {name}: {account.why}." + (f" {slip}" if account.fits is False else "")
    if proof.hindrance:
        return f"✗ {name}: {proof.hindrance}."
    ended = "none fits" if proof.exhausted else "time is over"
    return f"✗ {name}: {counted(proof.tried, 'way of hashing was', 'ways of hashing were')} tried: {ended}. {slip}"


def _lost(formats: Sequence[str]) -> Iterator[str]:
    """What is said of earlier proofs that count no longer."""
    if formats:
        yield f"The earlier proof of {', '.join(formats)} no longer counts and is taken away."


def _described(recipe: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(recipe.items()) if key != "also")


def bars(groups: Sequence[HashGroup], records: int) -> Content:
    """The census: a bar a group, whether it travels, and why not; what holds for several is said at the first of them.

    Args:
        records: All there are in the store, those that cannot be read included.
    """
    total = sum(group.users for group in groups) or 1
    carried = sum(group.users for group in groups if group.carried_by != "none")
    parts: list[Any] = [
        (f"{carried:,} of {counted(total, 'user')}", "bold"), f" have a hash that travels in an import ({carried / total:.1%})\n",
        (f"{_what_is_counted(records - total, records)}\n\n", "$foreground-muted"),
    ]  # fmt: skip
    said: set[str] = set()
    for group in groups[:SHOWN]:
        colour = "$text-warning" if group.carried_by == "none" else "$text-success"
        name = cut(f"{group.scheme} {group.parameters}".strip(), 22)
        parts += [f"{name:<22} ", (bar(group.users / total, BAR), colour), f" {group.users:>7,}\n"]
        for sign, words in _notes(group):
            if words not in said or sign == "✓":
                parts += [(f"{sign} ", colour if sign == "✓" else "$text-warning"), (f"{words}\n", "$foreground-muted")]
            said.add(words)
    if len(groups) > SHOWN:
        rest = sum(group.users for group in groups[SHOWN:])
        parts.append((f"and {len(groups) - SHOWN} more formats with {counted(rest, 'user')}\n", "$foreground-muted"))
    return Content.assemble(*parts).rstrip()


def _what_is_counted(unread: int, records: int) -> str:
    """What the figures leave out, so that nobody wonders about those of other pages."""
    left_out = f"{unread:,} of all {counted(records, 'record')} cannot be read. " if unread > 0 else ""
    return f"{left_out}Other reasons to be rejected count on Strategy."


def _notes(group: HashGroup) -> Iterator[tuple[str, str]]:
    """Sign and words: what becomes of a group, and what is to be known of it."""
    if group.carried_by == "none":
        yield "!", f"stays: {on_pages(group.why)}"
        return
    yield "✓", f"travels as {group.carried_by}" + (", proven with a known password" if group.proven else "")
    if group.needs_proof:
        yield "?", f"rests on {group.assumes}; not proven yet"
    if group.unconfirmed:
        yield "?", on_pages(group.unconfirmed)
    if group.weak:
        yield "!", group.weak
