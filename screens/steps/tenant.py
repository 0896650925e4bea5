"""The tenant: its credentials, and a check that shows what the token allows and what it lacks."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Label, Static

from screens.guide import Stop
from screens.steps.base import FormView
from screens.tasks import begin
from screens.widgets.outcome import Outcome
from wizard.answers import Section
from wizard.auth0.scopes import missing_scopes
from wizard.counts import counted
from wizard.errors import UsageError, WizardError
from wizard.steps.tenant import TenantAnswers


class TenantView(FormView):
    """A form and a button that asks Auth0."""

    first = ("domain", "client_id", "client_secret", "environment", "plan")
    lead = "Which Auth0 tenant the users move into, and the application this wizard acts as."

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop)
        self._kept_for = ""  # the tenant that the references in the form are of

    def content(self) -> ComposeResult:
        self._kept_for = self.wizard.domain
        yield from super().content()
        with Horizontal(classes="row"):
            yield Button("Check", id="check", compact=True)
            yield Label("asks for a token and looks at what it allows", classes="hint")
        yield Outcome("checked", top=True)

    @on(Button.Pressed, "#check")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        begin(self, self._check, group="check")

    async def answer(self) -> Section | None:
        """The answer, once Auth0 has accepted it."""
        return await self._check()

    async def _check(self) -> Section | None:
        self.trouble(None)
        typed = self.form.draft()
        domain = typed.domain if isinstance(typed, TenantAnswers) else str(self.form.values.get("domain", ""))
        practice = self.wizard.practice
        if practice is not None and domain != practice.domain:
            self.trouble(
                UsageError(
                    f"This is a rehearsal, and its tenant is {practice.domain}",
                    why="its clock runs fast and its secrets are in a plain file, which suits no other tenant",
                    state="Nothing was sent or kept.",
                    remedy="For another tenant, go back to the start and choose New migration.",
                )
            )
            return None
        section = await self.answered(domain, elsewhere=self._kept_for not in ("", domain))
        if not isinstance(section, TenantAnswers):
            return None
        self._kept_for = domain
        place = self.query_one("#checked", Outcome)
        place.tell(Content.styled("Asking Auth0…", "$foreground-muted"))
        try:
            place.tell(await self._found(section))
        except WizardError as error:
            place.update("")
            self.trouble(error)
            return None
        return section

    async def _found(self, section: TenantAnswers) -> Content:
        """What Auth0 says: token, scopes, name, limits."""
        wizard = self.wizard
        journey = wizard.journey
        answers = journey.answers.replace(section)
        tenant = await wizard.outlook.tenant(answers, journey.base)
        granted = await tenant.scopes()
        needed: dict[str, str] = {}
        for step in journey.steps:
            for scope, call in step.scopes_for(answers).items():
                needed.setdefault(scope, call)
        lacking = {one.scope for one in missing_scopes(granted, needed)}
        name = ""
        if granted is None or "read:tenant_settings" in granted:
            name = (await tenant.tenant_settings()).friendly_name or ""
        parts: list[Content | str | tuple[str, str]] = [
            ("✓ ", "$text-success"),
            f"Auth0 gave a token{f' for {name}' if name else ''}.\n",
        ]
        parts += self._limits(section)
        for scope, call in needed.items():
            good = scope not in lacking
            parts.append(("✓ ", "$text-success") if good else ("✗ ", "bold $text-error"))
            parts += [scope.ljust(21), (f" {call}\n" if good else " not granted\n", "$foreground-muted")]
        if lacking:
            parts.append(
                "\nGrant what is missing: Applications > APIs > Auth0 Management API > Machine to Machine "
                "Applications. Then check again."
            )
        return Content.assemble(*parts)

    def _limits(self, section: TenantAnswers) -> list[Content | str | tuple[str, str]]:
        rate = self.wizard.work.rate
        measured = (
            f", measured: {rate.remaining:.0f} of {counted(rate.limit, 'request')} left in the bucket" if rate else ""
        )
        return [("✓ ", "$text-success"), f"Plan {section.plan}{measured}.\n"]

    def copied(self) -> str:
        return super().copied() or str(self.query_one("#checked", Static).content)
