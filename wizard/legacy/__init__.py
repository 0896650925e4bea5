"""Where users come from: one module a kind of store, each yielding records as a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wizard.errors import SourceError, UsageError
from wizard.located import located

if TYPE_CHECKING:
    from wizard.legacy.answers import SourceAnswers
    from wizard.legacy.source import LegacySource
    from wizard.legacy.stores.hashes import Hashes

Secret = Callable[[str], str]
"""Looks up a reference such as `env:NAME` and returns the secret."""

_SQLITE = b"SQLite format 3\0"


def _open_csv(answers: SourceAnswers, secret: Secret | None, base: Path) -> LegacySource:
    from wizard.legacy.csv import open_csv
    from wizard.legacy.opened import UnpackedPath, is_packed

    packed = is_packed(located(answers.path, base))
    return open_csv(answers, UnpackedPath(base) if packed else base)


def _open_sql(answers: SourceAnswers, secret: Secret | None, base: Path) -> LegacySource:
    from wizard.legacy.mysql import settled
    from wizard.legacy.sql import open_sql

    if answers.store and not (answers.users_table or answers.query):
        from wizard.legacy.stores import STORES

        known = STORES[answers.store]
        what = {"query": known.query} if known.query else {"users_table": known.table}
        answers = answers.model_copy(update=what)
    return settled(open_sql(answers, secret, base))


def _open_json(answers: SourceAnswers, secret: Secret | None, base: Path) -> LegacySource:
    from wizard.legacy.json import open_json

    return open_json(answers, base, "json")


def _open_ndjson(answers: SourceAnswers, secret: Secret | None, base: Path) -> LegacySource:
    from wizard.legacy.json import open_json

    return open_json(answers, base, "ndjson")


def _open_ldif(answers: SourceAnswers, secret: Secret | None, base: Path) -> LegacySource:
    from wizard.legacy.ldif import open_ldif

    return open_ldif(answers, base)


KINDS: dict[str, Callable[[SourceAnswers, Secret | None, Path], LegacySource]] = {
    "csv": _open_csv,
    "sql": _open_sql,
    "json": _open_json,
    "ndjson": _open_ndjson,
    "ldif": _open_ldif,
}
"""How each kind is opened. A new kind is a module, a line here, its name in `answers.Kind` and a rule in `kind_of`."""


def open_source(answers: SourceAnswers, *, secret: Secret | None, base: Path) -> LegacySource:
    """Open the legacy store that the answers name.

    Args:
        answers: The table [source].
        secret: Looks up `env:` and `keyring:` references; None where no secret may be asked for.
        base: The folder that relative paths are seen from, which is that of the answers file.

    Raises:
        SourceError: the store can't be reached or read, or not as the answers say; names the place and the remedy.
    """
    kind = kind_of(answers, base)
    if kind == "csv" and answers.kind == "auto":
        _require_other_name_than_json(located(answers.path, base))
    if answers.store is None:
        return KINDS[kind](answers, secret, base)
    from wizard.legacy.stores import STORES
    from wizard.legacy.stores.shaped import shaped

    store = STORES[answers.store]
    headless = kind == "csv" and bool(store.headless) and not answers.columns
    if headless:
        answers = answers.model_copy(update={"header": False})
    source = KINDS[kind](answers, secret, base)
    return shaped(source, store, headless=headless, hashes=_hashes(answers, secret, base))


def _hashes(answers: SourceAnswers, secret: Secret | None, base: Path) -> Hashes | None:
    """The file of password hashes, seen as the same store."""
    if not answers.hashes:
        return None
    from wizard.legacy.answers import SourceAnswers
    from wizard.legacy.stores.hashes import indexed

    apart = SourceAnswers(path=answers.hashes, store="auth0")
    return indexed(open_source(apart, secret=secret, base=base), located(answers.hashes, base))


def recognised(answers: SourceAnswers, source: LegacySource, base: Path) -> str | None:
    """The name of the store that this looks like, where the format speaks for itself."""
    from wizard.legacy import stores

    kind = kind_of(answers, base)
    known = stores.recognised(source.columns, kind)
    if known is None and kind == "csv" and answers.header and _headless_firebase(_first_line(source)):
        return "firebase"
    return known.key if known else None


def _first_line(source: LegacySource) -> Sequence[str]:
    """The cells of the first line of a delimited file, header or not."""
    if getattr(source, "has_header", True):
        return source.columns
    return next((record.values for record in source.sample(1)), ())


def _headless_firebase(cells: Sequence[str]) -> bool:
    """Firebase writes no header: its first line is a user, whose third cell is a boolean, of 26 to 29 cells."""
    return 26 <= len(cells) <= 29 and cells[2] in ("true", "false") and "@" not in cells[0]


def kind_of(answers: SourceAnswers, base: Path) -> str:
    """The kind of store, found from the URL or the first bytes of the file where the answers leave it open."""
    if answers.kind != "auto":
        return answers.kind
    if answers.url:
        return "sql"
    path = located(answers.path, base)
    if _is_sqlite(path):
        return "sql"
    from wizard.legacy.sniff import kind_of_file

    kind = kind_of_file(path)
    return "json" if kind == "ndjson" and answers.list_key else kind  # a list has its name in one object


def _require_other_name_than_json(path: Path) -> None:
    """Refuse to take a file for a delimited one that calls itself JSON, unless nothing can be read of it."""
    from wizard.legacy.sniff import beginning_of

    if path.name.lower().removesuffix(".gz").endswith((".json", ".ndjson", ".jsonl")) and beginning_of(path):
        raise SourceError(
            f"{path.name} is named as JSON and holds something else",
            why="it begins with neither a list nor an object",
            remedy='export the users as JSON; a delimited file needs another name, or kind = "csv" in [source].',
        )


def source_of(argument: str, *, table: str | None = None, store: str | None = None) -> SourceAnswers:
    """Read a store named on the command line: a file, a database URL, or a reference to a secret URL.

    Args:
        argument: `users.csv`, `legacy.db#customers`, `postgresql://host/shop#customers`, `env:LEGACY_URL#customers`, or
            `users.json#people` where an object holds several lists, or one of an unusual name.
        table: The table of users, or that list; wins over the part after `#`.
        store: The name of the store, if the operator gives it; a database then needs no table.

    Raises:
        UsageError: the URL carries a password (other processes could read it), or a database has no table named.
    """
    from pydantic import ValidationError

    from wizard.legacy.answers import SourceAnswers

    try:
        argument.encode()
    except UnicodeEncodeError:  # as a system gives the bytes of a name that it cannot read
        raise UsageError(
            "The name of this source is not UTF-8, so that no answers file could hold it",
            remedy="rename the file, or make a link to it that has another name.",
        ) from None
    location, named = _without_fragment(argument)
    table = table or named
    fields: dict[str, object] = {"url": location, "users_table": table or ""}
    if "://" not in location and not location.startswith(("env:", "keyring:")):
        path = located(location, Path())
        fields = {"path": location}
        if _is_sqlite(path):
            fields = {"kind": "sql", "path": location, "users_table": table or _only_table(path, store)}
        elif table and kind_of(SourceAnswers(path=location), Path()) in ("json", "ndjson"):
            fields = {"path": location, "list_key": table}
        elif table:
            raise UsageError(f"{path.name} is no database, so it has no table", remedy="leave the table out.")
    if store:
        fields["store"] = store
    try:
        return SourceAnswers.model_validate(fields)
    except ValidationError as error:
        why = "; ".join(str(each["msg"]).removeprefix("Value error, ") for each in error.errors())
        raise UsageError(
            "This source can't be used",
            why=why,
            remedy="give a file, or a database URL without a password followed by #TABLE (or --table TABLE).",
        ) from None


def _without_fragment(argument: str) -> tuple[str, str]:
    if _is_there(argument):
        return argument, ""
    location, _, table = argument.partition("#")
    return location, unquote(table)


def _is_there(argument: str) -> bool:
    try:
        return located(argument, Path()).exists()
    except (SourceError, OSError):  # a URL may look like a path that cannot be
        return False


def _is_sqlite(path: Path) -> bool:
    if not path.is_file():  # to open a pipe would wait for somebody to write to it
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _only_table(path: Path, store: str | None) -> str:
    """A database file with one table needs no table named, nor does one that the store's name tells."""
    from wizard.legacy.sql import tables_of
    from wizard.legacy.stores import STORES

    known = STORES.get(store or "")
    if known and (known.table or known.query):
        return ""
    tables = tables_of(path)
    if len(tables) == 1:
        return tables[0]
    raise SourceError(
        f"{path.name} has {len(tables)} tables: {', '.join(tables[:12]) or 'none'}",
        remedy=f"say which one holds the users: {path.name}#TABLE, or --table TABLE.",
    )
