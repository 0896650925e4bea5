"""The applications: those of the tenant as a list to filter and tick, with their kind and whether they are enabled."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from screens.guide import Stop
from screens.steps.base import StepView
from screens.widgets.draw import cut, padded
from screens.widgets.ticks import Row, Ticks
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.auth0.models import Client
from wizard.counts import counted
from wizard.steps.applications import ApplicationsAnswers
from wizard.steps.connection import ConnectionAnswers

KINDS = {
    "regular_web": "web application", "native": "native", "spa": "single page", "non_interactive": "machine to machine",
}  # fmt: skip

NAME = 24
"""Columns of a name in the list, so that its kind beside it fits."""


class ApplicationsView(StepView):
    """A filter and a list; ticks survive filtering."""

    lead = "Which applications may log users in. Space ticks; those that are enabled already stay so."

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop)
        self._clients: Sequence[Client] = ()
        self._enabled: Collection[str] = ()
        self._ticked: list[str] = []
        self._given: Sequence[str] | None = None

    def content(self) -> ComposeResult:
        yield Input(placeholder="type to filter", id="filter", compact=True)
        yield Static("", id="tally", classes="block", markup=False)
        yield Ticks(id="applications-list")
        yield Static("", id="client", classes="hint", markup=False)

    async def shown(self) -> None:
        wizard = self.wizard
        answers = wizard.journey.answers
        with self.looking(self.query_one("#tally", Static), "Looking for applications…"):
            tenant = await wizard.outlook.tenant(answers, wizard.journey.base)
            clients = await tenant.clients()
            connection = await tenant.connection_named(answers[ConnectionAnswers].name)
            self._enabled = await tenant.enabled_clients(connection.id) if connection else ()
        self._clients = clients
        if self._given is None:
            self._given = list(dict.fromkeys(wizard.journey.given("applications").get("enable", ())))
            self._ticked = list(dict.fromkeys(key for word in self._given for key in self._meant_by(word)))
        self._fill(self.query_one("#filter", Input).value)
        self.post_message(self.Changed())

    def _meant_by(self, word: str) -> Sequence[str]:
        """Keys of the lines that an answer names: client ids; the word itself where the tenant has no such application."""
        return [one.client_id for one in self._clients if word in (one.client_id, one.name)] or [word]

    def _fill(self, words: str) -> None:
        known = {one.client_id for one in self._clients}
        absent = ("   ✗ not in the tenant", "$text-error")
        self.query_one(Ticks).fill(
            [
                Row(word, Content.assemble((padded(cut(word, NAME), NAME), "bold"), absent), word in self._ticked)
                for word in self._given or ()
                if self._meant_by(word) == [word] and word not in known
            ]
            + [
                Row(one.client_id, self._row(one), one.client_id in self._ticked)
                for one in self._clients
                if words.lower() in f"{one.name} {one.client_id} {one.app_type}".lower()
            ]
        )
        self._tell()

    def _row(self, one: Client) -> Content:
        there = (" ✓ ", "$text-success") if one.client_id in self._enabled else ("   ", "")
        kind = KINDS.get(one.app_type or "", one.app_type or "unknown kind")
        return Content.assemble((padded(cut(one.name, NAME), NAME), "bold"), there, (kind, "$foreground-muted"))

    def _tell(self) -> None:
        known, listed = counted(len(self._clients), "application"), len(self.query_one(Ticks).rows)
        found = f"{listed:,} of {known} listed" if self.query_one("#filter", Input).value else f"{known} in the tenant"
        enabled = " · ✓ is enabled already" if self._enabled else ""
        self.query_one("#tally", Static).update(f"{found}, {len(self._ticked):,} ticked{enabled}")

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        """Tell all of the application under the cursor, as the list has no room for it."""
        event.stop()
        one = next((one for one in self._clients if one.client_id == event.option.id), None)
        self.query_one("#client", Static).update(f"{one.name}, client ID {one.client_id}" if one else "")

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#client", Static).update("")
        if self._given is not None:
            self._fill(event.value)

    @on(Ticks.Changed)
    def _ticks(self, event: Ticks.Changed) -> None:
        event.stop()
        shown = {row.key for row in event.ticks.rows}
        now = [key for key in self._ticked if key not in shown] + list(event.ticks.ticked)
        self._ticked = now
        self._tell()
        self.post_message(self.Changed())

    @property
    def _wanted(self) -> list[str]:
        """What was given as it was given, then names where a name tells applications apart, else client ids."""
        kept = [word for word in self._given or () if set(self._meant_by(word)) <= set(self._ticked)]
        covered = {key for word in kept for key in self._meant_by(word)}
        names = [one.name for one in self._clients]
        new = [one for one in self._clients if one.client_id in self._ticked and one.client_id not in covered]
        return [*kept, *(one.name if names.count(one.name) == 1 else one.client_id for one in new)]

    @property
    def is_touched(self) -> bool:
        return self._given is not None and self._wanted != self._given

    def draft(self) -> Section | None:
        return validated(ApplicationsAnswers, {"enable": self._wanted})

    async def answer(self) -> Section | None:
        if not (self._ticked or self._enabled):
            self.trouble("Tick at least one: Auth0 refuses imports into a connection that no application may use.")
            return None
        return self.draft()

    def copied(self) -> str:
        option = self.query_one(Ticks).highlighted_option
        return super().copied() or (option.id or "" if option else "")
