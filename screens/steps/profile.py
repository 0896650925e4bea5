"""The profile: fields on one side, columns on the other, and real users as they would arrive in Auth0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import DataTable, Input, Label, Static

from screens.fields import Field
from screens.form import Form
from screens.steps.base import StepView
from screens.steps.columns import ColumnPicker, columns_of
from screens.steps.feeding import FIELDS, FREE, TABLES, Feeding, Row
from screens.steps.masking import MASKING, Unmasking
from screens.steps.rules import in_the_way, origin_of, rule_of, transforms_of
from screens.steps.sample import shown_user, told, unread_moments
from screens.tasks import begin
from screens.widgets.draw import cut
from screens.widgets.grown import Table
from wizard.answers import Section
from wizard.answers.complaints import complaints
from wizard.answers.section import validated
from wizard.aside import aside
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.mapping import Mapping as CompiledMapping

SAMPLE = 200
PHONE = "phone_number"
LINES = ("origin", "transforms")
"""Ids of the lines that a rule is typed into."""

ROOMY = 64
"""Columns of the page from which the table shows longer names whole."""

COLUMNS = (("field", "Auth0 field"), ("from", "comes from"), ("mark", ""))
WIDTHS = ((16, 14, 13), (24, 24, 24))
"""Of the columns of the table, on a narrow page and on a roomy one."""


class ProfileView(Unmasking, StepView):
    """A table of fields, two lines to change the one that is highlighted, and a sample user below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "another(-1)", "Sample ‹", show=False),
        Binding("f6", "another(1)", "User"),
        *MASKING,
        Binding("f8", "choose", "List"),
        Binding("f8", "choose_for_row", "List"),
        Binding("escape", "put_back", "Undo"),
    ]
    lead = "Which column feeds which field. Enter changes a row, F8 lists columns; the user below follows."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self.feeding = Feeding()
        self._source: LegacySource | None = None
        self._looked_at: object = None
        self._widths = WIDTHS[False]
        self._row = ""
        self._unread = ""  # what is wrong with the lines being typed, which are in no rule yet
        self._before: Row | None = None  # the row as it was; None while none is edited
        self._sample = 0

    def content(self) -> ComposeResult:
        yield Table(id="fields", cursor_type="row")
        with Horizontal(classes="row"):
            yield Label("", id="which", markup=False)
            yield Input(placeholder="F8, or {a} {b}, =fixed", id="origin", compact=True)
        with Horizontal(classes="row"):
            yield Label("  transforms", id="how")
            yield Input(placeholder="strip, lower… F1 has all", id="transforms", compact=True)
        yield Static("", id="tally")
        yield Static("", id="user")
        yield Form(
            ProfileAnswers,
            {
                key: value
                for key, value in self.wizard.journey.given("profile").items()
                if key not in (*FIELDS, *TABLES)
            },
            first=("user_id_prefix", "default_country"),
            without=(*FIELDS, *TABLES),
        )

    def on_mount(self) -> None:
        self._lay_out()

    def on_resize(self) -> None:
        widths = WIDTHS[self.content_size.width >= ROOMY]
        if widths != self._widths:
            self._widths = widths
            self._lay_out()
            if self.feeding.records:
                self._draw_table()

    def _lay_out(self) -> None:
        table = self.query_one(DataTable)
        table.clear(columns=True)
        for (key, words), width in zip(COLUMNS, self._widths, strict=True):
            table.add_column(words, width=width, key=key)

    async def shown(self) -> None:
        wizard = self.wizard
        journey = wizard.journey
        wanted = journey.answers[SourceAnswers]
        tools = await wizard.outlook.tools(journey.answers, journey.base)
        source, facts = await tools.source(wanted)
        if self._looked_at == facts.fingerprint:
            return
        feeding, before = self.feeding, self.feeding.columns
        self._looked_at, self._source, feeding.columns = facts.fingerprint, source, source.columns
        feeding.records = await aside(partial(source.sample, SAMPLE))
        given, answered = journey.given("profile"), journey.is_answered("profile")
        if feeding.rules and set(before) != set(feeding.columns):
            feeding.follow(anew=not self.is_touched and not answered, suggesting=answered or not given)
        feeding.begin(given)
        self.query_one("#origin", Input).suggester = SuggestFromList(feeding.columns, case_sensitive=False)
        self._draw_table()
        if self._row:
            self._show_rule()
        self._draw_user()

    def _password_column(self) -> str:
        return self.feeding.password_column(str(self.wizard.journey.given("passwords").get("column") or ""))

    def _draw_table(self) -> None:
        table = self.query_one(DataTable)
        cursor = table.cursor_row
        table.clear()
        for name in self.feeding.names(self._password_column()):
            table.add_row(*self._cells(name), key=name)
        table.move_cursor(row=min(cursor, table.row_count - 1))

    def _cells(self, name: str) -> tuple[Content, Content, Content]:
        """Field, origin and mark of a row; the lines below the table have the whole of what is cut here."""
        (field, field_style), (origin, _), (mark, mark_style) = self._words(name)
        room, origin_room, mark_room = self._widths
        return (
            Content.styled(cut(field, room, end="." not in field), field_style),
            Content(cut(origin, origin_room)),
            Content.styled(cut(mark, mark_room), mark_style),
        )

    def _words(self, name: str) -> Sequence[tuple[str, str]]:
        if name.startswith(FREE):
            return (name.removeprefix(FREE), "$foreground-muted"), ("", ""), ("not moved", "$foreground-muted")
        rule = self.feeding.rules.get(name)
        needed = name in ("user_id", "email") and rule is None
        wrong = "✗ needed" if needed else "✗ column gone" if self.feeding.is_gone(rule) else ""
        mark = wrong or self._mark(name)
        style = "$text-error" if wrong else "$foreground-muted"
        return (name, ""), (origin_of(rule), ""), (mark, style)

    def _mark(self, name: str) -> str:
        if name == PHONE and self._lacks_country:
            return "needs country"
        rule, sure = self.feeding.row(name)
        transforms = transforms_of(rule)
        if sure is None:
            return transforms
        return f"{sure:.0%} · {transforms}" if transforms else f"{sure:.0%} sure"

    @property
    def _lacks_country(self) -> bool:
        """Whether most telephone numbers cannot be read for want of a country."""
        column = origin_of(self.feeding.rules.get(PHONE))
        return (
            column != "" and column == self.feeding.national and not self.query_one(Form).values.get("default_country")
        )

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        name = str(event.row_key.value or "")
        self._row = f"app_metadata.{name.removeprefix(FREE)}" if name.startswith(FREE) else name
        self._show_rule()

    def _show_rule(self) -> None:
        """Put the rule of the row into the lines below the table."""
        rule, _ = self.feeding.row(self._row)
        self.query_one("#which", Label).update(f"{self._row}  ")
        self.query_one("#origin", Input).value = origin_of(rule)
        self.query_one("#transforms", Input).value = transforms_of(rule)

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        origin = self.query_one("#origin", Input)
        self._edit()
        name = str(event.row_key.value or "")
        if name.startswith(FREE):
            origin.value = name.removeprefix(FREE)
        origin.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.id not in LINES:
            self._before = None
        elif self._before is None:
            self._edit()
        self.refresh_bindings()

    def _edit(self) -> None:
        """Remember the row as it is before it is changed."""
        self._before = self.feeding.row(self._row)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "put_back":
            return self._before is not None and any(self.query_one(f"#{line}").has_focus for line in LINES)
        if action in ("choose", "choose_for_row"):
            return bool(self.feeding.columns) and self.query_one("#origin").has_focus == (action == "choose")
        return super().check_action(action, parameters)

    def action_choose(self) -> None:
        """Choose the column of the row from a list."""
        begin(self, self._choose, group="choose")

    def action_choose_for_row(self) -> None:
        """The same, begun from the table."""
        self.query_one("#origin", Input).focus()
        self.action_choose()

    async def _choose(self) -> None:
        feeding, password = self.feeding, self._password_column()
        offered = columns_of(
            feeding.columns, feeding.records, feeding.fed_by, password=password, unmasked=self.wizard.unmasked
        )
        name = await self.app.push_screen_wait(ColumnPicker(self._row, offered))
        origin = self.query_one("#origin", Input)
        if name and "{" in origin.value:
            origin.insert_text_at_cursor(f"{{{name}}}")
        elif name:
            origin.value = name
        origin.focus()

    def action_put_back(self) -> None:
        """End the editing of a row and leave it as it was."""
        if self._before is None:
            return
        self.feeding.put(self._row, self._before)
        self._before, self._unread = None, ""
        self._show_rule()
        self.trouble(None)
        self._draw_row(self._row)
        self._draw_user()
        self.query_one(DataTable).focus()
        self.post_message(self.Changed())

    @on(Input.Submitted, "#origin")
    @on(Input.Submitted, "#transforms")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._draw_table()
        self.query_one(DataTable).focus()

    @on(Input.Changed, "#origin")
    @on(Input.Changed, "#transforms")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        before, _ = self.feeding.row(self._row)
        try:
            rule = rule_of(self.query_one("#origin", Input).value, self.query_one("#transforms", Input).value, before)
            if rule is not None and rule != before and (other := in_the_way(self._row, self.feeding.rules)):
                raise ValueError(f"{other} is fed already, and only one of the two can be: empty its line first")
        except ValueError as error:
            self._unread = f"{self._row}: {error}"
            self.query_one("#tally", Static).update(Content.styled(f"✗ {self._unread}", "$text-error"))
            return
        if self._unread:
            self._unread = ""
            self._draw_user()
        if rule == before:  # moving to another row changes the lines too
            return
        self.feeding.put(self._row, (rule, None))
        self._draw_row(self._row)
        self._draw_user()
        self.post_message(self.Changed())

    @on(Field.Changed)
    def _others_changed(self) -> None:
        """Show what the fields below, such as the country of telephone numbers, change for the sample."""
        if self.feeding.records:
            self._draw_row(PHONE)
            self._draw_user()

    def _draw_row(self, name: str) -> None:
        table = self.query_one(DataTable)
        if name in table.rows:
            for column, cell in zip(("field", "from", "mark"), self._cells(name), strict=True):
                table.update_cell(name, column, cell)

    @property
    def values(self) -> dict[str, Any]:
        """The section as answers have it."""
        return {**self.query_one(Form).values, **self.feeding.values}

    @property
    def is_touched(self) -> bool:
        return self.feeding.is_touched or bool(self._unread) or self.query_one(Form).is_touched

    def kept(self) -> Section | None:
        return None if self._unread else self.draft()

    def draft(self) -> Section | None:
        try:
            return validated(ProfileAnswers, self.values)
        except ValidationError:
            return None

    async def answer(self) -> Section | None:
        if self._unread:  # which stands below the row, so that nothing scrolls it away
            self.query_one("#origin", Input).focus()
            self.app.notify(
                "This row is not right yet. Correct it, or press Esc to leave it as it was.", severity="warning"
            )
            return None
        section = self._checked()
        if section is None:
            return None
        try:
            self._compiled(section)
        except WizardError:  # told below the lines of the row already
            self._draw_user()
            self.query_one("#origin", Input).focus()
            self.app.notify("A row is not right yet; below the table stands which.", severity="warning")
            return None
        return section

    def _checked(self) -> ProfileAnswers | None:
        values = self.values
        try:
            return validated(ProfileAnswers, values)
        except ValidationError as error:
            found = complaints(ProfileAnswers, values, error)
            self.trouble("\n".join(f"{'.'.join(map(str, path)) or 'The profile'}: {words}" for path, words, _ in found))
            return None

    def _compiled(self, section: ProfileAnswers) -> CompiledMapping:
        column = self._password_column()
        passwords = PasswordsAnswers(column=column or None, unsupported="without_password", missing="without_password")
        return compile_mapping(section, passwords, self.feeding.columns, username_length=(1, 128))

    @staticmethod
    def _told(error: WizardError) -> str:
        """What is wrong and what to do, in words of this page; the error itself speaks of answers in a file."""
        words = (error.why or error.what).rstrip(".")
        return f"{words}{'' if words.endswith('?') else '.'} Correct that row, or empty it."

    def _draw_user(self) -> None:
        """Map the sample again and show one user of it, and how many would be rejected."""
        tally, shown = self.query_one("#tally", Static), self.query_one("#user", Static)
        section = self._checked_quietly()
        if isinstance(section, str):
            tally.update(Content.styled(f"✗ {section}", "$text-error"))
            shown.update("")
            return
        try:
            mapping = self._compiled(section)
        except WizardError as error:
            tally.update(Content.styled(f"✗ {self._told(error)}", "$text-error"))
            return
        records = self.feeding.records
        made = [mapping.map_one(record.values) for record in records if record.bad is None]
        unread = sum(record.bad is not None for record in records)
        remarks = [*unread_moments(mapping, records), *self._unread_numbers()]
        tally.update(told(made, unread, remarks))
        if made:
            self._sample %= len(made)
            shown.update(shown_user(made[self._sample], self._sample + 1, unmasked=self.wizard.unmasked))

    def _unread_numbers(self) -> Iterator[str]:
        if self._lacks_country:
            title = ProfileAnswers.model_fields["default_country"].title
            yield f"Most numbers of {self.feeding.national} name no country. Answer “{title}” below."

    def _checked_quietly(self) -> ProfileAnswers | str:
        values = self.values
        try:
            return validated(ProfileAnswers, values)
        except ValidationError as error:
            path, words, _ = complaints(ProfileAnswers, values, error)[0]
            return f"{'.'.join(map(str, path)) or 'The profile'} {words}"

    def action_another(self, step: int) -> None:
        self._sample += step
        self._draw_user()

    def draw_unmasked(self) -> None:
        self._draw_user()

    def says(self, changes: list[Change] | None) -> str | None:
        return (
            "Nothing is changed in Auth0 by this answer.\n\nIt decides what every user will look like: in import files now, "
            "in login scripts later.\n\nThe user id is permanent. Auth0 puts auth0| in front of it."
        )

    def copied(self) -> str:
        return super().copied() or str(self.query_one("#user", Static).content)

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        return (
            ("Columns", "Choose the column of the row from those of the store", self.action_choose_for_row),
            ("Next sample user", "Show another user of the sample", lambda: self.action_another(1)),
            self.mask_command("Show personal data of the sample, or hide it"),
        )
