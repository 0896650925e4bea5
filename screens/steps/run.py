"""The run: how far it is, what the two job slots do, what the rate limit allows, what went wrong and what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, RichLog, Static, TabPane

from screens.faults import Fault, faults_of, users_of
from screens.steps.base import StepView
from screens.steps.run_figures import (
    FILE_COLUMNS,
    about,
    aligned,
    charts,
    headline,
    keeps_height,
    overall,
    pace,
    row_of,
    slots,
)
from screens.tasks import begin
from screens.widgets.dialogs import Listing
from screens.widgets.grown import Table
from screens.widgets.tabbed import Tabbed
from screens.work import Work
from wizard.clock import FastClock
from wizard.counts import counted
from wizard.progress import Progress
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.runs import RunFolder

ROWS_A_TICK = 40
"""Rows of the files table that one refresh may change, so that no key waits for it."""

BESIDE = 12
"""Columns of the table of errors that are not for its words."""


class RunView(StepView):
    """Draws `Progress`; only texts that differ from what is on the screen are drawn again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f7", "pause", "Pause"),
        Binding("f7", "resume", "Resume"),
        Binding("f7", "look", "Look"),
        Binding("f8", "stop", "Stop"),
    ]
    lead = ""
    next_label = "Next"
    trouble_first = True

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._shown: dict[str, str] = {}
        self._rows: dict[str, tuple[str, ...]] = {}
        self._logged = 0
        self._drawn_for = 0
        self._work: Work | None = None
        self._phase = ""
        self._faults: Sequence[Fault] = ()
        self._faults_for: tuple[object, ...] = ()

    def content(self) -> ComposeResult:
        yield Static("", id="state")
        yield Static("", id="bar")
        yield Static("", id="speed")
        yield Static("", id="slots", classes="block")
        yield Static("", id="charts")
        with Tabbed(id="details"):
            with TabPane("Files", id="files-tab"):
                yield Static("", id="file", classes="hint")
                yield Table(id="files", cursor_type="row", cell_padding=0)
            with TabPane("Log", id="log-tab"):
                yield RichLog(id="log", wrap=True, min_width=1, markup=False, highlight=False)
            with TabPane("Errors", id="errors-tab"):
                yield Static("No user was rejected so far.", id="no-errors")
                yield Table(id="errors", cursor_type="row")

    def on_mount(self) -> None:
        files = self.query_one("#files", DataTable)
        for (name, width), words in zip(FILE_COLUMNS, aligned([name for name, _ in FILE_COLUMNS]), strict=True):
            files.add_column(words, key=name, width=width)

    async def shown(self) -> None:
        self.refresh_work()
        await self._find_faults()

    def focus_first(self) -> None:
        self.query_one("#details Tabs").focus(scroll_visible=False)

    def refresh_work(self) -> None:
        work = self.wizard.work
        if work is not self._work:
            self._work, self._logged = work, 0
            self._rows.clear()
            self.query_one("#files", DataTable).clear()
            self.query_one("#log", RichLog).clear()
        speed = self._speed
        wide = max(20, self.query_one("#bar").size.width - 1)
        self._fit(wide)
        self._put("state", headline(work, self._opens))
        self._put("bar", overall(work.progress, wide))
        self._put("speed", pace(work, speed))
        self._put("slots", slots(work, speed, wide))
        self._put("charts", charts(work, wide))
        self._draw_files(work.progress)
        self._tell_file()
        self._draw_log(work)
        if work.error is not None:
            self.trouble(work.error)
        elif work.is_busy:
            self.trouble(None)
        if work.phase != self._phase:
            self._phase = work.phase
            self.refresh_bindings()
        if (known := _known_faults(work)) != self._faults_for:
            self._faults_for = known
            begin(self, self._find_faults, group="faults")

    @property
    def _speed(self) -> float:
        """How fast the run's clock is; all that this page tells is in seconds of the operator's."""
        clock = self.wizard.world.clock
        return clock.speed if isinstance(clock, FastClock) else 1.0

    def _put(self, name: str, words: Content) -> None:
        before, now = self._shown.get(name), words.plain
        if before != now:
            self._shown[name] = now
            place = self.query_one(f"#{name}", Static)
            place.update(words, layout=before is None or not keeps_height(before, now, place.content_size.width))

    def _draw_files(self, now: Progress) -> None:
        table = self.query_one("#files", DataTable)
        left = ROWS_A_TICK
        for job, tally in now.jobs.items():
            cells = row_of(tally, self._speed)
            before = self._rows.get(job)
            if cells == before:
                continue
            if before is None:
                table.add_row(*cells, key=job)
            else:
                columns = list(table.columns)
                for column, old, new in zip(columns, before, cells, strict=True):
                    if old != new:
                        table.update_cell(job, column, new)
            self._rows[job] = cells
            left -= 1
            if not left:
                return

    @on(DataTable.RowHighlighted, "#files")
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._tell_file()

    def _tell_file(self) -> None:
        """Say of the file under the cursor what the table has no room for."""
        files = self.query_one("#files", DataTable)
        job = list(self._rows)[files.cursor_row] if files.cursor_row < len(self._rows) else ""
        tally = self.wizard.work.progress.jobs.get(job)
        self._put("file", Content(about(tally, self._speed) if tally else ""))

    def _fit(self, width: int) -> None:
        """Break what is broken into lines anew where the page has another width."""
        if width != self._drawn_for:
            self._drawn_for, self._logged = width, 0
            self.query_one("#log", RichLog).clear()
            self._draw_faults()

    def _draw_log(self, work: Work) -> None:
        new = min(work.logged - self._logged, len(work.log))
        if new <= 0:
            return
        self._logged = work.logged
        log = self.query_one("#log", RichLog)
        for at, line in list(work.log)[-new:]:
            log.write(f"{time.strftime('%H:%M:%S', time.localtime(at))} {line.strip()}")

    async def _find_faults(self) -> None:
        """Why users are not in Auth0, from what the run has written down."""
        run = self.wizard.work.run
        self._faults = await asyncio.to_thread(faults_of, run) if run is not None else ()
        if self.query("#errors"):  # the page may be closed while the journal is read
            self._draw_faults()

    def _draw_faults(self) -> None:
        """Every reason with what to do, as many lines as that takes."""
        table = self.query_one("#errors", DataTable)
        table.clear(columns=True)
        table.add_column("users", width=6)
        table.add_column("reason, and what to do", width=max(20, self._drawn_for - BESIDE))
        for fault in self._faults:
            table.add_row(f"{fault.users:,}", f"{fault.code}\n{fault.remedy}", key=fault.key, height=None)
        table.display = bool(self._faults)
        self.query_one("#no-errors").display = not self._faults

    @on(DataTable.RowSelected, "#errors")
    def _drill(self, event: DataTable.RowSelected) -> None:
        event.stop()
        begin(self, self._list_users, str(event.row_key.value), group="drill")

    async def _list_users(self, key: str) -> None:
        run = self.wizard.work.run
        fault = next((one for one in self._faults if one.key == key), None)
        if run is None or fault is None:
            return
        users = await asyncio.to_thread(users_of, run, fault)
        self.app.push_screen(
            Listing(f"{fault.code}: {counted(fault.users, 'user')}", ("user_id", "where", "why"), users, fault.remedy)
        )

    @property
    def _opens(self) -> str:
        """Title of the page that a run which waits waits at; "" where that is none."""
        step = self.wizard.work.progress.step
        return next((stop.title for stop in self.wizard.journey.stops if stop.key == step), "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that do something now are there."""
        phase = self.wizard.work.phase
        may = {
            "pause": phase in ("starting", "running"),
            "stop": phase in ("starting", "running"),
            "resume": phase in ("paused", "failed"),
            "look": phase == "waiting",
        }
        return may.get(action, True)

    def action_pause(self) -> None:
        self.wizard.work.pause()
        self.app.notify("Pausing: what is under way is finished, nothing more is sent.")

    def action_resume(self) -> None:
        self.wizard.start_work(None)

    def action_look(self) -> None:
        self.wizard.start_work(None)

    def action_stop(self) -> None:
        self.wizard.work.pause()
        self.app.notify(
            "Stopping at the next safe instant. The run can go on at any time, from here or from the start."
        )

    def may_leave(self) -> bool:
        now = self.wizard.work.progress
        if not now.ended and self.wizard.work.phase == "waiting":
            return self._at_what_waits(now.step)
        if not now.ended:
            resumes = " F7 resumes it." if self.check_action("resume", ()) else ""
            self.app.notify(f"What comes next is there when the run has ended.{resumes}")
            return False
        return True

    def _at_what_waits(self, key: str) -> bool:
        """Go on only to the page that the run waits for; true when that comes next anyway."""
        from screens.frame import JourneyScreen

        stops = {stop.key for stop in self.wizard.journey.stops}
        if self.wizard.journey.beside(self.stop.key, 1) == key or key not in stops:
            return True
        if isinstance(self.screen, JourneyScreen):
            begin(self.screen, self.screen.go, key, group="waits")
        return False

    def says(self, changes: list[Change] | None) -> str | None:
        run = self.wizard.work.run
        name = run.id if run else "none yet"
        return (
            f"Run {name}\n\nThe run goes on whichever page is open. Closing the wizard stops it at a safe instant; it goes "
            f"on from there.\n\nF7 pauses and resumes, F8 stops; while the run waits, F7 looks again.{self.from_a_shell(run)}"
        )

    def from_a_shell(self, run: RunFolder | None) -> str:
        """How to do the same without the wizard; its practice tenant lives no longer than it does."""
        if self.wizard.practice is not None:
            return ""
        words = f"\n\nThe same from a shell:\n{self.wizard.runs.command('resume', run.id if run else 'latest')}"
        undo = self.wizard.undo_command
        return words + (f"\n\nWhen it rests, what it has changed is put back by:\n{undo}" if undo else "")

    def copied(self) -> str:
        files = self.query_one("#files", DataTable)
        if files.has_focus and files.row_count:
            return str(list(self._rows)[files.cursor_row])
        run = self.wizard.work.run
        return super().copied() or (run.command("resume", run.id) if run else "")

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        every: Sequence[tuple[str, str, str]] = (
            ("pause", "Pause", "Finish what is under way and send nothing more"),
            ("resume", "Resume", "Go on with the run"),
            ("look", "Look again", "See whether the run can go on"),
            ("stop", "Stop", "Stop the run at a safe instant; it can go on later"),
        )
        now = [
            (name, words, getattr(self, f"action_{action}"))
            for action, name, words in every
            if self.check_action(action, ())
        ]
        return [*now, *self.wizard.undo_commands()]


def _known_faults(work: Work) -> tuple[object, ...]:
    """Changes when there may be new reasons: files prepared, users refused, the run ended."""
    now = work.progress
    return (work.run, now.prepared, now.refused_before, tuple(now.codes.items()), now.ended)
