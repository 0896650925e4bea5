"""The three ways side by side, for stores that tell who is active and for stores that do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizard.auth0.plans import PLANS
from wizard.durations import between, duration
from wizard.strategy.ways import TITLES, Ways

FREE = PLANS["free"].for_group("other")


def row(ways: Ways, name: str) -> dict[str, str]:
    found = next(row for row in ways.rows() if row[0] == name)
    return dict(zip(TITLES, found[1:], strict=True))


def test_passwords_that_do_not_travel_are_reset_in_bulk_and_kept_by_logging_in() -> None:
    ways = Ways(users=1_000, carried=900, files=1)
    assert row(ways, "keep password") == {"Bulk": "900", "Automatic": "who logs in", "Two-phase": "900+"}
    assert row(ways, "no password") == {"Bulk": "100", "Automatic": "none", "Two-phase": "≤ 100"}
    assert row(Ways(1_000, 1_000, 1), "no password")["Two-phase"] == "none"


def test_only_two_phase_moves_active_users_first_and_leaves_nobody_behind() -> None:
    ways = Ways(users=1_000, carried=900, files=4, active=500)
    assert row(ways, "in 90 days") == {"Bulk": "all", "Automatic": "about 500", "Two-phase": "about 500"}
    assert row(ways, "stay behind") == {"Bulk": "none", "Automatic": "the others", "Two-phase": "none"}
    assert row(ways, "import jobs") == {"Bulk": "4", "Automatic": "none", "Two-phase": "about 2"}


def test_who_is_rejected_for_the_password_stays_behind_in_bulk_and_can_move_at_login() -> None:
    ways = Ways(users=1_000, carried=950, files=1, rejected=50)
    assert row(ways, "keep password") == {"Bulk": "950", "Automatic": "who logs in", "Two-phase": "950+"}
    assert row(ways, "no password") == {"Bulk": "none", "Automatic": "none", "Two-phase": "none"}
    assert row(ways, "stay behind") == {"Bulk": "50", "Automatic": "the others", "Two-phase": "≤ 50"}


def test_who_can_be_migrated_in_no_way_stays_behind_in_each() -> None:
    ways = Ways(users=1_000, carried=990, files=1, active=500, refused=10)
    assert row(ways, "in 90 days")["Bulk"] == "990"
    assert row(ways, "no password")["Bulk"] == "none"
    assert row(ways, "stay behind") == {"Bulk": "10", "Automatic": "the others", "Two-phase": "10"}
    assert row(Ways(1_000, 950, 1, rejected=40, refused=10), "stay behind")["Two-phase"] == "≤ 50"


def test_before_duplicates_are_known_the_figures_are_bounds_that_no_later_count_contradicts() -> None:
    ways = Ways(users=1_000, carried=950, files=1, rejected=40, refused=10, duplicates_known=False)
    assert row(ways, "keep password") == {"Bulk": "≤ 950", "Automatic": "who logs in", "Two-phase": "≤ 990"}
    assert row(ways, "stay behind") == {"Bulk": "≥ 50", "Automatic": "the others", "Two-phase": "≥ 10"}
    reset = Ways(users=1_000, carried=900, files=1, duplicates_known=False)
    assert row(reset, "keep password")["Two-phase"] == "≤ 1,000"
    assert row(reset, "no password") == {"Bulk": "≤ 100", "Automatic": "none", "Two-phase": "≤ 100"}
    assert row(reset, "stay behind") == {"Bulk": "none", "Automatic": "the others", "Two-phase": "none"}
    assert row(Ways(1_000, 960, 1, rejected=40, duplicates_known=False), "stay behind")["Two-phase"] == "none"


def test_where_nobody_knows_who_is_active_no_figure_pretends_to() -> None:
    ways = Ways(users=1_000, carried=900, files=4)
    assert "in 90 days" not in {row[0] for row in ways.rows()}
    assert row(ways, "import jobs")["Two-phase"] == "≤ 4"
    assert ways.seconds_left(FREE, reserve=0.2) is None


@given(
    users=st.integers(1, 10_000_000),
    files=st.integers(1, 10_000),
    active=st.floats(0, 1),
    reserve=st.floats(0, 0.9),
)
def test_the_rest_is_never_more_than_everybody(users: int, files: int, active: float, reserve: float) -> None:
    ways = Ways(users, users, files, active=round(users * active))
    everybody = ways.seconds(FREE, reserve=reserve)
    rest = ways.seconds_left(FREE, reserve=reserve)
    assert rest is not None
    assert 0 <= rest[0] <= everybody[0] and 0 <= rest[1] <= everybody[1]


def test_spans_of_time_are_as_exact_as_anybody_needs_them() -> None:
    assert [duration(seconds) for seconds in (8, 200, 3_900, 8_000, 200_000)] == [
        "8 s", "3 min", "65 min", "2 h 13 min", "2 days",
    ]  # fmt: skip
    assert between(120, 310) == "2 to 5 min"
    assert between(179, 181) == "about 3 min"
    assert between(30, 600) == "30 s to 10 min"
