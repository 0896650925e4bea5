"""The profile: fields on one side, columns on the other, and real users as they would arrive in Auth0."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
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
from screens.steps.masking import MASKING, Unmasking
from screens.steps.rules import flat, in_the_way, nested, origin_of, rule_of, transforms_of
from screens.steps.sample import shown_user, told, unread_moments
from screens.tasks import begin
from screens.widgets.draw import cut
from screens.widgets.grown import Table
from wizard.answers import Section
from wizard.answers.complaints import complaints
from wizard.answers.section import validated
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource, Record
from wizard.mapping import compile_mapping
from wizard.mapping.suggestion import Guess, suggest_answers
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.mapping import Mapping as CompiledMapping

SAMPLE = 200
FIELDS = (
    "user_id", "email", "email_verified", "username", "given_name", "family_name", "name", "nickname",
    "phone_number", "phone_verified", "picture", "blocked",
)  # fmt: skip
FACTORS = ("mfa.totp", "mfa.phone", "mfa.email")
PHONE = "phone_number"
LINES = ("origin", "transforms")
"""Ids of the lines that a rule is typed into."""

ROOMY = 64
"""Columns of the page from which the table shows longer names whole."""

COLUMNS = (("field", "Auth0 field"), ("from", "comes from"), ("mark", ""))
WIDTHS = ((16, 14, 13), (24, 24, 24))
"""Of the columns of the table, on a narrow page and on a roomy one."""

TABLES = ("mfa", "app_metadata", "user_metadata")
"""Keys whose rules lie one level or more below them; on the page they are dotted rows."""


class ProfileView(Unmasking, StepView):
    """A table of fields, two lines to change the one that is highlighted, and a sample user below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "another(-1)", "Sample ‹", show=False),
        Binding("f6", "another(1)", "Sample"),
        *MASKING,
        Binding("f8", "choose", "Columns"),
        Binding("f8", "choose_for_row", show=False),
        Binding("escape", "put_back", "Undo row"),
    ]
    lead = "Which column feeds which field. Enter changes a row, F8 lists columns; the user below follows."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self.rules: dict[str, Any] = {}
        self._suggested: dict[str, float] = {}
        self._national = ""  # the suggested column of telephone numbers, if most of them name no country
        self._columns: Sequence[str] = ()
        self._records: Sequence[Record] = ()
        self._source: LegacySource | None = None
        self._looked_at: object = None
        self._widths = WIDTHS[False]
        self._row = ""
        self._unread = ""  # what is wrong with the lines being typed, which are in no rule yet
        # Rule and guess of the row as it was; None while none is edited.
        self._before: tuple[Any, float | None] | None = None
        self._begun: dict[str, Any] | None = None
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
            if self._records:
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
        before = self._columns
        self._looked_at, self._source, self._columns = facts.fingerprint, source, source.columns
        self._records = await asyncio.to_thread(source.sample, SAMPLE)
        if self.rules and set(before) != set(self._columns):
            self._follow()
        self._begin()
        self._draw_table()
        if self._row:
            self._show_rule()
        self._draw_user()

    def _begin(self) -> None:
        """Take the answers, or what the columns suggest where there are none yet."""
        given = self.wizard.journey.given("profile")
        if given and not self.rules:
            self.rules = {key: value for key, value in given.items() if key in FIELDS}
            for table in TABLES:
                self.rules |= flat(given.get(table, {}), table)
        elif not self.rules:
            self._suggest(self._guesses())
        if self._begun is None:
            self._begun = dict(self.rules)
        origin = self.query_one("#origin", Input)
        origin.suggester = SuggestFromList(self._columns, case_sensitive=False)

    def _guesses(self) -> dict[str, Guess]:
        """What the columns suggest, by field."""
        found = suggest_answers(self._columns, self._records)
        return {guess.field: guess for guess in found.guesses if guess.field != "password"}

    def _suggest(self, guesses: Mapping[str, Guess]) -> None:
        self.rules |= {name: guess.rule for name, guess in guesses.items()}
        self._suggested |= {name: guess.confidence for name, guess in guesses.items()}
        self._national = next((guess.columns for guess in guesses.values() if guess.needs), self._national)

    def _follow(self) -> None:
        """Another store was chosen: rules whose columns are gone make way for what its columns suggest.

        Where none of the columns is there any more, it is another store altogether, and all is suggested anew.
        """
        gone = {name for name, rule in self.rules.items() if self._is_gone(rule)}
        all_gone = gone == {name for name, rule in self.rules.items() if _columns_of(rule)}
        if all_gone or (not self.is_touched and not self.wizard.journey.is_answered("profile")):
            self.rules = {name: rule for name, rule in self.rules.items() if not _columns_of(rule)}
            self._suggested, self._national = {}, ""
            if self.wizard.journey.is_answered("profile") or not self.wizard.journey.given("profile"):
                self._suggest({name: guess for name, guess in self._guesses().items() if name not in self.rules})
        else:
            self._suggested = {name: sure for name, sure in self._suggested.items() if name not in gone}
            self._suggest({name: guess for name, guess in self._guesses().items() if name in gone})
        self._begun = dict(self.rules)

    def _is_gone(self, rule: Any) -> bool:
        """Whether a rule reads a column that the store does not have."""
        there = {name.strip() for name in self._columns}
        return bool(there) and not {name.strip() for name in _columns_of(rule)} <= there

    @property
    def _names(self) -> Sequence[str]:
        """The rows: fields, metadata, then columns that feed nothing yet."""
        used = {word for rule in self.rules.values() for word in _columns_of(rule)}
        password = self._password_column()
        free = [f"· {name}" for name in self._columns if name not in used and name != password]
        rows = (*FIELDS, *FACTORS)
        return [*rows, *(name for name in self.rules if name not in rows), *free]

    def _password_column(self) -> str:
        known = self.wizard.journey.given("passwords").get("column")
        if known in self._columns:  # it was answered for this store
            return str(known)
        return suggest_answers(self._columns, self._records).passwords.column or ""

    def _draw_table(self) -> None:
        table = self.query_one(DataTable)
        cursor = table.cursor_row
        table.clear()
        for name in self._names:
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
        if name.startswith("· "):
            return (name[2:], "$foreground-muted"), ("", ""), ("not moved", "$foreground-muted")
        rule = self.rules.get(name)
        needed = name in ("user_id", "email") and rule is None
        wrong = "✗ needed" if needed else "✗ column gone" if self._is_gone(rule) else ""
        mark = wrong or self._mark(name)
        style = "$text-error" if wrong else "$foreground-muted"
        return (name, ""), (origin_of(rule), ""), (mark, style)

    def _mark(self, name: str) -> str:
        if name == PHONE and self._lacks_country:
            return "needs country"
        sure, transforms = self._suggested.get(name), transforms_of(self.rules.get(name))
        if sure is None:
            return transforms
        return f"{sure:.0%} · {transforms}" if transforms else f"{sure:.0%} sure"

    @property
    def _lacks_country(self) -> bool:
        """Whether most telephone numbers cannot be read for want of a country."""
        column = origin_of(self.rules.get(PHONE))
        return column != "" and column == self._national and not self.query_one(Form).values.get("default_country")

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        name = str(event.row_key.value or "")
        self._row = f"app_metadata.{name[2:]}" if name.startswith("· ") else name
        self._show_rule()

    def _show_rule(self) -> None:
        """Put the rule of the row into the lines below the table."""
        rule = self.rules.get(self._row)
        self.query_one("#which", Label).update(f"{self._row}  ")
        self.query_one("#origin", Input).value = origin_of(rule)
        self.query_one("#transforms", Input).value = transforms_of(rule)

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        origin = self.query_one("#origin", Input)
        self._edit()
        if str(event.row_key.value or "").startswith("· "):
            origin.value = str(event.row_key.value)[2:]
        origin.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget.id not in LINES:
            self._before = None
        elif self._before is None:
            self._edit()
        self.refresh_bindings()

    def _edit(self) -> None:
        """Remember the row as it is before it is changed."""
        self._before = self.rules.get(self._row), self._suggested.get(self._row)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "put_back":
            return self._before is not None and any(self.query_one(f"#{line}").has_focus for line in LINES)
        if action in ("choose", "choose_for_row"):
            return bool(self._columns) and self.query_one("#origin").has_focus == (action == "choose")
        return super().check_action(action, parameters)

    def action_choose(self) -> None:
        """Choose the column of the row from a list."""
        begin(self, self._choose, group="choose")

    def action_choose_for_row(self) -> None:
        """The same, begun from the table."""
        self.query_one("#origin", Input).focus()
        self.action_choose()

    async def _choose(self) -> None:
        def feeds(column: str) -> Sequence[str]:
            return [name for name, rule in self.rules.items() if column in _columns_of(rule)]

        offered = columns_of(
            self._columns, self._records, feeds, password=self._password_column(), unmasked=self.wizard.unmasked
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
        rule, guess = self._before
        self.rules.pop(self._row, None)
        self._suggested.pop(self._row, None)
        if rule is not None:
            self.rules[self._row] = rule
        if guess is not None:
            self._suggested[self._row] = guess
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
        before = self.rules.get(self._row)
        try:
            rule = rule_of(self.query_one("#origin", Input).value, self.query_one("#transforms", Input).value, before)
            if rule is not None and rule != before and (other := in_the_way(self._row, self.rules)):
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
        if rule is None:
            self.rules.pop(self._row, None)
        else:
            self.rules[self._row] = rule
        self._suggested.pop(self._row, None)
        self._draw_row(self._row)
        self._draw_user()
        self.post_message(self.Changed())

    @on(Field.Changed)
    def _others_changed(self) -> None:
        """Show what the fields below, such as the country of telephone numbers, change for the sample."""
        if self._records:
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
        fields = {name: rule for name, rule in self.rules.items() if "." not in name}
        metadata = nested({name: rule for name, rule in self.rules.items() if "." in name})
        return {**self.query_one(Form).values, **fields, **metadata}

    @property
    def is_touched(self) -> bool:
        changed = self._begun is not None and self.rules != self._begun
        return changed or bool(self._unread) or self.query_one(Form).is_touched

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
        return compile_mapping(section, passwords, self._columns, username_length=(1, 128))

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
        made = [mapping.map_one(record.values) for record in self._records if record.bad is None]
        unread = sum(record.bad is not None for record in self._records)
        remarks = [*unread_moments(mapping, self._records), *self._unread_numbers()]
        tally.update(told(made, unread, remarks))
        if made:
            self._sample %= len(made)
            shown.update(shown_user(made[self._sample], self._sample + 1, unmasked=self.wizard.unmasked))

    def _unread_numbers(self) -> Iterator[str]:
        if self._lacks_country:
            title = ProfileAnswers.model_fields["default_country"].title
            yield f"Most numbers of {self._national} name no country. Answer “{title}” below."

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


def _columns_of(rule: Any) -> Sequence[str]:
    """The columns that a rule reads."""
    origin = origin_of(rule)
    if "{" in origin:
        return [part.partition("}")[0].partition("!")[0].partition(":")[0] for part in origin.split("{")[1:] if part]
    return [] if origin.startswith("=") or not origin else [origin]
