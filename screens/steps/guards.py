"""The guards at every login: which, made as Actions or Rules, and what runs before and after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Label, Static

from screens.fields import Field
from screens.steps.base import FormView
from screens.widgets.code import CodeWindow, javascript
from screens.widgets.hanging import Hanging
from screens.widgets.ticks import Row, Ticks
from wizard.answers import Section
from wizard.answers.section import validated
from wizard.doorway.guards import GUARDS, TITLES, Guard, feeds_metadata
from wizard.profile import ProfileAnswers
from wizard.steps.guards import GuardsAnswers, sources_of

WHY = {
    "deny_audience": "nobody but the application gets a token for the legacy API",
    "fetch_metadata": "what a broken first login left out is fetched, once a user",
    "mark_migrated": "who has moved is marked, so that get user answers “not found”",
}
NO_METADATA = "not made: the profile maps no metadata, so none can be missing"
RULES_GONE = "Rules are not offered by this tenant (they ended on 2026-11-18); Actions it is."


class GuardsView(FormView):
    """Ticks, a form, and the order in which a login runs them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6", "read", "Code")]
    without = ("which",)
    lead = "What is checked and done at every login while the migration goes on."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._begun: Sequence[str] = ()

    def content(self) -> ComposeResult:
        given = self.wizard.journey.given("guards").get("which", GUARDS)
        self._begun = [key for key in GUARDS if key in given]
        rows = [Row(key, Content.styled(TITLES[key], "bold"), key in given, below=self._why(key)) for key in GUARDS]
        yield Ticks(rows, id="guards-list", classes="block")
        yield from super().content()
        yield Hanging("", id="probed", classes="block")
        yield Label("A login then runs", classes="head")
        yield Hanging("", id="order", classes="block")

    async def shown(self) -> None:
        ticks = self.query_one("#guards-list", Ticks)
        for key in GUARDS:
            ticks.say(key, below=self._why(key))  # the profile may be another one by now
        await self._look()

    def _why(self, key: Guard) -> str:
        """What the guard is for, or that there is nothing for it to do."""
        answers = self.wizard.journey.answers
        maps_none = answers.has(ProfileAnswers) and not feeds_metadata(answers[ProfileAnswers])
        return NO_METADATA if key == "fetch_metadata" and maps_none else WHY[key]

    @on(Ticks.Changed)
    def _ticked(self, event: Ticks.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())
        self.heed(self._look, group="order")

    def on_field_changed(self, event: Field.Changed) -> None:
        super().on_field_changed(event)
        self.heed(self._look, group="order")

    def _with_ticks(self, section: Section | None) -> Section | None:
        if not isinstance(section, GuardsAnswers):
            return None
        ticked = self.query_one("#guards-list", Ticks).ticked
        which = [guard for guard in GUARDS if guard in ticked]
        return validated(GuardsAnswers, {**section.model_dump(mode="json"), "which": which})

    @property
    def is_touched(self) -> bool:
        return super().is_touched or self.query_one("#guards-list", Ticks).ticked != self._begun

    def draft(self) -> Section | None:
        return self._with_ticks(self.form.draft())

    async def answer(self) -> Section | None:
        return self._with_ticks(await super().answer())

    async def _look(self) -> None:
        """What the tenant offers, and what it runs at a login already."""
        section, wizard = self.draft(), self.wizard
        if not isinstance(section, GuardsAnswers):
            return
        answers = wizard.journey.answers.replace(section)
        ours = [source.name for source in sources_of(answers)]
        with self.looking(self.query_one("#probed", Static), "Looking at what the tenant runs at a login…"):
            tenant = await wizard.outlook.tenant(answers, wizard.journey.base)
            rules = await tenant.rules() if section.as_rules else None
            bindings = () if section.as_rules else await tenant.bindings()
        if section.as_rules:
            there = [rule.name for rule in rules or ()]
            words = RULES_GONE if rules is None else "The tenant still runs Rules; ours come after all others."
            self._say("✓" if rules is not None else "✗", words)
            self._draw(there, ours, ours_first=False)
            return
        there = [binding.action.name for binding in bindings]
        self._say("✓", "Made as Actions of the trigger post-login, in Node 22; ours come first.")
        self._draw(there, ours, ours_first=True)

    def _say(self, sign: str, words: str) -> None:
        style = "$text-success" if sign == "✓" else "$text-error"
        self.query_one("#probed", Static).update(Content.assemble((f"{sign} ", style), words))

    def _draw(self, there: Sequence[str], ours: Sequence[str], *, ours_first: bool) -> None:
        others = [name for name in there if name not in ours]
        order = [*ours, *others] if ours_first else [*others, *ours]
        parts: list[Any] = []
        for number, name in enumerate(order, 1):
            mine = name in ours
            mark = "there" if name in there else "new"
            whose = f"ours, {mark}" if mine else "of others, stays as it is"
            parts += [f"{number}  ", (name, "bold" if mine else ""), (f"  {whose}\n", "$foreground-muted")]
        self.query_one("#order", Static).update(Content.assemble(*parts) if parts else "Nothing.")

    def action_read(self) -> None:
        """Show the code of the guard that the cursor is on."""
        section = self.draft()
        option = self.query_one("#guards-list", Ticks).highlighted_option
        if section is None or option is None:
            return
        answers = self.wizard.journey.answers.replace(section)
        source = next((one for one in sources_of(answers) if one.guard == option.id), None)
        if source is None:
            self.app.notify(
                "This guard is not made by these answers: it is not ticked, or there is nothing for it to do."
            )
            return
        self.app.push_screen(CodeWindow(source.name, javascript(source.code), source.code))

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        return (("Code of the guard", "Show the code of the guard under the cursor", self.action_read),)
