"""The scripts: to read before anything is sent, against what is on the tenant, and to try with an account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static, TabPane

from screens.fields import Field
from screens.masking import masked
from screens.steps.accounts import KnownAccounts
from screens.steps.masking import MASKING, Unmasking
from screens.tasks import begin
from screens.widgets.code import Code, CodeWindow, difference, javascript
from screens.widgets.hanging import Hanging
from screens.widgets.tabbed import Tabbed
from wizard.answers import Answers
from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import WizardError
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.custom_database import options_of
from wizard.steps.scripts_answers import ScriptsAnswers, asks_legacy_api

if TYPE_CHECKING:
    import httpx

    from wizard.doorway.files import Compared
    from wizard.doorway.trial import Trial

STATES = {"same": "✓ as on the tenant", "different": "! another one is on the tenant", "absent": "· not there yet"}
SECRETS = frozenset({"LEGACY_API_CLIENT_SECRET", "LEGACY_DATABASE_URL"})


class ScriptsView(Unmasking, KnownAccounts):
    """A form, and tabs with what it leads to."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6", "read", "Read"), *MASKING]
    first = ("kind",)
    lead = "Auth0 runs these at each first login. Read them before anything is sent."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._texts: dict[str, tuple[Content, str]] = {}
        self._trials: Sequence[Trial] = ()

    def content(self) -> ComposeResult:
        with Tabbed(id="script-tabs"):
            for key, title in (("login", "login"), ("get_user", "get user"), ("values", "Values"), ("diff", "Diff")):
                with TabPane(title, id=f"tab-{key}"):
                    yield Code(id=f"code-{key}")
            with TabPane("Try", id="tab-try"):
                with Horizontal(classes="row"):
                    yield Input(placeholder="e-mail of an account", id="try-login", compact=True)
                    yield Input(placeholder="password", password=True, id="try-password", compact=True)
                    yield Button("Try", id="try", compact=True)
                yield Hanging("", id="tried")
        yield from super().content()

    async def shown(self) -> None:
        field = self.query_one("#try-login", Input)
        if not field.value and (accounts := self.accounts):
            field.value = str(accounts[0]["login"])
            field.cursor_position = 0  # its beginning in sight
        await self._show()

    def on_field_changed(self, event: Field.Changed) -> None:
        super().on_field_changed(event)
        self.heed(self._show, group="scripts")

    @property
    def _answers(self) -> Answers | None:
        section = self.draft()
        return self.wizard.journey.answers.replace(section) if section is not None else None

    async def _show(self) -> None:
        """Make the texts that these answers lead to, and look at what is on the tenant."""
        from wizard.doorway.files import compare
        from wizard.doorway.scripts import scripts_for

        answers = self._answers
        if answers is None:
            return
        self.trouble(None)
        try:
            texts = scripts_for(answers).custom_scripts()
        except WizardError as error:
            self.trouble(error)
            return
        for name in ("login", "get_user"):
            self._put(name, javascript(texts[name]), texts[name])
        values = values_in_words(answers)
        self._put("values", Content(values), values)
        self._put("diff", Content.styled("Looking at the tenant…", "$foreground-muted"), "")
        wizard = self.wizard
        try:
            tenant = await wizard.outlook.tenant(answers, wizard.journey.base)
            found = await tenant.connection_named(answers[ConnectionAnswers].name)
        except WizardError:
            self._put("diff", Content(""), "")
            raise
        compared = compare(texts, options_of(found).scripts if found is not None else {})
        self._put("diff", against_tenant(compared), "\n".join(one.diff for one in compared))

    def _put(self, key: str, words: Content, plain: str) -> None:
        self._texts[key] = (words, plain)
        self.query_one(f"#code-{key}", Code).show(words)

    @property
    def _open(self) -> str:
        return self.query_one("#script-tabs", Tabbed).active.removeprefix("tab-")

    def action_read(self) -> None:
        """Show the open text over the whole screen."""
        if self._open in self._texts:
            words, plain = self._texts[self._open]
            self.app.push_screen(CodeWindow(self._open.replace("_", " "), words, plain))

    @on(Input.Submitted, "#try-login")
    def _to_password(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#try-password").focus()

    @on(Input.Submitted, "#try-password")
    @on(Button.Pressed, "#try")
    def _pressed(self, event: Input.Submitted | Button.Pressed) -> None:
        event.stop()
        begin(self, self._try, group="try")

    async def _try(self) -> None:
        """Run login and get user here, in Auth0's Node, as Auth0 would."""
        from wizard.doorway.scripts import scripts_for
        from wizard.doorway.settings import complete
        from wizard.doorway.trial import try_scripts
        from wizard.steps.scripts import values_of

        answers, place = self._answers, self.query_one("#tried", Static)
        login = self.query_one("#try-login", Input).value.strip()
        secret = self.query_one("#try-password", Input)
        password, secret.value = secret.value, ""
        if answers is None or not login:
            place.update("Type the e-mail address of an account of the legacy store.")
            return
        place.update(Content.styled("Running login and get user…", "$foreground-muted"))
        wizard = self.wizard
        try:
            password = password or await self.known_password(login)
            values = complete(await values_of(answers, await wizard.outlook.tools(answers, wizard.journey.base)))
            self._trials = await try_scripts(
                scripts_for(answers), values, login, password or None, outside=self._outside(answers)
            )
        except WizardError as error:
            early = wizard.work.run is None and "cannot be called yet" in error.what
            note = "\nThe application is made by the run: come back to Try while it waits." if early else ""
            place.update(Content.assemble(("✗ ", "$text-error"), f"{error}{note}"))
            return
        self._draw_trials()

    def _outside(self, answers: Answers) -> dict[str, httpx.AsyncBaseTransport]:
        """What takes the place of the network, in a rehearsal within this process."""
        from urllib.parse import urlsplit

        world, found = self.wizard.world, dict[str, "httpx.AsyncBaseTransport"]()
        if world.transport is not None:
            found[self.wizard.domain] = world.transport
        if world.outside is not None and asks_legacy_api(answers):
            found[urlsplit(answers[LegacyApiAnswers].url).netloc] = world.outside
        return found

    def _draw_trials(self) -> None:
        parts = [part for trial in self._trials for part in told(trial, unmasked=self.wizard.unmasked)]
        self.query_one("#tried", Static).update(Content.assemble(*parts))

    def draw_unmasked(self) -> None:
        self._draw_trials()

    def copied(self) -> str:
        return super().copied() or self._texts.get(self._open, (Content(""), ""))[1]

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        return (
            ("Read the script", "Show the open text over the whole screen", self.action_read),
            self.mask_command("Show personal data of the tried account, or hide it"),
        )


def values_in_words(answers: Answers) -> str:
    """The configuration values by their keys; secrets only by where they are."""
    from wizard.doorway.settings import DATABASE_SETTING
    from wizard.steps.tenant import TenantAnswers

    if not asks_legacy_api(answers):
        return f"{DATABASE_SETTING} = {answers[ScriptsAnswers].database}"
    api = answers[LegacyApiAnswers]
    client = api.client_id or "of the application that the run makes"
    values = {
        "TOKEN_URL": f"https://{answers[TenantAnswers].domain}/oauth/token",
        "LEGACY_API_URL": api.url,
        "LEGACY_API_AUDIENCE": api.audience,
        "LEGACY_API_CLIENT_ID": client,
        "LEGACY_API_CLIENT_SECRET": "from the keyring, shown to nobody",
    }
    return "\n".join(f"{key:<25} {value}" for key, value in values.items())


def against_tenant(compared: Sequence[Compared]) -> Content:
    """The state of each script on the tenant, then the differences."""
    states = "".join(f"{one.path.replace('_', ' '):<17} {STATES[one.state]}\n" for one in compared)
    parts = [difference(one.diff) for one in compared if one.state == "different"]
    return Content.assemble(states, "\n", *parts)


def told(trial: Trial, *, unmasked: bool) -> list[Any]:
    """How a script went, how long it took, and the profile it gave."""
    words = {
        "user": ("✓ ", "$text-success", "gave a user"),
        "wrong_password": ("! ", "$text-warning", "wrong password of a known user"),
        "unknown_user": ("! ", "$text-warning", "unknown user"),
        "not_found": ("! ", "$text-warning", "found nobody (or somebody who has moved)"),
        "error": ("✗ ", "$text-error", trial.message),
    }
    sign, style, outcome = words[trial.result]
    once = "" if trial.callbacks == 1 else f", called back {trial.callbacks} times"
    parts: list[Any] = [
        (sign, style), (trial.script.replace("_", " "), "bold"), f" {outcome} · {trial.milliseconds:,.0f} ms{once}\n",
    ]  # fmt: skip
    if trial.profile is not None:
        profile = trial.profile if unmasked else masked(dict(trial.profile))
        shown = json.dumps(profile, indent=2, ensure_ascii=False)
        parts.append((f"{shown}\n", "$foreground-muted"))
    return parts
