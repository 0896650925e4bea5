"""When to look whether an import job has ended, and how fast an upload can be at best."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, sqrt
from statistics import fmean, median

LEARNS_FROM = 32
"""Jobs remembered; older ones may have met another load."""
SHARE = 0.6
"""Part of the request budget that submitting and looking may spend on average."""
MANY_LOOKS = 24.0
"""Looks a job, on average, beyond which more would gain next to nothing even where the budget is rich."""
FEW_LOOKS = 3.0
"""Looks a job that are worth nearly the whole budget, where jobs are so short that `SHARE` allows fewer."""
CLOSEST = 0.2
"""Seconds between two looks at one job, at least."""
FIRST_LOOK = 1.0
"""Seconds until the first look at the first job of all."""
PATIENCE = 1.5
"""A job that has taken this many times the longest usual duration is looked at less and less often."""
SLOWEST = 60.0
"""Seconds between two looks at one job, at most."""
GROWTH = 0.1
"""Where nothing is known, the next look is this part of a job's age away: it is found to take that much longer at worst."""

USER_SECONDS = (0.01, 0.27)
"""Seconds of an import job a user, best and worst case.

Auth0 promises no speed. A job of one user was recorded to take 0.1 s, its fixed cost included, so the better figure is an
assumption; the worse one is the slower end of what others have published: 2,000 users in 8 to 9 minutes.
"""
JOB_SECONDS = (0.1, 10.0)
"""Seconds of an import job besides its users, best and worst case; the worse figure allows for waiting in Auth0's queue."""
EXCHANGE_SECONDS = 0.55
"""Usual time of one POST of a whole file and one GET: a slot idles that long between two jobs."""


@dataclass(frozen=True, slots=True)
class Duration:
    """What looking tells of a job's duration: it had not ended `after` seconds, it had `before` seconds from its start."""

    after: float
    before: float
    users: int

    @property
    def middle(self) -> float:
        return (self.after + self.before) / 2

    def times(self, factor: float) -> Duration:
        return Duration(self.after * factor, self.before * factor, self.users)


@dataclass(frozen=True, slots=True)
class Window:
    """When a job is expected to end, in seconds from its start: hardly before `first`, hardly after `last`."""

    first: float
    last: float
    mean: float
    past_first: float
    """Mean time between `first` and the end."""


class Pace:
    """Learns from finished jobs when to look at running ones.

    The first look is just before the 5th percentile of the last 32 durations; the looks that follow are spread so that, over
    all slots, requests take `SHARE` of the budget on average. Where the budget hardly covers one POST and one GET a job,
    there is one look, when almost every job has ended.

    Args:
        slots: Import jobs at once.
    """

    def __init__(self, *, slots: int) -> None:
        self.exchange_seconds = EXCHANGE_SECONDS
        self._slots = slots
        self._seen: deque[Duration] = deque(maxlen=LEARNS_FROM)
        self._windows: dict[int, Window | None] = {}

    def learn(self, after: float | None, before: float, users: int) -> Duration:
        """Remember a finished job: when it was last seen running (None: never) and when it was seen to have ended."""
        if after is None:
            # It ended before the first look. That it ran until shortly before is a guess, which makes the first looks to
            # come earlier until one of them sees its job running.
            window = self.window(users)
            after = min(before * (1 - GROWTH), window.first if window and window.first < before else before)
        duration = Duration(after, before, users)
        self._seen.append(duration)
        self._windows.clear()
        return duration

    def next_look(self, latest: float | None, users: int, *, budget: float) -> float:
        """Return the age in seconds at which to look at a job.

        Args:
            latest: Its age at the latest look, which saw it running; None before the first.
            users: Users in its file.
            budget: Requests a second that the upload may send.
        """
        window = self.window(users)
        if window is None:
            return latest + max(latest * GROWTH, self._slots / (SHARE * budget)) if latest else FIRST_LOOK
        requests = budget * (window.mean + self.exchange_seconds) / self._slots
        if requests < 2.2:
            first, step = window.last, 1 / budget
        else:
            looks = max(SHARE * requests - 2, min(FEW_LOOKS, 0.9 * requests - 2), 0.5)
            first, step = window.first, max(CLOSEST, window.past_first / min(looks, MANY_LOOKS))
        if latest is None:
            return first
        if latest < first:
            return max(first, latest + CLOSEST)
        if latest > PATIENCE * window.last:
            step = max(step, latest * GROWTH)
        return latest + min(step, SLOWEST)

    def window(self, users: int) -> Window | None:
        """Say when a job of this many users should end; None while nothing is known."""
        if self._seen and users not in self._windows:
            self._windows[users] = self._window(users)
        return self._windows.get(users)

    def typical_seconds(self, users: int) -> float:
        """Seconds after which a job of this many users has almost surely ended."""
        window = self.window(users)
        return window.last if window else JOB_SECONDS[1] + users * USER_SECONDS[1]

    def remaining(self, files: int, users: int) -> tuple[float, float] | None:
        """Between which seconds the files left should take; None while fewer than two jobs have ended.

        The range is twice the standard deviation both of the durations to come and of the mean learnt so far.
        """
        window = self.window(max(1, round(users / files))) if files else None
        if window is None or len(self._seen) < 2:
            return None
        cycle = window.mean + self.exchange_seconds
        deviation = max(_deviation([duration.middle for duration in self._seen]), 0.02 * cycle)
        spread = 2 * deviation * (sqrt(files) + files / sqrt(len(self._seen))) / self._slots
        centre = files * cycle / self._slots
        return max(centre / 2, centre - spread), centre + spread + cycle

    def _window(self, users: int) -> Window:
        seen = [_narrowed(duration, self._seen) for duration in self._seen]
        grows = _grow_with_users(seen)
        likely = [duration.times(users / duration.users) for duration in seen] if grows else seen
        first = percentile([duration.after for duration in likely], 0.05)
        if not grows:
            # A much smaller file than those seen may well be quicker; looking early costs little.
            first *= min(1.0, 1.25 * users / median(duration.users for duration in seen))
        return Window(
            first,
            percentile([duration.before for duration in likely], 0.95),
            fmean(duration.middle for duration in likely),
            fmean(max(0.0, duration.middle - first) for duration in likely),
        )


def _narrowed(duration: Duration, seen: Iterable[Duration]) -> Duration:
    """Take a duration that was seen coarsely for the like of the closest one seen within it."""
    within = [one for one in seen if duration.after <= one.after and one.before <= duration.before]
    return min(within, key=lambda one: one.before - one.after, default=duration)


def _grow_with_users(seen: Sequence[Duration]) -> bool:
    """Whether durations agree clearly better with each other when divided by the users of their files."""
    plain = [duration.middle for duration in seen]
    divided = [duration.middle / duration.users for duration in seen]
    return _deviation(divided) / fmean(divided) < 0.8 * _deviation(plain) / fmean(plain)


def _deviation(values: Sequence[float]) -> float:
    mean = fmean(values)
    return sqrt(fmean((value - mean) ** 2 for value in values))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; the outer neighbour where it falls between two."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    return ordered[int(place) if share < 0.5 else ceil(place)]


def floor(
    durations: Sequence[float],
    *,
    slots: int = 2,
    exchange_seconds: float = EXCHANGE_SECONDS,
    rate: float = float("inf"),
    burst: float = 0.0,
) -> float:
    """Return P, the seconds that no schedule of these jobs can beat.

    Every slot is always busy and pays one POST and one GET between two jobs, no job is cut in two, and the tenant's rate
    limit lets two requests a job through.

    Args:
        durations: Seconds of each job, from its acceptance to its end.
        slots: Import jobs at once.
        exchange_seconds: One POST of a file and one GET.
        rate: Requests a second that may be sent.
        burst: Requests that may be sent at once, before `rate` binds.
    """
    if not durations:
        return 0.0
    cycles = sorted((duration + exchange_seconds for duration in durations), reverse=True)
    sums = [0.0, *accumulate(cycles)]
    # Of the (k slots + 1) longest jobs, some slot gets k + 1.
    crowded = (sums[k * slots + 1] - sums[k * slots - k] for k in range((len(cycles) - 1) // slots + 1))
    return max(sums[-1] / slots, max(crowded), (2 * len(cycles) - burst) / rate)


def forecast(users: int, files: int, *, slots: int = 2, rate: float, burst: float = 0.0) -> tuple[float, float]:
    """Say between which seconds an upload should take, before anything was sent.

    Args:
        users: Users to import.
        files: Files they are packed in.
        slots: Import jobs at once.
        rate: Requests a second that the plan allows, reserve taken off.
        burst: Requests at once that the plan allows.
    """
    if not users or not files:
        return 0.0, 0.0
    # Files are filled one after the other, so that the last one holds anything from next to nobody to as many as the others;
    # what is between these two takes no longer than one of them.
    full = max(1, files - 1)
    equal, uneven = [users / files] * files, [users / full] * full + [0.0] * (files - full)

    def seconds(shares: Sequence[float], job: float, user: float) -> float:
        return floor([job + user * share for share in shares], slots=slots, rate=rate, burst=burst)

    high = max(seconds(shares, JOB_SECONDS[1], USER_SECONDS[1]) for shares in (equal, uneven))
    return seconds(equal, JOB_SECONDS[0], USER_SECONDS[0]), high
