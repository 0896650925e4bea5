"""How long jobs take: figures to give to `PracticeTenant(job_time=...)` for rehearsals and measurements."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.practice.tenant import JobTime


def fixed(base: float, per_user: float = 0.0) -> JobTime:
    """Each job takes `base` seconds and `per_user` more for each of its users."""
    return lambda kind, users: base + per_user * users


def lognormal(mean: float, spread: float, seed: int = 0) -> JobTime:
    """Jobs take `mean` seconds on average; `spread` is the standard deviation as a share of the mean."""
    random = Random(seed)  # noqa: S311 - invented figures
    sigma = math.sqrt(math.log(1 + spread**2))
    mu = math.log(mean) - sigma**2 / 2
    return lambda kind, users: random.lognormvariate(mu, sigma)


def exponential(mean: float, seed: int = 0) -> JobTime:
    """Jobs take `mean` seconds on average, many little and a few very long."""
    random = Random(seed)  # noqa: S311 - invented figures
    return lambda kind, users: random.expovariate(1 / mean)
