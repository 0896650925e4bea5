"""Tables of JSON documents with a few columns to find them by; the practice tenant's entities live in these."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wizard.practice.requests.reading import Window


@dataclass(frozen=True, slots=True)
class Document:
    """A stored entity: its row number, which never changes, and its body."""

    row: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a table. `last_row` is set when more rows follow; `total` is counted only if the window asks."""

    documents: list[Document]
    total: int
    last_row: int | None


class Table:
    """One kind of entity.

    Args:
        name: The SQL table.
        columns: Names of the text columns beside the body.
        unique: Groups of columns that name one entity only.
    """

    def __init__(self, name: str, columns: Sequence[str], unique: Sequence[Sequence[str]]) -> None:
        self.name = name
        self.columns = tuple(columns)
        self._unique = unique

    def create(self, db: sqlite3.Connection) -> None:
        fields = [f"{column} text not null" for column in self.columns]
        fields += [f"unique ({', '.join(group)})" for group in self._unique]
        db.execute(
            f"create table if not exists {self.name} "
            f"(row integer primary key autoincrement, body text not null, {', '.join(fields)})"
        )

    def add(self, db: sqlite3.Connection, body: dict[str, Any], **keys: str) -> None:
        """Store a new entity; `sqlite3.IntegrityError` when a unique group is taken."""
        values = [keys[column] for column in self.columns]
        names = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        db.execute(
            f"insert into {self.name} (body, {names}) values (?, {marks})",  # noqa: S608 - names of this class only
            [json.dumps(body), *values],
        )

    def find(self, db: sqlite3.Connection, **keys: str) -> Document | None:
        """Return the entity with these columns, None if there is none."""
        where = " and ".join(f"{column} = ?" for column in keys)
        found = db.execute(
            f"select row, body from {self.name} where {where}",  # noqa: S608 - names of this class only
            list(keys.values()),
        ).fetchone()
        return None if found is None else Document(found["row"], json.loads(found["body"]))

    def replace(self, db: sqlite3.Connection, row: int, body: dict[str, Any]) -> None:
        db.execute(f"update {self.name} set body = ? where row = ?", (json.dumps(body), row))  # noqa: S608 - likewise

    def delete(self, db: sqlite3.Connection, **keys: str) -> None:
        where = " and ".join(f"{column} = ?" for column in keys)
        db.execute(f"delete from {self.name} where {where}", list(keys.values()))  # noqa: S608 - likewise

    def count(self, db: sqlite3.Connection, where: str = "true", values: Sequence[Any] = ()) -> int:
        found = db.execute(f"select count(*) from {self.name} where {where}", values)  # noqa: S608 - likewise
        return int(found.fetchone()[0])

    def page(self, db: sqlite3.Connection, window: Window, where: str = "true", values: Sequence[Any] = ()) -> Page:
        """Return the part of the entities that the window asks for, oldest first.

        Args:
            where: SQL condition made of this program's own words; values go into its question marks.
        """
        rows = db.execute(
            f"select row, body from {self.name} where row > ? and ({where}) order by row limit ? offset ?",  # noqa: S608 - likewise
            (window.after, *values, window.limit + 1, window.offset),
        ).fetchall()
        more = len(rows) > window.limit
        documents = [Document(row["row"], json.loads(row["body"])) for row in rows[: window.limit]]
        total = self.count(db, where, values) if window.totals else 0
        return Page(documents, total, documents[-1].row if more and documents else None)
