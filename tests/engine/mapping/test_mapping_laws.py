"""Laws of the mapping: it never raises, what it accepts Auth0 accepts, and blocks are mapped as single records are."""

import csv
import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prepare_stage import COLUMNS, HASH, PROFILE, ListBlock, mapping, person

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord
from wizard.mapping import Mapping, User
from wizard.mapping.phones import Phones
from wizard.mapping.table import Table
from wizard.mapping.transforms import parse_transform
from wizard.practice.jobs.user_schema import UserSchema
from wizard.practice.jobs.usernames import UsernameRules
from wizard.practice.switches import Switches
from wizard.rejects import REASONS, Refused, Reject, reject

SCHEMA = UserSchema(UsernameRules(), Switches())
RICH = mapping(
    {
        **PROFILE,
        "user_id_prefix": "legacy|",
        "without_email": "{id}@no-email.example.com",
        "phone_number": {"column": "phone", "when_invalid": "omit"},
        "picture": "first",
        "nickname": {"column": "last", "transforms": ["spaces", "upper", "truncate(5)"]},
        "blocked": {"column": "verified", "transforms": ["present"]},
        "phone_verified": {"column": "born", "transforms": ["present"], "when_invalid": "omit"},
        "mfa": {"totp": "plan", "phone": "phone"},
        "default_country": "DE",
        "profile_bytes_warning": 500,
        "profile_bytes_limit": 700,
        "app_metadata": {
            "plan": "plan",
            "fixed": {"constant": [1, "two"]},
            "deep": {"er": {"count": {"column": "plan", "transforms": ["strip", "int"], "when_invalid": "omit"}}},
            "tags": {"column": "last", "transforms": ["split(' ')"], "when_empty": "reject"},
        },
        "user_metadata": {"born": "born", "name": {"template": "{last}, {first}", "transforms": []}},
    },
    {"column": "hash", "unsupported": "without_password", "missing": "without_password"},
)
PLAIN = mapping()
WHOLE_JSON = mapping(
    {"user_id": "id", "email": "mail", "app_metadata": {"column": "plan", "transforms": ["json"]}},
    {"missing": "without_password"},
)

TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "x" * 151,
        "x" * 300,
        r"\N",
        "NULL",
        "1.2E+17",
        "\x00",
        "\ud800",
        '"',
        "\\",
        "a\nb",
        "\u00a0a",
        " a",
        "gold ",
        "a\u3000",
        "é",
        "日本",
    ]
)
MAIL = st.sampled_from(
    [
        "",
        " ",
        "a@example.com",
        " A.B@Example.COM ",
        "a@b",
        "a b@example.com",
        "a..b@example.com",
        "a@example.com\n",
        "ü@exämple.de",
        "İ@example.com",
        "mi\u212ae@example.com",
        "a@xn--exmple-cua.de",
        "a" * 65 + "@example.com",
        f"a@{'b' * 64}.com",
        f"a@{'b.c' * 84}.com",
    ]
)
PHONE = st.sampled_from(["+4930123456", "030 123456", "+49030123456", "+1 202 555 0123", "+12", "n/a", "+390612345678"])
FLAG = st.sampled_from(["yes", "NO", "true", "0", "maybe", ""])
SINCE = st.sampled_from(["2024-01-01 00:00:00", "NULL", "(null)", "0", "1704067200", "maybe", " 2024-01-01 ", ""])
DAY = st.sampled_from(["10.12.1815", "1.2.1999", "31.2.1999", "1999-01-01", ""])
HASHES = st.sampled_from(
    [HASH, f" {HASH} ", HASH.replace("2b$10", "2y$12"), HASH[:-1], "plain", "{SSHA}abc", "", "\x00"]
)
NATIVE = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=4) | st.decimals(allow_nan=None)
NATIVE |= st.sampled_from([date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7), Decimal("1.50"), ["a"]])
NATIVE |= st.binary(min_size=16, max_size=16) | st.sampled_from(
    [b"\x00", b"\x01", b"sixteen.letters.", "é".encode() * 8]
)
NATIVE |= st.sampled_from([{"a": 1}, {"a.b": 1}, {"k": [None, {"$": 2}]}, float("nan"), 1e15, 1e16, 2**53, -(2**53)])


def rows(**extra: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Rows of COLUMNS: each cell mostly as it should be, sometimes anything."""
    usual = dict(zip(COLUMNS, person(1), strict=True))
    special = {"mail": MAIL, "phone": PHONE, "verified": FLAG, "born": DAY | SINCE, "hash": HASHES}
    cells = [
        st.just(usual[name]) | st.just(usual[name]) | special.get(name, TEXT) | TEXT | extra.get("also", st.nothing())
        for name in COLUMNS
    ]
    return st.tuples(*cells)


ROWS = rows()
ANY_ROWS = rows(also=NATIVE)


@pytest.mark.parametrize("compiled", [PLAIN, RICH, WHOLE_JSON], ids=["plain", "rich", "json"])
@given(row=ANY_ROWS)
def test_every_record_is_a_user_that_auth0_takes_or_a_reject(compiled: Mapping, row: tuple[Any, ...]) -> None:
    found = compiled.map_one(row)
    if isinstance(found, Reject):
        assert found.code in REASONS
    else:
        assert json.loads(found.data) == found.profile
        assert SCHEMA.problems(found.profile) == []
        assert found.profile["email"] == found.profile["email"].lower()


LETTERS = st.text(st.sampled_from("mike.1\u212aKıİſßﬁÅＫ²") | st.characters(codec="utf-8"), min_size=1, max_size=8)


def addressed(transforms: list[str] | None) -> Mapping:
    rules = {
        "user_id": {"constant": "1"},
        "email": {"column": "mail", "transforms": transforms},
        "username": {"column": "login", "transforms": transforms, "when_invalid": "omit"},
    }
    return mapping(rules, {"missing": "without_password"}, columns=("mail", "login"))


@pytest.mark.parametrize("compiled", [addressed(None), addressed(["strip", "lower"])], ids=["usual", "declared"])
@given(local=LETTERS, domain=LETTERS)
@example(local="mi\u212ae", domain="example")
@example(local="mike", domain="\u212aelvin")
def test_what_is_beyond_ascii_never_becomes_an_address_or_username_in_ascii(
    compiled: Mapping, local: str, domain: str
) -> None:
    for row in ((f"{local}@{domain}.com", "mike"), ("mike@example.com", local)):
        found = compiled.map_one(row)
        if isinstance(found, User):
            assert found.profile["email"].isascii() == row[0].strip().isascii()
            assert "username" not in found.profile or row[1].strip().isascii()


@pytest.mark.parametrize("compiled", [PLAIN, RICH, WHOLE_JSON], ids=["plain", "rich", "json"])
@settings(max_examples=60, deadline=None)
@given(listed=st.lists(ANY_ROWS | st.just(BadRecord("ragged_row", "it has 1 cell")), max_size=8))
def test_a_block_of_anything_is_mapped_as_its_records_are(compiled: Mapping, listed: list[Any]) -> None:
    require_same(compiled, Table.of(ListBlock(1, tuple(listed)), len(COLUMNS)), listed)


@pytest.mark.parametrize("compiled", [PLAIN, RICH, WHOLE_JSON], ids=["plain", "rich", "json"])
@settings(max_examples=60, deadline=None)
@given(
    listed=st.lists(ROWS, min_size=1, max_size=8),
    ending=st.sampled_from(["\n", "\r\n"]),
    between=st.sampled_from(",;\t|¦"),
)
def test_a_file_is_mapped_as_its_records_are(
    compiled: Mapping,
    listed: list[tuple[str, ...]],
    ending: str,
    between: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("csv") / "users.csv"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        csv.writer(file, delimiter=between, lineterminator=ending).writerows([COLUMNS, *listed])
    source = open_source(SourceAnswers(kind="csv", path=str(path), delimiter=between), secret=str, base=Path())
    for block in source.blocks():
        require_same(compiled, Table.of(block, len(COLUMNS)), list(block.rows()))


MOMENTS = mapping(
    {
        "user_id": "id",
        "email": "mail",
        "user_metadata": {
            "born": {"column": "born", "transforms": ["strip", 'date("%Y-%m-%d")'], "when_invalid": "omit"},
            "since": {"column": "plan", "transforms": ["strip", "datetime"]},
            "seen": {"column": "last", "transforms": ['datetime(zone="Europe/Berlin")'], "when_empty": "reject"},
            "day": {"column": "first", "transforms": ["date"]},
        },
    },
    {"missing": "without_password"},
)
ISO = ["2024-02-28", "2024-02-29", "2023-02-29", "1999-12-31T23:59:59", "2024-05-06T07:08:09Z", "2024-05-06 07:08:09"]
ISO += ["", " 2024-01-01 ", "2024-1-1", "0000-00-00", "2024-05-06T07:08:09.500Z", "2024-05-06T07:08:09+02:00", "n/a"]


@given(
    listed=st.lists(
        st.tuples(*(st.just("2024-05-06T07:08:09Z") | st.just("2024-05-06") | st.sampled_from(ISO) for _ in range(4))),
        min_size=1,
        max_size=30,
    )
)
def test_moments_that_stand_as_they_are_come_out_as_when_read_one_by_one(listed: list[tuple[str, ...]]) -> None:
    people = [
        person(index, born=born, plan=since, last=seen, first=day)
        for index, (born, since, seen, day) in enumerate(listed)
    ]
    require_same(MOMENTS, Table.of(ListBlock(1, tuple(people)), len(COLUMNS)), people)


@pytest.mark.parametrize(
    "written", ["date", 'date("%Y-%m-%d", "%d.%m.%Y")', "datetime", 'datetime(zone="Asia/Kolkata")']
)
@given(data=st.data())
def test_what_a_transform_says_it_leaves_alone_it_does(written: str, data: st.DataObject) -> None:
    transform = parse_transform(written)
    assert transform.stands is not None
    text = data.draw(st.from_regex(transform.stands, fullmatch=True))
    assert transform.call(reject("value_invalid", "field"))(text) == text


@pytest.mark.parametrize("written", ["date", "datetime"])
@pytest.mark.parametrize(
    "text", ["20231224003000Z", "20231224003000+0100", "2023-12-24003000+0100", "20231224+01:00", "2023-12-24+01:00"]
)
def test_what_only_looks_like_iso_is_refused_and_not_read_as_another_moment(written: str, text: str) -> None:
    read = parse_transform(written).call(reject("value_invalid", "field"))
    assert read("20231224T003000+0100") == read("2023-12-24 00:30:00+01:00") == read("2023-12-24_00:30:00+01:00")
    with pytest.raises(Refused):
        read(text)


@pytest.mark.parametrize("between", [",", ";", "\t", "|", "¦", "→"])
@pytest.mark.parametrize("odd", [" Ada", "Ada ", "A da", "\u00a0Ada", "Ada\u3000", "\u2003"])
@pytest.mark.parametrize("column", [0, 4, 9])
def test_white_space_beside_any_delimiter_is_seen(between: str, odd: str, column: int, tmp_path: Path) -> None:
    people = [person(number) for number in range(40)]
    people[20] = (*people[20][:column], odd, *people[20][column + 1 :])
    path = tmp_path / "users.csv"
    lines = [between.join(map(str, row)) for row in (COLUMNS, *people)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    source = open_source(SourceAnswers(kind="csv", path=str(path), delimiter=between), secret=str, base=Path())
    for block in source.blocks():
        table = Table.of(block, len(COLUMNS))
        assert table.plain
        require_same(PLAIN, table, list(block.rows()))


def require_same(compiled: Mapping, table: Table, listed: list[Any]) -> None:
    largest = 650
    mapped = compiled.map_table(table, largest)
    refused = {index: why for index, why, _ in mapped.refused}
    assert len(mapped.users) == len(listed)
    for index, row in enumerate(listed):
        found = Reject(row.code, row.message) if isinstance(row, BadRecord) else compiled.map_one(row)
        if isinstance(found, User) and len(found.data) > largest:
            found = reject("user_too_large")
        if isinstance(found, User):
            assert mapped.users[index] == found.data
            assert {key: mapped.keys[key][index] for key in compiled.keys} == {
                key: found.profile.get(key, "").encode() for key in compiled.keys
            }
        else:
            assert (mapped.users[index], refused.pop(index)) == (b"", found)
    assert not refused


@given(listed=st.lists(ROWS, max_size=6))
def test_notes_of_a_block_are_those_of_its_records(listed: list[tuple[str, ...]]) -> None:
    expected: list[str] = []
    for row in listed:
        notes: list[str] = []
        found = RICH.to_user(row, notes)
        if isinstance(found, dict):
            try:
                RICH.serialise(found, notes)
            except Refused:
                continue
            expected += notes
    mapped = RICH.map_table(Table.of(ListBlock(1, tuple(listed)), len(COLUMNS)), 100_000)
    assert sorted(mapped.notes.elements()) == sorted(expected)


@given(row=ROWS)
def test_a_mapping_sent_to_another_process_gives_the_same(row: tuple[str, ...]) -> None:
    assert pickle.loads(pickle.dumps(RICH)).map_one(row) == RICH.map_one(row)  # noqa: S301


@given(
    country=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    rest=st.from_regex(r"[0-9]{1,13}", fullmatch=True),
)
@settings(max_examples=400)
def test_a_number_that_passes_quickly_is_what_the_parser_makes_of_it(country: int, rest: str) -> None:
    phones = Phones(None, reject("phone_number_invalid", "phone_number"))
    text = f"+{country}{rest}"

    def outcome(call: Any) -> str | None:
        try:
            return str(call(text))
        except Refused:
            return None

    assert outcome(phones) == outcome(phones._parsed)
