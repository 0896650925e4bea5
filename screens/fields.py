"""One field of a form: its label, a control that fits its type, its help, and what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Select, TextArea

from screens.choices import words_of
from screens.tasks import begin
from screens.titles import in_form
from screens.widgets.draw import sentence
from screens.widgets.grown import Text
from screens.widgets.hanging import Hanging
from screens.widgets.path_input import PathInput
from screens.widgets.rows import Rows
from screens.widgets.secret_input import SecretInput
from screens.widgets.ticks import YesNo
from wizard.answers import Section
from wizard.answers.given import plain
from wizard.answers.section import choices, is_path, is_secret, keys

KEPT = "Paste it: the keyring keeps it, no file does. Or name it: env:NAME."
"""What is said of every secret."""

SHORT = 20
"""Characters of an example that fits beside a label with words before it."""

THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
"""A number whose commas part thousands; any other comma may be meant as a decimal point."""

ABSENT = object()
"""The value of a field that was left empty: its key is not written."""


class Field(Horizontal):
    """A labelled control for one key of a section; `value` is as an answers file would hold it."""

    DEFAULT_CSS = """
    Field {
        height: auto; margin-bottom: 1;
        & > .label { width: 18; padding-right: 2; text-align: left; color: $foreground; }
        & > Vertical { height: auto; width: 1fr; }
        & .help { color: $text-muted; width: 1fr; }
        & .problem { color: $text-error; text-style: bold; width: 1fr; display: none; }
        & TextArea { height: 4; padding: 0 1; }
        &.-wrong > .label { color: $text-error; }
        &.-wrong .problem { display: block; }
    }
    """

    class Changed(Message):
        """The operator changed the value."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, section: type[Section], key: str, begin: Any = ABSENT) -> None:
        super().__init__(id=f"field-{key}")
        self._section = section
        self.key = key
        self.info = info = keys(section)[key]
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        self._begin = begin if begin is not ABSENT else ABSENT if default is None else plain(default)
        # The reference that a typed secret gets; that of the answers is theirs, and gets the new value.
        self._own = str(begin) if is_secret(info) and str(begin).startswith("keyring:") else ""
        self.kinds = [kind for kind in choices(info.annotation) if kind is not NoneType]

    def compose(self) -> ComposeResult:
        yield Label(self.info.title or self.key, classes="label", markup=False)
        with Vertical():
            yield self._control()
            told = [sentence(in_form(self._section, self.info.description))] if self.info.description else []
            if is_secret(self.info):
                told.insert(0, KEPT)
            if told:
                yield Label(" ".join(told), classes="help", markup=False)
            yield Hanging("", classes="problem", markup=False)

    def _control(self) -> Widget:
        begin, example = self._begin, self._example()
        if is_secret(self.info):
            text = "" if begin is ABSENT else str(begin)
            return SecretInput(text, placeholder="paste it, or env:NAME", compact=True, id="control")
        if self.kinds == [bool]:
            return YesNo(bool(begin) if begin is not ABSENT else False, id="control")
        if options := self._options():
            chosen = Select.NULL if begin is ABSENT else begin
            blank = self.info.default is None
            return Select(
                [(words_of(one), one) for one in options], value=chosen, allow_blank=blank or chosen is Select.NULL,
                prompt="not set", compact=True, id="control",
            )  # fmt: skip
        if (record := self._record) is not None:
            infos = keys(record)
            titles = {key: info.title or key for key, info in infos.items()}
            secrets = [key for key, info in infos.items() if is_secret(info)]
            return Rows(titles, secrets, record.table, [] if begin is ABSENT else begin, "control")
        if self._is_lines:
            return Text("" if begin is ABSENT else "\n".join(map(str, begin)), compact=True, id="control")
        if self._is_structure:
            return Text(_toml(begin), compact=True, id="control")
        kind = PathInput if is_path(self.info) else Input
        return kind("" if begin is ABSENT else str(begin), placeholder=example, compact=True, id="control")

    @property
    def control(self) -> Any:
        return self.query_one("#control")

    def _options(self) -> Sequence[Any]:
        literals = [kind for kind in self.kinds if get_origin(kind) is Literal]
        return [one for kind in literals for one in get_args(kind)] if literals and literals == self.kinds else []

    @property
    def _record(self) -> type[Section] | None:
        """The section that each of several records is, where the field has those."""
        parts = [get_args(kind)[0] for kind in self.kinds if get_origin(kind) is tuple]
        return next((part for part in parts if isinstance(part, type) and issubclass(part, Section)), None)

    @property
    def _is_lines(self) -> bool:
        return any(get_origin(kind) is tuple and get_args(kind)[0] is str for kind in self.kinds)

    @property
    def _is_structure(self) -> bool:
        simple = (str, int, float, date)
        literal = [kind for kind in self.kinds if get_origin(kind) is Literal]
        return not all(kind in simple or kind in literal for kind in self.kinds)

    def _example(self) -> str:
        examples = self.info.examples or []
        if not examples or not isinstance(examples[0], str | int | date):
            return ""
        example = str(examples[0])
        return f"such as {example}" if len(example) <= SHORT else example  # a word that does not fit is left out whole

    @property
    def value(self) -> Any:
        """The value as an answers file would hold it, ABSENT when left empty; text that is no number stays text.

        A typed secret counts as the reference that it gets; the secret itself is handed out by `typed_secrets` alone.
        """
        control = self.control
        if isinstance(control, YesNo):
            return control.value
        if isinstance(control, Select):
            return ABSENT if control.value is Select.NULL else control.value
        if isinstance(control, Rows):
            return control.value or ABSENT
        if isinstance(control, TextArea):
            return self._of_text_area(control.text)
        if isinstance(control, SecretInput) and control.is_typed:
            return self.typed_secrets()[0][0]
        text = control.value.strip()
        if not text:
            return ABSENT
        return self._number(text)

    def _of_text_area(self, text: str) -> Any:
        if not text.strip():
            return ABSENT
        if self._is_lines:
            return [line.strip() for line in text.splitlines() if line.strip()]
        try:
            return tomllib.loads(f"value = {text.strip()}")["value"]
        except tomllib.TOMLDecodeError:
            return text.strip()

    def _number(self, text: str) -> Any:
        whole = text.replace(",", "") if THOUSANDS.fullmatch(text) else text
        for kind in (int, float):
            if kind in self.kinds:
                try:
                    return kind(whole)
                except ValueError:
                    continue
        return text

    @property
    def hint(self) -> str:
        """What to write instead, where a comma is why the text is no number."""
        value = self.value
        if not isinstance(value, str) or "," not in value or not {int, float} & set(self.kinds) or str in self.kinds:
            return ""
        if float in self.kinds:
            return "Decimals stand behind a point, such as 7.5; a comma parts thousands."
        return "A comma parts thousands, such as 1,500."

    def typed_secrets(self) -> Sequence[tuple[str, SecretInput]]:
        """The secrets that are typed here and not kept yet, each with the reference that it gets."""
        control = self.control
        if isinstance(control, Rows):
            return list(control.typed_secrets())
        typed = isinstance(control, SecretInput) and control.is_typed
        return [(self._own or f"keyring:{self.key}", control)] if typed else []

    def owns(self, reference: str) -> bool:
        """Whether a reference is of these answers alone, so that what is kept under it may be replaced."""
        return isinstance(self.control, Rows) or reference == self._own

    def put_away(self, control: SecretInput, reference: str) -> None:
        """The secret that was typed is kept under this reference."""
        control.put_away(reference)
        if control is self.control:
            self._own = reference

    def put(self, value: Any) -> None:
        """Show another value, as if the operator had given it."""
        control = self.control
        if isinstance(control, YesNo):
            control.value = bool(value)
        elif isinstance(control, Select):
            control.value = Select.NULL if value in (None, ABSENT) else value
        elif isinstance(control, Rows):
            begin(control, control.put, [] if value in (None, ABSENT) else value, group=f"put-{self.key}")
        elif isinstance(control, TextArea):
            control.text = "\n".join(value) if self._is_lines else _toml(value)
        else:
            control.value = "" if value in (None, ABSENT) else str(value)

    def complain(self, message: str) -> None:
        """Say what is wrong beside the field; "" for nothing."""
        self.set_class(bool(message), "-wrong")
        self.query_one(".problem", Hanging).update(f"✗ {message}" if message else "")

    @on(Input.Changed)
    @on(YesNo.Changed)
    @on(Select.Changed)
    @on(TextArea.Changed)
    @on(Rows.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.complain("")
        self.post_message(self.Changed(self))


def _toml(value: Any) -> str:
    """The value as it stands after the equals sign in an answers file, on one line."""
    if value is ABSENT or value in ([], {}, None):
        return ""
    value = plain(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    import tomlkit

    return str(tomlkit.item(value).as_string())


def _key(key: str) -> str:
    import json

    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)
