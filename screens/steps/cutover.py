"""The cutover: gates that must be open, the connection's name typed out, then the changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from screens.half_made import approve_repair, half_made
from screens.steps.base import StepView, unseen
from screens.steps.results import hint_of
from screens.tasks import begin
from screens.widgets.hanging import Hanging
from screens.widgets.ticks import YesNo
from wizard.answers import Section
from wizard.counts import counted
from wizard.fates import WORDS
from wizard.progress import Progress
from wizard.runner import Planned
from wizard.step import Change
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.cutover import EXPORT, PASSWORDS, CutoverAnswers, CutoverFacts

DECISIONS = {
    "leave_rejected": "close the door on the rejected users; I have decided about them",
    "leave_different": "accept the users who differ; they have changed since the import",
    "leave_unmoved": "close the door on who has not logged in again; I have decided about them",
    "leave_added": "close the door on the users added since; they have moved, or need not",
}
"""What can be decided by a tick, by its key in the answers; each is offered where it matters."""


@dataclass(frozen=True)
class Gate:
    """One condition of the cutover: `remedy` says what to do while it is closed."""

    words: str
    is_open: bool
    state: str
    remedy: str = ""


class CutoverView(StepView):
    """A checklist, a name to type, and what will be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "look", "Look"), Binding("f9", "cut", "Cut over")]
    lead = "The end: nobody is looked for in the legacy store any more. Import mode stays on."
    trouble_first = True

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._changes: Sequence[Planned] = ()
        self._facts = CutoverFacts()
        self._was_busy = False
        self._shown = ""

    def content(self) -> ComposeResult:
        yield Hanging("", id="gates", classes="block")
        with Horizontal(id="cutover-repair", classes="row"):
            yield Button("Repair half-made users…", id="repair", compact=True)
        for key, words in DECISIONS.items():
            with unseen(Horizontal(id=f"row-{key}", classes="row leave")):
                yield YesNo(False, id=key)
                yield Label(words, classes="hint")
        yield Label("", id="name-asked", classes="head", markup=False)
        yield Input(id="name-typed", compact=True)
        with Horizontal(id="cut-row", classes="row"):
            yield Button("Cut over", id="cut", compact=True, variant="warning")
        yield Label("What it changes", id="cutover-head", classes="head")
        yield Hanging("", id="cutover-changes", classes="block")

    @property
    def _connection(self) -> str:
        return self.wizard.journey.answers[ConnectionAnswers].name

    @property
    def _decided(self) -> CutoverAnswers:
        answers = self.wizard.journey.answers
        return answers[CutoverAnswers] if answers.has(CutoverAnswers) else CutoverAnswers()

    @property
    def _ticked(self) -> dict[str, bool]:
        """What the ticks say, by their keys in the answers."""
        return {key: self.query_one(f"#{key}", YesNo).value for key in DECISIONS}

    async def shown(self) -> None:
        for key in DECISIONS:
            self.query_one(f"#{key}", YesNo).value = getattr(self._decided, key)
        self._shown = ""
        self.refresh_work()
        await self._plan()

    async def _plan(self) -> None:
        """Find out what the cutover would change, and what holds it up."""
        from wizard.engine import plan_for

        wizard, place = self.wizard, self.query_one("#cutover-changes", Static)
        run, journey = wizard.work.run, wizard.journey
        if run is None or wizard.work.is_busy or wizard.work.progress.ended:
            return
        with self.looking(place, "Looking at the tenant…"):
            plan = await plan_for(journey.answers, base=journey.base, world=wizard.world, run=run)
        self._changes = [one for one in plan.changes if one.step == "cutover"]
        self._facts = plan.facts.get("cutover", CutoverFacts())
        place.update(listed(self._changes))
        self.refresh_work()

    def refresh_work(self) -> None:
        work, now = self.wizard.work, self.wizard.work.progress
        if self._was_busy and not work.is_busy:
            self.heed(self._plan, group="plan")  # the run may have found what is to be decided
        self._was_busy = work.is_busy
        over = now.ended and "cutover" in now.steps_done
        gates = gates_of(now, self._decided, self._facts)
        matter = what_matters(now, self._facts)
        closed = sum(not gate.is_open for gate in gates)
        ready = not closed and not work.is_busy and not now.ended
        head = after_cutover(now) if over and not work.is_busy else _head(work.is_busy, closed)
        words = Content.assemble(*head, "\n\n", checklist(gates)) if not over else Content.assemble(*head)
        key = words.plain + str((ready, matter, half_made(now)))
        if key == self._shown:
            return
        self._shown = key
        self.query_one("#gates", Static).update(words)
        for decision in DECISIONS:
            self.query_one(f"#row-{decision}").display = decision in matter and not over
        self.query_one("#cutover-repair").display = half_made(now) > 0 and not work.is_busy and not over
        for name in ("#name-asked", "#name-typed", "#cut-row"):
            self.query_one(name).display = ready
        self.query_one("#cutover-head").display = not over
        self.query_one("#cutover-changes").display = not over
        self.query_one("#name-asked", Label).update(f"Type the connection's name, {self._connection}, to confirm")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that do something are in the footer."""
        work = self.wizard.work
        if action == "look":
            return not work.is_busy and not work.progress.ended
        if action == "cut":
            return bool(self.query("#cut-row").results()) and self.query_one("#cut-row").display
        return True

    @on(YesNo.Changed)
    def _left(self, event: YesNo.Changed) -> None:
        event.stop()
        ticked, before = self._ticked, self._decided
        if ticked != {key: getattr(before, key) for key in DECISIONS}:  # or the ticks only follow what was decided
            # A name that was given before was given for what was known then, and no look is to cut over by it.
            self.wizard.journey.decide(before.model_copy(update={**ticked, "confirm": ""}))
        self.refresh_work()

    @on(Button.Pressed, "#repair")
    def _repair(self, event: Button.Pressed) -> None:
        event.stop()
        begin(self, approve_repair, self.wizard, group="repair")

    @on(Button.Pressed, "#cut")
    @on(Input.Submitted, "#name-typed")
    def _pressed(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        self.action_cut()

    def action_look(self) -> None:
        """Gather the evidence anew."""
        self.wizard.start_work(None)

    def action_cut(self) -> None:
        typed = self.query_one("#name-typed", Input)
        if not self.query_one("#cut-row").display:
            return
        if typed.value.strip() != self._connection:
            self.trouble(f"The name is typed out first: {self._connection}. Nothing was changed.")
            typed.focus()
            return
        self.trouble(None)
        begin(self.wizard, self._confirm, group="decide")

    async def _confirm(self) -> None:
        """Let the run go on with the name, also after a cutover that was taken back."""
        from wizard.confirmation import confirm_anew

        run = self.wizard.work.run
        if run is not None:
            confirm_anew(run)
        await self.wizard.decide(self._decided.model_copy(update={**self._ticked, "confirm": self._connection}))

    def focus_first(self) -> None:
        self.refresh_work()  # it may have become time to type the name
        typed = self.query_one("#name-typed", Input)
        (typed if typed.display else self.query_one("#next", Button)).focus(scroll_visible=False)

    def draft(self) -> Section | None:
        return self._decided

    async def answer(self) -> Section | None:
        """Going on decides nothing: the cutover is confirmed by its own key."""
        return self._decided

    def says(self, changes: list[Change] | None) -> str | None:
        run = self.wizard.work.run
        return (
            "Afterwards login and get user find nobody. The grant, the application and the guards that this run made are "
            "removed.\n\nImport mode stays on: with it off Auth0 would look for users in the legacy store alone.\n\n"
            f"{self.wizard.runs.command('undo', run.id if run else 'RUN', '--cutover')}\nlets users move at login again."
        )

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        return (("Look again", "Gather the evidence anew", self.action_look),)


def what_matters(now: Progress, facts: CutoverFacts) -> frozenset[str]:
    """The keys of the decisions that something depends on."""
    there = {
        "leave_rejected": now.rejected,
        "leave_different": EXPORT in now.failed_checks and _different(now),
        "leave_unmoved": facts.unmoved,
        "leave_added": facts.added or facts.replaced,
    }
    return frozenset(key for key, matters in there.items() if matters)


def _different(now: Progress) -> int:
    """How many users differ by now, where none is missing: those can be accepted."""
    return 0 if now.missing else now.different


def gates_of(now: Progress, decided: CutoverAnswers, facts: CutoverFacts) -> Sequence[Gate]:
    """What has to be so before the cutover; the engine asks for the same once more."""
    unknown = abs(now.read - now.users_done)
    over = "trickle" in now.steps_done and bool(now.looks) and now.looks[-1].due
    matter = what_matters(now, facts)
    gates = [
        Gate("Automatic phase", over, "over" if over else "going on", "It ends on the page Automatic phase."),
        Gate(
            "Every user accounted for",
            now.read > 0 and not unknown,
            f"{now.users_done:,} of {counted(now.read, 'user')}",
            f"{unknown:,} are not; resume the run and look at Results.",
        ),
        _evidence(now, accepted=_accepted(matter, decided)),
        Gate(
            "Rejected users",
            not now.rejected or decided.leave_rejected,
            "none" if not now.rejected else f"{now.rejected:,}{', decided' if decided.leave_rejected else ''}",
            "They could not log in any more. Let them move, mend them, or tick below that you have decided.",
        ),
    ]
    if "leave_unmoved" in matter and PASSWORDS not in now.failed_checks:
        gates.append(_unmoved(facts, decided))
    if "leave_added" in matter:
        gates.append(_added(facts, decided))
    return gates


def _accepted(matter: frozenset[str], decided: CutoverAnswers) -> frozenset[str]:
    """The checks whose failure was accepted by a decision."""
    checks = {"leave_different": EXPORT, "leave_unmoved": PASSWORDS}
    return frozenset(check for key, check in checks.items() if key in matter and getattr(decided, key))


def _evidence(now: Progress, *, accepted: frozenset[str]) -> Gate:
    """The checks; whether users differ, or have not logged in again, can be accepted."""
    failed = {name: detail for name, detail in now.failed_checks.items() if not name.startswith("legacy api")}
    left = {name: detail for name, detail in failed.items() if name not in accepted}
    state = "all checks hold" if "verify" in now.steps_done else "not gathered yet"
    if left:
        state = counted(len(left), "check fails", "checks fail")
    elif EXPORT in failed:
        state = f"{_different(now):,} differing, decided"
    elif failed:
        state = "decided"
    remedies = [*(f"{name}: {detail}" for name, detail in left.items()), hint_of(left)]
    if EXPORT in left and _different(now):
        remedies.append("Who has changed since the import may differ; tick below to accept it.")
    if PASSWORDS in left:
        remedies.append("They may log in before the cutover; tick below to leave them behind.")
    told = "\n".join(filter(None, remedies)) or "The checks come when everybody has been imported."
    return Gate("Evidence", "verify" in now.steps_done and not left, state, told)


def _unmoved(facts: CutoverFacts, decided: CutoverAnswers) -> Gate:
    return Gate(
        "Users of before",
        decided.leave_unmoved,
        f"{facts.unmoved:,}{', decided' if decided.leave_unmoved else ''}",
        "They were there before this run and have not logged in since; nothing tells whether Auth0 has their passwords. Tick "
        "below where an earlier run has imported them, or import mode was always on.",
    )


def _added(facts: CutoverFacts, decided: CutoverAnswers) -> Gate:
    what = f"{facts.added:,}" if facts.added else "another file"
    return Gate(
        "Users added since",
        decided.leave_added,
        f"{what}{', decided' if decided.leave_added else ''}",
        "They are in no import and could not log in any more. Import them with a new run, or tick below that they have "
        "moved or need not.",
    )


def checklist(gates: Sequence[Gate]) -> Content:
    """A line for each gate with sign and word; below a closed one what is missing."""
    parts: list[Any] = []
    for gate in gates:
        sign = ("✓ ", "$text-success") if gate.is_open else ("✗ ", "$text-error")
        parts += [sign, (f"{gate.words:<26}", "bold"), f"{gate.state}\n"]
        if not gate.is_open:
            parts += [(f"  {line}\n", "$foreground-muted") for line in gate.remedy.splitlines()]
    return Content.assemble(*parts)


def listed(changes: Sequence[Planned]) -> Content:
    """The changes, and which of them is for good."""
    parts: list[Any] = []
    for planned in changes:
        summary = planned.change.summary
        parts += [("· ", "bold $text-success"), f"{summary[:1].upper()}{summary[1:]}\n"]
        if not planned.change.reversible:
            parts.append(("  ! for good: cannot be undone\n", "$text-warning"))
    return Content.assemble(*parts) if parts else Content.styled("Nothing any more.", "$foreground-muted")


def after_cutover(now: Progress) -> list[Any]:
    """That the cutover is done, and who cannot log in since: nobody looks for them in the legacy store any more."""
    head = [("✓ ", "$text-success"), ("The cutover is done. ", "bold")]
    if not (outside := now.rejected + now.skipped):
        return [*head, "Everybody logs in through Auth0 alone."]
    why = [
        f"{number:,} {word}"
        for number, word in ((now.rejected, WORDS["rejected"]), (now.skipped, WORDS["skipped"]))
        if number
    ]
    return [
        *head, f"{now.read - outside:,} of {counted(now.read, 'user')} log in through Auth0 alone.\n",
        ("! ", "$text-warning"), (f"{counted(outside, 'user')} cannot log in", "bold"),
        f", as they are not in Auth0: {', '.join(why)}. Results lists them.",
    ]  # fmt: skip


def _head(busy: bool, closed: int) -> list[Any]:
    if busy:
        return [("▸ ", "$text-accent"), ("The run is at work…", "bold")]
    if not closed:
        return [("✓ ", "$text-success"), ("All gates are open.", "bold")]
    are = "is" if closed == 1 else "are"
    return [("◌ ", "$text-warning"), (f"Not yet: {counted(closed, 'gate')} {are} closed.", "bold")]
