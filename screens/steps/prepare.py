"""Preparing: how files are made, if any are, and which rejects the operator has decided to leave behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Label, Static

from screens.background import survey
from screens.form import Form
from screens.steps.base import FormView
from screens.widgets.ticks import Row, Ticks
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.aside import aside
from wizard.bulk.preparation.answers import PrepareAnswers
from wizard.bulk.preparation.assembly import CODES
from wizard.counts import counted
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.rejects import NOT_LOGGED_IN, REASONS
from wizard.steps.connection import ConnectionAnswers

LATER = "Reasons with a ? are found when the files are made: who shares an address, id or username with others."
NO_FILES = "Users move at their login, so no files are made. Tick the reasons you have decided about."


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
        answers, automatic = wizard.journey.answers, wizard.journey.strategy == "automatic"
        self.query_one(".lead", Label).update(NO_FILES if automatic else self.lead)
        self.form.field("max_file_bytes").display = not automatic
        tools = await wizard.outlook.tools(answers, wizard.journey.base)
        source, facts = await tools.source(answers[SourceAnswers])
        connection = answers[ConnectionAnswers]
        lengths = (connection.username_min, connection.username_max)
        profile, passwords = answers[ProfileAnswers], answers[PasswordsAnswers]
        known = (facts.fingerprint, profile, passwords, lengths, automatic)
        if known == self._known:
            return
        tally = self.query_one("#survey", Static)
        compiled = partial(compile_mapping, profile, passwords, source.columns, username_length=lengths)
        with self.looking(tally, "Trying every record…"):
            mapping = await aside(partial(compiled, secret=tools.secret))
            found = await wizard.apart.through(facts.records, survey, source, mapping)
        self._known = known
        if automatic:
            codes = {code: users for code, users in found.codes.items() if not code.startswith("password_")}
            tally.update(_whoever_moves(found.read, sum(codes.values())))
        else:
            codes = dict(found.codes)
            tally.update(_whoever_is_imported(found.read, found.rejected))
        self._fill([NOT_LOGGED_IN, *codes] if automatic else [*codes, *(CODES[key] for key in mapping.keys)], codes)

    def _fill(self, reasons: Sequence[str], codes: Mapping[str, int]) -> None:
        """A row for every reason: those that were met, and what only the run finds: who shares a key, or has not moved."""
        listed = self.query_one("#skip", Ticks)
        before = set(listed.ticked) or set(self.wizard.journey.given("prepare").get("skip", ()))
        rows = dict.fromkeys([*reasons, *sorted(before)])
        listed.fill([_row(code, codes.get(code), code in before) for code in rows])

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


def _whoever_is_imported(read: int, rejected: int) -> Content:
    return Content.assemble(
        (f"At most {read - rejected:,} of {counted(read, 'record')}", "bold"), " can be imported.",
        f" At least {rejected:,} cannot, for these reasons:" if rejected else "",
        (f"\n{LATER}", "$foreground-muted"),
    )  # fmt: skip


def _whoever_moves(read: int, rejected: int) -> Content:
    return Content.assemble(
        (f"{counted(read, 'record')}. ", "bold"),
        "Users who have not moved when the phase is over are not_logged_in.",
        f" At least {rejected:,} cannot move, for the other reasons:" if rejected else "",
    )


def _row(code: str, users: int | None, ticked: bool) -> Row:
    counted = f"{users:>6,}" if users is not None else "     ?"
    why = REASONS[code].message.replace("{field}", "a field")
    return Row(code, Content.assemble((counted, "bold"), f"  {code}"), ticked, below=why, moved_in=12)
