"""The connection's own database: what will be switched on, in which order, and why it is for good."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Label, Static

from screens.steps.base import FormView
from screens.widgets.hanging import Hanging
from wizard.answers import Section
from wizard.counts import counted
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.custom_database import CustomDatabaseFacts

STATES = {
    "absent": "none", "stub": "the placeholder", "closed": "finds nobody any more", "wanted": "the real one",
    "other": "one that is there",
}  # fmt: skip
"""What a script on the connection is, in words."""


class CustomDatabaseView(FormView):
    """An explanation and the connection as it is; a form only where values of others are at stake."""

    lead = "The connection asks the legacy store about users whom Auth0 does not know yet."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._is_too_late = False

    def content(self) -> ComposeResult:
        yield Hanging(_explained(), classes="block")
        yield Label("The connection now", classes="head")
        yield Hanging("", id="connection-now", classes="block")
        yield from super().content()

    def focus_first(self) -> None:
        self.form.display = False
        super().focus_first()

    async def shown(self) -> None:
        wizard, step = self.wizard, self.stop.step
        place = self.query_one("#connection-now", Static)
        answers = wizard.journey.answers
        if step is None:
            return
        with self.looking(place, "Looking at the connection…"):
            facts = await step.inspect(answers, await wizard.outlook.tools(answers, wizard.journey.base))
        place.update(described(answers[ConnectionAnswers].name, facts))
        self._is_too_late = bool(facts.users and not facts.own_database)
        self.form.display = bool(facts.foreign)

    async def answer(self) -> Section | None:
        if self._is_too_late:
            self.trouble(
                "Auth0 refuses it for a connection that has users: choose another connection, or Bulk as the way."
            )
            return None
        return await super().answer()


def _explained() -> Content:
    lines = (
        ("1  Use my own database", "its scripts are asked about users that Auth0 does not know."),
        ("2  Import Users to Auth0", "who is found moves in at that login and stays."),
        ("3  Placeholders first", "scripts that let nobody in, until the real ones are there."),
    )
    parts = [part for title, words in lines for part in ((title, "bold"), f": {words}\n")]
    return Content.assemble(
        *parts,
        ("\nThe first cannot be changed later: ", "bold"),
        "Auth0 refuses it once the connection has users. That is why it comes now.",
    )


def described(name: str, facts: CustomDatabaseFacts) -> Content:
    """The connection as it is, a line each with sign and word."""
    if facts.id is None:
        return Content.assemble(("· ", "$foreground-muted"), f"{name} is not there yet; it will be made so.")
    parts: list[Content | str | tuple[str, str]] = []
    for on, words in ((facts.own_database, "Use my own database"), (facts.import_mode, "Import Users to Auth0")):
        sign = ("✓ ", "$text-success") if on else ("· ", "$foreground-muted")
        parts += [sign, f"{words}: {'on' if on else 'off, will be turned on'}\n"]
    parts.append(f"  Scripts: login {STATES[facts.login]}, get user {STATES[facts.get_user]}")
    if facts.users and not facts.own_database:
        parts += [
            ("\n✗ ", "$text-error"),
            f"It has {counted(facts.users, 'user')} already: choose a new connection, or Bulk.",
        ]
    if facts.foreign:
        parts += [("\n! ", "$text-warning"), f"Configuration values of others: {', '.join(facts.foreign)}"]
    return Content.assemble(*parts)
