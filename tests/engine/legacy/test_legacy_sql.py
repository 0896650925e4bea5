"""A table or a query of a database is read in one stable order, and never written to."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wizard.errors import Exit, SourceError
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord, LegacySource
from wizard.legacy.sql import single_select
from wizard.legacy.sql_connect import diagnosis

Open = Callable[..., LegacySource]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "legacy.db")
    connection.executescript(
        """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, "last name" TEXT, balance REAL, photo BLOB, born DATE);
        INSERT INTO customers VALUES (3, 'Žižek', 1.5, x'00ff', '1949-03-21'), (1, NULL, NULL, NULL, 'not a date');
        CREATE TABLE heap (a, b);
        INSERT INTO heap VALUES (2, 'x'), (1, 'y'), (1, 'x');
        CREATE VIEW names AS SELECT "last name" AS name FROM customers;
        """
    )
    connection.close()
    return tmp_path / "legacy.db"


@pytest.fixture
def opened(path: Path) -> Open:
    def open_it(**answers: Any) -> LegacySource:
        return open_source(SourceAnswers(url="sqlite:///legacy.db", **answers), secret=None, base=path.parent)

    return open_it


def values(source: LegacySource) -> list[Any]:
    blocks = [pickle.loads(pickle.dumps(block)) for block in source.blocks()]  # noqa: S301 - our own
    return [row for block in blocks for row in block.rows()]


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, password FROM heap",
        "SELECT id, timeout FROM heap",
        "SELECT id FROM password_users",
        'SELECT "authentication refused" . x FROM heap',
    ],
)
def test_a_name_that_is_not_there_is_a_fault_of_the_query_whatever_it_is_called(opened: Open, query: str) -> None:
    with pytest.raises(SourceError, match="A statement failed on") as error:
        opened(query=query)
    assert error.value.exit == Exit.USAGE


@pytest.mark.parametrize(
    ("state", "reason", "said", "code"),
    [
        ("42703", 'column "password" does not exist', "A statement failed", Exit.USAGE),
        ("57014", "canceling statement due to statement timeout", "A statement failed", Exit.USAGE),
        ("", "(1054, \"unknown column 'password' in 'select'\")", "A statement failed", Exit.USAGE),
        ("", 'connection failed: fatal: password authentication failed for user "x"', "Access", Exit.CREDENTIALS),
        ("", 'connection failed: fatal: role "x" does not exist', "Access", Exit.CREDENTIALS),
        ("", 'connection failed: fatal: database "shop" does not exist', "There is no database", Exit.USAGE),
        ("", "(1049, \"unknown database 'shop'\")", "There is no database", Exit.USAGE),
        ("", "(1142, \"select command denied to user 'x'@'y' for table 'users'\")", "Reading", Exit.CREDENTIALS),
        (
            "",
            "(2003, \"can't connect to mysql server on 'x' ([errno 111] connection refused)\")",
            "No conn",
            Exit.FAILED,
        ),
        ("57P03", "the database system is starting up", "No connection to", Exit.FAILED),
        ("", "connection timeout expired", "No connection to", Exit.FAILED),
    ],
)
def test_what_a_server_says_is_told_apart(state: str, reason: str, said: str, code: Exit) -> None:
    kind, what, remedy = diagnosis(state, reason)
    assert what.startswith(said)
    assert kind(what, remedy=remedy).exit == code


def test_a_table_is_read_in_the_order_of_its_key(opened: Open) -> None:
    source = opened(users_table="customers")
    assert source.columns == ("id", "last name", "balance", "photo", "born")
    assert values(source) == [
        (1, None, None, None, "not a date"),
        (3, "Žižek", 1.5, b"\x00\xff", "1949-03-21"),
    ]
    assert source.facts().records == 2
    assert source.facts().warnings == ()


def test_records_know_number_and_position(opened: Open) -> None:
    records = opened(users_table="customers").sample(1)
    assert [(record.number, record.position, record.values[0]) for record in records] == [(1, "row 1", 1)]


def test_a_table_without_a_key_is_sorted_by_all_columns_with_a_warning(opened: Open) -> None:
    source = opened(users_table="heap")
    assert values(source) == [(1, "x"), (1, "y"), (2, "x")]
    assert "no primary key" in source.facts().warnings[0]


def test_order_by_wins_and_ties_are_still_in_order(opened: Open) -> None:
    assert values(opened(users_table="heap", order_by=["b"])) == [(1, "x"), (2, "x"), (1, "y")]


def test_a_view_is_as_good_as_a_table(opened: Open) -> None:
    assert values(opened(users_table="names")) == [(None,), ("Žižek",)]


def test_a_query_is_run_as_it_was_pasted(opened: Open) -> None:
    query = """SELECT id, 'a;b:c %s' AS "Mixed Case", '10:30' AS at FROM customers -- ; note\n;"""
    source = opened(query=query, order_by=["id"])
    assert source.columns == ("id", "Mixed Case", "at")
    assert values(source) == [(1, "a;b:c %s", "10:30"), (3, "a;b:c %s", "10:30")]


@pytest.mark.parametrize(
    "query", ["DELETE FROM heap", "SELECT 1; DROP TABLE heap", "PRAGMA user_version = 7", "UPDATE heap SET a = 1"]
)
def test_what_is_not_one_select_is_refused(opened: Open, query: str) -> None:
    with pytest.raises(SourceError, match="not a single SELECT"):
        opened(query=query)


@pytest.mark.parametrize(
    "query",
    [
        r"SELECT 'it\'s; ok' AS note FROM users",
        r"SELECT E'it\'s; ok' AS note FROM users",
        "SELECT id FROM users # those; of the shop",
        "SELECT `a;b` FROM users",
        r"SELECT 'C:\' AS disk, ';' AS between FROM users;",
    ],
)
def test_a_semicolon_in_a_text_name_or_comment_ends_no_statement(query: str) -> None:
    assert single_select(query) == query.removesuffix(";")


def test_a_with_query_that_writes_is_refused_by_the_database(opened: Open, path: Path) -> None:
    with pytest.raises(SourceError):
        opened(query="WITH x AS (SELECT 1) DELETE FROM heap RETURNING a").facts()
    assert len(values(opened(users_table="heap"))) == 3


def test_a_wrong_table_is_told_with_what_is_near(opened: Open) -> None:
    with pytest.raises(SourceError, match=r"did you mean customers\?"):
        opened(users_table="Customer")


def test_a_wrong_column_to_order_by_is_told(opened: Open) -> None:
    with pytest.raises(SourceError, match="There is no column B to order by"):
        opened(users_table="heap", order_by=["B"])


def test_a_missing_database_file_is_not_made(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        open_source(SourceAnswers(url="sqlite:///none.db", table="t"), secret=None, base=tmp_path)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("id,name\n" * 200)
    with pytest.raises(SourceError, match="no readable SQLite database"):
        open_source(SourceAnswers(url="sqlite:///text.db", table="t"), secret=None, base=tmp_path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("oracle://reader@db.example.com/shop", r"pip install 'auth0-migration-wizard\[oracle\]'"),
        ("oracle+oracledb://reader@db.example.com:1521/?service_name=shop", r"wizard\[oracle\]"),
        ("mssql://reader@db.example.com/shop", r"wizard\[sqlserver\]"),
        ("sqlserver://reader@db.example.com:1433/shop", r"wizard\[sqlserver\]"),
        ("mssql+pyodbc://reader@db.example.com/shop", "pip install pyodbc"),
        ("foxpro://db.example.com/shop", "knows no database"),
    ],
)
def test_a_driver_that_is_not_there_is_told(url: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        open_source(SourceAnswers(url=url, table="t"), secret=None, base=Path())


def test_text_that_is_not_unicode_is_one_bad_record(opened: Open, path: Path) -> None:
    change(path, "INSERT INTO customers (id, \"last name\") VALUES (2, CAST(x'4dfc' AS TEXT))")
    source = opened(users_table="customers")
    assert [row.code if isinstance(row, BadRecord) else row[0] for row in values(source)] == [1, "undecodable", 3]
    assert [record.bad and record.bad.code for record in source.sample()] == [None, "undecodable", None]


def test_the_fingerprint_knows_a_changed_value(opened: Open, path: Path) -> None:
    before = opened(users_table="heap").facts().fingerprint
    assert opened(users_table="heap").facts().fingerprint == before
    change(path, "UPDATE heap SET b = 'z' WHERE a = 2")
    assert opened(users_table="heap").facts().fingerprint != before


def test_a_table_changed_since_it_was_looked_at_is_noticed_at_its_end(opened: Open, path: Path) -> None:
    source = opened(users_table="heap")
    fingerprint = source.facts().fingerprint
    assert sum(block.count for block in source.blocks(expect=fingerprint)) == 3
    change(path, "INSERT INTO heap VALUES (9, 'late')")
    with pytest.raises(SourceError, match="changed since they were looked at"):
        list(source.blocks(expect=fingerprint))


def test_blocks_hold_about_a_thousand_rows(opened: Open, path: Path) -> None:
    change(
        path,
        "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2500) SELECT i FROM n",
    )
    blocks = list(opened(users_table="many", order_by=["i"]).blocks())
    assert [(block.first, block.count) for block in blocks] == [(1, 1000), (1001, 1000), (2001, 500)]
