"""Finding single users in a database: parameterised, read-only, few rows, with an end to waiting."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from wizard.errors import SourceError
from wizard.legacy.find import MOST, Key, Sought
from wizard.legacy.postgres import reads_all
from wizard.legacy.source import Record
from wizard.legacy.sql import SqlBlock, SqlSource
from wizard.legacy.sql_values import plain_row
from wizard.sqlite_files import opened_to_read

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Engine

    from wizard.legacy.stores.shaped import ShapedSource

RECYCLE_SECONDS = 900
SQLITE_TURNS = 20_000
"""Instructions of SQLite's machine between two looks at the clock."""
WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
MYSQL = frozenset(("mysql", "mariadb"))
MORE = 8
"""Times as many rows are read where some of those read were no users of the store, such as deleted ones."""
MOST_ROWS = 4096
"""Rows with one key that are looked through for users."""
UNUSUAL = "[^ -~]"
"""What a database may fold or trim in another way than Python does, such as É, a tab or a no-break space."""
UNUSUAL_SECONDS = 3600.0
"""How long it is believed which cells of a column have some of these: to see that, all of it is read."""
MOST_UNUSUAL = 100_000
"""Keys of such cells that are remembered; where there are more, all is read for everybody who is not found."""


@dataclass(frozen=True)
class SqlFinder:
    """See `wizard.legacy.find.Finder`. Each process and its threads share one pool of connections."""

    source: SqlSource
    sought: Mapping[Key, Sought]
    shape: ShapedSource | None
    seconds: float
    threads: int
    known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[SqlFinder], tuple[Any, ...]]:
        return SqlFinder, (self.source, dict(self.sought), self.shape, self.seconds, self.threads)

    def find(self, key: Key, value: str, most: int = MOST) -> Sequence[Record]:
        """See `Finder.find`."""
        how = self.sought[key]
        if not value.startswith(how.prefix) or "\0" in value:
            return []
        asked = value[len(how.prefix) :]
        for condition in self._conditions(how, asked):
            found = self._fitting(condition, how, value, most)
            if found:
                return found
        return []

    def _fitting(self, condition: ColumnElement[bool], how: Sought, value: str, most: int) -> Sequence[Record]:
        """At most so many records that meet the condition and have the key; others may come before them."""
        limit = most
        while True:
            records = self._records(condition, limit)
            found = [record for record in records if _fits(record, how, value)][:most]
            if len(found) == most or len(records) < limit or limit >= MOST_ROWS:
                return found
            limit = min(limit * MORE, MOST_ROWS)

    def check(self) -> None:
        """See `Finder.check`."""
        from sqlalchemy import literal_column

        self._records(literal_column("1") == literal_column("0"), 1)

    def close(self) -> None:
        """Close all connections."""
        if "engine" in self.known:
            self.known.pop("engine").dispose()

    def _records(self, condition: ColumnElement[bool], most: int) -> Sequence[Record]:
        statement = self.source.statement.order_by(None).where(condition).limit(most)
        with self.source.database.explained(), self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                _limit(connection.connection.dbapi_connection, self.seconds)
            rows = connection.execute(statement).all()
        block: Any = SqlBlock(1, tuple(plain_row(row) for row in rows))
        if self.shape is not None:
            from wizard.legacy.stores.shaped import ShapedBlock

            shape = self.shape
            block = ShapedBlock(block, shape.store, shape.inner, shape.absent, shape.made, shape.hashes)
        return list(block.records())

    def _conditions(self, how: Sought, asked: str) -> Iterator[ColumnElement[bool]]:
        """What the database compares, one after the other until something is found; Python looks once more."""
        yield from self._usual(how, asked)
        if how.folded and self._may_be_unusual(how.column or "", asked):
            yield self._wider(how.column or "", asked)

    def _wider(self, column: str, asked: str) -> ColumnElement[bool]:
        """What all have whose key this is, however it is written; no index helps."""
        from sqlalchemy import func

        pattern = re.sub(r"[^!-~]+", "%", re.sub(r"([%_!])", r"!\1", asked))
        written: Any = func.lower(self.source.statement.selected_columns[column])
        condition: ColumnElement[bool] = written.like(f"%{pattern}%", escape="!")
        return condition

    def _may_be_unusual(self, column: str, asked: str) -> bool:
        """Whether a cell of the column with this key may be folded or trimmed otherwise by the database.

        Such cells are read now and then: one thread does, and the others go by what was known, as it takes long. What the
        database cannot tell in time stays as it was, at first none: then the wider look would take as long for everybody.
        """
        dialect = self.source.database.url.get_backend_name()
        if dialect != "postgresql" and dialect not in MYSQL:
            return False  # SQLite uses functions of ours here
        name = f"unusual {column}"
        reading: Lock = self.known.setdefault(f"reading {name}", Lock())
        if not self._is_fresh(name) and reading.acquire(blocking=name not in self.known):
            try:
                if not self._is_fresh(name):
                    self.known[name] = (time.monotonic(), self._unusual(column, dialect))
            finally:
                reading.release()
        keys: frozenset[str] | None = self.known[name][1]
        return keys is None or asked in keys

    def _is_fresh(self, name: str) -> bool:
        return name in self.known and time.monotonic() - self.known[name][0] < UNUSUAL_SECONDS

    def _unusual(self, column: str, dialect: str) -> frozenset[str] | None:
        """The keys of unusual cells; None where there are too many."""
        from sqlalchemy import func

        from wizard.mapping.words import lowered

        written: Any = self.source.statement.selected_columns[column]
        unusual = func.trim(written).op("REGEXP" if dialect in MYSQL else "~")(UNUSUAL)
        rows = self.source.statement.with_only_columns(written).order_by(None).where(unusual).limit(MOST_UNUSUAL + 1)
        try:
            with self.source.database.explained(), self._engine.connect() as connection:
                cells = connection.execute(rows).scalars().all()
        except SourceError:  # also one that says that the connection is lost, as MySQL's driver does after a time limit
            known: frozenset[str] | None = self.known.get(f"unusual {column}", (0.0, frozenset()))[1]
            return known
        if len(cells) > MOST_UNUSUAL:
            return None
        texts = (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in cells)
        return frozenset(lowered(text.strip()) for text in texts)

    def _usual(self, how: Sought, asked: str) -> Sequence[ColumnElement[bool]]:
        from sqlalchemy import String, cast, func, text

        column: Any = self.source.statement.selected_columns[how.column or ""]
        dialect = self.source.database.url.get_backend_name()
        if how.folded:
            folded = func.lower(func.trim(column))
            if dialect in MYSQL:
                # Collations of MySQL take é for e; the second half compares letters, the first may use an index.
                exactly = func.convert(folded.op("USING")(text("utf8mb4"))).collate("utf8mb4_bin")
                return [(folded == asked) & (exactly == asked)]
            return [folded == asked]
        written: Any = cast(column, String(255) if dialect in MYSQL else String)
        if dialect in MYSQL:
            written = func.convert(written.op("USING")(text("utf8mb4"))).collate("utf8mb4_bin")
        typed = self._typed(how.column or "", asked)
        first = [column == typed] if typed is not None else []
        return [*first, func.trim(written) == asked]

    def _typed(self, column: str, asked: str) -> Any:
        """The value as the column has it, so that its index is used; None where that is not known or makes no sense."""
        kind = self._kinds.get(column)
        if kind is int and WHOLE_NUMBER.fullmatch(asked) and abs(int(asked)) < 1 << 63:
            return int(asked)
        if kind is UUID and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", asked):
            return UUID(asked)
        if kind is bytes and re.fullmatch(r"(?:[0-9a-f]{2})+", asked):
            return bytes.fromhex(asked)
        return asked if kind is str else None

    @property
    def _kinds(self) -> Mapping[str, type]:
        """What Python has for each column of the first row."""
        if "kinds" not in self.known:
            rows = self.source.statement.order_by(None).limit(1)
            with self.source.database.explained(), self._engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    _limit(connection.connection.dbapi_connection, self.seconds)
                row = connection.execute(rows).first()
            if row is None:
                return {}
            self.known["kinds"] = dict(zip(self.source.columns, map(type, row), strict=True))
        kinds: Mapping[str, type] = self.known["kinds"]
        return kinds

    @property
    def _engine(self) -> Engine:
        if "engine" not in self.known:
            # Two threads may both make one; the pool of the one that is dropped has no connection yet.
            self.known.setdefault("engine", self._made())
        engine: Engine = self.known["engine"]
        return engine

    def _made(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import QueuePool

        url, seconds = self.source.database.url, self.seconds
        dialect = url.get_backend_name()
        wait = max(2, round(seconds))
        options: dict[str, Any] = {}
        if dialect == "sqlite":
            path = Path(url.database or "")
            options = {"creator": lambda: _sqlite(path, seconds)}
            target: Any = "sqlite://"
        else:
            target = url
        if dialect == "postgresql":
            settings = {
                "default_transaction_read_only": "on",
                "statement_timeout": str(round(seconds * 1000)),
                "TimeZone": "UTC",
            }
            written = " ".join(f"-c {name}={value}" for name, value in settings.items())
            options = {"connect_args": {"connect_timeout": wait, "options": written}}
        if dialect in MYSQL:
            options = {
                "connect_args": {"connect_timeout": wait, "read_timeout": wait, "write_timeout": wait},
            }
        engine = create_engine(
            target,
            poolclass=QueuePool,
            pool_size=self.threads,
            max_overflow=0,
            pool_timeout=seconds,
            pool_pre_ping=dialect != "sqlite",
            pool_recycle=RECYCLE_SECONDS,
            hide_parameters=True,
            **({} if dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}),
            **options,
        )
        if dialect == "postgresql":
            reads_all(engine)
        if dialect in MYSQL:
            event.listen(engine, "connect", _settle_mysql)
        return engine


def _fits(record: Record, how: Sought, value: str) -> bool:
    """Whether the key is really the one sought; a record that is no user of the store is none."""
    return record.bad is None and how.of(record.values) == value


def _settle_mysql(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _sqlite(path: Path, seconds: float) -> Any:
    connection = opened_to_read(path, check_same_thread=False, timeout=seconds)
    connection.execute("PRAGMA query_only = 1")
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    # SQLite itself only knows the capitals of ASCII.
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.create_function("trim", 1, _trim, deterministic=True)
    return connection


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _trim(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _limit(connection: Any, seconds: float) -> None:
    """Let SQLite stop a statement that takes too long."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, SQLITE_TURNS)
