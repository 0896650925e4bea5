"""A form drawn from any section of the answers: its labels, help, examples, and errors in the model's own words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from secrets import token_hex
from typing import Any

from pydantic import ValidationError
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Collapsible

from screens.fields import ABSENT, Field
from screens.titles import in_form
from screens.widgets.outcome import Outcome
from screens.widgets.secret_input import SecretInput
from wizard.answers import Section
from wizard.answers.complaints import complaints
from wizard.answers.section import keys, validated
from wizard.aside import aside
from wizard.errors import WizardError

Keep = Callable[[str, str], None]
"""Keeps a secret, by name and value."""

Known = Callable[[str], str | None]
"""What is kept already under a name; None for nothing."""


class Form(Vertical):
    """The fields of a section.

    Args:
        section: What is asked.
        given: Values to begin with, by key.
        first: Keys that are always in sight; the others fold away. Empty for all in sight.
        without: Keys that are asked elsewhere; their given values are kept.
    """

    DEFAULT_CSS = """
    Form {
        height: auto;
        & > #whole { color: $text-error; text-style: bold; display: none; margin-bottom: 1; width: 1fr; }
        & > #whole.-wrong { display: block; }
        & Collapsible { background: transparent; border: none; padding: 0; margin-bottom: 1; }
        & CollapsibleTitle { padding: 0; }
        & Collapsible Contents { padding: 1 0 0 0; }
    }
    """

    def __init__(
        self,
        section: type[Section],
        given: Mapping[str, Any],
        *,
        first: Sequence[str] = (),
        without: Collection[str] = (),
        more: str = "More settings",
    ) -> None:
        super().__init__()
        self.section = section
        self.kept = {key: value for key, value in given.items() if key in without}
        self._given = given
        self._asked = {key: info for key, info in keys(section).items() if key not in without}
        self._first = [key for key in (first or self._asked) if key in self._asked]
        self._more = more
        self._begun: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        for key in self._first:
            yield self._field(key)
        rest = [key for key in self._asked if key not in self._first]
        if rest:
            with Collapsible(title=self._more, collapsed=not any(key in self._given for key in rest)):
                for key in rest:
                    yield self._field(key)
        yield Outcome("whole")

    def _field(self, key: str) -> Field:
        return Field(self.section, key, self._given.get(key, ABSENT))

    @property
    def fields(self) -> Sequence[Field]:
        return list(self.query(Field))

    def field(self, key: str) -> Field:
        return self.query_one(f"#field-{key}", Field)

    @property
    def values(self) -> dict[str, Any]:
        """What is given now, without what was left empty or as its default has it."""
        found = dict(self.kept)
        for field in self.fields:
            if (value := field.value) is not ABSENT:
                found[field.key] = value
        return found

    @property
    def is_touched(self) -> bool:
        """Whether a field holds another value than in the beginning."""
        return bool(self.typed_secrets) or self.values != self._begun

    @property
    def typed_secrets(self) -> Sequence[tuple[str, SecretInput]]:
        """The secrets that are typed and not kept yet, each with the reference that it gets."""
        return [one for field in self.fields for one in field.typed_secrets()]

    def on_mount(self) -> None:
        self.begin_here()

    def begin_here(self) -> None:
        """Take the values as they are now for those of the beginning."""
        self._begun = self.values

    def put(self, values: Mapping[str, Any]) -> None:
        """Show these values."""
        for key, value in values.items():
            self.field(key).put(value)

    def draft(self) -> Section | None:
        """The section if it is right as it stands; nothing is said when not. A typed secret counts as its reference."""
        try:
            return validated(self.section, self.values)
        except ValidationError:
            return None

    async def answer(self, keep: Keep, known: Known = lambda name: None, *, elsewhere: bool = False) -> Section | None:
        """The section; None when something is wrong, which is then said beside its field. Typed secrets are kept.

        Args:
            keep: Keeps a secret of the tenant under a name.
            known: Looks up what the tenant has under a name: a secret of other answers gets no other value.
            elsewhere: Whether the tenant is another one than that of the references in the fields.
        """
        for field in self.fields:
            field.complain("")
        values = self.values  # with the names of typed secrets, which are kept only when all else is right
        try:
            validated(self.section, values)
        except ValidationError as error:
            self._complain(values, error)
            return None
        if not await self._keep_secrets(keep, known, elsewhere):
            return None
        self._say("")
        return validated(self.section, self.values)  # with the names under which the secrets were kept

    def _complain(self, values: dict[str, Any], error: ValidationError) -> None:
        whole = []
        for path, message, remedy in complaints(self.section, values, error):
            key = str(path[0]) if path else ""
            told = in_form(self.section, message)
            words = f"{told[:1].upper()}{told[1:]}."
            asked = next((field for field in self.fields if field.key == key), None)
            if asked is None:
                whole.append(words if path else f"{words} {remedy}" if "answers new" not in remedy else words)
            else:
                asked.complain(f"{words} {asked.hint}".rstrip())
        self._say("\n".join(whole))
        wrong = next((field for field in self.fields if field.has_class("-wrong")), None)
        if wrong is not None:
            wrong.control.focus()

    def _say(self, words: str) -> None:
        place = self.query_one("#whole", Outcome)
        place.set_class(bool(words), "-wrong")
        if words:
            place.tell(f"✗ {words}")  # in sight, as it is no field that the cursor goes to
        else:
            place.update("")

    async def _keep_secrets(self, keep: Keep, known: Known, elsewhere: bool) -> bool:
        """Put what was typed into the keyring, and its name into the field."""
        for field in self.fields:
            for reference, control in field.typed_secrets():
                may_replace = field.owns(reference) and not elsewhere
                try:
                    name = await aside(
                        partial(_kept, reference.partition(":")[2], control.secret, keep, known, may_replace)
                    )
                except WizardError as error:
                    field.complain(f"{error} Or type env:NAME here and set that variable.")
                    control.focus()
                    return False
                field.put_away(control, f"keyring:{name}")
        return True


def _kept(name: str, secret: str, keep: Keep, known: Known, may_replace: bool) -> str:
    """Keep a secret; return its name, which is another one where that given is taken and may not be replaced."""
    if not may_replace and known(name) not in (None, secret):
        name = f"{name}_{token_hex(3)}"
    keep(name, secret)
    return name
