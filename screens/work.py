"""The run as the app owns it: carried out whichever page is open, folded into `Progress`, sampled for the charts."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wizard import events as happened
from wizard.commands.narration import Narrator
from wizard.errors import Interrupted, RunMismatch, WizardError
from wizard.events import Event
from wizard.progress import Progress
from wizard.tools import Stop

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.runner import Plan
    from wizard.runs import RunFolder, Runs
    from wizard.world import World

Phase = Literal["idle", "starting", "running", "pausing", "paused", "failed", "waiting", "ended"]

SAMPLES = 240
SAMPLE_EVERY = 0.5
LOOKS_EVERY = 300.0
"""Seconds after which a run that waits for the world looks at it again."""

SPEED_OVER = 10.0
"""Seconds over which users a second are taken."""


@dataclass(frozen=True)
class Sample:
    """One moment for the charts; `users` is what moves in the current step, tokens are those left in the bucket."""

    at: float
    users: int
    tokens: float
    limited: int


class Work:
    """One run and the task that carries it out.

    Args:
        seconds: A monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._narrator = Narrator(self._say, live=False, seconds=lambda: 0.0)  # its lines, never its live account
        self.run: RunFolder | None = None
        self.phase: Phase = "idle"
        self.error: WizardError | None = None
        self.log: deque[tuple[float, str]] = deque(maxlen=1000)
        self.logged = 0
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self.submitted: dict[str, float] = {}
        self.expected: tuple[float, float, float] | None = None
        self._gathering = ""
        self.rate: happened.RateLimitSeen | None = None
        self.requests = self.limited = 0
        self.started: float | None = None
        self.is_held = False
        """Whether something else is under way that a look should wait for."""
        self._waits_since = 0.0
        self.version = 0
        self._stop = Stop()
        self._task: asyncio.Task[None] | None = None

    @property
    def progress(self) -> Progress:
        """The one account of the run."""
        return self._narrator.progress

    @progress.setter
    def progress(self, now: Progress) -> None:
        self._narrator.progress = now

    def _say(self, line: str) -> None:
        self.log.append((time.time(), line))
        self.logged += 1

    @property
    def is_busy(self) -> bool:
        return self.phase in ("starting", "running", "pausing")

    @property
    def elapsed(self) -> float:
        """Seconds since the work began in this process."""
        return 0.0 if self.started is None else self._seconds() - self.started

    @property
    def should_look(self) -> bool:
        """Whether the run has waited long enough to look at the world again."""
        return self.phase == "waiting" and not self.is_held and self._seconds() - self._waits_since >= LOOKS_EVERY

    def hear(self, event: Event) -> None:
        """Fold one event; cheap, as there may be many."""
        self._narrator.hear(event)
        self.version += 1
        now = self._seconds()
        match event:
            case happened.JobSubmitted():
                self.submitted[event.job] = now
            case happened.UploadExpected():
                self.expected = (now, event.low_seconds, event.high_seconds)
        self._gathering = _gathered(event, self._gathering)
        self.hear_request(event)
        if not self.samples or now - self.samples[-1].at >= SAMPLE_EVERY:
            self.sample()

    def hear_request(self, event: Event) -> None:
        """Count a request, of the run or of a look ahead, for the gauge."""
        match event:
            case happened.RequestSent():
                self.requests += 1
            case happened.RequestLimited():
                self.limited += 1
            case happened.RateLimitSeen() if event.group != "authentication":  # tokens have a bucket of their own
                self.rate = event

    def sample(self) -> None:
        tokens = self.rate.remaining if self.rate else 0.0
        self.samples.append(Sample(self._seconds(), self.moved, tokens, self.limited))

    @property
    def moved(self) -> int:
        """Users that the current step has dealt with; those who move at login meanwhile are no doing of the run."""
        now = self.progress
        if now.prepared:
            return now.users_done
        return 0 if now.looks and now.step != "prepare" else now.read

    @property
    def users_a_second(self) -> float:
        """Over the last seconds; 0 when nothing moves."""
        recent = [sample for sample in self.samples if sample.at >= self._seconds() - SPEED_OVER]
        if len(recent) < 2 or recent[-1].at == recent[0].at:
            return 0.0
        return max(0.0, (recent[-1].users - recent[0].users) / (recent[-1].at - recent[0].at))

    @property
    def awaited(self) -> str:
        """What goes on once no user is left to upload, and nobody can know for how long; "" before that."""
        now = self.progress
        uploaded = now.accounted and ("upload" in now.steps_done or now.adds_up)
        return (self._gathering or "gathering the evidence") if uploaded and self.is_busy else ""

    def age_of(self, job: str, otherwise: float) -> float:
        """Seconds since this process submitted the job; `otherwise` for one that an earlier process did."""
        return self._seconds() - self.submitted[job] if job in self.submitted else otherwise

    def time_left(self, speed: float = 1.0) -> tuple[float, float] | None:
        """Between which seconds from now the current step should end; None when nobody can know yet.

        Args:
            speed: How fast the run's clock is; the engine's own expectation is in that clock's seconds.
        """
        now = self.progress
        if now.ended or self.awaited or not self.is_busy:
            return None
        if now.prepared and self.expected is not None:
            at, low, high = self.expected
            passed = self._seconds() - at
            return max(0.0, low / speed - passed), max(0.0, high / speed - passed)
        total = now.users_total or 0
        rate = self.users_a_second
        if not rate or total <= self.moved:
            return None
        left = (total - self.moved) / rate
        return left * 0.8, left * 1.5

    def adopt(self, run: RunFolder, progress: Progress) -> None:
        """Show a run that this process has not worked on."""
        self.run, self.progress = run, progress
        self.phase = "ended" if progress.ended else "waiting" if progress.waiting else "paused"
        self._waits_since = self._seconds()
        self.version += 1

    def start(
        self, answers: Answers, base: Path, *, world: World, runs: Runs, approved: str | None, file: Path | None = None
    ) -> None:
        """Begin, or go on; the task belongs to the event loop, not to a page.

        Args:
            approved: Hash of the plan that was approved; None goes on with what an earlier process had approved.
        """
        if self.is_busy:
            return
        self.phase, self.error, self._stop = "starting", None, Stop()
        self.started = self._seconds()
        self.samples.clear()
        self.version += 1
        self._task = asyncio.create_task(self._carry_out(answers, base, world, runs, approved, file))

    async def _carry_out(
        self, answers: Answers, base: Path, world: World, runs: Runs, approved: str | None, file: Path | None
    ) -> None:
        from wizard.engine import carry_out
        from wizard.identity import Origin, progress_of, run_of

        def approve(plan: Plan) -> bool:
            return plan.hash == approved

        before = self.progress
        try:
            if self.run is None:
                origin = Origin(str(base), str(file) if file else None)
                self.run = await run_of(answers, origin, world=world, runs=runs, stop=self._stop)
            self.progress = progress_of(self.run)
            self.phase = "running"
            done = await carry_out(
                self.run,
                answers,
                base=base,
                world=world,
                approve=approve if approved else None,
                watchers=[self.hear],
                stop=self._stop,
            )
            self.progress = done
            self.phase = "waiting" if done.waiting else "ended"
            self._waits_since = self._seconds()
            self._report(answers)
        except (Interrupted, asyncio.CancelledError):
            self.phase = "paused"
            if self.run is not None:
                self.progress = progress_of(self.run)
        except Exception as error:  # noqa: BLE001 - a task of its own: nobody else would hear of it
            found = error if isinstance(error, WizardError) else _unforeseen(error)
            self.phase, self.error = "failed", found
            if isinstance(error, RunMismatch) and before.ended:  # another run than this one, which stays as it ended
                self.phase, self.progress = "ended", before
            else:
                self.progress = replace(self.progress, error=found.what, remedy=found.remedy)
        finally:
            self.expected = None
            self.version += 1

    def verify(self, answers: Answers, base: Path, *, world: World) -> None:
        """Gather the evidence of an ended run anew."""
        if self.is_busy or self.run is None or not self.progress.ended:
            return
        self.phase, self.error, self._stop = "running", None, Stop()
        self.started = self._seconds()
        self._task = asyncio.create_task(self._verify(self.run, answers, base, world))

    async def _verify(self, run: RunFolder, answers: Answers, base: Path, world: World) -> None:
        from wizard.engine import verify_again

        try:
            self.progress = await verify_again(
                run, answers, base=base, world=world, watchers=[self.hear], stop=self._stop
            )
            self._report(answers)
        except (Interrupted, asyncio.CancelledError):
            self.progress = self.progress
        except Exception as error:  # noqa: BLE001 - as above
            self.error = error if isinstance(error, WizardError) else _unforeseen(error)
        finally:
            self.phase = "ended"
            self.version += 1

    def _report(self, answers: Answers) -> None:
        from wizard.commands.reporting import write_run_report

        if self.run is not None:
            write_run_report(self.run, answers, self.progress)

    def pause(self) -> None:
        """Ask the run to stop at the next safe instant."""
        if self.is_busy:
            self._stop.request()
            self.phase = "pausing"
            self.version += 1

    async def halt(self, grace: float = 10.0) -> None:
        """Stop at a safe instant, or cut the work short after `grace` seconds, which is safe too."""
        if self._task is None or self._task.done():
            return
        self.pause()
        done, _ = await asyncio.wait({self._task}, timeout=grace)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task})


def _gathered(event: Event, before: str) -> str:
    """What part of the evidence is being gathered, from this event on; as before where it tells nothing of that."""
    match event:
        case happened.RunStarted():
            return ""
        case happened.RequestSent() if event.method == "POST" and event.path.endswith("/users-exports"):
            return "waiting for Auth0's export"
        case happened.ComparisonAdvanced():
            return "comparing users with the export"
        case happened.UsersReconciled():
            return "looking up users one by one"
        case _:
            return before


def _unforeseen(error: Exception) -> WizardError:
    """An error that should not happen, told by kind and place; its message may quote a user's data."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return WizardError(
        "The run stopped by an error that should not happen",
        why=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
        state="Everything done so far is kept.",
        remedy="Go on with the run; if it happens again, report these words.",
    )
