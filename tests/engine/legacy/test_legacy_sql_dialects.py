"""The statements for databases that are not at hand: as SQLAlchemy writes them for Oracle and SQL Server."""

import pytest
from sqlalchemy import Dialect, column, make_url, table

from wizard.legacy.sql import exact_name, ordered
from wizard.legacy.sql_connect import may_be_quoted

ORACLE = make_url("oracle+oracledb://").get_dialect()()
SQL_SERVER = make_url("mssql+pymssql://").get_dialect()()

NAMES = ("id", "Last Name", "LEVEL")
"""As the drivers give them: small letters stand for any case in Oracle, but for words of its own."""


def statement(dialect: Dialect, key: tuple[str, ...], order_by: tuple[str, ...] = ()) -> str:
    users = table(exact_name(dialect, "users"), *(column(exact_name(dialect, name)) for name in NAMES))
    return " ".join(str(ordered(users, key, order_by).compile(dialect=dialect)).split())


def test_oracle_finds_the_names_that_it_writes_in_capitals() -> None:
    text = statement(ORACLE, ("id",), ("Last Name",))
    assert text == 'SELECT users.id, users."Last Name", users."LEVEL" FROM users ORDER BY users."Last Name", users.id'


@pytest.mark.parametrize(("dialect", "cast"), [(ORACLE, "VARCHAR2(4000"), (SQL_SERVER, "VARCHAR(max)")])
def test_rows_without_a_key_are_ordered_as_text_of_a_length_that_the_database_takes(
    dialect: Dialect, cast: str
) -> None:
    text = statement(dialect, ())
    assert text.count(cast) == len(NAMES)
    assert text.index("ORDER BY") < text.index(cast)


def test_sql_server_quotes_every_name() -> None:
    assert statement(SQL_SERVER, ("id",)).startswith("SELECT [users].[id], [users].[Last Name], [users].[LEVEL]")


@pytest.mark.parametrize(
    ("backend", "state", "number", "shown"),
    [
        ("postgresql", "42P01", None, True),
        ("postgresql", "P0001", None, False),
        ("postgresql", "XX000", None, False),
        ("postgresql", "", "connection failed", True),
        ("mysql", "", 1146, True),
        ("mysql", "HY000", 2013, True),
        ("mariadb", "45000", 1644, False),
        ("mariadb", "HY000", 1525, False),
        ("mssql", "", 208, True),
        ("mssql", "", 50000, False),
        ("oracle", "", 942, True),
        ("oracle", "", 20001, False),
        ("sqlite", "", "no such table: users", True),
    ],
)
def test_only_words_that_hold_no_row_are_shown(backend: str, state: str, number: object, *, shown: bool) -> None:
    assert may_be_quoted(backend, state, number) == shown
