"""What the commands that carry out runs share: options, signals, the world outside, the final answer."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wizard.commands.failure import as_wizard_error, failure
from wizard.commands.narration import Narrator
from wizard.commands.output import NotAnswered, Output, answered, tell
from wizard.counts import counted
from wizard.durations import duration
from wizard.errors import Interrupted
from wizard.fates import Fate, parts
from wizard.stops import heard
from wizard.tools import Stop
from wizard.visible import visible

if TYPE_CHECKING:
    from types import FrameType

    from wizard.answers import Answers
    from wizard.progress import Progress
    from wizard.runner import Plan
    from wizard.runs import RunFolder
    from wizard.world import World

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

GRACE_SECONDS = 10.0
"""How long a stop may take to reach a safe instant before the work is cut short, which is safe too."""

answers_argument = click.argument("answers_file", metavar="ANSWERS", type=click.Path(path_type=Path))
run_argument = click.argument("run_name", metavar="RUN")
runs_option = click.option(
    "--runs",
    "runs_folder",
    type=click.Path(path_type=Path),
    help="Folder of the runs; default: the platform's state folder.",
)
set_option = click.option(
    "--set", "flags", multiple=True, metavar="TABLE.KEY=VALUE", help="An answer that goes before those of the file."
)


def world(output: Output) -> World:
    """The real edges of the engine."""
    from wizard.world import World

    return World(environment=os.environ, tell=output.say)


def load_answers(path: Path, flags: Sequence[str]) -> Answers:
    """The complete answers of a file, the environment and flags."""
    from wizard.answers import load
    from wizard.steps import SECTIONS

    return load(path, SECTIONS, environment=os.environ, flags=flags)


def run_until_stopped(work: Callable[[Stop], Awaitable[T]]) -> T:
    """Run the work; Ctrl-C, SIGTERM or a lost terminal asks it to stop at a safe instant, a second one cuts it short.

    Afterwards signals mean what they meant before; nothing when one was heard, as nothing is left but to tell it.
    """
    stop = Stop()

    async def watched() -> T:
        task = asyncio.ensure_future(work(stop))
        _stop_at_signals(stop, task)
        return await task

    before = {name: signal.getsignal(name) for name in heard()}
    try:
        return asyncio.run(watched())
    finally:
        for name, meant in before.items():
            signal.signal(name, signal.SIG_IGN if stop.requested else meant or signal.SIG_DFL)


def _stop_at_signals(stop: Stop, task: asyncio.Future[Any]) -> None:
    loop = asyncio.get_running_loop()
    cut: list[asyncio.TimerHandle] = []

    def ask() -> None:
        stop.request()
        if cut:
            task.cancel()
        else:
            cut.append(loop.call_later(GRACE_SECONDS, task.cancel))

    def hear(*_: object) -> None:
        stop.request()  # at once, as the loop may be held up by a keyring that does not answer
        with suppress(RuntimeError):  # the loop has ended, and nothing is left to stop
            loop.call_soon_threadsafe(ask)

    for name in heard():
        with suppress(NotImplementedError):  # Windows has no such handlers and needs none to wake its loop
            loop.add_signal_handler(name, lambda: None)
        signal.signal(name, hear)


def confirmed(question: str) -> bool:
    """Ask yes or no on the terminal, no by default; a signal ends the question at once, and not only after Enter.

    Raises:
        NotAnswered: by a signal, or Ctrl-D.
    """

    def hear(number: int, frame: FrameType | None) -> None:
        if callable(meant := before[signal.Signals(number)]):
            meant(number, frame)
        raise NotAnswered

    before = {name: signal.getsignal(name) for name in heard()}
    try:
        for name in before:
            signal.signal(name, hear)
        click.echo(f"{visible(question)} [y/N]: ", nl=False, err=True)
        _until_typed()
        with answered():
            return click.confirm("", default=False, err=True, prompt_suffix="", show_default=False)
    except NotAnswered:
        tell("", err=True)  # the question has no end of its line
        raise
    finally:
        for name, meant in before.items():
            signal.signal(name, meant or signal.SIG_DFL)


def _until_typed() -> None:
    """Wait for a line on the terminal; a read alone would miss a signal that comes just before it."""
    if os.name != "posix" or not sys.stdin.isatty():
        return
    heard, tells = socket.socketpair()
    tells.setblocking(False)
    before = signal.set_wakeup_fd(tells.fileno())
    try:
        select.select([sys.stdin, heard], [], [])
    finally:
        signal.set_wakeup_fd(before)
        heard.close()
        tells.close()


def carry_out_and_report(
    open_run: Callable[[Stop], Awaitable[RunFolder]],
    answers: Answers,
    *,
    base: Path,
    world: World,
    approve: Callable[[Plan], bool] | None,
    output: Output,
    approved_hash: str | None = None,
    keep: bool = False,
    again: Callable[[RunFolder], str] | None = None,
    meanwhile: Callable[[RunFolder, Progress], Awaitable[Answers | None]] | None = None,
) -> int:
    """Carry out a run, write its report, print the answer; returns the exit code.

    Args:
        keep: A run of which nothing was approved stays when it fails, because it was there before.
        again: How to go on with it, in words, where that is by no command.
        meanwhile: What the world does each time the run has stopped; with the answers it returns the run goes on.
    """
    from wizard.commands.reporting import write_report_or_say
    from wizard.engine import carry_out
    from wizard.identity import forget_if_unapproved, going_on, progress_of

    narrator = Narrator(output.say, live=output.live)
    opened: list[RunFolder] = []

    async def work(stop: Stop) -> Progress:
        opened.append(await open_run(stop))
        going_on: Answers | None = answers
        while going_on is not None:
            progress = await carry_out(
                opened[0],
                going_on,
                base=base,
                world=world,
                approve=approve,
                approved_hash=approved_hash,
                watchers=[narrator.hear],
                stop=stop,
            )
            going_on = await meanwhile(opened[0], progress) if meanwhile else None
        return progress

    try:
        progress = run_until_stopped(work)
    except NotAnswered:
        forget_if_unapproved(opened[0])
        raise
    except (Interrupted, asyncio.CancelledError):
        narrator.clear()
        if not opened:
            raise
        output.say(f"Interrupted; everything done so far is kept.\nNext: {(again or going_on)(opened[0])}")
        return answer_with(progress_of(opened[0]), opened[0], output)
    except Exception as error:
        narrator.clear()
        if not opened:
            raise
        told = as_wizard_error(error)
        output.complain(str(told))
        if not keep and forget_if_unapproved(opened[0]):
            output.say("The run was not begun, so it is not kept.")
            output.result(failure(told))
            return int(told.exit)
        output.result({**progress_of(opened[0]).to_json(report=None), **failure(told)})
        return int(told.exit)
    write_report_or_say(opened[0], answers, progress, output)
    return answer_with(progress, opened[0], output, narrator)


def plan_text(plan: Plan) -> str:
    """The plan for people: a line a change, in order, with what is foretold of it; the hash; what is left as it is."""
    left = [f"! {told}" for told in plan.left_as_is]
    if plan.is_empty:
        return "\n".join(["Nothing to change.", *left])
    lines = [f"{counted(len(plan.changes), 'change')}:"]
    for planned in plan.changes:
        note = f"  ({planned.change.back})" if planned.change.back else ""
        lines.append(f"  {planned.step:<14} {planned.change.summary}{note}")
        lines += [f"  {'':<14} {told}" for told in planned.change.foretold]
    return "\n".join([*lines, f"Plan {plan.hash}", *left])


HINTS: Mapping[Fate | None, str] = {
    "taken": "   another user has the id; where that is somebody else, set user_id_prefix in [profile] and run anew",
    "unfound": "   half-made, deleted since, or another user has the username or phone number",
}
"""What is said beside a part of the sum."""


def answer_with(
    progress: Progress, run: RunFolder, output: Output, narrator: Narrator | None = None, *, at_work: bool = False
) -> int:
    """Print where the run stands and return the exit code that says so; `at_work` where another process goes on with it."""
    if narrator:
        narrator.clear()
    report = str(run.report) if run.report.is_file() else None
    output.result(progress.to_json(report=report), summary(progress, run, report, at_work=at_work))
    return int(progress.exit)


def summary(progress: Progress, run: RunFolder, report: str | None, *, at_work: bool = False) -> str:
    """The account of a run for people, a few aligned lines, and what to do about what is not right."""
    from wizard.identity import going_on
    from wizard.undo.afterwards import told_of

    stands = "AT WORK" if at_work else "STOPPED" if progress.stopped else progress.verdict.upper()
    lines = [f"{stands}: run {run.id}"]
    if progress.was_undone:
        lines.append(f"  {told_of(progress, run)}")
    if (progress.stopped or progress.waiting) and not progress.was_undone:
        where = f"in step {progress.step}" if progress.step else "before its first step"
        lines.append(f"  {progress.waiting or f'{where}; go on with: {going_on(run)}'}")
    if progress.waiting and progress.looks and not progress.was_undone:
        looked = datetime.fromtimestamp(progress.looks[-1].at, UTC)
        lines.append(f"  as of the last look, {looked:%Y-%m-%d %H:%M} UTC")
    lines.append(f"  {'read':<24}{progress.read:>12,}")
    lines += [
        f"  {part.words:<24}{part.users:>12,}{HINTS.get(part.fate, '')}"
        for part in parts(progress)
        if part.users or part.fate == "imported"
    ]
    if progress.compared is not None:
        taken = f", {progress.taken:,} with a taken id" if progress.taken else ""
        found = (
            f"{progress.missing:,} missing, {progress.different:,} different{taken}, {counted(progress.extra, 'other')}"
        )
        named = progress.missing or progress.different or progress.taken or progress.extra
        where = f" (each is a line of {run.verify})" if named and run.verify.is_file() else ""
        lines.append(f"  {'compared with Auth0':<24}{progress.compared:>12,}   {found}{where}")
    lines += bare_lines(progress, run)
    if progress.without_factors:
        lines.append(
            f"  {'without second factor':<24}{progress.without_factors:>12,}   imported, but Auth0 took no factor"
        )
    if progress.factors_unknown:
        from wizard.bulk.jobs.harvest import LOOK_AT_FACTORS

        told = f"in Auth0, their factors perhaps not. {LOOK_AT_FACTORS}"
        lines.append(f"  {'second factor unknown':<24}{progress.factors_unknown:>12,}   {told}")
    if progress.upload_seconds and progress.upload_floor_seconds:
        ratio = progress.upload_seconds / progress.upload_floor_seconds
        least = f", {ratio:.2f} times the least its jobs could take" if ratio >= 1 else ""  # less: a clock was turned
        lines.append(f"  upload took {duration(progress.upload_seconds)} of work{least}")
    if progress.rejected:
        lines += rejected_lines(progress, run)
    for name, detail in progress.failed_checks.items():
        lines.append(f"  check {name}: {detail}")
    if progress.error:
        lines.append(f"  {progress.error}\n  Next: {progress.remedy}")
    if report:
        lines.append(f"Report: {report}")
    return "\n".join(lines)


def bare_lines(progress: Progress, run: RunFolder) -> Iterator[str]:
    """How many of those prepared for import have no password; what became of each of them no count tells."""
    from wizard.bulk.manifest import read_manifest

    manifest = read_manifest(run.path) if progress.imported else None
    if manifest and (bare := manifest.without_password):
        them = "it has to be reset" if bare == 1 else "each has to reset it"
        prepared = counted(progress.prepared, "prepared user")
        yield f"  {'without a password':<24}{bare:>12,}   of {prepared}, as decided; {them}"


def rejected_lines(progress: Progress, run: RunFolder) -> Sequence[str]:
    """Why users were rejected, most first, each with what can be done about it."""
    from wizard.bulk.manifest import REJECTS, read_manifest
    from wizard.left_out import left_out

    manifest = read_manifest(run.path)
    found = left_out(progress, manifest, run)
    what = "Not moved, nor to be moved in bulk" if progress.strategy == "automatic" else "Rejected before the upload"
    lines = [f"{what} (each is a line of {run.path / REJECTS}):"] if progress.refused_before else []
    lines += [f"  {one.code:<24}{one.users:>12,}   {one.remedy}" for one in found if not one.decided]
    if moved := progress.moved_since[0]:
        since = f"more lines of {REJECTS}, who count as migrated at login"
        lines.append(f"  {'have logged in since':<24}{moved:>12,}   {since}")
    if progress.kept_out:
        lines.append("Refused by Auth0:")
        lines += [f"  {code:<24}{count:>12,}" for code, count in sorted(progress.kept_out.items())]
    return lines
