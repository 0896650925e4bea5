r"""Cells that databases write for NULL are nothing: \N always, NULL where the file shows that it is one."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from prepare_stage import mapping

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord, LegacySource
from wizard.mapping import User
from wizard.mapping.suggestion import suggest_answers
from wizard.mapping.table import Table

PROFILE: dict[str, Any] = {
    "user_id": "id",
    "email": "email",
    "without_email": "{id}@no-email.example.com",
    "phone_number": "phone",
    "name": "name",
    "email_verified": "verified",
}


def opened(folder: Path, data: bytes, **answers: Any) -> LegacySource:
    (folder / "users.csv").write_bytes(data)
    return open_source(SourceAnswers(path="users.csv", **answers), secret=None, base=folder)


def cells(source: LegacySource) -> list[list[str]]:
    """The cells of every record, the same in all ways of reading."""
    found = []
    for block in source.blocks(expect=source.facts().fingerprint):
        block = pickle.loads(pickle.dumps(block))  # noqa: S301 - our own
        rows = list(map(list, block.rows()))
        table = Table.of(block, len(source.columns))
        assert rows == [list(record.values) for record in block.records()]
        assert rows == [list(table.row(index)) for index in range(block.count)]
        found += rows
    return found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("between", ["\t", ",", "|"])
def test_backslash_n_is_nothing_wherever_it_stands(tmp_path: Path, between: str, quote: str, end: str) -> None:
    rows = [
        ["id", "email", "city", "note"],
        ["1", r"\N", r"\N", r"\N"],
        [r"\N", r"\N", "a@example.com", f"{quote}x\\Ny{quote}"],
        ["3", "c@example.com", r"\n", r"\NA"],
    ]
    source = opened(tmp_path, end.join(map(between.join, rows)).encode())
    assert cells(source) == [
        ["1", "", "", ""],
        ["", "", "a@example.com", r"x\Ny"],
        ["3", "c@example.com", r"\n", r"\NA"],
    ]
    assert source.facts().warnings == ()


def test_backslash_n_is_nothing_where_quotes_are_escaped(tmp_path: Path) -> None:
    data = b'"id","note","email"\n"1",\\N,\\N\n"2","a \\"b\\" \\\\N","b@example.com"\n\\N,"x","c@example.com"\n'
    assert cells(opened(tmp_path, data)) == [
        ["1", "", ""],
        ["2", 'a "b" \\N', "b@example.com"],
        ["", "x", "c@example.com"],
    ]


def test_a_column_alone_may_hold_nothing(tmp_path: Path) -> None:
    assert cells(opened(tmp_path, b"email\na@example.com\n\\N\nb@example.com\n")) == [
        ["a@example.com"],
        [""],
        ["b@example.com"],
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ["1\ta@example.com\tNULL\tNULL", "2\tb@example.com\tAda\t"],
        ["1\ta@example.com\tAda\tNULL", "2\tb@example.com\tBob\tNULL"],
    ],
    ids=["several columns", "several rows"],
)
def test_null_is_nothing_where_the_file_shows_it(tmp_path: Path, rows: Sequence[str]) -> None:
    source = opened(tmp_path, "\n".join(["id\temail\tname\tphone", *rows, "3\tc@example.com\tNull\tnull"]).encode())
    found = cells(source)
    assert "NULL" not in {cell for row in found for cell in row}
    assert found[2] == ["3", "c@example.com", "Null", "null"]
    (warning,) = source.facts().warnings
    assert "exactly NULL are read as empty" in warning
    assert "phone" in warning


@pytest.mark.parametrize(
    "rows",
    [
        ["1\ta@example.com\tNULL\t", "2\tb@example.com\tNULL\t1"],
        ["1\ta@example.com\tAda\tNULL", "2\tb@example.com\tBob\t"],
        ["1\ta@example.com\tNULL\tNULL", "2\tb@example.com\tAda\t\\N"],
    ],
    ids=["names alone", "once", "another marker"],
)
def test_null_stays_where_it_may_be_somebodys_name(tmp_path: Path, rows: Sequence[str]) -> None:
    source = opened(tmp_path, "\n".join(["id\temail\tlast_name\tphone", *rows]).encode())
    assert "NULL" in {cell for row in cells(source) for cell in row}
    assert source.facts().warnings == ()


def test_a_first_line_of_a_file_without_names_is_read_like_the_others(tmp_path: Path) -> None:
    source = opened(tmp_path, b"1\ta@example.com\t\\N\n2\t\\N\tUlm\n", header=False, columns=("id", "email", "city"))
    assert cells(source) == [["1", "a@example.com", ""], ["2", "", "Ulm"]]


def test_users_without_values_are_imported_without_them(tmp_path: Path) -> None:
    data = b"id\temail\tphone\tname\tverified\n1\t\\N\t\\N\t\\N\t\\N\n2\tb@example.com\t+4930123456\tAda\t1\n"
    source = opened(tmp_path, data)
    compiled = mapping(PROFILE, {"missing": "without_password"}, source.columns)
    (block,) = source.blocks()
    mapped = compiled.map_table(Table.of(block, len(source.columns)), 10_000)
    assert mapped.users[0] == b'{"user_id":"1","email":"1@no-email.example.com"}'
    assert not mapped.refused
    for row, data in zip(block.rows(), mapped.users, strict=True):
        assert not isinstance(row, BadRecord)
        found = compiled.map_one(row)
        assert isinstance(found, User)
        assert found.data == data


@pytest.mark.parametrize("between", ["\t", ","])
def test_bits_are_booleans(tmp_path: Path, between: str) -> None:
    data = b"id\tactivated\temail\tlast\n1\t\0\ta@example.com\t\1\n2\t\1\tb@example.com\t\\0\n".replace(
        b"\t", between.encode()
    )
    source = opened(tmp_path, data)
    assert cells(source) == [["1", "0", "a@example.com", "1"], ["2", "1", "b@example.com", "0"]]
    suggestion = suggest_answers(source.columns, source.sample())
    blocked = mapping({**suggestion.rules, "username": "id"}, {"missing": "without_password"}, source.columns)
    found = [blocked.map_one(record.values) for record in source.sample()]
    assert [b'"blocked":true' in user.data for user in found if isinstance(user, User)] == [True, False]


def test_backslashes_escape_where_a_database_wrote_the_table(tmp_path: Path) -> None:
    data = b'id\tnote\temail\n1\ttwo\\nlines \\\\ \\t "x"\t\\N\n2\t"open\tb@example.com\n3\ta\\\nb\\\tc\tc@example.com\n4\tplain\t\\N\n'
    source = opened(tmp_path, data)
    assert cells(source) == [
        ["1", 'two\nlines \\ \t "x"', ""],
        ["2", '"open', "b@example.com"],
        ["3", "a\nb\tc", "c@example.com"],
        ["4", "plain", ""],
    ]
    assert source.facts().details["quotes"] == "none, backslash escapes"
    assert [record.position for record in source.sample()] == ["line 2", "line 3", "line 4", "line 6"]


@pytest.mark.parametrize(
    "rows",
    [
        ["1\tC:\\new\ta@example.com", "2\tC:\\temp\tb@example.com"],
        ["1\tC:\\srv\ta@example.com", "2\tC:\\temp\t\\N"],
        ['1\t"C:\\temp"\ta@example.com', "2\tC:\\temp\t\\N"],
    ],
    ids=["no marker", "no escape", "quotes"],
)
def test_backslashes_are_letters_where_that_is_not_evident(tmp_path: Path, rows: Sequence[str]) -> None:
    source = opened(tmp_path, "\n".join(["id\tpath\temail", *rows]).encode())
    assert cells(source)[1][1] == r"C:\temp"
    assert source.facts().details["quotes"] == "double quotes"


def test_a_lone_nul_is_damage_where_no_bit_is_set(tmp_path: Path) -> None:
    source = opened(tmp_path, b"id,email,name\n1,ann@example.com,\0\n2,bo@example.com,Bo\n")
    bad = [record.bad and record.bad.code for block in source.blocks() for record in block.records()]
    assert bad == ["nul_byte", None]


def test_a_marker_within_quotes_is_text(tmp_path: Path) -> None:
    lines = (
        ["id,email,note"]
        + [f'{n},p{n}@example.com,"a \\" b"' for n in range(5)]
        + ['9,p9@example.com,"a,\\N,b"', "8,\\N,x"]
    )
    found = cells(opened(tmp_path, "\n".join([*lines, ""]).encode()))
    assert found[-2][2] == "a,N,b"
    assert found[-1] == ["8", "", "x"]


@pytest.mark.parametrize("short", ["2,bo@example.com\n\n", "\n2,bo@example.com\n", "2,bo@example.com\r\n\r\n"])
def test_a_blank_line_does_not_fill_up_a_short_record(tmp_path: Path, short: str) -> None:
    data = f"id,email,plan,name\n1,ann@example.com,,Ann\n{short}3,cy@example.com,,Cy\n"
    source = opened(tmp_path, data.encode())
    (block,) = source.blocks()
    table = Table.of(block, len(source.columns))
    assert list(table.bad) == [1]
    assert [bad.code for bad in table.bad.values()] == ["ragged_row"]
