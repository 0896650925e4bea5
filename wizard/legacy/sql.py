"""A table or a query of any database SQLAlchemy knows, as a legacy store: read-only, ordered, streamed."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.errors import SourceError
from wizard.legacy.source import DATABASE, BadRecord, Record, SourceFacts
from wizard.legacy.sql_connect import Database, database_of
from wizard.legacy.sql_values import plain_row

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Dialect, FromClause, Select, quoted_name

    from wizard.legacy.answers import SourceAnswers

BLOCK_ROWS = 1000

ORACLE_TEXT = 4000
"""Bytes: the longest text of Oracle, which takes no text without a length."""


@dataclass(frozen=True)
class SqlBlock:
    """Rows as plain values, from record `first` on."""

    first: int
    values: tuple[tuple[Any, ...] | BadRecord, ...]

    @property
    def count(self) -> int:
        return len(self.values)

    def rows(self) -> Iterator[Sequence[Any] | BadRecord]:
        return iter(self.values)

    def records(self) -> Iterator[Record]:
        for index, row in enumerate(self.values):
            if isinstance(row, BadRecord):
                yield Record(self.first + index, self.position(index), (), row)
            else:
                yield Record(self.first + index, self.position(index), row)

    def position(self, index: int) -> str:
        """The number of the row in the order of reading."""
        return f"row {self.first + index}"


@dataclass(frozen=True)
class SqlSource:
    """One ordered statement on one database; each pass has its own connection and one snapshot of the data."""

    database: Database
    columns: tuple[str, ...]
    statement: Select[Any] = field(repr=False)
    details: dict[str, str]
    warnings: tuple[str, ...] = ()

    def facts(self) -> SourceFacts:
        """Read all rows once: their count, and a fingerprint over their values in order."""
        digest = self._digest()
        records = sum(block.count for block in self._read_blocks(digest.update))
        warnings = self.warnings if records else (*self.warnings, "There are no users in it.")
        return SourceFacts(DATABASE, self.columns, records, digest.hexdigest(), self.details, warnings)

    def blocks(self, *, expect: str | None = None) -> Iterator[SqlBlock]:
        """Yield the rows in order, BLOCK_ROWS a block; see `LegacySource.blocks`."""
        digest = self._digest()
        yield from self._read_blocks(digest.update if expect else None)
        if expect and digest.hexdigest() != expect:
            raise SourceError(
                f"The users in {self.database.name} changed since they were looked at",
                state="What was read of them is not what was approved.",
                remedy="stop what writes to the store (or read from a copy), and start again.",
            )

    def sample(self, count: int = 100) -> Sequence[Record]:
        """The first rows."""
        with self.database.connected() as connection:
            rows = connection.execute(self.statement.limit(count)).all()
        return list(SqlBlock(1, tuple(plain_row(row) for row in rows)).records())

    def _read_blocks(self, seen: Callable[[bytes], object] | None) -> Iterator[SqlBlock]:
        first = 1
        with self.database.connected() as connection:
            # yield_per also asks for a server-side cursor, so neither side holds the whole result.
            result = connection.execution_options(yield_per=BLOCK_ROWS).execute(self.statement)
            for rows in result.partitions():
                values = tuple([plain_row(row) for row in rows])
                if seen:
                    seen(repr(values).encode())
                yield SqlBlock(first, values)
                first += len(values)

    def _digest(self) -> Any:
        """Starts with the way of reading: the statement names columns, table and order."""
        return hashlib.sha256(str(self.statement).encode())


def open_sql(answers: SourceAnswers, secret: Callable[[str], str] | None, base: Path) -> SqlSource:
    """Connect once to find the columns and an order that is the same each time.

    Raises:
        SourceError: the database can't be reached, the table is not there, or the query is not one SELECT.
    """
    database = database_of(answers, secret, base)
    with database.connected() as connection:
        key: tuple[str, ...] = ()
        if answers.query:
            users = _query(connection, answers.query)
        else:
            users, key = _table(connection, database, answers.users_table)
    return _source(database, users, key, answers)


def tables_of(path: Path) -> list[str]:
    """The tables and views of an SQLite file."""
    from wizard.legacy.answers import SourceAnswers

    answers = SourceAnswers.model_validate({"kind": "sql", "path": str(path), "table": "*"})
    with database_of(answers, None, Path()).connected() as connection:
        return _names(connection, None)


def _source(database: Database, users: FromClause, key: Sequence[str], answers: SourceAnswers) -> SqlSource:
    columns = tuple(users.c.keys())
    for name in answers.order_by:
        if name not in columns:
            raise SourceError(
                f"There is no column {name} to order by{_near(name, columns)}",
                remedy="correct order_by in [source].",
            )
    warnings: tuple[str, ...] = ()
    if not key and not answers.order_by:
        warnings = ("There is no primary key, so rows are sorted by all columns, which is slow; better set order_by.",)
    details = {
        "database": database.url.get_backend_name(),
        "from": database.name,
        "users": "query" if answers.query else answers.users_table,
        "order": ", ".join((*answers.order_by, *(key if not answers.order_by else ()))) or "all columns",
    }
    return SqlSource(database, columns, ordered(users, key, answers.order_by), details, warnings)


def ordered(users: FromClause, key: Sequence[str], order_by: Sequence[str]) -> Select[Any]:
    """All rows in an order that is the same each time: rows that share `order_by` and `key` still need one."""
    from sqlalchemy import String, cast, select

    rest: Sequence[ColumnElement[Any]] = [users.c[name] for name in key]
    if not rest:
        text = String().with_variant(String(ORACLE_TEXT), "oracle")  # as text, for not every type can be compared
        rest = [cast(column, text) for column in users.c]
    return select(*users.c).order_by(*(users.c[name] for name in order_by), *rest)


def _table(connection: Connection, database: Database, wanted: str) -> tuple[FromClause, tuple[str, ...]]:
    """The table with its columns, and its primary key."""
    from sqlalchemy import column, inspect, select, table, text

    inspector = inspect(connection)
    schema, _, name = wanted.rpartition(".")
    if not schema or inspector.has_table(wanted):
        schema, name = "", wanted
    if not inspector.has_table(name, schema=schema or None):
        names = _names(connection, schema or None)
        raise SourceError(
            f"There is no table {wanted} in {database.name}{_near(name, names)}",
            remedy=f"correct table in [source]; there are: {', '.join(names[:20]) or 'no tables'}.",
        )
    exact = partial(exact_name, connection.dialect)
    of_schema = exact(schema) if schema else None
    bare = table(exact(name), schema=of_schema)
    found = connection.execute(select(text("*")).select_from(bare).where(text("1 = 0"))).keys()
    key = tuple(inspector.get_pk_constraint(name, schema=schema or None).get("constrained_columns") or ())
    return table(exact(name), *(column(exact(each)) for each in found), schema=of_schema), key


def _query(connection: Connection, query: str) -> FromClause:
    """The query as a subquery with its columns named, so that it can be ordered."""
    from sqlalchemy import column, select, text

    # A colon is no parameter here: what an operator pastes is run as it is.
    inner = text(single_select(query).replace(":", r"\:") + "\n")
    whole = select(text("*")).select_from(inner.columns().subquery("users")).where(text("1 = 0"))
    names = list(connection.execute(whole).keys())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            f"The query yields two columns called {', '.join(twice)}", remedy="give one of each an alias with AS."
        )
    return inner.columns(*(column(exact_name(connection.dialect, name)) for name in names)).subquery("users")


def exact_name(dialect: Dialect, name: str) -> quoted_name:
    """The name just as it is written, in quotes; where small letters stand for any case, as in Oracle, only if needed."""
    from sqlalchemy import quoted_name

    return quoted_name(name, None if dialect.requires_name_normalize else True)


_LITERALS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_ESCAPING = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`|--[^\n]*|#[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL
)
"""The same where a backslash escapes, as MySQL has it and PostgreSQL in E'…', and where # begins a comment."""


def single_select(query: str) -> str:
    """Return the query without a final semicolon.

    Raises:
        SourceError: it is not exactly one statement that reads.
    """
    query = query.strip().rstrip(";").rstrip()
    readings = [literals.sub(" ", query).strip() for literals in (_LITERALS, _ESCAPING)]
    if not any(";" not in bare and re.match(r"\(*\s*(select|with|values)\b", bare, re.IGNORECASE) for bare in readings):
        raise SourceError(
            "The query in [source] is not a single SELECT",
            remedy="write one statement that begins with SELECT or WITH.",
        )
    return query


def _names(connection: Connection, schema: str | None) -> list[str]:
    from sqlalchemy import inspect

    inspector = inspect(connection)
    return sorted({*inspector.get_table_names(schema), *inspector.get_view_names(schema)})


def _near(name: str, names: Sequence[str]) -> str:
    by_lower = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    return f" (did you mean {', '.join(by_lower[each] for each in near)}?)" if near else ""
