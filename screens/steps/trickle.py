"""The automatic phase: before the run when it ends, during the run how far it is and what is foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Label, Static

from screens.form import Form
from screens.steps.base import FormView, unseen
from screens.tasks import begin
from screens.widgets.curve import curve
from screens.widgets.dialogs import Question
from screens.widgets.draw import bar
from screens.widgets.hanging import Hanging
from screens.work import LOOKS_EVERY, Work
from wizard.counts import counted
from wizard.durations import duration
from wizard.errors import WizardError
from wizard.progress import Progress
from wizard.step import Change
from wizard.steps.trickle import TrickleAnswers, outlook
from wizard.strategy.forecast import forecast

HEIGHTS = (5, 9)
"""Rows of the chart on a narrow and on a wide screen."""

DAYS = 7.0
"""How many days a key lets pass in a rehearsal."""

LEGEND = (("█ moved", "$text-primary"), ("  ▒ expected", "$text-secondary"), ("  ░ possible", "$foreground-muted"))


class TrickleView(FormView):
    """A form; while the run waits also a curve, figures, and what can be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "look", "Look"),
        Binding("f6", "end", "Go on"),
        Binding("f8", "days", "A week"),
    ]
    without = ("go_on",)
    lead = "Users move by themselves, each at the next login. The run waits and looks now and then."

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._shown = ""
        self._living = False

    def content(self) -> ComposeResult:
        yield Hanging("", id="phase")
        with unseen(Horizontal(id="phase-keys", classes="row")):
            yield Button("Let a week pass", id="days", compact=True)
            yield Button("Look again", id="look", compact=True)
            yield Button("Go on now…", id="end", compact=True)
        yield Static("", id="passed", classes="block")
        yield Static("", id="curve")
        yield Static("", id="moved", classes="block")
        yield Label("When the run goes on", classes="head")
        yield Form(TrickleAnswers, self.wizard.journey.given("trickle"), without=self.without)

    async def shown(self) -> None:
        self._shown = ""
        self.refresh_work()

    @property
    def _is_open(self) -> bool:
        """Whether the run is in this phase and can be told to go on."""
        work = self.wizard.work
        return not work.is_busy and not self._living and is_automatic(work.progress)

    @property
    def _rehearses(self) -> bool:
        practice = self.wizard.practice
        return practice is not None and practice.life is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that do something are in the footer."""
        if action in ("look", "end"):
            return self._is_open
        if action == "days":
            return self._is_open and self._rehearses
        return True

    def refresh_work(self) -> None:
        work, now = self.wizard.work, self.wizard.work.progress
        begun = bool(now.looks)
        width = max(30, self.query_one("#phase").size.width - 1)
        wanted = self._wanted
        parts = {
            "phase": headline(work, width) if begun else NOT_BEGUN,
            "curve": chart(now, wanted, width, HEIGHTS[self.app.size.width >= 112]) if begun else Content(""),
            "moved": figures(now, wanted, rehearses=self._rehearses) if begun else Content(""),
        }
        key = "".join(part.plain for part in parts.values()) + str((self._is_open, self._living, width))
        if key == self._shown:
            return
        self._shown = key
        for name, words in parts.items():
            self.query_one(f"#{name}", Static).update(words)
        for name in ("curve", "moved"):
            self.query_one(f"#{name}").display = begun
        self.query_one("#phase-keys").display = is_automatic(now)
        self.query_one("#days").display = self._rehearses
        self.query_one("#passed").display = bool(str(self.query_one("#passed", Static).content))
        self.refresh_bindings()

    @property
    def _wanted(self) -> TrickleAnswers:
        section = self.form.draft()
        return section if isinstance(section, TrickleAnswers) else TrickleAnswers()

    def focus_first(self) -> None:
        self.refresh_work()  # the keys are there only while it waits
        if is_automatic(self.wizard.work.progress):
            self.query_one("#days" if self._rehearses else "#look", Button).focus(scroll_visible=False)
        else:
            super().focus_first()

    @on(Button.Pressed, "#look")
    @on(Button.Pressed, "#end")
    @on(Button.Pressed, "#days")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        {"look": self.action_look, "end": self.action_end, "days": self.action_days}[str(event.button.id)]()

    def action_look(self) -> None:
        """Count now who has moved, with what the form says."""
        if not self._is_open:
            return
        section = self.form.draft()
        if section is not None:
            self.wizard.journey.decide(section)
        self.wizard.start_work(None)

    def action_end(self) -> None:
        if self._is_open:
            begin(self, self._end, group="end")

    async def _end(self) -> None:
        now = self.wizard.work.progress
        left = now.looks[-1].users - now.looks[-1].migrated if now.looks else 0
        still = f"{counted(left, 'user')} {'has' if left == 1 else 'have'} not moved" if left else "Everybody has moved"
        if self.wizard.journey.strategy == "two-phase":
            then = f"Whoever can be imported now is, in bulk. {self._of_passwords}"
        else:
            then = "Nobody is imported: who has not logged in by the cutover cannot log in after it."
        question = Question("End the automatic phase?", f"{still}. {then} The phase does not begin again.", CHOICES)
        if await self.app.push_screen_wait(question) == "go":
            wanted = self._wanted
            await self.wizard.decide(TrickleAnswers.model_validate({**wanted.model_dump(), "go_on": True}))

    @property
    def _of_passwords(self) -> str:
        """What becomes of those whose password does not travel, as it was decided."""
        from wizard.passwords.answers import PasswordsAnswers

        answers = self.wizard.journey.answers
        decided = answers[PasswordsAnswers].unsupported if answers.has(PasswordsAnswers) else "reject"
        if decided == "reject":
            return "Whose hash Auth0 does not take stays behind, as was decided on the page Passwords."
        return "Whose hash Auth0 does not take has to reset the password."

    def action_days(self) -> None:
        begin(self, self._days, group="days")

    async def _days(self) -> None:
        """In a rehearsal: let people live for some days, then look."""
        practice = self.wizard.practice
        if practice is None or practice.life is None or not self._is_open:
            return
        place = self.query_one("#passed", Static)
        self._living = self.wizard.work.is_held = True
        self.trouble(None)
        self.refresh_work()
        place.update(Content.styled("A week passes: people log in… a minute or so", "$text-accent"))
        place.display = True
        try:
            await self.wizard.serve_legacy_api()
            lived = await practice.life.live(DAYS)
        except WizardError as error:
            place.update("")
            self.trouble(error)
            return
        finally:
            self._living = self.wizard.work.is_held = False
            if self.is_attached:
                self.refresh_work()
        place.update(Content.assemble(("A week passed: ", "bold"), str(lived), "."))
        self.action_look()

    def says(self, changes: list[Change] | None) -> str | None:
        if not self.wizard.work.progress.looks:
            return None
        run = self.wizard.work.run
        kept = (
            "Nothing is changed here: people move by logging in.\n\nYou may close the wizard for days; the run is kept and "
            "goes on from here."
        )
        if self.wizard.work.progress.ended:
            return "Nothing is changed here: people move by logging in."
        if self.wizard.practice is not None:
            return kept
        return (
            f"{kept}\n\nThe same from a shell, once a day:\n"
            f"{self.wizard.runs.command('resume', run.id if run else 'latest')}\n"
            "It ends with status 6 while it waits; --go-on ends the phase."
        )

    def copied(self) -> str:
        run = self.wizard.work.run
        return super().copied() or (run.command("resume", run.id, "--go-on") if run else "")

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        if not self._is_open:
            return ()
        found: list[tuple[str, str, Any]] = [
            ("Look again", "Count who has moved", self.action_look),
            ("Go on now", "End the automatic phase", self.action_end),
        ]
        if self._rehearses:
            found.append(("Let a week pass", "People of the practice store log in for a week", self.action_days))
        return found


CHOICES = [("go", "End it and go on"), ("stay", "Wait longer")]
NOT_BEGUN = Content.assemble(
    ("· ", "$foreground-muted"),
    "It begins once the run has set everything up. Decide when it should end; you can change your mind at any time.",
)


def is_automatic(now: Progress) -> bool:
    """Whether the run is in its automatic phase."""
    return bool(now.looks) and not now.looks[-1].due and not now.ended


def headline(work: Work, width: int) -> Content:
    """How far it is, and whether it waits, is looking, or is over."""
    now = work.progress
    last = now.looks[-1]
    share = last.migrated / last.users if last.users else 1.0
    words = f" {share:4.0%}"
    if last.due:
        state: tuple[str, str] = ("✓ over", "$text-success")
    elif work.is_busy:
        state = ("▸ looking…", "$text-accent")
    elif work.phase == "failed":
        state = ("✗ the last look failed", "$text-error")
    else:
        state = ("◌ waiting", "$text-warning")
    moved = "had moved at login by its end" if last.due else "have moved at login"
    return Content.assemble(
        state, f"  {last.migrated:,} of {counted(last.users, 'user')} {moved}\n",
        (bar(share, max(10, width - len(words))), "$text-primary"), (words, "bold"),
    )  # fmt: skip


def chart(now: Progress, wanted: TrickleAnswers, width: int, height: int) -> Content:
    """The curve with its legend."""
    looks = [(look.at, look.migrated) for look in now.looks]
    users = now.looks[-1].users
    goal = wanted.share / 100 if wanted.until == "share" else None
    foreseen = forecast(looks, users) if not now.looks[-1].due else None
    legend = LEGEND if foreseen else LEGEND[:1]
    drawn = curve(looks, users, foreseen, width=width, height=height, goal=goal)
    goal_words = [("  ╌ goes on here", "$text-warning")] if goal is not None else []
    return Content.assemble(drawn, "\n", *legend, *goal_words)


def figures(now: Progress, wanted: TrickleAnswers, *, rehearses: bool = False) -> Content:
    """Who is left, what the legacy API has marked, what is foreseen, when it goes on.

    Args:
        rehearses: Whether all times are the practice tenant's, whose clock is not the operator's.
    """
    last = now.looks[-1]
    looks = [(look.at, look.migrated) for look in now.looks]
    until = {
        "hand": "when you say so",
        "share": f"when {wanted.share:g} % have moved",
        "date": f"on {wanted.date}",
    }[wanted.until]
    marked = "the legacy API cannot be asked" if last.marked is None else f"{last.marked:,} marked in the legacy API"
    left = f"{last.users - last.migrated:,}"
    if last.due:
        moment = f"{datetime.fromtimestamp(last.at, UTC):%d %b %H:%M} UTC"
        then = f"{left} who had not logged in by then; the page Results has where everybody is"
        lines = [("ended", f"{moment}{', practice time' if rehearses else ''}"), ("left", then)]
    else:
        lines = [("left", f"{left} who have not logged in since"), ("marks", marked)]
    if told := outlook(looks, last.users, wanted):
        lines.append(("forecast", told))
    elif not last.due:
        lines.append(("forecast", "after a few looks on different days"))
    if not last.due:
        lines.append(("goes on", until))
        moment = f"{datetime.fromtimestamp(last.at, UTC):%d %b %H:%M} UTC"
        again = f", again every {duration(LOOKS_EVERY)}"
        lines.append(("last look", f"{moment}{', practice time' if rehearses else again}"))
    if rehearses:
        lines.append(("dates", "practice time, ahead of yours"))
    return Content.assemble(
        *(part for name, words in lines for part in ((f"{name:<11}", "$foreground-muted"), f"{words}\n"))
    )
