"""The runner does what was approved, all of it, and nothing else."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from wizard.answers import Answers, Section
from wizard.clock import RealClock
from wizard.errors import AnswerLost, Interrupted, PlanStale, WizardError
from wizard.events import CheckFailed, CheckPassed, Event, StepFinished
from wizard.journal import Journal
from wizard.runner import Plan, Planned, apply_plan, check_all, make_plan, receipt_of
from wizard.step import Change, Finding, Receipt, Step, Waiting
from wizard.tools import Tools


class ShelfAnswers(Section):
    table: ClassVar[str] = "shelf"
    books: tuple[str, ...] = ()


@dataclass(frozen=True)
class PutBook(Change):
    title: str

    @property
    def key(self) -> str:
        return f"put-book:{self.title}"

    @property
    def summary(self) -> str:
        return f"put {self.title} on the shelf"

    @property
    def undo(self) -> Mapping[str, str]:
        return {"book": self.title}


@dataclass
class ShelfStep(Step[frozenset[str], PutBook]):
    """A world of one shelf, which may lose answers or forget books."""

    key: ClassVar[str] = "shelf"
    title: ClassVar[str] = "Shelf"
    section: ClassVar[type[Section]] = ShelfAnswers
    facts: ClassVar[type[object]] = frozenset
    shelf: list[str] = field(default_factory=list)
    lose: str = ""
    forgets: bool = False
    waiting: Waiting | None = None

    async def inspect(self, answers: Answers, tools: Tools) -> frozenset[str]:
        return frozenset(self.shelf)

    def plan(self, answers: Answers, facts: frozenset[str]) -> Sequence[PutBook]:
        return [PutBook(title) for title in answers[ShelfAnswers].books if title not in facts]

    async def apply(self, change: PutBook, tools: Tools) -> Receipt:
        lose, self.lose = self.lose, ""
        if lose == "request":
            raise AnswerLost("the request was cut", remedy="look")
        if not self.forgets:
            self.shelf.append(change.title)
        if lose == "answer":
            raise AnswerLost("the answer was cut", remedy="look")
        return Receipt({"title": change.title})

    async def undo(self, receipt: Mapping[str, str], tools: Tools) -> None:
        if receipt["book"] in self.shelf:
            self.shelf.remove(receipt["book"])

    async def check(self, answers: Answers, tools: Tools) -> Sequence[Finding]:
        return [Finding("full", len(self.shelf) > 1, f"{len(self.shelf)} books", "buy more")]

    def waits_for(self, answers: Answers, facts: frozenset[str]) -> Waiting | None:
        return self.waiting


ANSWERS = Answers([ShelfAnswers(books=("Emma", "Ivanhoe"))])


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    journal = Journal(None, now=lambda: 0.0)
    yield Tools(journal=journal, folder=tmp_path, base=tmp_path, clock=RealClock(), secret=lambda name: name)
    journal.close()


@pytest.fixture
async def heard(tools: Tools) -> AsyncIterator[list[Event]]:
    events: list[Event] = []
    tools.journal.watchers.append(events.append)
    yield events


async def test_planning_writes_nothing(tools: Tools) -> None:
    step = ShelfStep()
    plan = await make_plan([step], ANSWERS, tools)
    assert [planned.change.key for planned in plan.changes] == ["put-book:Emma", "put-book:Ivanhoe"]
    assert step.shelf == []


async def test_after_applying_nothing_is_left_to_plan(tools: Tools, heard: list[Event]) -> None:
    step = ShelfStep()
    plan = await make_plan([step], ANSWERS, tools)
    assert await apply_plan(plan.approval, [step], ANSWERS, tools) is None
    assert (await make_plan([step], ANSWERS, tools)).is_empty
    assert StepFinished("shelf") in heard


async def test_part_of_a_plan_done_by_somebody_else_is_left_alone(tools: Tools) -> None:
    step = ShelfStep()
    plan = await make_plan([step], ANSWERS, tools)
    step.shelf.append("Emma")
    await apply_plan(plan.approval, [step], ANSWERS, tools)
    assert step.shelf == ["Emma", "Ivanhoe"]


async def test_what_was_not_approved_is_refused_and_not_done(tools: Tools) -> None:
    step = ShelfStep()
    approval = Plan((Planned("shelf", PutBook("Emma")),)).approval
    with pytest.raises(PlanStale, match="put Ivanhoe on the shelf"):
        await apply_plan(approval, [step], ANSWERS, tools)
    assert step.shelf == []


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_lost_answer_is_settled_by_looking(tools: Tools, lost: str) -> None:
    step = ShelfStep(lose=lost)
    plan = await make_plan([step], ANSWERS, tools)
    await apply_plan(plan.approval, [step], ANSWERS, tools)
    assert step.shelf == ["Emma", "Ivanhoe"]
    assert all(intent.outcome in ("done", "void") for intent in tools.journal.intents("change:"))


async def test_a_change_the_world_does_not_show_is_an_error(tools: Tools) -> None:
    step = ShelfStep(forgets=True)
    plan = await make_plan([step], ANSWERS, tools)
    with pytest.raises(WizardError, match="still to do: put Emma"):
        await apply_plan(plan.approval, [step], ANSWERS, tools)


async def test_a_change_is_in_the_journal_before_it_is_made(tools: Tools) -> None:
    class Spy(ShelfStep):
        async def apply(self, change: PutBook, tools: Tools) -> Receipt:
            assert tools.journal.intents("change:shelf:")[-1].outcome is None
            return await super().apply(change, tools)

    step = Spy()
    plan = await make_plan([step], ANSWERS, tools)
    await apply_plan(plan.approval, [step], ANSWERS, tools)
    assert [intent.result for intent in tools.journal.intents()] == [{"title": "Emma"}, {"title": "Ivanhoe"}]


async def test_a_stop_ends_the_run_between_changes(tools: Tools) -> None:
    step = ShelfStep()
    plan = await make_plan([step], ANSWERS, tools)
    tools.journal.watchers.append(lambda event: tools.stop.request())
    with pytest.raises(Interrupted):
        await apply_plan(plan.approval, [step], ANSWERS, tools)
    assert step.shelf == []


async def test_later_steps_wait_with_a_step_that_waits(tools: Tools) -> None:
    first = ShelfStep(waiting=Waiting("people still read", "Sunday"))
    second = ShelfStep()
    plan = await make_plan([first], ANSWERS, tools)
    assert await apply_plan(plan.approval, [first, second], ANSWERS, tools) == first.waiting
    assert second.shelf == []


async def test_checks_are_told_whether_good_or_bad(tools: Tools, heard: list[Event]) -> None:
    assert not await check_all([ShelfStep(shelf=["Emma"]), ShelfStep(shelf=["Emma", "Ivanhoe"])], ANSWERS, tools)
    assert heard == [CheckFailed("shelf", "full", "1 books", "buy more"), CheckPassed("shelf", "full", "2 books")]


def test_equal_plans_have_equal_hashes_and_others_do_not() -> None:
    emma, ivanhoe = Planned("shelf", PutBook("Emma")), Planned("shelf", PutBook("Ivanhoe"))
    assert Plan((emma, ivanhoe)).hash == Plan((emma, ivanhoe)).hash
    assert len({Plan(()).hash, Plan((emma,)).hash, Plan((emma, ivanhoe)).hash, Plan((ivanhoe, emma)).hash}) == 4


def test_what_a_change_only_tells_is_no_part_of_the_approval() -> None:
    @dataclass(frozen=True)
    class PutBooks(PutBook):
        there: int = field(default=0, compare=False)

    few, many = Planned("shelf", PutBooks("Emma", 1)), Planned("shelf", PutBooks("Emma", 900))
    assert (few.hash, few) == (many.hash, many)


@pytest.mark.parametrize("lost", ["", "answer"])
async def test_what_was_made_can_be_undone_by_the_journal_also_where_the_answer_was_lost(
    tools: Tools, lost: str
) -> None:
    step = ShelfStep(lose=lost)
    plan = await make_plan([step], ANSWERS, tools)
    await apply_plan(plan.approval, [step], ANSWERS, tools)
    made = [receipt_of(intent) for intent in tools.journal.intents("change:shelf:") if intent.outcome == "done"]
    assert [receipt["book"] for receipt in made] == ["Emma", "Ivanhoe"]
    for receipt in reversed(made):
        await step.undo(receipt, tools)
    assert step.shelf == []
