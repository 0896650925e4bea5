"""The API in front of the legacy store: where it is, how to serve it, and whether it answers as it should."""

from __future__ import annotations

import shlex
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Label, Static

from screens.steps.base import FormView
from screens.tasks import begin
from screens.widgets.outcome import Outcome
from wizard.answers import Section
from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import WizardError
from wizard.step import Finding
from wizard.steps.legacy_api import LegacyApiFacts

Parts = list[Content | str | tuple[str, str]]


def ways_to_serve() -> Path:
    """The folder that holds a Dockerfile and a systemd unit, wherever this is installed."""
    import assets

    return Path(str(assets.__path__[0])) / "doorway"


class LegacyApiView(FormView):
    """A form, the command that serves the API, and a check."""

    first = ("url", "audience")
    lead = "Auth0 asks this API at each first login. You run it beside the legacy store."

    def content(self) -> ComposeResult:
        yield from super().content()
        with Horizontal(classes="row"):
            yield Button("Check", id="check", compact=True)
            yield Label("asks whether it is alive, ready and protected", classes="hint")
        yield Outcome("checked", classes="block")
        yield Label("How to serve it", classes="head")
        yield Static("", id="serve", classes="block")

    async def shown(self) -> None:
        self.query_one("#serve", Static).update(self._how())

    def saved(self) -> None:
        self.query_one("#serve", Static).update(self._how())

    @property
    def command(self) -> str:
        """What serves the API; the answers file is named once it is saved."""
        journey = self.wizard.journey
        file = journey.own_file if self.wizard.practice is not None else journey.file
        return f"auth0-migrate legacy-api {shlex.quote(str(file or 'answers.toml'))}"

    def _how(self) -> Content:
        practice = self.wizard.practice is not None
        own = "In this rehearsal the wizard serves it for you. For real:\n" if practice else ""
        return Content.assemble(
            (own, "$text-accent"),
            "Save the answers (Ctrl+S), then on a machine that reaches the store:\n",
            (f"  {self.command} --port 8788\n", "bold"),
            "Put TLS before it. A Dockerfile and a systemd unit are in\n",
            (f"  {ways_to_serve()}", "$foreground-muted"),
        )

    @on(Button.Pressed, "#check")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        begin(self, self._check, group="check")

    async def answer(self) -> Section | None:
        """The answer; in a rehearsal the API is served as soon as it is given."""
        section = await super().answer()
        if section is not None and self.wizard.practice is not None:
            self.wizard.journey.give(self.stop.key, section)
            await self._served()
        return section

    async def _served(self) -> None:
        try:
            await self.wizard.serve_legacy_api()
        except WizardError as error:
            self.trouble(error)

    async def _check(self) -> None:
        self.trouble(None)
        section = await self.answer()
        if not isinstance(section, LegacyApiAnswers) or self.stop.step is None:
            return
        from wizard.doorway.reach import look

        wizard, place = self.wizard, self.query_one("#checked", Outcome)
        place.update(Content.styled("Asking…", "$foreground-muted"))
        answers = wizard.journey.answers.replace(section)
        try:
            tools = await wizard.outlook.tools(answers, wizard.journey.base)
            found = await look(section.url, tools)
            facts = await self.stop.step.inspect(answers, tools)
        except WizardError as error:
            place.update("")
            self.trouble(error)
            return
        place.tell(checked(found, facts))

    def copied(self) -> str:
        return super().copied() or self.command


def checked(found: list[Finding], facts: LegacyApiFacts) -> Content:
    """What was found, a line each with sign and word."""
    parts: Parts = []
    for one in found:
        parts += [_sign(one.passed), f"{one.detail}\n"]
    if any(not one.passed for one in found):
        parts.append((f"  {found[-1].remedy}\n", "$foreground-muted"))
    if not facts.api:
        return Content.assemble(
            *parts, ("· ", "$foreground-muted"), "Auth0 does not know this audience yet; the run makes it."
        )
    denied = facts.user_policy == "deny_all"
    parts += [
        _sign(denied),
        "end users get no token for it\n" if denied else "end users could get a token; the run denies it\n",
    ]
    parts += [
        _sign(bool(facts.granted)),
        f"its application may ask for {', '.join(facts.granted or ()) or 'nothing yet'}",
    ]
    return Content.assemble(*parts)


def _sign(good: bool) -> tuple[str, str]:
    return ("✓ ", "$text-success") if good else ("✗ ", "$text-error")
