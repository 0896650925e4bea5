"""Cells of delimited files that stand for nothing, as databases write NULL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wizard.legacy.source import Record
from wizard.mapping.names import NAMES, simple

BACKSLASH_N = "\\N"
WORD = "NULL"

_NAMES_OF_PEOPLE = frozenset().union(
    *(NAMES[field] for field in ("username", "given_name", "family_name", "name", "nickname"))
)


def markers_of(columns: Sequence[str], records: Sequence[Record]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    r"""Which cells stand for nothing in a file that begins with these records, and warnings about them.

    \N always does. NULL does where no \N is seen, and it stands in several columns or several rows; columns of people's names do
    not count alone, as somebody may be called that.

    Source: PostgreSQL docs, COPY, NULL; MySQL docs, "SELECT ... INTO" and "LOAD DATA" (\N, or NULL without escapes), and
    "mysql Client Options", --batch.
    """
    rows = [record.values for record in records if record.bad is None]
    found = Counter(index for row in rows for index, cell in enumerate(row) if cell == WORD)
    telling = [index for index in found if not _is_of_names(columns[index])]
    if not telling or (len(found) == 1 and found.total() == 1) or any(BACKSLASH_N in row for row in rows):
        return (BACKSLASH_N,), ()
    where = ", ".join(columns[index] for index in sorted(found)[:3]) + (", …" if len(found) > 3 else "")
    return (BACKSLASH_N, WORD), (f"Cells that are exactly {WORD} are read as empty, as they stand in {where}.",)


def _is_of_names(column: str) -> bool:
    name = simple(column)
    return name in _NAMES_OF_PEOPLE or "name" in name
