"""Files as they are in the wild give the users that the standard library's own readers find in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest

from wizard.errors import SourceError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord, LegacySource

HEADER = ["id", "email", "name", "note"]
PEOPLE = [
    [str(number), f"user{number}@example.com", name, note]
    for number, (name, note) in enumerate(
        product(
            ("Ann Lee", "Zoë Ünal", "O'Brien", 'Jo "Jo" Ray'), ("", "a, b; c | d", "two\nlines", "=1+1", " spaced ")
        ),
        1,
    )
]
Wild = Callable[..., LegacySource]


@pytest.fixture
def wild(tmp_path: Path) -> Wild:
    def written(data: bytes, name: str = "users.csv", **answers: Any) -> LegacySource:
        (tmp_path / name).write_bytes(data)
        return open_source(SourceAnswers(path=name, **answers), secret=None, base=tmp_path)

    return written


def delimited(rows: list[list[str]], *, delimiter: str = ",", end: str = "\n") -> str:
    """The standard library quotes a line break by itself only if it is in the line end."""
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL if "\n" in end else csv.QUOTE_ALL
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


def independent(text: str, delimiter: str = ",") -> list[list[str]]:
    """The rows by the standard library alone, header included; blank lines are none."""
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def read(source: LegacySource) -> list[list[Any] | str]:
    """Each record's cells, or the code of what is wrong with it; counts and positions are checked on the way."""
    found: list[list[Any] | str] = []
    for block in source.blocks(expect=source.facts().fingerprint):
        for record in block.records():
            assert record.number == len(found) + 1
            found.append(record.bad.code if isinstance(record.bad, BadRecord) else list(record.values))
    assert len(found) == source.facts().records
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16"])
def test_every_way_of_writing_gives_the_same_users(wild: Wild, delimiter: str, end: str, codec: str) -> None:
    text = delimited([HEADER, *PEOPLE], delimiter=delimiter, end=end)
    source = wild(text.encode(codec))

    header, *rows = independent(text, delimiter)
    assert list(source.columns) == header == HEADER
    assert read(source) == rows == PEOPLE
    assert read(wild(gzip.compress(text.encode(codec)), "users.csv.gz")) == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_single_quotes_around_cells_are_no_part_of_them(wild: Wild, delimiter: str, quoting: Any) -> None:
    people = [[1, "ann@example.com", "Ann Lee"], [2, "o'brien@example.com", "O'Brien"], [3, "cy@example.com", ""]]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quotechar="'", quoting=quoting, lineterminator="\n")
    writer.writerows([["id", "email", "name"], *people])
    source = wild(text.getvalue().encode())

    assert list(source.columns) == ["id", "email", "name"]
    assert read(source) == [[str(cell) for cell in person] for person in people]


def test_a_few_cells_in_single_quotes_keep_them(wild: Wild) -> None:
    rows = [["1", "ann@example.com", "'Ann'"], ["2", "bob@example.com", "'Bob'"]]

    assert read(wild(delimited([["id", "email", "name"], *rows]).encode())) == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_latin_1_is_read_and_said(wild: Wild, end: str) -> None:
    text = delimited([HEADER, *PEOPLE], end=end)
    source = wild(text.encode("latin-1"))

    assert read(source) == PEOPLE
    assert any("1252" in warning for warning in source.facts().warnings)
    assert read(wild(text.encode("latin-1"), encoding="latin-1")) == PEOPLE


def test_blank_lines_are_no_users_wherever_they_stand(wild: Wild) -> None:
    text = "\n\nid,email\n\n1,a@example.com\n\n\n2,b@example.com\n\n"
    source = wild(text.encode())

    assert [list(source.columns), *read(source)] == independent(text)


def test_ragged_rows_are_rejects_and_the_others_are_whole(wild: Wild) -> None:
    rows = [
        [*row, "more"] if index % 7 == 3 else row[:2] if index % 7 == 5 else row for index, row in enumerate(PEOPLE)
    ]
    text = delimited([HEADER, *rows])
    found = read(wild(text.encode()))

    assert len(found) == len(independent(text)) - 1
    assert [row for row in found if isinstance(row, list)] == [row for row in rows if len(row) == len(HEADER)]
    assert sum(isinstance(row, str) for row in found) == sum(len(row) != len(HEADER) for row in rows)


def test_rows_with_nuls_are_rejects_and_the_others_are_whole(wild: Wild) -> None:
    rows = [[row[0], row[1], "x\0y", ""] if index % 5 == 2 else row for index, row in enumerate(PEOPLE)]
    found = read(wild(delimited([HEADER, *rows]).encode()))

    assert len(found) == len(rows)
    assert [row for row in found if isinstance(row, list)] == [row for row in rows if "\0" not in row[2]]


def test_names_that_columns_share_are_told_apart_and_no_cell_is_lost(wild: Wild) -> None:
    text = delimited([["id", "email", "email", "ID"], *([row[0], row[1], "", row[0]] for row in PEOPLE)])
    source = wild(text.encode())

    assert len(set(source.columns)) == 4
    assert source.facts().warnings
    assert read(source) == independent(text)[1:]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_delimiter_at_the_end_of_all_lines_loses_nobody(wild: Wild, end: str) -> None:
    text = "".join(f"{line},{end}" for line in ("id,email", "1,a@example.com", "2,b@example.com"))
    found = read(wild(text.encode()))

    assert [row[:2] for row in found if isinstance(row, list)] == [row[:2] for row in independent(text)[1:]]


def test_a_header_alone_is_no_users(wild: Wild) -> None:
    source = wild(b"id,email,name\r\n")

    assert (list(source.columns), read(source)) == (["id", "email", "name"], [])


def test_one_column_is_a_table_too(wild: Wild) -> None:
    source = wild("email\r\na@example.com\r\nb@example.com\r\n".encode("utf-16"))

    assert (list(source.columns), read(source)) == (["email"], [["a@example.com"], ["b@example.com"]])


@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_huge_fields_are_whole(wild: Wild, size: int) -> None:
    """Where lines end inside quotes a megabyte is the most: beyond, a quote was never closed."""
    lines = ("y," * 50 + "\n") * (min(size, 1_000_000) // 101)
    rows = [["1", "a@example.com", "x" * size, ""], ["2", "b@example.com", lines, "z"]]

    assert read(wild(delimited([HEADER, *rows]).encode())) == rows


TITLES = {
    "one title": "Customers\n",
    "title, date and a blank line": "Export of customers\nmade 2026-01-31, by the CRM\n\n",
    "padded by a spreadsheet": "Customers of 2026,,,\n,,,\n",
    "a quoted title over two lines": '"Customers\nof 2026"\n',
    "a title with figures": "Users: 20\n",
}


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_titles_above_the_header_are_no_users_and_are_told(wild: Wild, title: str, end: str) -> None:
    text = title.replace("\n", end) + delimited([HEADER, *PEOPLE], end=end)
    source = wild(text.encode())

    assert list(source.columns) == HEADER
    assert read(source) == PEOPLE
    assert any("skip_lines" in warning for warning in source.facts().warnings)


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_the_operator_says_how_many_lines_stand_above_the_header(wild: Wild, title: str) -> None:
    text = title + delimited([HEADER, *PEOPLE])
    source = wild(text.encode("utf-16"), skip_lines=title.count("\n"))

    assert (list(source.columns), read(source)) == (HEADER, PEOPLE)
    assert source.facts().warnings == ()


def test_a_first_line_that_is_a_header_stays_one_whatever_follows(wild: Wild) -> None:
    """No row of a user may ever be taken for the names of columns."""
    for header, row in (("id,login", "u1,ann,lee"), ("Name", "ann,user,lee"), ("key,value", "mail,login,id")):
        source = wild(f"{header}\n{row}\n{row}\n".encode(), skip_lines=0)
        assert list(source.columns)[: header.count(",") + 1] == header.split(",")
        assert source.facts().records == 2
    source = wild(b"id,login\nu1,user,lee\nu2,user,ray\n")
    assert (list(source.columns), source.facts().records) == (["id", "login"], 2)


def test_where_titles_are_in_doubt_the_warning_names_the_key(wild: Wild) -> None:
    source = wild(b"Customers\nNachname,Ort,Strasse\nLee,Ulm,a\nRay,Bonn,b\n")

    assert source.facts().records == 3
    assert any("skip_lines in [source]" in warning for warning in source.facts().warnings)


USERS = [{"id": number, "email": f"user{number}@example.com", "name": {"first": "Zoë"}} for number in range(1, 40)]
WRAPPED: dict[str, Any] = {
    "a list": USERS,
    "one deep": {"users": USERS},
    "two deep": {"meta": {"count": 39, "links": {}}, "data": {"page": 1, "users": USERS, "next": None}},
    "three deep": {"response": {"status": "ok", "result": {"items": USERS}}},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_a_list_of_users_is_found_however_deep_it_is(wild: Wild, wrapped: Any, codec: str, indent: int | None) -> None:
    data = json.dumps(wrapped, indent=indent, ensure_ascii=False).encode(codec)
    for source in (wild(data, "users.json"), wild(gzip.compress(data), "users.json.gz")):
        assert source.columns == ("id", "email", "name.first")
        assert read(source) == [[user["id"], user["email"], "Zoë"] for user in USERS]


def test_a_list_of_something_else_further_down_is_not_asked_about(wild: Wild) -> None:
    source = wild(json.dumps({"data": {"items": [{"role": "admin"}]}, "users": USERS}).encode(), "users.json")

    assert source.facts().records == len(USERS)
    assert "email" in source.columns


def test_two_lists_further_down_are_asked_about_and_a_name_decides(wild: Wild) -> None:
    admins = [{"email": "admin@example.com"}]
    data = json.dumps({"a": {"items": admins}, "b": {"users": USERS}}).encode()

    with pytest.raises(SourceError, match="more than one list") as refused:
        wild(data, "users.json")
    assert "list of [source]" in refused.value.remedy
    assert wild(data, "users.json", list="users").facts().records == len(USERS)


def test_one_user_a_line_stays_one_user_whatever_it_holds(wild: Wild) -> None:
    line = json.dumps({"id": 1, "email": "a@example.com", "orders": {"items": [{"no": 5}]}})

    assert wild(f"{line}\n".encode(), "users.json").facts().records == 1


def test_lines_of_json_are_counted_as_the_standard_library_counts_them(wild: Wild) -> None:
    text = "\r\n\r\n".join(json.dumps(user) for user in USERS)

    assert wild(text.encode(), "users.ndjson").facts().records == sum(
        1 for line in text.splitlines() if line and json.loads(line)
    )
