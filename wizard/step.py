"""The seam of the product: a step looks, plans, and applies one approved change at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from wizard.answers import Answers, Section
    from wizard.tools import Tools
    from wizard.undo.relying import OtherRun


@dataclass(frozen=True)
class Change:
    """One thing a step would do. Changes name things and learn ids only when applied.

    Two changes with the same fields are the same change: the plan's hash and the journal rely on it. A field with
    `compare=False` is only told, as the number of users is.
    """

    reversible: ClassVar[bool] = True

    @property
    def key(self) -> str:
        """A stable name, unique in the plan: `create-connection:acme-users`."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """One line in the imperative: "create the database connection acme-users"."""
        raise NotImplementedError

    @property
    def undo_summary(self) -> str:
        """The same for putting it back: "delete the database connection acme-users"."""
        return f"undo: {self.summary}"

    @property
    def is_for_good(self) -> bool:
        """Whether it stays: it cannot be undone, or no longer once the run has gone on from it."""
        return not self.reversible

    @property
    def back(self) -> str:
        """What an undo takes back of it, and what not, in words; "" where a plain undo puts back all of it."""
        return "" if self.reversible else "cannot be undone"

    @property
    def requests(self) -> Sequence[str]:
        """The calls behind it, as an operator would find them in Auth0's reference: `POST /connections`."""
        return ()

    @property
    def foretold(self) -> Sequence[str]:
        """What is known beforehand of its outcome, a sentence each; no part of what is approved."""
        return ()

    @property
    def undo(self) -> Mapping[str, Any]:
        """What taking it back needs and is known beforehand: names, never ids, secrets or personal data.

        The journal has it before the request goes out, so that a change whose answer was lost can be undone too.
        """
        return {}


@dataclass(frozen=True)
class Receipt:
    """What applying a change brought back: ids and counts to remember, never personal data."""

    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Evidence from a check. A finding that is not `passed` needs an operator's eye."""

    name: str
    passed: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Waiting:
    """Why a step cannot go on yet, and what it waits for."""

    reason: str
    until: str


F = TypeVar("F")
C = TypeVar("C", bound=Change)


class Step(ABC, Generic[F, C]):
    """One room of the journey: a section of answers, facts about the world, changes to it."""

    key: ClassVar[str]
    title: ClassVar[str]
    section: ClassVar[type[Section]]
    facts: ClassVar[type[Any]]
    strategies: ClassVar[frozenset[str]] = frozenset({"automatic", "bulk", "two-phase"})
    needs_tenant: ClassVar[bool] = True
    at_once: ClassVar[int] = 1
    """How many changes go to `apply_together` in one call."""
    scopes: ClassVar[Mapping[str, str]] = {}
    """Scopes this step needs, each with the call that needs it."""
    after_evidence: ClassVar[bool] = False
    """Whether the checks of all earlier steps are made before this step changes anything."""
    ends_at_cutover: ClassVar[bool] = False
    """Whether nobody needs what the step changes once a cutover has closed the door."""
    puts_back: ClassVar[bool] = True
    """Whether undoing its changes puts something back; not where nothing in the tenant comes from them."""

    def scopes_for(self, answers: Answers) -> Mapping[str, str]:
        """The scopes that this step needs for these answers; a step overrides it where they decide."""
        return self.scopes

    @abstractmethod
    async def inspect(self, answers: Answers, tools: Tools) -> F:
        """Look at the world; never write to it."""

    async def look(self, answers: Answers, tools: Tools) -> F:
        """Look at the world as `inspect` does, and also where a closed door has ended the work of this step."""
        return await self.inspect(answers, tools)

    @abstractmethod
    def plan(self, answers: Answers, facts: F) -> Sequence[C]:
        """Say what must change; pure: no clock, no network, no files."""

    def left_as_is(self, answers: Answers, facts: F) -> Sequence[str]:
        """What the answers ask for and nothing is planned for, as it is somebody else's; a sentence each, with the remedy."""
        return ()

    async def apply(self, change: C, tools: Tools) -> Receipt:
        """Make one approved change; called only with a change that `plan` returned."""
        raise NotImplementedError(f"{self.key} plans no changes")

    async def apply_together(self, changes: Sequence[C], tools: Tools) -> Sequence[Receipt]:
        """Make up to `at_once` approved changes; a step overrides it where Auth0 takes several in one call."""
        return [await self.apply(change, tools) for change in changes]

    async def undo(self, receipt: Mapping[str, Any], tools: Tools) -> None:
        """Put back what one change of this run did; doing it twice does no more than doing it once.

        What somebody else has changed since stays as it is. Called for the changes of a run in reverse order, and only
        for those that are `reversible`.

        Args:
            receipt: `Change.undo` and, over it, the facts of the `Receipt`; `wizard.runner.receipt_of` makes it of a
                settled intent. Without the latter where the answer was lost.

        Raises:
            WizardError: it cannot be put back; says what to do by hand.
        """
        raise NotImplementedError(f"{self.key} makes no change that can be undone")

    def is_relied_on(self, receipt: Mapping[str, Any], other: OtherRun) -> bool:
        """Whether another run into the same connection needs what a change of this step has made; an undo leaves it then.

        Args:
            receipt: As for `undo`.
        """
        return False

    async def needed_by_others(self, key: str, answers: Answers, tools: Tools) -> str:
        """Who else needs by now what a change of this run with this key has made, in words; "" when nobody does."""
        return ""

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        """Give evidence that a diff cannot: counts, samples, a login."""
        return ()

    def gate(self, answers: Answers, facts: F) -> Waiting | None:
        """Say what must be so before this step may change anything; None when it may."""
        return None

    async def passed(self, answers: Answers, facts: F, tools: Tools) -> None:
        """Note what this pass has seen, once the step wants to change nothing; writes to the journal only."""

    def waits_for(self, answers: Answers, facts: F) -> Waiting | None:
        """Say what must happen in the world before later steps may go on; None when nothing."""
        return None
