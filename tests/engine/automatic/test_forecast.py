"""What the curve of an automatic migration foresees, and when it says nothing."""

import math
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from wizard.strategy.curve import drawing
from wizard.strategy.forecast import DAY, Forecast, forecast, per_day

BEGAN = 1_800_000_000.0


def looks_of(ceiling: float, rate: float, days: list[int], random: Random | None = None) -> list[tuple[float, int]]:
    """What would be counted on these days, exactly or by chance."""
    found, moved, before = [], 0, 0
    for day in days:
        mean = ceiling * (math.exp(-rate * before) - math.exp(-rate * day))
        moved += round(mean if random is None else max(0.0, random.gauss(mean, math.sqrt(mean))))
        before = day
        found.append((BEGAN + day * DAY, moved))
    return found


def must(curve: Forecast | None) -> Forecast:
    assert curve is not None
    return curve


def test_nothing_is_foreseen_from_few_looks_or_few_users() -> None:
    assert forecast([(BEGAN, 0), (BEGAN + DAY, 300)], 1000) is None
    assert forecast(looks_of(12, 0.1, [0, 1, 2, 3, 4, 5]), 1000) is None
    assert forecast([], 1000) is None


def test_a_curve_that_has_levelled_off_is_known_to_end_there() -> None:
    curve = must(forecast(looks_of(6_000, 0.2, list(range(0, 31, 2))), 10_000))
    assert 0.57 < curve.ceiling.low <= 0.6 <= curve.ceiling.high < 0.63
    assert curve.reaches(0.8).likely == math.inf


def test_a_young_curve_says_how_little_it_knows() -> None:
    early = must(forecast(looks_of(6_000, 0.05, [0, 1, 2, 3]), 10_000)).share_at(BEGAN + 60 * DAY)
    late = must(forecast(looks_of(6_000, 0.05, list(range(0, 57, 4))), 10_000)).share_at(BEGAN + 60 * DAY)
    assert early.high - early.low > 5 * (late.high - late.low)


def test_the_range_holds_what_happens_in_most_worlds() -> None:
    held = 0
    for seed in range(40):
        random = Random(seed)
        ceiling, rate = random.uniform(2_000, 9_000), random.uniform(0.02, 0.3)
        curve = forecast(looks_of(ceiling, rate, list(range(0, 22, 3)), random), 10_000)
        if curve is None:
            continue
        foreseen = curve.share_at(BEGAN + 50 * DAY)
        really = ceiling * (1 - math.exp(-rate * 50)) / 10_000
        held += foreseen.low - 0.01 <= really <= foreseen.high + 0.01
    assert held >= 36


@given(
    counts=st.lists(st.integers(0, 500), max_size=90),
    users=st.integers(1, 60_000),
    days=st.integers(0, 4000),
)
def test_a_forecast_is_a_range_of_shares_and_never_falls_below_what_has_moved(
    counts: list[int], users: int, days: int
) -> None:
    looks, moved = [], 0
    for day, count in enumerate(counts):
        moved += count
        looks.append((BEGAN + day * DAY, moved))
    curve = forecast(looks, users)
    if curve is not None:
        share = curve.share_at(looks[-1][0] + days * DAY)
        assert 0 <= share.low <= share.likely <= share.high <= 1.0000001
        when = curve.reaches(0.5)
        assert when.low <= when.likely <= when.high


def test_the_rate_is_that_of_the_time_asked_for() -> None:
    looks = [(BEGAN, 0), (BEGAN + 10 * DAY, 1000), (BEGAN + 17 * DAY, 1070)]
    assert per_day(looks, BEGAN + 10 * DAY) == 10
    assert per_day(looks[:1], BEGAN) is None
    assert per_day([(BEGAN, 0), (BEGAN + 60, 2)], BEGAN) is None, "a minute says nothing of a day"


def test_looks_made_while_the_clock_was_ahead_foresee_nothing() -> None:
    rightly = looks_of(600, 0.2, list(range(2, 16, 2)))
    ahead = [(BEGAN + 400 * DAY, 0), (BEGAN + 401 * DAY, 5)]
    assert forecast([*ahead, *rightly], 1000) == forecast(rightly, 1000)
    assert per_day([*ahead, *rightly], rightly[-1][0] - 7 * DAY) == per_day(rightly, rightly[-1][0] - 7 * DAY)
    assert drawing([*rightly[:3], *ahead, *rightly[3:]], 1000) == drawing(rightly, 1000)
