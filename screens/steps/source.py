"""The legacy store: a file or a database, its first rows, and what was found out about it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, DataTable, Label, OptionList, Static
from textual.widgets.option_list import Option

from screens.form import Form
from screens.steps.base import FormView
from screens.tasks import begin
from screens.titles import on_pages
from screens.widgets.dialogs import FilePicker
from screens.widgets.draw import cut
from screens.widgets.grown import Choices, Table
from screens.widgets.hanging import Hanging
from wizard.answers import Section
from wizard.aside import aside
from wizard.counts import counted
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import Record, SourceFacts
from wizard.mapping.values import text as as_text
from wizard.rejects import Refused, Reject

ROWS = 8
CELL = 24
ENDINGS = (
    ".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".ldif", ".ldf", ".db", ".sqlite", ".sqlite3", ".gz",
)  # fmt: skip
"""How files of users are mostly named; what is in one is found out by reading it."""


class SourceView(FormView):
    """A form, a file browser, and the rows as they are read."""

    first = ("path", "url", "table")
    lead = "Where the users come from. It is only ever read."

    def content(self) -> ComposeResult:
        practice = self.wizard.practice
        if practice is not None and practice.stores:
            yield Label("Practice stores", classes="head")
            yield Choices(
                *(Option(Content.assemble((f"{name:<14}", "bold"), words), name) for name, words in practice.stores),
                id="stores",
                compact=True,
                classes="block",
            )
        given = self.wizard.journey.given("source")
        yield Form(SourceAnswers, given, first=self.first, more="How to read it")
        with Horizontal(classes="row"):
            yield Button("Browse…", id="browse", compact=True)
            yield Button("Look", id="look", compact=True)
        yield Hanging("", id="facts")
        yield Table(id="rows", cursor_type="row", classes="block")

    async def shown(self) -> None:
        self.query_one("#rows").display = bool(self.query_one("#rows", DataTable).row_count)
        if self.draft() is not None:
            await self._look()

    @on(OptionList.OptionSelected, "#stores")
    def _store(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        path = event.option.id or ""
        table = {"members.db": "customers"}.get(path, "")
        self.form.put({"path": path, "url": "", "table": table, "kind": "sql" if table else "auto"})
        self._looking()

    @on(Button.Pressed, "#browse")
    def _browse(self, event: Button.Pressed) -> None:
        event.stop()
        begin(self, self._choose, group="browse")

    @on(Button.Pressed, "#look")
    def _look_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._looking()

    def _looking(self) -> None:
        begin(self, self._look, group="look")

    async def _choose(self) -> None:
        base = self.wizard.journey.base
        path = await self.app.push_screen_wait(FilePicker("Which file holds the users?", base, kinds=ENDINGS))
        if path is None:
            return
        self.form.put({"path": _seen_from(base, path), "url": ""})
        await self._tables_of(path)
        await self._look()

    async def _tables_of(self, path: Path) -> None:
        """Fill in the table where a database file has only one, and say which there are where it has several."""
        from wizard.legacy import source_of

        try:
            found = await aside(partial(source_of, str(path)))
        except WizardError as error:
            self.trouble(error)
            return
        self.form.put({"kind": found.kind, "table": found.users_table})

    async def answer(self) -> Section | None:
        section = await super().answer()
        if not isinstance(section, SourceAnswers) or not await self._look():
            return None
        self.wizard.tried_logins_follow(section.path)
        return section

    async def _look(self) -> bool:
        """Read the store as the form says, and show it; false when that is not possible."""
        section = self.draft()
        if not isinstance(section, SourceAnswers):
            await super().answer()
            return False
        self.trouble(None)
        self.query_one("#facts", Static).update(Content.styled("Looking through it…", "$foreground-muted"))
        wizard = self.wizard
        journey = wizard.journey
        try:
            tools = await wizard.outlook.tools(journey.answers, journey.base)
            source, facts = await tools.source(section)
            records = await aside(partial(source.sample, ROWS))
        except WizardError as error:
            self.query_one("#facts", Static).update("")
            self.query_one("#rows").display = False
            self.trouble(error)
            return False
        self.query_one("#facts", Static).update(_facts(facts))
        self._fill(facts, records)
        return True

    def _fill(self, facts: SourceFacts, records: Any) -> None:
        table = self.query_one("#rows", DataTable)
        table.clear(columns=True)
        table.display = True
        table.add_columns(*facts.columns)
        for record in records:
            table.add_row(*_cells(record, len(facts.columns)))


def _facts(facts: SourceFacts) -> Content:
    details = " · ".join(f"{name} {value}" for name, value in facts.details.items())
    parts: list[Any] = [
        ("✓ ", "$text-success"),
        (counted(facts.records, "record"), "bold"),
        f" · {facts.kind} · {details}",
    ]
    for warning in facts.warnings:
        parts += [("\n! ", "$text-warning"), on_pages(warning)]
    return Content.assemble(*parts)


def _cells(record: Record, width: int) -> list[str]:
    if record.bad is not None:
        return [f"✗ {record.bad.message}", *[""] * (width - 1)]
    return [_short(value) for value in record.values]


def _short(value: Any) -> str:
    try:
        words = as_text(value, Reject("value_not_text", ""))
    except Refused:
        return "(bytes)"
    return cut(" ".join(words.split()), CELL)


def _seen_from(base: Path, path: Path) -> str:
    """The path as the answers would have it: relative where it is inside the folder of the answers."""
    try:
        return os.fspath(path.relative_to(base))
    except ValueError:
        return os.fspath(path)
