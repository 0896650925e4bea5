"""A step that is added to the list gets its page, its place on the rail, its help and its answers without more ado."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic import Field
from stage import Rehearsal, frame, go_on, opened, page_is, shows, until

import screens.guide
from screens.guide import GROUPS, Journey, Stop
from screens.help import HELP, help_for
from wizard.answers import Answers, Section
from wizard.step import Change, Step
from wizard.steps import STEPS
from wizard.steps.strategy import StrategyAnswers
from wizard.tools import Tools


class GuardAnswers(Section):
    """Who may call the legacy API."""

    table: ClassVar[str] = "watch"
    kind: str = Field(title="Kind of guard", description="Actions, or Rules on old tenants.", examples=["actions"])
    strict: bool = Field(default=False, title="Strict")


@dataclass(frozen=True)
class Bind(Change):
    kind: str

    @property
    def key(self) -> str:
        return f"bind:{self.kind}"

    @property
    def summary(self) -> str:
        return f"bind the {self.kind} that keep users out"

    @property
    def requests(self) -> Sequence[str]:
        return ("PATCH /actions/triggers/post-login/bindings",)


class GuardsStep(Step[int, Bind]):
    key = "watch"
    title = "Guards of the API"
    section = GuardAnswers
    facts = int
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> int:
        return 0

    def plan(self, answers: Answers, facts: int) -> Sequence[Bind]:
        return [Bind(answers[GuardAnswers].kind)]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Sequence[Step[Any, Any]]:
    """The journey with one step more, after the strategy."""
    place = [step.key for step in STEPS].index("strategy") + 1
    more = (*STEPS[:place], GuardsStep(), *STEPS[place:])
    monkeypatch.setattr(screens.guide, "STEPS", more)
    return more


def test_every_step_of_every_strategy_has_help_and_a_place_on_the_rail(tmp_path: Any) -> None:
    for way in ("bulk", "automatic", "two-phase"):
        journey = Journey(tmp_path, answers=Answers([StrategyAnswers.model_validate({"way": way})]))
        for stop in journey.stops:
            assert stop.group in GROUPS
            words = help_for(stop.key, stop)
            assert words.startswith("# ")
            assert "This step" not in words
            if stop.step is not None and stop.key not in HELP:
                assert stop.step.title in words


async def test_a_new_step_gets_a_form_a_plan_and_help(rehearsal: Rehearsal, steps: Sequence[Step[Any, Any]]) -> None:
    app = rehearsal.app()
    async with opened(app, (120, 40)) as pilot:
        for key in ("source", "profile", "passwords", "strategy", "watch"):
            await go_on(pilot, key)
        await shows(pilot, "▸ Guards of th", "Kind of guard", "such as actions")
        await pilot.press("ctrl+n")
        await shows(pilot, "✗ Is missing.")
        await pilot.press(*"actions")
        await shows(pilot, "· Bind the actions that keep")
        await pilot.press("f1")
        await until(pilot, lambda: "Esc closes" in frame(app))
        shown = " ".join(frame(app).replace("│", " ").split())
        assert "Who may call the legacy API." in shown
        assert "Kind of guard. Actions, or Rules on old tenants." in shown
        await pilot.press("escape")
        await go_on(pilot, "connection")
        assert app.journey.answers[GuardAnswers] == GuardAnswers(kind="actions")
        await pilot.press("escape")
        await until(pilot, lambda: page_is(app, "watch"))
        await until(pilot, lambda: "● Strategy" in frame(app))


def test_a_stop_without_step_or_help_is_named_by_its_title() -> None:
    assert help_for("nowhere", Stop("nowhere", "Elsewhere", "Finish")).startswith("# Elsewhere")
