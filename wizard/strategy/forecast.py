"""How an automatic migration goes on: a curve that levels off, fitted to what was counted, with its uncertainty.

People who log in often move first, so fewer move each week and some never do: moved(t) = ceiling * (1 - exp(-rate * t)).
What was counted between two looks is taken for a number of independent events, widened by as much as it scatters; the
forecast is the range over all curves that the counts do not rule out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_LOOKS = 4
"""Looks from which on a curve says more than the counts themselves."""

LEAST_MOVED = 20
"""Users who must have moved between the first and the last look."""

DAY = 86_400.0
CEILINGS = 40
RATES = 80
WITHIN = 3.0
"""How far below the best log-likelihood a curve counts as possible: half the 95 % point of two parameters."""
MOST_LOOKS = 60
"""Looks that are fitted; of more, some evenly spread."""

Look = tuple[float, int]
"""UNIX seconds, and users who had moved by then."""


@dataclass(frozen=True, slots=True)
class Range:
    """Three figures: `low` and `high` hold what is possible, `likely` comes from the best curve."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One possible course: of `users`, `ceiling` will ever move, a share of `rate` of those left each day."""

    ceiling: float
    rate: float

    def after(self, days: float) -> float:
        return self.ceiling * -math.expm1(-self.rate * days)

    def days_to(self, moved: float) -> float:
        """Days from the beginning until so many have moved; infinite when that never happens."""
        left = 1 - moved / self.ceiling
        return -math.log(left) / self.rate if left > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Forecast:
    """All curves that the looks allow, the best first; counted from the first look."""

    users: int
    began: float
    moved_before: int
    curves: Sequence[Curve]

    def share_at(self, moment: float) -> Range:
        """Which share of all users will have moved by a UNIX time, from 0 to 1."""
        days = max(0.0, moment - self.began) / DAY
        return self._range([(self.moved_before + curve.after(days)) / self.users for curve in self.curves])

    def reaches(self, share: float) -> Range:
        """UNIX times at which this share will have moved; infinite where a curve never gets there."""
        wanted = share * self.users - self.moved_before
        moments = [self.began + (curve.days_to(wanted) if wanted > 0 else 0.0) * DAY for curve in self.curves]
        return self._range(moments)

    @property
    def ceiling(self) -> Range:
        """Which share will ever move."""
        return self._range([(self.moved_before + curve.ceiling) / self.users for curve in self.curves])

    @staticmethod
    def _range(values: Sequence[float]) -> Range:
        return Range(min(values), values[0], max(values))


def forecast(looks: Sequence[Look], users: int) -> Forecast | None:
    """Fit the looks, oldest first; None while they are too few to say anything."""
    looks = _thinned(looks)
    if len(looks) < LEAST_LOOKS or looks[-1][1] - looks[0][1] < LEAST_MOVED or users <= looks[-1][1]:
        return None
    (began, before), (ended, last) = looks[0], looks[-1]
    steps = [
        ((a - began) / DAY, (b - began) / DAY, max(0, after - earlier)) for (a, earlier), (b, after) in pairwise(looks)
    ]
    days, moved = (ended - began) / DAY, last - before
    scored = sorted(
        ((_likelihood(curve, steps), curve) for curve in _curves(days, moved, users - before)),
        key=lambda one: -one[0],
    )
    best = scored[0]
    scatter = _scatter(best[1], steps)
    possible = [curve for score, curve in scored if score >= best[0] - WITHIN * scatter]
    return Forecast(users, began, before, possible)


def per_day(looks: Sequence[Look], since: float) -> float | None:
    """Users who moved a day, from the last look before `since` (UNIX time) to the latest; None within less than an hour."""
    looks = in_order(looks)
    if len(looks) < 2:
        return None
    first = next((look for look in reversed(looks[:-1]) if look[0] <= since), looks[0])
    days = (looks[-1][0] - first[0]) / DAY
    return (looks[-1][1] - first[1]) / days if days * 24 >= 1 else None


def in_order(looks: Sequence[Look]) -> list[Look]:
    """The looks that are earlier than all after them; others were made while the clock of the machine was ahead."""
    found: list[Look] = []
    for look in reversed(looks):
        if not found or look[0] < found[-1][0]:
            found.append(look)
    return found[::-1]


def _thinned(looks: Sequence[Look]) -> Sequence[Look]:
    """At most so many looks, one for each moment, the first and the last among them."""
    rising = in_order(looks)
    if len(rising) <= MOST_LOOKS:
        return rising
    return [rising[round(n * (len(rising) - 1) / (MOST_LOOKS - 1))] for n in range(MOST_LOOKS)]


def _curves(days: float, moved: int, most: int) -> Iterator[Curve]:
    """A grid of curves: ceilings from what has moved to everybody, rates from years to hours."""
    for c in range(CEILINGS + 1):
        ceiling = moved * (most / moved) ** (c / CEILINGS)
        for r in range(RATES + 1):
            yield Curve(ceiling, 0.005 / days * 4000 ** (r / RATES))


def _likelihood(curve: Curve, steps: Sequence[tuple[float, float, int]]) -> float:
    """Logarithm of the probability of the counts, without what is the same for all curves."""
    total = 0.0
    for start, end, count in steps:
        mean = max(1e-9, curve.after(end) - curve.after(start))
        total += count * math.log(mean) - mean
    return total


def _scatter(curve: Curve, steps: Sequence[tuple[float, float, int]]) -> float:
    """How much wider the counts scatter than independent events would, at least 1."""
    parts = []
    for start, end, count in steps:
        mean = max(0.5, curve.after(end) - curve.after(start))
        parts.append((count - mean) ** 2 / mean)
    return max(1.0, sum(parts) / max(1, len(steps) - 2))
