"""Moments are read where there is one way to read them; what is not read is counted, with what would help."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.mapping.moments import Order, Unread, is_nothing, moment_of, unread, why_unread


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-06-30T12:00:00Z", at(2026, 6, 30, 12)),
        ("2026-06-30 12:00:00.5+02:00", at(2026, 6, 30, 10, 0, 0, 500_000)),
        ("2026-06-30 12:00:00 UTC", at(2026, 6, 30, 12)),
        ("2026-06-30 12:00:00 +0200", at(2026, 6, 30, 10)),
        ("2026-06-30 12:00:00.25 +0000 UTC", at(2026, 6, 30, 12, 0, 0, 250_000)),
        ("2026/6/3 7:05", at(2026, 6, 3, 7, 5)),
        ("24.12.2023", at(2023, 12, 24)),
        (b"24.12.2023", at(2023, 12, 24)),
        (" 4.1.2023, 17:30 ", at(2023, 1, 4, 17, 30)),
        ("24.12.2023 17:30:59", at(2023, 12, 24, 17, 30, 59)),
        ("2023-12-24 5:30 PM", at(2023, 12, 24, 17, 30)),
        ("2023-12-24 12:30 am", at(2023, 12, 24, 0, 30)),
        ("20231224", at(2023, 12, 24)),
        (1700000000000, at(2023, 11, 14, 22, 13, 20)),
        ("1700000000", at(2023, 11, 14, 22, 13, 20)),
        (1.7e9, at(2023, 11, 14, 22, 13, 20)),
        ("20240102030405Z", at(2024, 1, 2, 3, 4, 5)),
        ("20240102030405.0Z", at(2024, 1, 2, 3, 4, 5)),
        ("20231224003000+0100", at(2023, 12, 23, 23, 30)),
        ("20231224003000-05", at(2023, 12, 24, 5, 30)),
        ("20231224003000,25+0530", at(2023, 12, 23, 19, 0, 0, 250_000)),
        ("20231224T003000+0100", at(2023, 12, 23, 23, 30)),
        ("133444736000000000", at(2023, 11, 14, 22, 13, 20)),
        ("Sun, 30 Jun 2026 12:00:00 GMT", at(2026, 6, 30, 12)),
        ("Tue, 30 Jun 2026 12:00:00 +0200", at(2026, 6, 30, 10)),
        ("30 Jun 2026 12:00 -0000 (UTC)", at(2026, 6, 30, 12)),
        (date(2024, 1, 2), at(2024, 1, 2)),
        (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=3))), at(2024, 1, 2)),
    ],
)
def test_a_moment_is_read_however_stores_write_it(value: Any, moment: datetime) -> None:
    assert moment_of(value) == moment
    assert why_unread(value) is None


@pytest.mark.parametrize(
    "value", ["", " ", None, 0, "0", "0.0", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z", "NULL", "never", "\\N", "-"]
)
def test_what_stands_for_no_moment_is_none_and_not_unread(value: Any) -> None:
    assert (moment_of(value), why_unread(value)) == (None, None)
    assert is_nothing(value)


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        True,
        "Tue, 31 Jun 2026 12:00:00 GMT",
        "31.02.2023",
        "24.12.23",
        "2023-12-24 13:30 PM",
        "24.12.2023 25:00",
        "12242023",
        "45284",
        "2023",
        "-5",
        "202312241730",
        "231224003000Z",
        "2023122417Z",
        "2023-12-24003000+0100",
        "2023-12-24T03000+0100",
        "20231224+0100",
        "638390000000000000",
        b"\xff\xfe",
    ],
)
def test_what_has_no_one_meaning_is_unread(value: Any) -> None:
    assert (moment_of(value), why_unread(value)) == (None, "other")


@pytest.mark.parametrize(
    ("value", "day", "month", "why"),
    [
        ("05/06/2023", at(2023, 6, 5), at(2023, 5, 6), "either"),
        ("5-6-2023 7:30", at(2023, 6, 5, 7, 30), at(2023, 5, 6, 7, 30), "either"),
        ("24/12/2023", at(2023, 12, 24), None, "day"),
        ("12/24/2023 5:30:01 PM", None, at(2023, 12, 24, 17, 30, 1), "month"),
        ("24/24/2023", None, None, "other"),
    ],
)
def test_a_date_that_can_be_read_both_ways_is_read_as_it_is_decided_and_not_at_all_without(
    value: str, day: datetime | None, month: datetime | None, why: str
) -> None:
    assert (moment_of(value), why_unread(value)) == (None, why)
    orders: list[tuple[Order, datetime | None]] = [("day", day), ("month", month)]
    for order, moment in orders:
        assert moment_of(value, order) == moment
        assert why_unread(value, order) == (None if moment else "other")


@given(st.text() | st.binary() | st.integers() | st.floats() | st.lists(st.integers()) | st.datetimes() | st.dates())
def test_any_cell_is_read_or_nothing_or_unread(value: Any) -> None:
    read, nothing, why = moment_of(value) is not None, is_nothing(value), why_unread(value)
    assert [read, nothing and not read, why is not None].count(True) == 1


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - it needs none
def test_all_forms_of_a_moment_are_read_as_the_same(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    seconds = int(moment.timestamp())
    forms = ("%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S +0000", "%Y%m%d%H%M%SZ")
    assert {moment_of(moment.strftime(form)) for form in forms} == {moment}
    assert moment_of(moment.strftime("%d/%m/%Y %H:%M:%S"), "day") == moment
    assert moment_of(moment.strftime("%m-%d-%Y %I:%M:%S %p"), "month") == moment
    assert {moment_of(str(seconds)), moment_of(seconds)} == {moment}
    if not str(seconds * 1000).startswith(("19", "20")):
        assert moment_of(seconds * 1000) == moment


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LOCAL = st.datetimes(min_value=datetime(1980, 1, 2), max_value=datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001
DATES = ("%Y-%m-%d{0}%H:%M:%S", "%Y%m%d{0}%H%M%S")


@given(LOCAL, st.sampled_from(["", ".", ","]), st.integers(1, 6), st.sampled_from(["T", " ", ""]))
def test_a_moment_with_an_offset_is_read_as_that_instant_or_not_at_all(
    moment: datetime, point: str, digits: int, between: str
) -> None:
    fraction = point and f"{point}{moment.microsecond:06}"[: digits + 1]
    moment = moment.replace(microsecond=int(f"{fraction[1:]:0<6}"))
    offset = moment.strftime("%z")
    for form in DATES:
        written = moment.strftime(form.format(between)) + fraction
        for zone in (offset, f"{offset[:3]}:{offset[3:]}", *([offset[:3]] if offset.endswith("00") else [])):
            assert moment_of(written + zone) in (moment, None)
            if between and form is DATES[0]:
                assert moment_of(written + zone) == moment
        assert moment_of(moment.astimezone(UTC).strftime(form.format(between)) + fraction + "Z") in (moment, None)
    assert moment_of(moment.strftime("%Y%m%d%H%M%S") + fraction + offset) == moment
    assert moment_of(moment.strftime("%a, %d %b %Y %H:%M:%S %z")) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        (["24/12/2023", "05/06/2023"], "date_order in [profile] to day;"),
        (["12/24/2023", "05/06/2023", "soon"], "date_order in [profile] to month;"),
        (["05/06/2023"], "date_order in [profile] to day or month;"),
        (["12/24/2023", "24/12/2023"], "ISO 8601"),
        (["05/06/2023", "soon", "later"], "ISO 8601"),
    ],
)
def test_what_is_unread_has_one_remedy_and_survives_as_notes(values: list[str], remedy: str) -> None:
    found = unread("last seen", [*values, "2024-01-01", "", None])
    assert found.values == len(values)
    assert remedy in str(found)
    assert Unread.of({**found.notes, "large_profile": 3}) == [found]
