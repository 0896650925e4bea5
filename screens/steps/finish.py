"""The end: the verdict, the report, how to repeat it without the wizard, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Label, Static

from screens.answers_file import holds
from screens.steps.base import StepView, unseen
from screens.steps.results import picture
from screens.tasks import begin
from screens.widgets.hanging import Hanging
from wizard.fates import UNACCOUNTED, WORDS
from wizard.progress import Progress
from wizard.step import Change

VERDICTS = {
    "complete": ("✓ Complete", "$text-success", "Every user is in Auth0, or has a reason that you decided about."),
    "attention": ("! Look again", "$text-warning", "The run ended."),
    "waiting": ("◌ Waiting", "$text-warning", "The run goes on when something outside has happened."),
    "failed": ("✗ Not finished", "$text-error", "The run stopped half-way; everything done is kept."),
}

UNDONE = ("◌ Undone", "$text-warning", "What this run had changed was put back, as far as it could be.")
HALF_WAY = ("◌ Undone half-way", "$text-warning", "The undo was stopped. The same command in a shell goes on with it.")
UNSAVED = "Save the answers (Ctrl+S). The command then stands here, and names their file."
UNSAVED_PRACTICE = (
    "A rehearsal is repeated in the wizard alone. Save its answers for your own tenant (Ctrl+S): the command for that then "
    "stands here."
)
NO_UNDO = "After a rehearsal there is nothing to put back. After a real run the command for it, auth0-migrate undo, stands here."
LAST = "This is the last page. Ctrl+S saves the answers, F10 leads to the start."
TO_FILL_IN = "Fill in first what the rehearsal has left out:"


def to_look_at(now: Progress) -> str:
    """Why a run that has ended needs a look."""
    unplaced = now.read - now.users_done
    kinds = (
        (now.rejected, "rejected"),
        (now.taken, WORDS["taken"]),
        (now.missing, "missing"),
        (now.different, "different"),
    )
    more = ((unplaced, UNACCOUNTED), (now.factors_unknown, "perhaps without their second factors"))
    named = [f"{users:,} {kind}" for users, kind in (*kinds, *more) if users > 0]
    return f"Users to look at: {', '.join(named)}." if named else "Not every check holds; Results says which."


class FinishView(StepView):
    """Words to act on; each command and path can be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "again", "Run again"), Binding("f10", "start", "Start")]
    next_label = "Save answers"
    is_wide = True

    def content(self) -> ComposeResult:
        yield Static("", id="verdict", classes="block")
        yield Static("", id="account", classes="block")
        yield Label("Repeat it without the wizard", classes="head")
        yield Static("", id="command", classes="block", markup=False)
        yield Label("What to do next", classes="head")
        yield Hanging("", id="next-steps", classes="block")
        with Horizontal(classes="row"):
            yield unseen(Button("Copy the command", id="copy-command", compact=True))
            yield unseen(Button("Run again", id="run-again", compact=True))
            yield Button("Start screen", id="to-start", compact=True)

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._file: Path | None = None

    async def shown(self) -> None:
        self.saved()

    def saved(self) -> None:
        """Find out whether there is a file that the command can name."""
        journey = self.wizard.journey
        if self.wizard.practice is not None:
            self._file = journey.own_file if journey.own_file is not None and journey.own_file.is_file() else None
        else:
            self._file = journey.file if holds(journey.file, journey.answers, journey.base) else None
        self.query_one("#copy-command").display = self._file is not None
        self.query_one("#run-again").display = self.wizard.may_run_again
        self.refresh_work()

    def refresh_work(self) -> None:
        now = self.wizard.work.progress
        title, style, words = (UNDONE if now.taken_back else HALF_WAY) if now.was_undone else VERDICTS[now.verdict]
        if now.verdict == "attention" and not now.was_undone:
            words = f"{words} {to_look_at(now)}"
        self.query_one("#verdict", Static).update(Content.assemble((title, f"bold {style}"), f"\n{words}"))
        width = max(10, self.query_one("#account").size.width - 40)
        self.query_one("#account", Static).update(picture(now, width))
        self.query_one("#command", Static).update(self._told)
        self.query_one("#next-steps", Static).update(self._next_steps())

    @property
    def command(self) -> str:
        """The exact command that repeats this run, or after a rehearsal begins the real one; "" while there is no file."""
        wizard = self.wizard
        if self._file is None:
            return ""
        if wizard.practice is not None:
            return wizard.runs.command("apply", str(self._file))
        blindly = () if wizard.environment == "production" else ("--yes",)  # without either, it shows the plan and asks
        approve = ("--approve", wizard.approved_hash) if wizard.approved_hash else blindly
        return wizard.runs.command("apply", str(self._file), *approve)

    @property
    def _told(self) -> str:
        """The command with what there is to know about it."""
        practice = self.wizard.practice is not None
        if self._file is None:
            return UNSAVED_PRACTICE if practice else UNSAVED
        if not practice:
            return self.command
        return f"{self.command}\n\n{TO_FILL_IN}\nauth0-migrate answers check {shlex.quote(str(self._file))}"

    def _next_steps(self) -> Content:
        wizard = self.wizard
        now, run = wizard.work.progress, wizard.work.run
        lines = []
        if run is not None and run.report.is_file():
            lines.append(f"Hand over the report: {run.report}")
        if now.rejected or now.missing or now.different:
            again = (
                " Then run again (F9): who is in Auth0 already is not imported twice."
                if self.wizard.may_run_again
                else ""
            )
            lines.append(f"Look at the users on the page Results, and mend them in the legacy store.{again}")
        if wizard.practice is not None:
            lines.append("This was practice. For the real tenant open what was saved for it, or start a new migration.")
            lines.append(NO_UNDO)
        else:
            lines.append("Let a few people log in, and watch Monitoring > Logs in the Dashboard.")
        if wizard.undo_command:
            lines.append(f"To put back what this run has changed instead: {wizard.undo_command}")
        if run is not None:
            lines.append(f"When all is well, delete the files of users: {run.command('runs', '--purge', run.id)}")
        return Content("\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.wizard.may_run_again if action == "again" else True

    @on(Button.Pressed, "#run-again")
    def _again(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_again()

    def action_again(self) -> None:
        begin(self.wizard, self.wizard.start_again, group="begin")

    @on(Button.Pressed, "#copy-command")
    def _copy(self, event: Button.Pressed) -> None:
        event.stop()
        self.app.copy_to_clipboard(self.command)
        self.app.notify("Copied the command.")

    @on(Button.Pressed, "#to-start")
    def _to_start(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_start()

    def action_start(self) -> None:
        begin(self.wizard, self.wizard.go_to_start, group="begin")

    @on(Button.Pressed, "#next")
    def _save(self, event: Button.Pressed) -> None:
        event.stop()
        event.prevent_default()  # which is to go on
        begin(self.wizard, self.wizard.save_answers, group="save")

    def may_leave(self) -> bool:
        """Nothing comes after the last page."""
        self.app.notify(LAST)
        return False

    def says(self, changes: list[Change] | None) -> str | None:
        return "Nothing is changed here."

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        words = "Another run of these answers, of what the legacy store holds now"
        again = (("Run again", words, self.action_again),) if self.wizard.may_run_again else ()
        return (*again, *self.wizard.undo_commands())

    def copied(self) -> str:
        return self.command
