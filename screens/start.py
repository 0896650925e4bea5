"""The first screen: runs and answers to go on with, a new migration, a rehearsal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from screens.garbage import spare_the_living
from screens.tasks import begin
from screens.widgets.grown import Choices
from screens.widgets.keys import Keys
from wizard.counts import counted
from wizard.durations import duration

if TYPE_CHECKING:
    from screens.app import WizardApp
    from screens.drafts import Draft
    from wizard.progress import Progress
    from wizard.runs import RunFolder, Runs

SHOWN = 20
"""Runs in the list; `auth0-migrate runs` has them all."""


BEGUN = "begun"
"""Id of the heading above answers that were begun."""


@dataclass(frozen=True)
class Known:
    """A run as the list shows it."""

    run: RunFolder
    progress: Progress
    domain: str
    held: bool


class StartScreen(Screen[None]):
    """A list; arrows or Tab move through it, Enter takes what is highlighted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "choose('new')", "New"),
        Binding("p", "choose('practice')", "Practice"),
        Binding("o", "choose('open')", "Open answers"),
        Binding("d,delete", "forget", "Delete"),
        Binding("f1", "help", "Help"),
        Binding("ctrl+q,q", "quit", "Quit"),
        Binding("tab", "move(1)", show=False),
        Binding("shift+tab", "move(-1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._runs: Sequence[Known] = ()
        self._drafts: Sequence[Draft] = ()

    @property
    def wizard(self) -> WizardApp:
        from screens.app import WizardApp

        if not isinstance(self.app, WizardApp):
            raise TypeError("the start screen belongs to the wizard")
        return self.app

    def compose(self) -> ComposeResult:
        with Vertical(id="start"):
            yield Label("Auth0 Migration Wizard", id="name")
            yield Label("Move a legacy store's users into Auth0: no password reset, nobody lost.", id="tagline")
            yield Choices(
                Option(
                    _entry("New migration", "Answer step by step; nothing is changed before you approve it."), "new"
                ),
                Option(
                    _entry("Practice", "A tenant on this computer and invented users. No account needed."), "practice"
                ),
                Option(_entry("Open answers…", "Go on from an answers file."), "open"),
                id="choices",
                compact=True,
            )
        yield Keys(classes="-alone")

    async def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        begin(self, self._find, group="find")

    async def _find(self) -> None:
        """Look for runs beside the screen, as their journals may be long; the engine is imported on the way."""
        self._runs = await asyncio.to_thread(known_runs, self.wizard.runs)
        self._drafts = await asyncio.to_thread(lambda: self.wizard.drafts.all())
        choices = self.query_one(OptionList)
        if self._drafts:
            choices.add_option(Option(Content.styled("BEGUN", "bold $foreground-muted"), BEGUN, disabled=True))
        choices.add_options(Option(_draft_entry(draft), f"draft-{n}") for n, draft in enumerate(self._drafts))
        if self._runs:
            choices.add_option(Option(Content.styled("RUNS", "bold $foreground-muted"), disabled=True))
        choices.add_options(Option(run_entry(known), f"run-{n}") for n, known in enumerate(self._runs))
        await asyncio.to_thread(import_module, "screens.frame")  # so that the choice is answered at once
        spare_the_living("start")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_choose(event.option.id or "")

    def action_choose(self, choice: str) -> None:
        # The worker is the app's: this screen goes away while it is at work.
        begin(self.wizard, self._choose, choice, group="choose")

    async def _choose(self, choice: str) -> None:
        wizard, (kind, _, number) = self.wizard, choice.partition("-")
        match kind:
            case "new":
                await wizard.attempt(wizard.start_new())
            case "practice":
                await wizard.attempt(wizard.start_in_practice())
            case "open":
                from screens.widgets.dialogs import FilePicker

                file = await wizard.push_screen_wait(
                    FilePicker("Open an answers file", wizard.journey.base, kinds=(".toml",))
                )
                if file is not None:
                    await wizard.attempt(wizard.start_from(file))
            case "draft":
                await wizard.attempt(wizard.continue_draft(self._drafts[int(number)]))
            case "run":
                await wizard.attempt(wizard.resume(self._runs[int(number)].run))

    def action_move(self, by: int) -> None:
        """Tab goes where the arrows do: everything there is here is a line of the one list."""
        choices = self.query_one(OptionList)
        choices.focus()
        if by > 0:
            choices.action_cursor_down()
        else:
            choices.action_cursor_up()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Delete is there only where answers that were begun have the cursor: runs stay, as the record of what was done."""
        return self._draft is not None if action == "forget" else True

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self.refresh_bindings()

    @property
    def _draft(self) -> Draft | None:
        """The answers under the cursor."""
        choices = self.query(OptionList)
        here = choices.first().highlighted_option if choices else None
        kind, _, number = (here.id or "" if here else "").partition("-")
        return self._drafts[int(number)] if kind == "draft" else None

    def action_forget(self) -> None:
        begin(self, self._forget, group="forget")

    async def _forget(self) -> None:
        from screens.widgets.dialogs import Question

        draft, choices = self._draft, self.query_one(OptionList)
        if draft is None:
            return
        option = choices.highlighted_option
        text = "They were never carried out, so nothing in a tenant depends on them. They cannot be brought back."
        question = Question("Delete these answers?", text, [("delete", "Delete them"), ("keep", "Keep them")])
        if await self.app.push_screen_wait(question) == "delete" and option is not None:
            choices.remove_option(option.id or "")  # first, or it could be opened while it goes
            try:
                await asyncio.to_thread(draft.forget)
            except OSError as error:
                self.notify(
                    f"{draft.folder} cannot be deleted: {error.strerror}. Delete it by hand, or they are listed again next time.",
                    severity="error",
                    timeout=15,
                )
            if not any((other.id or "").startswith("draft-") for other in choices.options):
                choices.remove_option(BEGUN)
            choices.focus()

    def commands(self) -> Sequence[tuple[str, str, Callable[[], None]]]:
        """Name, words and action of what can be done here, for the command palette."""
        return (
            ("New migration", "Answer step by step", lambda: self.action_choose("new")),
            ("Practice", "A tenant on this computer and invented users", lambda: self.action_choose("practice")),
            ("Open answers", "Go on from an answers file", lambda: self.action_choose("open")),
            ("Help", "What the wizard does, and how to begin", self.action_help),
        )

    def action_help(self) -> None:
        from screens.help import help_for
        from screens.widgets.dialogs import Reading

        self.app.push_screen(Reading(help_for("start")))

    async def action_quit(self) -> None:
        await self.wizard.leave()


def known_runs(runs: Runs) -> Sequence[Known]:
    """The newest runs with where they stand."""
    from wizard.identity import facts_of, progress_of

    return [
        Known(run, progress_of(run), str((facts_of(run)["identity"] or {}).get("domain", "")), run.is_held)
        for run in runs.all()[:SHOWN]
    ]


def connections_of(runs: Runs) -> set[str]:
    """The connections that the runs are about."""
    from wizard.identity import facts_of

    return {str((facts_of(run)["identity"] or {}).get("connection", "")) for run in runs.all()}


def _entry(title: str, words: str) -> Content:
    return Content.assemble((f"{title}\n", "bold"), (f"{words}\n", "$foreground-muted"))


def run_entry(known: Known) -> Content:
    """A run in the list: where it goes, how far it has come, and its id."""
    now = known.progress
    words = {
        "complete": ("✓ complete", "$text-success"),
        "attention": ("! look again", "$text-warning"),
        "waiting": ("◌ waiting", "$text-warning"),
        "failed": ("◌ can go on", "$text-warning") if now.stopped else ("✗ failed", "$text-error"),
    }[now.verdict]
    if now.was_undone:
        words = ("◌ undone", "$text-warning")
    if known.held:
        words = ("▸ another process works on it", "$text-accent")
    at = f" · {now.step.replace('_', ' ')}" if now.step and not now.was_undone else ""
    in_auth0 = now.imported + now.already_there + now.migrated
    users = f"{in_auth0:,} of {counted(now.read, 'user')} in Auth0" if now.read else "no user read yet"
    return Content.assemble(
        (known.domain or "no tenant", "bold"), f" · {now.strategy or 'not begun'}{at} · ", words, "\n",
        (f"{users} · {_ago(known.run.worked_on)}\n{known.run.id}\n", "$foreground-muted"),
    )  # fmt: skip


def _draft_entry(draft: Draft) -> Content:
    from screens.guide import Journey
    from wizard.steps.tenant import TenantAnswers

    answers = draft.load()
    domain = answers[TenantAnswers].domain if answers.has(TenantAnswers) else "no tenant"
    journey = Journey(draft.base, answers=answers)
    title = next((stop.title for stop in journey.stops if stop.key == draft.here), draft.here)
    return Content.assemble(
        (domain, "bold"), f" · at {title}\n",
        (f"{len(answers)} of {len(journey.steps)} pages answered · {_ago(draft.when)}\n", "$foreground-muted"),
    )  # fmt: skip


def _ago(moment: float) -> str:
    passed = time.time() - moment
    if passed < 60:
        return "just now"
    if passed < 86_400 * 2:
        return f"{duration(passed)} ago"
    return time.strftime("%Y-%m-%d", time.localtime(moment))
