"""Accounts of a store by what they log in with, as text, for a proof of their passwords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wizard.errors import UsageError
from wizard.legacy.source import BadRecord
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.cells import stored_text
from wizard.passwords.census import NOT_TEXT
from wizard.rejects import Refused

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource


def require_columns(columns: Sequence[str], wanted: PasswordsAnswers) -> None:
    """Raises:
    UsageError: the answers name no column of hashes, or one that is not there.
    """
    missing = [name for _, name in wanted.columns if name not in columns]
    if wanted.column is None or missing:
        raise UsageError(
            f"The source has no column {missing[0]}" if missing else "No column of password hashes is named",
            state="Nothing was checked.",
            remedy=f"correct [passwords]; there are: {', '.join(columns)}.",
        )


def accounts(source: LegacySource, logins: Sequence[str]) -> list[Mapping[str, str]]:
    """The record of each login, cells as text by column: the only one with a cell that says just that, in any case.

    Raises:
        UsageError: no record is that account, or several are.
    """
    wanted = {login.strip().lower(): place for place, login in enumerate(logins)}
    found: list[list[Mapping[str, str]]] = [[] for _ in logins]
    for block in source.blocks():
        for row in block.rows():
            if isinstance(row, BadRecord):
                continue
            cells = [_as_text(cell) for cell in row]
            for place in {wanted[cell] for cell in (each.strip().lower() for each in cells) if cell in wanted}:
                found[place].append(dict(zip(source.columns, cells, strict=False)))
    for number, rows in enumerate(found, 1):
        if len(rows) != 1:
            raise UsageError(
                f"Account {number} is in {len(rows):,} records of the source"
                if rows
                else f"Account {number} is not in the source",
                state="Nothing was checked.",
                remedy="give an e-mail address, username or id that exactly one record has.",
            )
    return [rows[0] for rows in found]


def _as_text(cell: Any) -> str:
    try:
        return stored_text(cell, NOT_TEXT)
    except Refused:
        return ""
