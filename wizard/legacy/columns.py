"""Names for the columns of a file: unique, never empty, and said so where they had to be made up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wizard.counts import counted
from wizard.errors import SourceError

LONGEST_NAME = 200
"""Characters of a column's name that may be shown; a question of a form may be longer, and so may a secret."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_VALUE = re.compile(
    r"[-+]?\d[-+\d.,:/ ]*|\d{4}-\d\d-\d\d[T ].*|true|false|null|\\N|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+(?:[ _.-][^\W\d_]+)*")


def is_data(cells: Sequence[str]) -> bool:
    """Whether a first line is a user and no header: it holds an address, a hash, or values where no column of a user is named.

    Numbers that count up are what tables without names are given as names.
    """
    from wizard.mapping.names import NAMES, simple

    wanted = [" ".join(cell.split()) for cell in cells]
    if any(_ADDRESS.fullmatch(cell) or _is_hash(cell) for cell in wanted):
        return True
    if any(simple(cell) in names for cell in wanted for names in NAMES.values()):
        return False
    counted = [str(number) for number in range(len(wanted) + 1)]
    if len(wanted) > 1 and wanted in (counted[:-1], counted[1:], ["", *counted[:-2]]):
        return False
    return any(len(cell) > LONGEST_NAME or _VALUE.fullmatch(cell) for cell in wanted)


def _is_hash(cell: str) -> bool:
    """Whether this is a stored password beyond doubt; old formats of 13 letters are also words."""
    from wizard.passwords import judge

    return len(cell) > 8 and not _WORDS.fullmatch(cell) and judge(cell).scheme != "unknown"


def named_by_header(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns a header line names, and warnings about names that had to be changed."""
    names: list[str] = []
    warnings: list[str] = []
    wanted = [" ".join(cell.split()) for cell in cells]
    for place, cell in enumerate(wanted, start=1):
        if len(cell) > LONGEST_NAME:
            names.append(_free(f"column_{place}", {*names, *wanted}))
            warnings.append(f"The name of column {place} is over {LONGEST_NAME} characters; it is called {names[-1]}.")
            continue
        if cell and cell not in names:
            names.append(cell)
            continue
        name = _free(cell or f"column_{place}", {*names, *wanted})
        names.append(name)
        if cell:
            warnings.append(f"Two columns are called {cell}; column {place} is called {name}.")
        else:
            warnings.append(f"Column {place} has no name in the header; it is called {name}.")
    return tuple(names), tuple(warnings)


def named_by_operator(names: Sequence[str], *, width: int) -> tuple[str, ...]:
    """Return the names that the answers give to the columns of a file without a header, or made-up ones.

    Raises:
        SourceError: there are more or fewer names than columns, or one twice.
    """
    if not names:
        return tuple(f"column_{place}" for place in range(1, width + 1))
    if len(names) != width:
        raise SourceError(
            f"The answers name {counted(len(names), 'column')}, but the first line of the file has {counted(width, 'cell')}",
            remedy="name every column in order in columns of [source], or check the delimiter.",
        )
    if len(set(names)) != len(names) or not all(names):
        raise SourceError(
            "The names in columns of [source] are empty or not unique", remedy="give each column its own name."
        )
    return tuple(names)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
