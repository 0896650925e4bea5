"""A few small records to fill in, one below the other: accounts to log in with, for instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from secrets import token_hex
from typing import Any, Self

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input

from screens.widgets.secret_input import SecretInput


class Record(Vertical):
    """One record: a line for each of its keys, and a button that takes it away."""

    DEFAULT_CSS = """
    Record { height: auto; margin-bottom: 1; }
    Record Horizontal { height: 1; }
    Record Input { width: 1fr; }
    Record Button { margin-left: 1; }
    """

    def __init__(self, titles: Mapping[str, str], secrets: Sequence[str], values: Mapping[str, Any]) -> None:
        super().__init__()
        self._titles = titles
        self._secrets = secrets
        self._values = values
        self._mark = token_hex(3)

    def compose(self) -> ComposeResult:
        *first, last = self._titles
        for key in first:
            yield self._input(key)
        with Horizontal():
            yield self._input(last)
            yield Button("Remove", compact=True, classes="quiet")

    def _input(self, key: str) -> Input:
        text, title = str(self._values.get(key, "")), self._titles[key]
        if key in self._secrets:
            return SecretInput(text, exact=True, placeholder=f"{title}: paste it, or env:NAME", compact=True, name=key)
        return Input(text, placeholder=title, compact=True, name=key)

    @property
    def inputs(self) -> dict[str, Input]:
        """The controls by key."""
        return {one.name or "": one for one in self.query(Input)}

    def typed_secrets(self, name: str) -> Iterator[tuple[str, SecretInput]]:
        """The secrets that are typed and not kept yet, each with the reference that it gets.

        A reference is this record's own, so that no secret of another record, or of other answers for the same tenant, is
        overwritten in the keyring.
        """
        for key, control in self.inputs.items():
            if isinstance(control, SecretInput) and control.is_typed:
                ending = f"_{key}" if len(self._secrets) > 1 else ""
                yield f"keyring:{name}_{self._mark}{ending}", control

    @on(Button.Pressed)
    def _removed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(Rows.Removed(self))


class Rows(Vertical):
    """Records of the same shape, as many as are wanted.

    Args:
        titles: What each key is called.
        secrets: Which keys are secrets: what is typed there goes into the keyring, and its name into the answers.
        name: What one of them is, which is also how their secrets begin: `canary` makes `keyring:canary_5d01f2`.
        values: Those to begin with.
    """

    DEFAULT_CSS = """
    Rows { height: auto; }
    """

    class Changed(Message):
        """A record was added, changed or taken away."""

    class Removed(Message):
        """A record is to be taken away."""

        def __init__(self, record: Record) -> None:
            super().__init__()
            self.record = record

    def __init__(
        self,
        titles: Mapping[str, str],
        secrets: Sequence[str],
        name: str,
        values: Sequence[Mapping[str, Any]],
        key: str,
    ) -> None:
        super().__init__(id=key, name=name)
        self._titles = titles
        self._secrets = secrets
        self._begin = values

    def compose(self) -> ComposeResult:
        for values in self._begin:
            yield self._record(values)
        yield Button("Add", compact=True, classes="add quiet")

    def _record(self, values: Mapping[str, Any]) -> Record:
        return Record(self._titles, self._secrets, values)

    @property
    def value(self) -> list[dict[str, str]]:
        """The records as an answers file holds them; a typed secret counts as the reference that it gets."""
        names: dict[Input, str] = {control: reference for reference, control in self.typed_secrets()}
        found = [
            {key: names.get(one, one.value.strip()) for key, one in record.inputs.items() if one.value.strip()}
            for record in self.query(Record)
        ]
        return [record for record in found if record]

    def focus(self, scroll_visible: bool = True) -> Self:
        """Put the cursor into the first record."""
        next(iter(self.query("Input, Button"))).focus(scroll_visible)
        return self

    async def put(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Show these records instead."""
        await self.query(Record).remove()
        await self.mount_all([self._record(one) for one in values], before=self.query_one(".add"))

    def typed_secrets(self) -> Iterator[tuple[str, SecretInput]]:
        """The secrets that are typed and not kept yet, each with the reference that it gets."""
        for record in self.query(Record):
            yield from record.typed_secrets(self.name or "")

    @on(Button.Pressed, ".add")
    async def _add(self, event: Button.Pressed) -> None:
        event.stop()
        record = self._record({})
        await self.mount(record, before=event.button)
        next(iter(record.inputs.values())).focus()
        self.post_message(self.Changed())

    @on(Removed)
    async def _remove(self, event: Removed) -> None:
        event.stop()
        await event.record.remove()
        self.query_one(".add").focus()
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())
