"""A decision for each format whose passwords stay behind: left as it is for all, or otherwise for this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Label

from screens.steps.base import unseen
from screens.widgets.ticks import Row, Ticks
from wizard.counts import counted

if TYPE_CHECKING:
    from wizard.passwords.census import HashGroup

TICKED, UNTICKED = "without_password", "reject"


class Decisions(Vertical):
    """A tick for each format: its users are imported without a password. Without formats it is not to be seen.

    Args:
        given: What was decided, by format; kept as it is for formats that are not there.

    `value` is what is decided now.
    """

    DEFAULT_CSS = """
    Decisions { height: auto; & Ticks { height: auto; } & .hint { margin-bottom: 1; } }
    """

    class Changed(Message):
        """Another decision was made."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__()
        self.value = dict(given)
        self._given = dict(given)
        self._users: Counter[str] = Counter()
        self._otherwise = UNTICKED

    @property
    def is_touched(self) -> bool:
        """Whether something else is decided than was given."""
        return self.value != self._given

    def compose(self) -> ComposeResult:
        yield unseen(Label("Import them without a password", classes="head"))
        yield unseen(Ticks(id="formats"))
        yield unseen(Label("It is final: they set a new one by a reset. Unticked they stay behind.", classes="hint"))

    def show(self, groups: Sequence[HashGroup], otherwise: str) -> None:
        """Offer the formats of these groups whose passwords stay.

        Args:
            otherwise: What becomes of those that nothing is decided about: the answer `unsupported`.
        """
        self._users = Counter()
        for group in groups:
            if group.carried_by == "none" and group.code != "password_missing":
                self._users[group.scheme] += group.users
        self.follow(otherwise)

    def follow(self, otherwise: str) -> None:
        """Show the same formats with another answer for those that nothing is decided about."""
        self._otherwise = otherwise
        self.query_one(Ticks).fill(
            [Row(scheme, self._words(scheme), self._is_ticked(scheme)) for scheme in self._users]
        )
        for part in self.query("Decisions > *"):
            part.display = bool(self._users)

    def _is_ticked(self, scheme: str) -> bool:
        return self.value.get(scheme, self._otherwise) == TICKED

    def _words(self, scheme: str) -> Content:
        return Content.assemble(scheme, (f"  {counted(self._users[scheme], 'user')}", "$foreground-muted"))

    @on(Ticks.Changed)
    def _ticked(self, event: Ticks.Changed) -> None:
        event.stop()
        ticked = {*event.ticks.ticked}
        for scheme in self._users:
            if (scheme in ticked) != self._is_ticked(scheme):
                self._decide(scheme, TICKED if scheme in ticked else UNTICKED)
        self.post_message(self.Changed())

    def _decide(self, scheme: str, decision: str) -> None:
        if decision == self._otherwise:
            self.value.pop(scheme, None)
        else:
            self.value[scheme] = decision
