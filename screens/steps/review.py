"""The review: the whole plan, grouped by step, and the approval of exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from screens.steps.base import StepView, unseen
from screens.tasks import begin
from screens.widgets.entries import Entries, Entry
from screens.widgets.hanging import Hanging
from wizard.counts import counted
from wizard.errors import RunMismatch, WizardError
from wizard.runner import Plan
from wizard.step import Change
from wizard.steps.connection import ConnectionAnswers

FOR_GOOD = "! for good"
"""Marks a change that stays."""


STALE = "If the tenant asks for more by the time it is done, the run stops and shows the new plan."
ENDED = "This run has ended."
AGAIN = "Run again (F9) on the page Finish makes another of the same answers, of what the legacy store holds now."


class ReviewView(StepView):
    """A tree of changes; approving starts the run."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "approve", "Approve"), Binding("f5", "again", "Again")]
    lead = "This, and only this, is what approving allows."
    next_label = "Approve and start"

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self.plan: Plan | None = None

    def content(self) -> ComposeResult:
        yield Hanging("", id="sum", classes="block")
        yield Entries("plan")
        yield unseen(Label("", id="ask", classes="head", markup=False))
        yield unseen(Input(id="typed", compact=True))

    @property
    def _connection(self) -> str:
        return self.wizard.journey.answers[ConnectionAnswers].name

    async def shown(self) -> None:
        self.query_one("#ask", Label).update(
            f"This is production. Type the connection's name, {self._connection}, to approve:"
        )
        await self._make()

    async def _make(self) -> None:
        wizard = self.wizard
        journey = wizard.journey
        self.plan = None
        self.query_one("#sum", Static).update(Content.styled("Looking at tenant and store…", "$foreground-muted"))
        self.trouble(None)
        self.query_one(Entries).put(())
        try:
            self.plan = await self._planned()
        except WizardError as error:
            self.query_one("#sum", Static).update("")
            self.trouble(self._refused(error))
            return
        finally:
            self._offer()
        self._draw(self.plan)
        self.post_message(self.Changed())  # the panel sums it up
        journey.touched.clear()

    def _refused(self, error: WizardError) -> WizardError | str:
        """Why there is no plan; of a run that has ended, what to do instead of going on with it."""
        if isinstance(error, RunMismatch) and self.wizard.may_run_again:
            return f"{ENDED} {error.why[:1].upper()}{error.why[1:]}. {AGAIN}"
        return error

    @property
    def _is_over(self) -> bool:
        """Whether the run has ended and there is nothing of it to approve."""
        return self.wizard.work.progress.ended and not (self.plan and self.plan.changes)

    @property
    def _asks(self) -> bool:
        """Whether the name of the connection is typed out before the approval."""
        return self.wizard.environment == "production" and not self._is_over

    def _offer(self) -> None:
        """Offer an approval only where there is something to approve."""
        self.query_one("#next", Button).label = "Next" if self._is_over else self.next_label
        self.query_one("#ask", Label).display = self.query_one("#typed", Input).display = self._asks
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self._is_over if action == "approve" else True

    async def _planned(self) -> Plan:
        wizard = self.wizard
        journey = wizard.journey
        if wizard.work.run is not None:
            from wizard.engine import plan_for

            return await plan_for(journey.answers, base=journey.base, world=wizard.world, run=wizard.work.run)
        return await wizard.outlook.plan(journey.steps, journey.answers, journey.base)

    def _draw(self, plan: Plan) -> None:
        final = sum(planned.change.is_for_good for planned in plan.changes)
        begun = self.wizard.work.run is not None
        over = f"{ENDED} {AGAIN}" if self.wizard.may_run_again else ENDED
        before = "What the run has still to do: " if begun else "Nothing has been changed yet. "
        self.query_one("#sum", Static).update(
            Content.assemble(
                before if plan.changes else "",
                (counted(len(plan.changes), "change"), "bold") if plan.changes else ("Nothing to change.", "bold"),
                (f"\n{FOR_GOOD}" if final else "", "bold $text-warning"),
                f" marks {final} that cannot be undone" if final else "",
                f" {over}" if self._is_over else "",
                (f"\nplan {plan.hash[:16]}…  Ctrl+Y copies it whole", "$foreground-muted"),
                *((f"\n! {told}", "$text-warning") for told in plan.left_as_is),
            )
        )
        self.query_one(Entries).put(
            [(title, [entry_of(change) for change in changes]) for title, changes in self._by_step(plan)]
        )

    def _by_step(self, plan: Plan) -> Sequence[tuple[str, Sequence[Change]]]:
        """The changes of each step, with its title on the rail."""
        titles = {stop.key: stop.title for stop in self.wizard.journey.stops}
        steps = groupby(plan.changes, key=lambda planned: planned.step)
        return [(titles.get(step, step), [planned.change for planned in group]) for step, group in steps]

    def may_leave(self) -> bool:
        """The next page comes with the approval, which is no key that turned all the pages before."""
        if self._is_over:
            return True
        self.app.notify("Nothing starts by going on. Press F9 to approve these changes.", severity="warning")
        return False

    @on(Button.Pressed, "#next")
    def _approved(self, event: Button.Pressed) -> None:
        if self._is_over:
            return
        event.stop()
        event.prevent_default()  # which is to go on
        self.action_approve()

    def focus_first(self) -> None:
        self._offer()
        (self.query_one("#typed", Input) if self._asks else self.query_one(Entries)).focus(
            scroll_visible=False
        )  # Enter there only unfolds

    @on(Input.Submitted, "#typed")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_approve()

    def action_again(self) -> None:
        begin(self, self._make, group="plan")

    def action_approve(self) -> None:
        if self.plan is None:
            self.app.notify("There is no plan to approve yet.", severity="warning")
            return
        if self._asks and self.query_one("#typed", Input).value.strip() != self._connection:
            self.trouble(f"On production the name is typed out first: {self._connection}. Nothing was started.")
            self.query_one("#typed", Input).focus()
            return
        self.trouble(None)
        begin(self, self.wizard.approve, self.plan, group="approve")

    def says(self, changes: list[Change] | None) -> str | None:
        if self.plan is None or not self.plan.changes:
            return f"Approving allows the changes of the plan and no others. {STALE}"
        steps = [
            f"· {title}: {counted(len(changes), 'change')}{_for_good(changes)}"
            for title, changes in self._by_step(self.plan)
        ]
        return "\n".join(
            [
                f"Approving allows these {counted(len(self.plan.changes), 'change')} and no others, step by step:",
                *("", *steps, "", STALE, ""),
                "Enter opens a change: what it sends, and how it is put back.",
                *("", f"plan {self.plan.hash}"),
            ]
        )

    def copied(self) -> str:
        return super().copied() or (self.plan.hash if self.plan else "")

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        approve = ("Approve", "Allow this plan and start the run", self.action_approve)
        return (
            *(() if self._is_over else (approve,)),
            ("Plan again", "Look at tenant and store anew", self.action_again),
        )


def _for_good(changes: Sequence[Change]) -> str:
    final = sum(change.is_for_good for change in changes)
    return f", {final:,} for good" if final else ""


def entry_of(change: Change) -> Entry:
    """A change as it is listed, with what Enter shows of it."""
    return Entry(change.summary, details(change), mark=f"{FOR_GOOD}: " if change.is_for_good else "")


def details(change: Change) -> Sequence[str]:
    """Before, after and requests of a change, and what is known beforehand, a line each."""
    lines = []
    if change.summary.startswith("create "):
        lines.append("before: not there")
    lines += [f"undo:   {change.back}"] if change.back else []
    lines += [f"known:  {told}" for told in change.foretold]
    lines += [f"sends:  {request}" for request in change.requests]
    for field in fields(change):
        value = getattr(change, field.name)
        if isinstance(value, str | int | bool | dict) and value not in ("", None):
            lines.append(f"after:  {field.name} = {value}")
    return lines
