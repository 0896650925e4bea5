"""PostgreSQL: moments that Python has no value for, and text of no stated encoding, are read as well as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

TEXTS = ("text", "varchar", "bpchar", "name")
"""Types of text, by PostgreSQL's names."""

MOMENTS = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")
"""Types of dates and times."""


def reads_all(engine: Engine) -> None:
    """Let the connections of this engine read infinity, years before 1 and after 9999, and 24:00 as text.

    A database in SQL_ASCII knows no encoding, and the driver gives bytes: they are read as UTF-8, and what is none becomes
    a record that cannot be read, as in other stores.

    Source: PostgreSQL docs, "Date/Time Types", special values, and "Character Set Support"; psycopg docs, "Date/time types
    adaptation" and "Strings adaptation".
    """
    from sqlalchemy import event

    if engine.dialect.driver == "psycopg":
        event.listen(engine, "connect", _register_texts, insert=True)  # SQLAlchemy itself asks for the version then
        event.listen(engine, "connect", _register_moments)


def _register_texts(connection: Any, _: Any) -> None:
    from psycopg.adapt import Loader

    class Guessed(Loader):
        def load(self, data: Any) -> str:
            return bytes(data).decode("utf-8", "surrogateescape")

    if connection.info.parameter_status("client_encoding") == "SQL_ASCII":
        for kind in TEXTS:
            connection.adapters.register_loader(kind, Guessed)


def _register_moments(connection: Any, _: Any) -> None:
    """Wrap the driver's loaders, of which the fast ones cannot be subclassed."""
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    def wrapped(inner: Any) -> type[Loader]:
        class Shown(Loader):
            def __init__(self, oid: int, connection: Any = None) -> None:
                super().__init__(oid, connection)
                self._load = inner(oid, connection).load

            def load(self, data: Any) -> Any:
                try:
                    return self._load(data)
                except (DataError, OverflowError):
                    return bytes(data).decode()

        return Shown

    adapters = connection.adapters
    for kind in MOMENTS:
        oid = adapters.types[kind].oid
        adapters.register_loader(oid, wrapped(adapters.get_loader(oid, Format.TEXT)))
