"""MySQL and MariaDB: sessions that cannot write, in one time zone, with one snapshot of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wizard.legacy.sql import SqlSource
from wizard.legacy.sql_connect import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

BACKENDS = frozenset(("mysql", "mariadb"))

_SETTINGS = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    # The same moment must read the same whatever zone the server is set to.
    "SET SESSION time_zone = '+00:00'",
    # A million rows may be mapped more slowly than the server likes to wait for its reader.
    "SET SESSION net_write_timeout = 3600",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


@dataclass(frozen=True)
class MySqlDatabase(Database):
    """A database whose every session begins with these settings, in whatever process it is opened."""

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that cannot write; see `Database.connected`."""
        with super().connected() as connection:
            for setting in _SETTINGS:
                connection.exec_driver_sql(setting)
            yield connection


def settled(source: SqlSource) -> SqlSource:
    """The source with these sessions if it is of MySQL or MariaDB, else as it is."""
    if source.database.url.get_backend_name() not in BACKENDS:
        return source
    return replace(source, database=MySqlDatabase(source.database.url))
