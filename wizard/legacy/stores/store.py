"""What is known about a store by name: what its export looks like, and what its fields mean to Auth0."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource
    from wizard.mapping.suggestion import Guess

Row = Mapping[str, Any]
"""A record by column, as the file or the database has it; a column may be missing."""

Made = Mapping[str, Any]
"""Further columns."""


def nothing(row: Row) -> Made:
    """For stores whose columns say it all."""
    return {}


def no_guess(columns: Sequence[str]) -> Mapping[str, Guess]:
    """For stores whose columns always have the same names."""
    return {}


@dataclass(frozen=True)
class Seen:
    """What a look through all of an export showed.

    Args:
        only: A column and the value that it has for users; records with another are none. None if there is no such column.
        details: Words for the operator, as in `SourceFacts`.
        warnings: The same.
    """

    only: tuple[str, str] | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def unseen(source: LegacySource) -> Seen:
    """For stores whose records each speak for themselves."""
    return Seen()


@dataclass(frozen=True)
class Store:
    """One store; all of it is data, but for what must be worked out from a record.

    Args:
        key: Its name in the answers.
        title: Its name for people.
        signs: Sets of columns; one that is there entirely gives the store away.
        forms: The kinds of sources it comes as.
        profile: The table [profile] that fits it.
        passwords: The table [passwords] that fits it; empty where it never gives hashes away.
        activity: The column that says when the user last logged in, if there is one.
        created: The column that says when the account was made.
        verified: The column that says that the e-mail address is verified, if there is one.
        aliases: Other names of its columns, such as those of a report, to the ones that the tables use.
        unwrap: What a cell of a column really says, by the column; for formats that wrap a value in text.
        hashes_in: The column from which `make` works the password out; an export without it holds no hashes.
        made: Names of the columns that `make` adds; a column of the store with that name stays as it is.
        make: Works them out from a record. What it raises makes the record a bad one.
        reads: Columns that `make` reads, and that need no rule.
        guess: Suggests by field what depends on which columns an export has; `profile` is what always holds.
        look: Looks through the export once when it is opened, for what no single record shows.
        headless: Names of the columns of a delimited file without a header.
        table, query: What to read from its database.
        any_shape: Whether only the tables above hold for all its exports, so that the other columns speak for themselves.
        extended: Whether applications add columns of their own, which speak for themselves where the store has none.
        notes: What an operator should know.
    """

    key: str
    title: str
    signs: tuple[frozenset[str], ...]
    forms: frozenset[str]
    profile: Mapping[str, Any]
    passwords: Mapping[str, Any] = field(default_factory=dict)
    activity: str | None = None
    created: str | None = None
    verified: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    unwrap: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    hashes_in: str = ""
    made: tuple[str, ...] = ()
    make: Callable[[Row], Made] = nothing
    reads: tuple[str, ...] = ()
    guess: Callable[[Sequence[str]], Mapping[str, Guess]] = no_guess
    look: Callable[[LegacySource], Seen] = unseen
    headless: tuple[str, ...] = ()
    table: str = ""
    query: str = ""
    any_shape: bool = False
    extended: bool = False
    notes: tuple[str, ...] = ()


class NotAUser(Exception):
    """Raised by `make` for a record of something else, such as a group."""


class DeletedUser(Exception):
    """Raised by `make` for a user whom the store keeps but has marked as deleted."""


FILES = frozenset(("csv", "json", "ndjson"))
TABLES = frozenset(("csv", "json", "ndjson", "sql"))


def signs(*sets: str) -> tuple[frozenset[str], ...]:
    """Sets of columns, each written with spaces between them."""
    return tuple(frozenset(each.split()) for each in sets)


def unless(column: str) -> dict[str, Any]:
    """The rule for `blocked` where the store says that a user is active."""
    true, false = '"true", "t", "1", "yes"', '"false", "f", "0", "no"'
    return {"column": column, "transforms": ["strip", f"bool(true=[{false}], false=[{true}])"]}


def since(column: str) -> dict[str, Any]:
    """The rule for a boolean where the store keeps the moment it became true."""
    return {"column": column, "transforms": ["strip", "present"]}
