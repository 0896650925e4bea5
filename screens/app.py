"""The wizard as an app: how a migration is begun, opened, resumed, started, kept and left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from screens.garbage import let_go, spare_the_living
from screens.keeping import Keeping
from screens.obeyed import WITHOUT_OBEYED
from screens.start import StartScreen, connections_of, known_runs
from screens.starting import Starting
from screens.tasks import begin
from screens.widgets.too_small import TooSmall, is_too_small
from wizard.errors import Exit, WizardError

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.events import Resize
    from textual.filter import LineFilter
    from textual.geometry import Size
    from textual.notifications import SeverityLevel

    from screens.drafts import Draft
    from screens.frame import JourneyScreen
    from screens.guide import Journey
    from screens.practice import Practice
    from screens.work import Work
    from wizard.answers import Answers, Section
    from wizard.runner import Plan
    from wizard.runs import RunFolder, Runs
    from wizard.world import World


LOOKS_IF_TIME_EVERY = 15.0
"""Seconds between two thoughts about whether a waiting run should look again."""

LOOKS_FOR_TERMINAL_EVERY = 4.0
"""Seconds between two looks whether the terminal is still there."""

INTERRUPTED = "Interrupted; what was typed and done is kept.\nNext: Open the wizard again, it goes on from there."

WIDE = 112
"""Columns from which on what will happen stands beside the page."""


class WizardApp(Keeping):
    """Opens with the start screen; everything that outlives a page is here.

    Args:
        runs: The runs there are and are made.
        practice: Go to the practice tenant at once.
        open_practice: Opens the practice of a folder; tests bring one inside this process, None serves one from another.
        world: The edges of the engine; None for the real ones.
        base: Where relative paths of new answers start.
    """

    TITLE = "Auth0 Migration Wizard"
    CSS_PATH = "wizard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "Menu", priority=True),
        Binding("ctrl+z", "suspend_process", show=False),
    ]

    def __init__(
        self,
        *,
        runs: Runs,
        practice: bool = False,
        open_practice: Callable[[Path], Awaitable[Practice]] | None = None,
        world: World | None = None,
        base: Path | None = None,
    ) -> None:
        super().__init__(runs=runs, open_practice=open_practice, world=world, base=base)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.animation_level = "none"  # calm, and quick over slow lines too
        self.approved_hash = ""
        self._practice_first = practice
        self._starting: Starting | None = None
        self._ends = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the one for the words of others."""
        return [*super().get_line_filters(), WITHOUT_OBEYED]

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, made to outlive the terminal."""
        from screens.terminal import outliving

        return outliving(super().get_driver_class())

    @property
    def domain(self) -> str:
        """The tenant's domain as answered, or as typed so far."""
        return self._of_tenant("domain")

    @property
    def environment(self) -> str:
        """What the tenant is to the operator, by its word in the answers."""
        return self._of_tenant("environment")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell something for a moment, word for word: brackets of answers files are no markup, whoever says so."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def _of_tenant(self, key: str) -> str:
        from wizard.steps.tenant import TenantAnswers

        answers = self.journey.answers
        if answers.has(TenantAnswers):
            return str(getattr(answers[TenantAnswers], key))
        return str(self.journey.suggested.get("tenant", {}).get(key, ""))

    async def on_mount(self) -> None:
        self.screen_change_signal.subscribe(self, lambda _: self._look_at_size(self.size))
        self.set_interval(LOOKS_IF_TIME_EVERY, self._look_if_time)
        self.set_interval(LOOKS_FOR_TERMINAL_EVERY, self._end_without_terminal)
        begin(self, self._begin, group="begin")

    def on_resize(self, event: Resize) -> None:
        self._look_at_size(event.size)

    def _look_at_size(self, size: Size) -> None:
        """Lay a note over all screens while the terminal is too small for them; keys would be for what cannot be seen."""
        self.is_unseen = is_too_small(size)
        for screen in self.screen_stack:
            screen.set_class(self.is_unseen, "-unseen")
            notes = screen.query(TooSmall)
            if not self.is_unseen:
                notes.remove()
            elif notes:
                notes.first().tell(size)
            else:
                screen.mount(TooSmall(size))

    async def _begin(self) -> None:
        await self.push_screen(StartScreen())
        if self._practice_first:
            await self.attempt(self.start_in_practice())

    async def attempt(self, work: Awaitable[None]) -> None:
        """Open what was chosen at the start; shows what went wrong instead of ending with a traceback."""
        try:
            await work
        except WizardError as error:
            await self._end_starting()
            self.notify(str(error), title="That did not work", severity="error", timeout=15)

    # Beginning

    async def start_new(self) -> None:
        """A migration from nothing."""
        from screens.guide import Journey

        await self.leave_practice()
        await self._open_journey(Journey(self._base), None)

    async def start_in_practice(self) -> None:
        """A migration into the practice tenant, with answers to begin with."""
        await self._begin_starting()
        await asyncio.to_thread(import_module, "screens.guide")  # so that this is seen
        from screens.guide import Journey

        practice = await self.practiced()
        await self._open_journey(Journey(practice.folder, suggested=await self._suggested_in_practice()), None)
        known = await asyncio.to_thread(known_runs, self.runs)
        if any(one.domain == practice.domain and not (one.progress.ended or one.progress.taken_back) for one in known):
            self.notify("A run is not finished. Esc leads to the start, where it can go on.", timeout=10)

    async def _suggested_in_practice(self) -> dict[str, dict[str, Any]]:
        """Answers to begin a rehearsal with."""
        practice = await self.practiced()
        return practice.fresh(await asyncio.to_thread(connections_of, self.runs))

    async def practiced(self) -> Practice:
        """The practice tenant; while it is started, nothing else can be begun."""
        await self._begin_starting()
        return await super().practiced()

    async def _begin_starting(self) -> None:
        """Show that the practice tenant starts, unless it was started before."""
        if self._rehearsal is None and self._starting is None:
            self.hear_no_keys()
            self._starting = Starting()
            await self.push_screen(self._starting)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The menu has nothing to begin while the practice tenant starts."""
        if action == "command_palette" and self._starting is not None:
            return False
        return super().check_action(action, parameters)

    async def _end_starting(self) -> None:
        """Show again what there was before, if the practice tenant was started; keys count from now on."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        if self.screen is starting:
            await self.pop_screen()
        self.hear_keys()

    async def start_from(self, file: Path) -> None:
        """A migration from an answers file, as far as that is filled in."""
        from screens.answers_file import answers_in
        from screens.guide import Journey

        file = self._base / file
        answers = answers_in(file, self.world.environment)
        journey = Journey(file.parent, answers=answers, file=file)
        await self._with_practice_of(answers)
        self._try_logins_of_store(journey)
        await self._open_journey(journey, None)

    async def start_again(self) -> None:
        """Another run of the same answers: of what the legacy store holds now, whoever is in Auth0 already."""
        from screens.guide import Journey

        old = self.journey
        journey = Journey(old.base, suggested=old.suggested, answers=old.answers, file=old.file, own_file=old.own_file)
        journey.here = "review"
        await self._open_journey(journey, None)

    async def continue_draft(self, draft: Draft) -> None:
        """Answers that were begun and left."""
        from screens.guide import Journey

        answers = draft.load()
        await self.leave_practice()
        suggested = await self._suggested_in_practice() if draft.practice else {}
        suggested |= {table: dict(values) for table, values in draft.begun.items()}
        journey = Journey(draft.base, suggested=suggested, answers=answers)
        self._try_logins_of_store(journey)
        journey.touched = {stop.key for stop in journey.stops} & set(draft.touched)
        journey.here = draft.here if draft.here in {stop.key for stop in journey.stops} else "tenant"
        if not journey.may_go_to(journey.here):
            journey.here = journey.unanswered[0].key if journey.unanswered else "review"
        await self._open_journey(journey, draft)

    async def resume(self, run: RunFolder) -> None:
        """A run as it stands; it goes on when the operator says so."""
        from screens.guide import Journey
        from screens.work import Work
        from wizard.answers import load
        from wizard.identity import facts_of, origin_of, progress_of, require_unedited
        from wizard.steps import SECTIONS

        answers = load(run.answers, SECTIONS, environment={})
        require_unedited(run, answers, self.world.environment)
        await self._with_practice_of(answers)
        origin = origin_of(run)
        journey = Journey(Path(origin.base), answers=answers, file=Path(origin.file) if origin.file else None)
        work = Work()
        work.adopt(run, progress_of(run))
        facts = facts_of(run)
        if facts["approval"]:
            journey.approved = "before"
        self.approved_hash = str(facts["approved_hash"] or "")
        waits_at = work.progress.step if work.progress.waiting else ""
        if waits_at in {stop.key for stop in journey.stops}:
            journey.here = waits_at
        else:
            journey.here = "finish" if work.progress.ended else "run" if journey.approved else "review"
        await self._open_journey(journey, None, work)

    async def _with_practice_of(self, answers: Answers) -> None:
        from wizard.steps.tenant import TenantAnswers

        await self.leave_practice()
        if not answers.has(TenantAnswers) or answers[TenantAnswers].environment != "practice":
            return
        practice = await self.practiced()
        if answers[TenantAnswers].domain != practice.domain:  # a practice tenant that somebody else serves
            await self.leave_practice()

    async def _open_journey(self, journey: Journey, draft: Draft | None, work: Work | None = None) -> None:
        from screens.frame import JourneyScreen
        from screens.work import Work

        self.journey, self.work, self.draft = journey, work or Work(), draft
        self.begun_before = draft.begun if draft is not None else {}
        self.unmasked = False
        self.clear_notifications()  # what did not work at the start is over
        journey.progress = self.work.progress
        await self.serve_legacy_api()
        screen = JourneyScreen()
        if self._starting is None:
            await self._show_alone(screen)
            return
        with self.batch_update():  # nothing of the start in between
            await self.pop_screen()
            await self._show_alone(screen)
        await self._end_starting()

    async def _show_alone(self, screen: JourneyScreen) -> None:
        if len(self.screen_stack) > 1:
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    async def go_to_start(self) -> None:
        """Back to the list of runs; a run that is under way has to be stopped first."""
        if self.is_busy:
            self.notify("The run is under way; pause it first.", severity="warning")
            return
        await self.switch_screen(StartScreen())
        let_go()

    # The run

    async def approve(self, plan: Plan) -> None:
        """Start the run of exactly this plan and show it."""
        from screens.frame import JourneyScreen

        self.clear_notifications()  # such as how to approve
        await self.serve_legacy_api()
        # Later plans of a run are what is left to do, which no other run can be held to.
        self.approved_hash = plan.hash if self.work.run is None else ""
        self.journey.approve(plan.hash)
        self.start_work(plan.hash)
        if isinstance(self.screen, JourneyScreen):
            await self.screen.go("run")

    def start_work(self, approved: str | None) -> None:
        """Begin the run, or go on with it; None goes on with what was approved before."""
        from screens.answers_file import holds

        journey = self.journey
        if approved is None and journey.approved not in ("", "before"):
            approved = journey.approved
        spare_the_living("run")
        file = journey.file  # an edit of it is told when the run is resumed, so it has to say the same now
        if file is not None and not holds(file, journey.answers, file.parent):
            file = None
        self.work.start(journey.answers, journey.base, world=self.world, runs=self.runs, approved=approved, file=file)
        if self.draft is not None:
            self.draft.forget()
            self.draft = None

    def tried_logins_follow(self, store: str) -> None:
        """In a rehearsal, have the logins tried of accounts in the store that was chosen."""
        from screens.form import Form

        self._try_logins_of_store(self.journey, store)
        table = self.journey.given("verify")
        for form in self.screen.query("#verify Form").results(Form):
            form.put({"canaries": table.get("canaries", ())})

    def _try_logins_of_store(self, journey: Journey, store: str | None = None) -> None:
        """The same before its pages are open; the store is that of the answers, if they have one and no other is given."""
        from wizard.answers.section import validated
        from wizard.legacy.answers import SourceAnswers
        from wizard.steps.verify import VerifyAnswers

        if store is None and journey.answers.has(SourceAnswers):
            store = journey.answers[SourceAnswers].path
        if self.practice is None or store is None:
            return
        table = self.practice.verify_for(store, journey.given("verify"))
        journey.suggested = {**journey.suggested, "verify": table}
        if journey.answers.has(VerifyAnswers):
            journey.give("verify", validated(VerifyAnswers, table))

    async def decide(self, section: Section) -> None:
        """Give an answer that a waiting run asks for, let it go on, and show it."""
        from screens.frame import JourneyScreen

        self.journey.decide(section)
        self.start_work(None)
        if isinstance(self.screen, JourneyScreen):
            await self.screen.go("run")

    def _look_if_time(self) -> None:
        """A run that waits for the world looks at it now and then, whichever page is open."""
        if self._work is not None and self._work.should_look:
            self.start_work(None)

    def verify_again(self) -> None:
        """Gather the evidence of an ended run anew."""
        self.work.verify(self.journey.answers, self.journey.base, world=self.world)

    # Leaving

    async def leave(self) -> None:
        """Quit: at once when nothing is under way and nothing would be lost, otherwise at a safe instant."""
        if self.is_busy:
            from screens.widgets.dialogs import Question

            answer = await self.push_screen_wait(
                Question(
                    "The run is under way",
                    "Stopping is safe: what is done is kept, and the run goes on from there when it is resumed. "
                    "Import jobs that Auth0 has accepted go on there.",
                    [("stop", "Stop and quit"), ("stay", "Stay")],
                )
            )
            if answer != "stop":
                return
            self.notify("Stopping at a safe instant…")
        elif self.frame is not None and not await self.frame.may_be_left():
            return
        await self._end()

    def _end_without_terminal(self) -> None:
        """End as if the operator had chosen to stop and quit, when nobody can choose any more."""
        from screens.terminal import is_gone

        if is_gone() and not self._ends:
            self._ends = True
            begin(self, self._end, Exit.INTERRUPTED, group="leave")

    def end_as_asked(self) -> None:
        """End as if the operator had chosen to stop and quit; asked once more, without waiting for a safe instant."""
        if self._ends:
            self.exit(return_code=Exit.INTERRUPTED)
            return
        self._ends = True
        begin(self, self._end, Exit.INTERRUPTED, group="leave")

    async def _end(self, status: Exit = Exit.DONE) -> None:
        """Keep what is on the pages, stop the run at a safe instant, and end; tell it where nobody at the keys has asked for it."""
        from screens.terminal import is_gone

        self.keep_draft()
        await self.close_down()
        tells = status == Exit.INTERRUPTED and not is_gone()
        self.exit(return_code=status, message=INTERRUPTED if tells else None)

    async def action_quit(self) -> None:
        """Textual's own key for leaving goes before those of a screen."""
        begin(self, self.leave, group="leave")

    def action_help_quit(self) -> None:
        """Ctrl+C does not quit, on no page; Textual tells the key only where it is bound to an action of its own, and in markup."""
        self.notify("Ctrl+Q quits; runs and answers are kept.")

    async def on_unmount(self) -> None:
        await self.close_down(2.0)

    def _fatal_error(self) -> None:
        """Tell a programming error without the values of variables, which may be secrets or users."""
        from rich.traceback import Traceback

        self.bell()
        self._exit_renderables.append(Traceback(show_locals=False, width=100))
        self._close_messages_no_wait()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the open page, then those of the app."""
        from screens.frame import JourneyScreen

        if isinstance(screen, JourneyScreen):
            yield from self._journey_commands(screen)
        elif isinstance(screen, StartScreen):
            yield from (SystemCommand(*one) for one in screen.commands())
        yield SystemCommand("Theme", "Choose another theme, light or dark", self.action_change_theme)
        yield SystemCommand("Quit", "Leave; runs and answers are kept", lambda: begin(self, self.leave, group="leave"))

    def _journey_commands(self, screen: JourneyScreen) -> Iterable[SystemCommand]:
        yield SystemCommand("Next", "Take this answer and go on", screen.action_next)
        yield SystemCommand("Back", "Go to the step before", screen.action_back)
        yield SystemCommand("To the start", "The list of runs; runs and answers are kept", screen.action_start)
        yield SystemCommand("Help", "What this step does and why", screen.action_help)
        yield SystemCommand("What will happen", "The changes this answer leads to", screen.action_outlook)
        yield SystemCommand("Save answers", "Write the answers to a file", screen.action_save)
        yield SystemCommand("Copy", "Copy the id, error or command of this page", screen.action_copy)
        for stop in self.journey.stops:
            if self.journey.may_go_to(stop.key):
                yield SystemCommand(
                    f"Go to {stop.title}",
                    f"The step {stop.title}",
                    partial(begin, screen, screen.go, stop.key, group="move"),
                )
        for name, words, action in screen.page.commands():
            yield SystemCommand(name, words, action)
