"""Connect to a legacy database read-only, and say in an operator's words why that fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from wizard.errors import SourceError, SourceRefused, SourceUnreachable
from wizard.legacy.postgres import reads_all
from wizard.located import located

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

    from wizard.legacy.answers import SourceAnswers

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pymssql",
    "sqlserver": "mssql+pymssql",
    "oracle": "oracle+oracledb",
}
"""The driver of a dialect where the URL names none."""
EXTRAS = {
    "psycopg": "'auth0-migration-wizard[postgresql]'",
    "pymysql": "'auth0-migration-wizard[mysql]'",
    "pymssql": "'auth0-migration-wizard[sqlserver]'",
    "oracledb": "'auth0-migration-wizard[oracle]'",
}
CONNECT_SECONDS = 15
_OPTIONS: dict[str, dict[str, Any]] = {
    # One snapshot for the whole pass: users who change meanwhile are neither lost nor read twice.
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_SETTINGS = {
    # The same moment must read the same whatever zone the server or the role is set to.
    "postgresql": ("SET TIME ZONE 'UTC'",),
}


@dataclass(frozen=True)
class Database:
    """Where the database is; the URL may hold a password, so it is never printed."""

    url: URL = field(repr=False)

    @property
    def name(self) -> str:
        """The database as an operator names it, without user and password."""
        if self.url.get_backend_name() == "sqlite":
            return Path(self.url.database or "").name
        return f"{self.url.database or ''} on {self.url.host or self.url.query.get('host') or 'this machine'}"

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that cannot write, closed afterwards.

        Raises:
            SourceError: driver, server, credentials, permission, or what a statement inside the block met.
        """
        with self.explained():
            engine = self._engine()
            try:
                with engine.connect() as connection:
                    connection.execution_options(**_OPTIONS.get(engine.dialect.name, {}))
                    for setting in _SETTINGS.get(engine.dialect.name, ()):
                        connection.exec_driver_sql(setting)
                    yield connection
            finally:
                engine.dispose()

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        backend = self.url.get_backend_name()
        if backend == "sqlite":
            return create_engine("sqlite://", creator=_sqlite(Path(self.url.database or "")), poolclass=NullPool)
        limits = {"connect_timeout": CONNECT_SECONDS} if backend in ("postgresql", "mysql", "mariadb") else {}
        engine = create_engine(self.url, poolclass=NullPool, hide_parameters=True, connect_args=limits)
        if backend == "postgresql":
            reads_all(engine)
        return engine

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the driver raises into a SourceError without password and personal data."""
        from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

        try:
            yield
        except ModuleNotFoundError as error:
            package = EXTRAS.get(error.name or "", error.name)
            raise SourceError(
                f"The driver {error.name} for {self.url.get_backend_name()} is not installed",
                remedy=f"install it: pip install {package}",
            ) from None
        except NoSuchModuleError:
            raise SourceError(
                f"SQLAlchemy knows no database called {self.url.drivername}",
                remedy="correct the beginning of url in [source], or install the package that adds this dialect.",
            ) from None
        except DBAPIError as error:
            raise self._error(error) from None
        except SQLAlchemyError as error:
            raise SourceError(
                f"Reading the database {self.name} failed", why=type(error).__name__, remedy="check url in [source]."
            ) from None

    def _error(self, error: Any) -> SourceError:
        from sqlalchemy.exc import DataError

        state = str(getattr(error.orig, "sqlstate", None) or "")
        reason = " ".join(str(error.orig).split("\n")[0].split())
        if isinstance(error, DataError) or state.startswith("22"):
            # These errors quote the value they choke on, which is somebody's.
            return SourceError(
                f"A value in {self.name} can't be read, such as a date before year 1 or after 9999",
                why=f"{type(error.orig).__name__} {state}".strip(),
                remedy="set query in [source] to one that casts such columns to text or leaves them out.",
            )
        kind, what, remedy = diagnosis(state, reason.lower())
        number = _number(error.orig)
        if not may_be_quoted(self.url.get_backend_name(), state, number):
            reason = f"the database reports the error {state or number}; what it says of it may hold a user's data"
        return kind(f"{what} {self.name}", why=self._without_secrets(reason), remedy=remedy)

    def _without_secrets(self, text: str) -> str:
        for secret in {self.url.password or "", quote_plus(self.url.password or "")} - {""}:
            text = text.replace(secret, "…")
        return re.sub(r"\S+@\S+", "…", text)


REFUSED = ("password", "authentication", "access denied", "login failed", "invalid username")
NO_CONNECTION = (
    "connection refused",
    "connect timeout",
    "timeout expired",
    "connection timeout",
    "timed out",
    "translate host",
    "resolve",
    "no such file",
    "can't connect",
    "could not connect",
    "lost connection",
    "gone away",
    "closed the connection",
    "starting up",
    "shutting down",
)
WRONG_NAME = (
    "no such column",
    "no such table",
    "unknown column",
    "doesn't exist",
    "does not exist",
    "invalid column name",
)
"""Words of drivers that give no SQLSTATE; a name that is quoted may hold any of the others."""

Diagnosis = tuple[type[SourceError], str, str]
_STATEMENT: Diagnosis = (
    SourceError,
    "A statement failed on",
    "check table or query in [source] with the database's own client.",
)
_DENIED: Diagnosis = (
    SourceRefused,
    "Access was denied by",
    "check user and password (password in [source], by env: or keyring:).",
)
_FORBIDDEN: Diagnosis = (
    SourceRefused,
    "Reading is not allowed in",
    "grant SELECT on the table to the user of the URL.",
)
_NO_DATABASE: Diagnosis = (SourceError, "There is no database", "correct the name at the end of url in [source].")
_UNREACHABLE: Diagnosis = (
    SourceUnreachable,
    "No connection to",
    "check host and port, that the server runs, and that a firewall lets you through.",
)
_STATES = (
    ("28", _DENIED),
    ("42501", _FORBIDDEN),
    ("3D", _NO_DATABASE),
    ("08", _UNREACHABLE),
    ("53", _UNREACHABLE),
    ("57P", _UNREACHABLE),
    ("42", _STATEMENT),
    ("57", _STATEMENT),
)
"""What the beginning of a SQLSTATE says. Source: PostgreSQL docs, "PostgreSQL Error Codes"."""


_CLASSES = frozenset({"08", "25", "28", "3D", "3F", "42", "53", "55", "57", "58"})
"""Classes of SQLSTATE whose words name settings, tables and columns, and no value of a row. P0, with what a function raises, is
none of them."""

_NUMBERS = {
    "mysql": frozenset((
        1040, 1044, 1045, 1046, 1049, 1053, 1054, 1064, 1130, 1142, 1143, 1146, 1205, 1227, 1356, 1698, 2002, 2003, 2006, 2013,
    )),
    "oracle": frozenset((
        900, 904, 905, 907, 911, 923, 933, 936, 942, 1017, 1031, 1045, 12154, 12170, 12505, 12514, 12541, 12545, 28000, 28001,
    )),
    "mssql": frozenset((102, 156, 207, 208, 229, 230, 911, 4060, 18456, 20002, 20003, 20006, 20009)),
}  # fmt: skip
"""The same by the numbers of errors. Source: MySQL, "Server Error Message Reference"; Oracle, "Database Error Messages"; SQL
Server, "Database Engine errors"."""


def _number(error: Any) -> object:
    """What a driver that knows no SQLSTATE counts errors by; pymssql has it in a tuple, oracledb in an object."""
    first = next(iter(getattr(error, "args", ())), None)
    if isinstance(first, tuple) and first:
        first = first[0]
    return getattr(first, "code", first)


def may_be_quoted(backend: str, state: str, number: object) -> bool:
    """Whether what a database says of an error can be shown: a view or function may put the values of a row into it."""
    numbers = _NUMBERS.get("mysql" if backend == "mariadb" else backend)
    if numbers and number in numbers:
        return True
    return state[:2] in _CLASSES if state else numbers is None or not isinstance(number, int)


def diagnosis(state: str, reason: str) -> Diagnosis:
    """What failed and what to do, by SQLSTATE or, where a driver gives none, by its words."""
    by_state = next((found for begin, found in _STATES if state.startswith(begin)), None)
    if by_state and state != "42000":  # with which MySQL denies access, too
        return by_state
    if re.search(r'database "[^"]*" does not exist|unknown database', reason):
        return _NO_DATABASE
    if re.search(r'role "[^"]*" does not exist', reason):
        return _DENIED
    if any(words in reason for words in WRONG_NAME):
        return _STATEMENT
    if any(words in reason for words in REFUSED):
        return _DENIED
    if any(words in reason for words in ("permission denied", "command denied", "not authorized")):
        return _FORBIDDEN
    if any(words in reason for words in NO_CONNECTION):
        return _UNREACHABLE
    if "read-only" in reason or "readonly" in reason:
        remedy = "use a query that only reads; this tool never writes to a legacy store."
        return SourceError, "A statement tried to write to", remedy
    if "not a database" in reason or "malformed" in reason:
        remedy = "check the path, and copy the file while nothing writes to it."
        return SourceError, "The file is no readable SQLite database:", remedy
    if "locked" in reason:
        return SourceUnreachable, "Another program locks", "stop it, or copy the file and read the copy."
    return _STATEMENT


def database_of(answers: SourceAnswers, secret: Callable[[str], str] | None, base: Path) -> Database:
    """Resolve the URL with its secrets; no connection yet.

    Raises:
        SourceError: the URL can't be read, a secret is missing, or there is no such SQLite file.
    """
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if answers.path:
        return _checked(Database(URL.create("sqlite", database=str(located(answers.path, base)))))
    text = _looked_up(answers.url, secret) if answers.url_is_secret else answers.url
    try:
        url = make_url(text)
    except ArgumentError:
        raise SourceError(
            "The database URL can't be read", remedy="write it as dialect://user@host:port/database."
        ) from None
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if answers.password:
        url = url.set(password=_looked_up(answers.password, secret))
    if url.get_backend_name() == "sqlite":
        url = URL.create("sqlite", database=str(located(url.database or "", base)))
    return _checked(Database(url))


def _checked(database: Database) -> Database:
    if database.url.get_backend_name() == "sqlite" and not Path(database.url.database or "").is_file():
        raise SourceError(
            f"There is no file {database.url.database}",
            remedy="correct the path; in an answers file it is seen from that file.",
        )
    return database


def _looked_up(reference: str, secret: Callable[[str], str] | None) -> str:
    if secret is None:
        raise SourceError(
            f"The source needs the secret {reference}, and this command looks up none",
            remedy="name the store without secrets, or give the answers file to a command that may read secrets.",
        )
    return secret(reference)


def _sqlite(path: Path) -> Callable[[], Any]:
    """Two locks against writing: the file is opened read-only, and the connection only takes queries."""

    def connect() -> Any:
        from wizard.sqlite_files import opened_to_read

        connection = opened_to_read(path)
        connection.execute("PRAGMA query_only = 1")
        # Text that is not UTF-8 must not stop the whole store; its row becomes a reject.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        return connection

    return connect
