"""The run: how far it is, what the two job slots do, what the rate limit allows, what went wrong and what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, RichLog, Static, TabPane

from screens.faults import Fault, faults_of, users_of
from screens.steps.base import StepView
from screens.tasks import begin
from screens.widgets.dialogs import Listing
from screens.widgets.draw import bar, cut, size, spark
from screens.widgets.grown import Table
from screens.widgets.tabbed import Tabbed
from screens.work import SPEED_OVER, Sample, Work
from wizard.clock import FastClock
from wizard.counts import counted
from wizard.durations import between, duration
from wizard.progress import JobTally, Progress
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.runs import RunFolder

SLOTS = 2
ROOMY = 60
"""Columns from which words need not be short."""

ROWS_A_TICK = 40
"""Rows of the files table that one refresh may change, so that no key waits for it."""

FILE_COLUMNS = (
    ("file", 11), ("status", 11), ("imported", 8), ("rejected", 9), ("there", 9), ("users", 8), ("size", 8), ("took", 8),
)  # fmt: skip
"""Name and width of each column of the files table, what matters most first: on a narrow page, which the first five just fill,
the last three are to its right, and in a line above the table for the file under the cursor."""

WORDS = 2
"""Columns of it that hold words and begin at the left; the others hold figures, which end at the right."""

BESIDE = 12
"""Columns of the table of errors that are not for its words."""

BULK = (("prepare", "Prepare"), ("upload", "Upload"), ("verify", "Verify"))
STEPS_OF = {
    "bulk": BULK,
    "automatic": (("trickle", "Logins"), ("verify", "Verify"), ("cutover", "Cutover")),
    "two-phase": (("trickle", "Logins"), *BULK, ("cutover", "Cutover")),
}
"""Key and word of the steps that take time, by strategy."""

PHASES = {
    "idle": "not started", "starting": "looking at tenant and store", "running": "running", "pausing": "pausing…",
    "paused": "◌ paused · F7 resumes", "failed": "✗ stopped by an error · F7 resumes", "waiting": "◌ waiting for the world",
    "ended": "ended",
}  # fmt: skip
AT_REST = ("paused", "failed", "waiting")
"""States in which nothing goes on until somebody says so, or the world has moved."""


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
        for (name, width), words in zip(FILE_COLUMNS, _aligned([name for name, _ in FILE_COLUMNS]), strict=True):
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


HALF_WAY = "Undone half-way: the undo was stopped. The same command in a shell goes on with it."
TAKEN_BACK = "Undone: what could be put back was. The page Review has what doing it again would change."


def keeps_height(before: str, now: str, width: int) -> bool:
    """Whether both are of as many lines, none of which is broken at this width: the page then needs no new layout."""
    lines = [*before.splitlines(), *now.splitlines()]
    return before.count("\n") == now.count("\n") and max(map(cell_len, lines), default=0) <= width


def headline(work: Work, opens: str = "") -> Content:
    """Which step it is at, in what state the run is, and where it rests, the key that goes on.

    Args:
        opens: Title of the page that Next leads to while the run waits.
    """
    now = work.progress
    if now.was_undone and not work.is_busy:
        return Content.assemble(("◌ ", "$text-warning"), (TAKEN_BACK if now.taken_back else HALF_WAY, "bold"))
    if now.ended and not work.is_busy:
        signs = {"complete": ("✓ ", "$text-success"), "attention": ("! ", "$text-warning")}
        words = {"complete": "Complete: every user is accounted for.", "attention": "Ended; some users need a look."}
        sign = signs.get(now.verdict, ("✗ ", "$text-error"))
        return Content.assemble(sign, (words.get(now.verdict, "Ended, and failed."), "bold"))
    steps = STEPS_OF.get(now.strategy, STEPS_OF["bulk"])
    evidence = now.strategy == "bulk" and set(now.steps_done) >= {"prepare", "upload"}
    current = "verify" if evidence else now.step
    parts: list[Any] = []
    for key, title in steps:
        done = key in now.steps_done and key != current
        here = key == current
        mark = "✓" if done else "▸" if here else "·"
        style = "$text-success" if done else "bold $text-accent" if here else "$foreground-muted"
        parts.append((f"{mark} {title}   ", style))
    style = "$text-warning" if work.phase in ("paused", "pausing", "waiting") else "$foreground-muted"
    phase = f"◌ {now.waiting}" if work.phase == "waiting" and now.waiting else PHASES[work.phase]
    broken = "\n" if work.phase in AT_REST or len(steps) > len(STEPS_OF["bulk"]) else ""
    parts += [broken, (phase, "$text-error" if work.phase == "failed" else style)]
    if work.phase == "waiting":
        parts += ["\n", (f"Ctrl+N opens {opens} · F7 looks again" if opens else "F7 looks again", "bold")]
    return Content.assemble(*parts)


def share_of(now: Progress) -> tuple[float, int, int]:
    """How far the current step is, from 0 to 1, and the users done of all."""
    total = now.users_total or 0
    done = now.users_done if now.prepared else now.read
    if now.ended:
        return 1.0, now.users_done, now.read
    return (done / total if total else 0.0), done, total


def overall(now: Progress, width: int) -> Content:
    """The overall bar: users whose place is known, of all."""
    if now.looks and not now.accounted:
        last = now.looks[-1]
        share, done, total = (last.migrated / last.users if last.users else 1.0), last.migrated, last.users
    else:
        share, done, total = share_of(now)
    words = f" {share:4.0%}"
    drawn = bar(share, max(10, width - len(words)))
    unit = (
        "users accounted for"
        if now.prepared or now.accounted
        else "users moved at login"
        if now.looks
        else "users read"
    )
    known = f"\n{done:,} of {counted(total, 'user')} {unit.removeprefix('users ')}" if total else "\n"
    style = "$text-success" if now.ended else "$text-primary"
    return Content.assemble((drawn, style), (words, "bold"), known)


def pace(work: Work, speed: float) -> Content:
    """Users a second while any move, time left as a range or what is awaited when all are uploaded, time passed."""
    if not work.is_busy:
        seconds = work.progress.seconds
        return Content.styled(f"{duration(seconds)} of work so far" if seconds else "", "$foreground-muted")
    if awaited := work.awaited:
        return Content(f"{awaited} · {duration(work.elapsed)} passed")
    left = work.time_left(speed)
    words = [f"{rate:,.0f} users/s"] if (rate := work.users_a_second) >= 1 else []
    words.append(f"{between(*left)} left" if left else "time left: not known yet")
    words.append(f"{duration(work.elapsed)} passed")
    return Content(" · ".join(words))


def slots(work: Work, speed: float, width: int = 80) -> Content:
    """What Auth0's two import slots do; a line each, shorter words where there is little room."""
    running = [(job, tally) for job, tally in work.progress.jobs.items() if not tally.ended][:SLOTS]
    narrow = width < ROOMY
    lines: list[Any] = []
    for number in range(SLOTS):
        label = f"{number + 1}  " if narrow else f"slot {number + 1}  "
        lines.append((f"{chr(10) * bool(number)}{label}", "$foreground-muted"))
        if number < len(running):
            job, tally = running[number]
            age = work.age_of(job, tally.seconds / speed)
            users = f"{tally.users:,}" if narrow else counted(tally.users, "user")
            lines.append(f"{tally.file}  {users}  {size(tally.bytes)}  {tally.status}  {duration(age)}")
        else:
            lines.append(("free", "$foreground-muted"))
    return Content.assemble(*lines)


def charts(work: Work, width: int) -> Content:
    """Users a second, if any moved, tokens in the bucket and refusals over the last minutes, a line each."""
    samples = list(work.samples)
    roomy = width >= ROOMY
    wide = max(10, min(60, width - (36 if roomy else 28)))
    speeds, rate_now = speeds_of(samples), work.users_a_second
    refused = [float(later.limited - earlier.limited) for earlier, later in pairwise(samples)]
    rate = work.rate
    top = float(rate.limit) if rate else None
    wait = f", {rate.waiting} waiting" if rate and rate.waiting else ""
    unit = " tokens" if roomy or not wait else ""
    tokens_left = f"{rate.remaining:.0f} of {rate.limit}{unit}" if rate else "no request yet"
    now = work.progress
    sent = f"{now.requests:,} sent, " if roomy else ""
    drawn = (spark(speeds, wide), "$text-primary")
    moving = [("users/s ", "$foreground-muted"), drawn, f" {rate_now:,.0f}\n" if rate_now >= 1 else "\n"]
    return Content.assemble(
        *(moving if any(speeds) else ()),
        ("tokens  ", "$foreground-muted"), (spark([one.tokens for one in samples], wide, top=top), "$text-secondary"),
        f" {tokens_left}{wait}\n",
        ("429s    ", "$foreground-muted"), (spark(refused, wide), "$text-warning" if now.limited else "$foreground-muted"),
        f" {sent}{now.limited:,} refused",
    )  # fmt: skip


def speeds_of(samples: Sequence[Sample]) -> list[float]:
    """Users a second at each sample, over the seconds before it: jobs end in leaps, and the chart should not."""
    speeds: list[float] = []
    first = 0
    for last in range(1, len(samples)):
        while samples[last].at - samples[first].at > SPEED_OVER and first < last - 1:
            first += 1
        passed = samples[last].at - samples[first].at
        speeds.append(max(0.0, (samples[last].users - samples[first].users) / passed) if passed > 0 else 0.0)
    return speeds


def about(tally: JobTally, speed: float = 1.0) -> str:
    """What a narrow table has no room for of a file: its whole name, users, size and time; `speed` as below."""
    took = f", took {duration(tally.seconds / speed)}" if tally.ended else ""
    return f"{tally.file}: {counted(tally.users, 'user')}, {size(tally.bytes)}{took}"


def row_of(tally: JobTally, speed: float = 1.0) -> tuple[str, ...]:
    """A row of the files table; `speed` is how fast the run's clock is, as what is shown are seconds of the operator's."""
    ended = tally.ended
    cells = (
        cut(tally.file, FILE_COLUMNS[0][1] - 1, end=False),
        tally.status,
        f"{tally.imported:,}" if ended else "",
        f"{tally.rejected:,}" if ended else "",
        f"{tally.already_there:,}" if ended else "",
        f"{tally.users:,}",
        size(tally.bytes),
        duration(tally.seconds / speed) if ended else "",
    )
    return _aligned(cells)


def _aligned(cells: Sequence[str]) -> tuple[str, ...]:
    widths = [width for _, width in FILE_COLUMNS]
    figures = zip(cells[WORDS:], widths[WORDS:], strict=True)
    return (*cells[:WORDS], *(cell.rjust(width) for cell, width in figures))


def _known_faults(work: Work) -> tuple[object, ...]:
    """Changes when there may be new reasons: files prepared, users refused, the run ended."""
    now = work.progress
    return (work.run, now.prepared, now.refused_before, tuple(now.codes.items()), now.ended)
