"""PostgreSQL: moments that Python has no value for are read as the text that the server shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

KINDS = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")


def shows_all_moments(engine: Engine) -> None:
    """Let the connections of this engine read infinity, years before 1 and after 9999, and 24:00 as text.

    Source: PostgreSQL docs, "Date/Time Types", special values; psycopg docs, "Date/time types adaptation".
    """
    from sqlalchemy import event

    if engine.dialect.driver == "psycopg":
        event.listen(engine, "connect", _register)


def _register(connection: Any, _: Any) -> None:
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
    for kind in KINDS:
        oid = adapters.types[kind].oid
        adapters.register_loader(oid, wrapped(adapters.get_loader(oid, Format.TEXT)))
