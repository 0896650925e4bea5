"""Last logins are counted by age, whatever a cell holds, and their column is known by its name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wizard.strategy.activity import NEVER, OLDER, activity, age_of, column_of_activity

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@given(st.text() | st.binary() | st.integers() | st.floats() | st.lists(st.integers()))
def test_no_cell_breaks_the_count_of_logins(value: Any) -> None:
    assert activity("last_login", [value], NOW).total == 1


def test_users_are_counted_by_the_age_of_their_last_login() -> None:
    found = activity("last_login", ["2026-06-20", "2026-05-01", "2025-12-01", "2020-01-01", None], NOW)
    assert list(found.users.values()) == [1, 1, 1, 1, 1]
    assert found.within(90) == 2
    assert not found.unread.values
    assert age_of(None, NOW) == NEVER
    assert age_of(datetime(2020, 1, 1, tzinfo=UTC), NOW) == OLDER


def test_the_column_of_the_last_login_is_known_by_its_name() -> None:
    assert column_of_activity(["id", "created_at", "Last-Login"]) == "Last-Login"
    assert column_of_activity(["fields.last_login"]) == "fields.last_login"
    assert column_of_activity(["id"]) is None
