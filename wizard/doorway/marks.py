"""Marks of users who are in Auth0 already: a table of its own, so that the legacy tables stay as they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import CredentialsError, UsageError, WizardError
from wizard.located import located

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnElement, Engine, Table

TABLE = "auth0_migrated_users"
LOCK_SECONDS = 5


class MarksUnavailable(WizardError):
    """The marks cannot be read or written now."""


@dataclass(frozen=True)
class Marks:
    """The marks of one connection in one database; picklable. Calls block, and may come from several threads and processes.

    Who has moved to one tenant, as in a rehearsal, has not moved to another, and an id of one store may be somebody else's in
    the store that another connection takes: one database may hold marks of several.
    """

    url: URL = field(repr=False)
    tenant: str
    connection: str
    seconds: float = 5.0
    known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[Marks], tuple[Any, ...]]:
        return Marks, (self.url, self.tenant, self.connection, self.seconds)

    def prepare(self) -> None:
        """Make the table if it is not there.

        Raises:
            MarksUnavailable: the database cannot be reached or written.
        """
        with self._explained():
            if self.url.get_backend_name() == "sqlite" and self.url.database:  # ids of people: their owner's alone
                with suppress(OSError):  # what cannot be made is told when it is opened
                    os.close(os.open(self.url.database, os.O_RDWR | os.O_CREAT, 0o600))
            self._table.metadata.create_all(self._engine)

    def holds(self, user_id: str) -> bool:
        """Whether the user is marked."""
        from sqlalchemy import select

        with self._explained(), self._engine.connect() as connection:
            return connection.execute(select(self._table.c.user_id).where(self._is(user_id))).first() is not None

    def add(self, user_id: str, at: float) -> None:
        """Mark a user; once more changes nothing.

        Args:
            at: UNIX time.
        """
        from sqlalchemy.exc import IntegrityError

        with self._explained():
            try:
                with self._engine.begin() as connection:
                    values = {**self._whose, "user_id": user_id, "marked_at": int(at)}
                    connection.execute(self._table.insert().values(values))
            except IntegrityError:
                pass  # it is marked already

    def remove(self, user_id: str) -> None:
        """Take a mark away, if there is one."""
        with self._explained(), self._engine.begin() as connection:
            connection.execute(self._table.delete().where(self._is(user_id)))

    def count(self) -> int:
        """How many users are marked."""
        from sqlalchemy import func, select

        with self._explained(), self._engine.connect() as connection:
            counted = select(func.count()).select_from(self._table).filter_by(**self._whose)
            return int(connection.execute(counted).scalar_one())

    def after(self, user_id: str, take: int) -> Sequence[str]:
        """Ids of marked users that follow this one in the database's order; "" begins."""
        from sqlalchemy import select

        column = self._table.c.user_id
        statement = select(column).filter_by(**self._whose).where(column > user_id).order_by(column).limit(take)
        with self._explained(), self._engine.connect() as connection:
            return list(connection.execute(statement).scalars())

    def close(self) -> None:
        """Close all connections."""
        if "engine" in self.known:
            self.known.pop("engine").dispose()

    def _is(self, user_id: str) -> ColumnElement[bool]:
        from sqlalchemy import and_

        return and_(*(self._table.c[name] == value for name, value in {**self._whose, "user_id": user_id}.items()))

    @property
    def _whose(self) -> dict[str, str]:
        return {"tenant": self.tenant, "connection": self.connection}

    @property
    def _table(self) -> Table:
        if "table" not in self.known:
            from sqlalchemy import BigInteger, Column, MetaData, String, Table
            from sqlalchemy.dialects.mysql import VARCHAR

            def exact(length: int) -> String:
                on_mysql = VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
                return String(length).with_variant(on_mysql, "mysql", "mariadb")

            columns = (
                Column("tenant", exact(255), primary_key=True),
                Column("connection", exact(128), primary_key=True),
                Column("user_id", exact(255), primary_key=True),
                Column("marked_at", BigInteger, nullable=False),
            )
            self.known.setdefault("table", Table(TABLE, MetaData(), *columns))
        table: Table = self.known["table"]
        return table

    @property
    def _engine(self) -> Engine:
        if "engine" not in self.known:
            self.known.setdefault("engine", self._made())
        engine: Engine = self.known["engine"]
        return engine

    def _made(self) -> Engine:
        from sqlalchemy import create_engine, event

        wait = max(2, round(self.seconds))
        backend = self.url.get_backend_name()
        arguments: dict[str, Any] = {}
        if backend == "sqlite":
            arguments = {"timeout": LOCK_SECONDS}
        if backend == "postgresql":
            arguments = {"connect_timeout": wait, "options": f"-c statement_timeout={round(self.seconds * 1000)}"}
        if backend in ("mysql", "mariadb"):
            arguments = {"connect_timeout": wait, "read_timeout": wait, "write_timeout": wait}
        engine = create_engine(self.url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)
        if backend == "sqlite":
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode = WAL"))
        return engine

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"The driver {missing.name} for the marks is not installed", remedy="install it, or use sqlite:FILE."
            ) from None
        except SQLAlchemyError as error:
            raise MarksUnavailable(
                "The marks of migrated users cannot be read or written",
                why=type(error).__name__,
                remedy="check marks in [legacy_api]: the folder or database, and that this user may write there.",
            ) from None


def open_marks(
    answers: LegacyApiAnswers, tenant: str, connection: str, secret: Callable[[str], str] | None, base: Path
) -> Marks:
    """The marks that the answers name, with their table made.

    Args:
        tenant: Its address; the marks are of users who have moved there.
        connection: The name of the one to which they have.

    Raises:
        UsageError: the URL cannot be read.
        CredentialsError: a secret is needed and cannot be looked up here.
        MarksUnavailable: the database cannot be reached or written.
    """
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    from wizard.legacy.sql_connect import DRIVERS

    text = _looked_up(answers.marks, secret) if answers.marks_is_secret else answers.marks
    if text.startswith("sqlite:"):
        path = text.removeprefix("sqlite:").removeprefix("///")
        url = URL.create("sqlite", database=str(located(path, base)))
    else:
        try:
            url = make_url(text)
        except ArgumentError:
            raise UsageError(
                "The URL of the marks cannot be read",
                state="Nothing is served.",
                remedy="write it as dialect://user@host:port/database in marks of [legacy_api].",
            ) from None
        url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if answers.marks_password:
        url = url.set(password=_looked_up(answers.marks_password, secret))
    marks = Marks(url, tenant, connection, answers.store_seconds)
    marks.prepare()
    return marks


def _looked_up(reference: str, secret: Callable[[str], str] | None) -> str:
    if secret is None:
        raise CredentialsError(
            f"The marks need the secret {reference}, and no secret may be looked up here",
            remedy="use the command auth0-migrate legacy-api.",
        )
    return secret(reference)
