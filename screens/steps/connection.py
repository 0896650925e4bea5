"""The connection: what exists, what would be new."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.form import Form
from screens.steps.base import FormView, unseen
from screens.widgets.grown import Choices
from wizard.counts import counted
from wizard.profile import ProfileAnswers
from wizard.steps.connection import ConnectionAnswers


class ConnectionView(FormView):
    """The database connections of the tenant, and a form."""

    first = ("name", "requires_username", "disable_signup")
    lead = "The database connection that will hold the users. One that is there stays as it is."

    def content(self) -> ComposeResult:
        given = self.wizard.journey.given("connection")
        if not self.wizard.journey.is_answered("connection"):
            maps_usernames = self.wizard.journey.answers[ProfileAnswers].username is not None
            given = {**given, **({"requires_username": True} if maps_usernames else {})}
        yield Static("", id="existing", markup=False)
        yield unseen(Choices(id="connections", compact=True, classes="block"))
        yield Form(ConnectionAnswers, given, first=self.first)

    async def shown(self) -> None:
        wizard = self.wizard
        there, listed = self.query_one("#existing", Static), self.query_one("#connections", OptionList)
        with self.looking(there, "Looking for database connections…"):
            tenant = await wizard.outlook.tenant(wizard.journey.answers, wizard.journey.base)
            found = await tenant.connections()
        listed.clear_options()
        listed.display = bool(found)
        known = counted(len(found), "connection")
        there.update(
            f"{known} in the tenant; Enter takes one:"
            if found
            else "There is no database connection in the tenant yet."
        )
        for one in found:
            options = one.options
            own = " · own database" if options is not None and options.custom_database else ""
            names = " · usernames" if options is not None and options.has_usernames else ""
            listed.add_option(
                Option(Content.assemble((one.name, "bold"), (f"  {one.id}{names}{own}", "$foreground-muted")), one.name)
            )

    @on(OptionList.OptionSelected, "#connections")
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.form.put({"name": event.option.id or ""})

    def copied(self) -> str:
        listed = self.query_one("#connections", OptionList)
        chosen = listed.highlighted_option if listed.has_focus else None
        return super().copied() or (str(chosen.prompt) if chosen else str(self.form.values.get("name", "")))
