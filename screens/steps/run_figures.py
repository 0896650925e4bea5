"""What the page of the run tells, made of what is known of it: texts, bars and rows, without a widget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rich.cells import cell_len
from textual.content import Content

from screens.widgets.draw import bar, cut, size, spark
from screens.work import SPEED_OVER, Sample, Work
from wizard.counts import counted
from wizard.durations import between, duration
from wizard.progress import JobTally, Progress

SLOTS = 2
ROOMY = 60
"""Columns from which words need not be short."""

FILE_COLUMNS = (
    ("file", 11), ("status", 11), ("imported", 8), ("rejected", 9), ("there", 9), ("users", 8), ("size", 8), ("took", 8),
)  # fmt: skip
"""Name and width of each column of the files table, what matters most first: on a narrow page, which the first five just fill,
the last three are to its right, and in a line above the table for the file under the cursor."""

WORDS = 2
"""Columns of it that hold words and begin at the left; the others hold figures, which end at the right."""

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
    speeds, rate_now = speeds_of(samples), work.users_a_second if work.is_busy else 0.0
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
    return aligned(cells)


def aligned(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells of a row of the files table, figures at the right of their columns."""
    widths = [width for _, width in FILE_COLUMNS]
    figures = zip(cells[WORDS:], widths[WORDS:], strict=True)
    return (*cells[:WORDS], *(cell.rjust(width) for cell, width in figures))
