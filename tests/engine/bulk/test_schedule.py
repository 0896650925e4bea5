"""When import jobs are looked at, and what an upload costs at least."""

import heapq
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bulk.jobs.schedule import CLOSEST, JOB_SECONDS, USER_SECONDS, Pace, floor, forecast

EXCHANGE = 0.55
DURATIONS = st.lists(st.floats(0.1, 200), min_size=1, max_size=40)


def looks(pace: Pace, seconds: float, *, budget: float, users: int = 900) -> list[float]:
    """The ages at which a job that takes so long is looked at; the pace learns from it."""
    ages: list[float] = []
    latest = None
    while True:
        age = pace.next_look(latest, users, budget=budget)
        assert latest is None or age >= latest + 0.19
        ages.append(age)
        if age >= seconds:
            pace.learn(latest, age, users)
            return ages
        latest = age


def greedy(durations: list[float], slots: int) -> float:
    """How long a real schedule takes: each job goes to the slot that is free first."""
    free = [0.0] * slots
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration + EXCHANGE)
    return max(free)


@given(DURATIONS, st.integers(1, 2))
def test_no_schedule_beats_the_floor(durations: list[float], slots: int) -> None:
    for order in (durations, sorted(durations), sorted(durations, reverse=True)):
        assert floor(durations, slots=slots, exchange_seconds=EXCHANGE) <= greedy(order, slots) + 1e-6


@pytest.mark.parametrize("jobs", [1, 2, 3, 924, 925])
def test_the_floor_of_equal_jobs_is_what_two_full_slots_take(jobs: int) -> None:
    assert floor([20.0] * jobs, exchange_seconds=EXCHANGE) == pytest.approx(greedy([20.0] * jobs, 2))


def test_the_rate_limit_bounds_many_short_jobs() -> None:
    assert floor([1.0] * 1000, rate=1.6, burst=8) == pytest.approx((2000 - 8) / 1.6)


def test_nothing_to_upload_takes_no_time() -> None:
    assert floor([]) == 0.0
    assert forecast(0, 0, rate=2) == (0.0, 0.0)


@given(st.integers(1, 2_000_000), st.floats(0.5, 100))
def test_a_forecast_is_a_range_that_more_users_only_raise(users: int, rate: float) -> None:
    files = -(-users // 1000)
    low, high = forecast(users, files, rate=rate)
    more_low, more_high = forecast(users * 2, files * 2, rate=rate)
    assert 0 < low <= high
    assert (low, high) <= (more_low, more_high)


@given(st.integers(1, 3000), st.integers(1, 40), st.data())
def test_whatever_the_last_file_holds_the_upload_takes_no_longer_than_forecast(
    full: int, files: int, data: st.DataObject
) -> None:
    last = data.draw(st.integers(1, full))
    sizes = [full] * (files - 1) + [last]
    slowest = floor([JOB_SECONDS[1] + USER_SECONDS[1] * size for size in sizes], rate=16)
    assert slowest <= forecast(sum(sizes), files, rate=16)[1] + 1e-6


def test_a_million_users_are_forecast_by_auth0s_published_speed() -> None:
    low, high = forecast(1_000_000, 1000, rate=16)
    assert low < 1000 * (20 + EXCHANGE) / 2 < high, "jobs of 20 s lie inside"
    assert high >= 1_000_000 * 9 * 60 / 2000 / 2, "so do those of who published the slowest figure"


@pytest.mark.parametrize("seconds", [5.0, 20.0, 60.0])
@pytest.mark.parametrize("budget", [1.6, 12.8])
def test_regular_jobs_are_soon_looked_at_when_they_end(seconds: float, budget: float) -> None:
    pace = Pace(slots=2)
    for _ in range(40):
        looks(pace, seconds, budget=budget)
    ages = looks(pace, seconds, budget=budget)
    assert len(ages) <= 3
    assert ages[-1] - seconds <= CLOSEST + 1e-6


def test_where_tokens_bind_each_job_is_looked_at_once() -> None:
    pace = Pace(slots=2)
    looks(pace, 1.0, budget=1.6)
    assert [len(looks(pace, 1.0, budget=1.6)) for _ in range(20)] == [1] * 20


@pytest.mark.parametrize("budget", [1.6, 12.8])
def test_widely_spread_jobs_stay_within_the_budget(budget: float) -> None:
    pace, dice = Pace(slots=2), Random(7)
    requests = seconds = 0.0
    for _ in range(400):
        job = dice.expovariate(1 / 20)
        ages = looks(pace, job, budget=budget)
        requests += 1 + len(ages)
        seconds += (ages[-1] + EXCHANGE) / 2
    assert requests / seconds <= 0.65 * budget


def test_a_job_that_takes_unusually_long_is_looked_at_less_and_less_often() -> None:
    pace = Pace(slots=2)
    for _ in range(5):
        looks(pace, 20.0, budget=12.8)
    ages = looks(pace, 3600.0, budget=12.8)
    late = [after - before for before, after in pairwise(ages) if before > 40]
    assert all(after >= before - 1e-6 for before, after in pairwise(late))
    assert late[-1] == pytest.approx(60.0)
    assert len(ages) < 150


def test_the_first_job_of_all_is_found_at_most_a_tenth_late() -> None:
    for seconds in (30.0, 240.0, 3000.0):
        assert looks(Pace(slots=2), seconds, budget=12.8)[-1] <= 1.1 * seconds + 0.1


def test_a_small_file_is_looked_at_early() -> None:
    pace = Pace(slots=2)
    for _ in range(5):
        looks(pace, 20.0, budget=12.8)
    assert pace.next_look(None, 90, budget=12.8) < 4


def test_durations_that_grow_with_users_are_scaled() -> None:
    pace = Pace(slots=2)
    for users in (900, 300, 600, 450, 900):
        looks(pace, users * 0.02, budget=12.8, users=users)
    window = pace.window(1000)
    assert window is not None
    assert window.first == pytest.approx(20, rel=0.1)
    assert window.last == pytest.approx(20, rel=0.25)


def test_jobs_that_become_quicker_are_noticed() -> None:
    pace = Pace(slots=2)
    for _ in range(40):
        looks(pace, 60.0, budget=12.8)
    for _ in range(60):
        looks(pace, 10.0, budget=12.8)
    assert looks(pace, 10.0, budget=12.8)[-1] < 11


def test_what_remains_is_a_range_that_holds_the_truth() -> None:
    pace, dice = Pace(slots=2), Random(3)
    assert pace.remaining(100, 90_000) is None
    for _ in range(32):
        looks(pace, dice.gauss(20, 4), budget=12.8)
    span = pace.remaining(100, 90_000)
    assert span is not None
    low, high = span
    assert low < 100 * (20 + EXCHANGE) / 2 < high
    assert high - low < 0.5 * high
