"""Cells of delimited files that databases write for something else: NULL, and the bits of booleans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from wizard.legacy.source import Record
from wizard.mapping.names import NAMES, simple

BACKSLASH_N = "\\N"
WORD = "NULL"
ALWAYS = ((BACKSLASH_N, ""),)
"""Cells and what they are read as.

Source: PostgreSQL docs, COPY; MySQL docs, "SELECT ... INTO".
"""

BITS = (("\x00", "0"), ("\\0", "0"), ("\x01", "1"))
"""A BIT(1) of MySQL is the character itself, and the first of them is escaped where any is.

Source: MySQL docs, "Bit-Value Type", "SELECT ... INTO" and "mysql Client Options", --batch.
"""

_ALONE = re.compile(r"(?<![^\t\r\n])\\N(?![^\t\r\n])")
_ESCAPES = re.compile(rf"(?:[^\\]++|\\[0bfnrtvZ\\\t\n\r]|{_ALONE.pattern})*")
_QUOTED = re.compile(r'(?<![^\t\r\n])"[^\t\r\n]*"(?![^\t\r\n])')
_NAMES_OF_PEOPLE = frozenset().union(
    *(NAMES[field] for field in ("username", "given_name", "family_name", "name", "nickname"))
)


def markers_of(
    columns: Sequence[str], records: Sequence[Record], beginning: str, delimiter: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    r"""What cells are read as in a file that begins with these records and this text, and warnings about them.

    Bits are bits where one is set: a lone NUL is damage otherwise.

    NULL stands for nothing where no \N is seen, and it stands in several columns or several rows; columns of people's names do
    not count alone, as somebody may be called that.

    Source: MySQL docs, "LOAD DATA" (NULL where nothing is escaped).
    """
    ends = re.escape(delimiter) + '\r\n"'
    has_bits = re.search(f"(?<![^{ends}])\x01(?![^{ends}])", beginning) is not None
    always = (*ALWAYS, *BITS) if has_bits else ALWAYS
    rows = [record.values for record in records if record.bad is None]
    found = Counter(index for row in rows for index, cell in enumerate(row) if cell == WORD)
    telling = [index for index in found if not _is_of_names(columns[index])]
    if not telling or (len(found) == 1 and found.total() == 1) or any(BACKSLASH_N in row for row in rows):
        return always, ()
    where = ", ".join(columns[index] for index in sorted(found)[:3]) + (", …" if len(found) > 3 else "")
    return (*always, (WORD, "")), (f"Cells that are exactly {WORD} are read as empty, as they stand in {where}.",)


def escapes_backslashes(text: str, instead: Sequence[tuple[str, str]]) -> bool:
    """Whether a file with tabs that begins with this text quotes nothing and escapes with backslashes, as databases write tables.

    Only a marker of NULL shows it, and nothing may speak against it; paths of Windows have backslashes too.
    """
    shown = (WORD, "") in instead or _ALONE.search(text) is not None
    return shown and _ESCAPES.fullmatch(text) is not None and _QUOTED.search(text) is None


def _is_of_names(column: str) -> bool:
    name = simple(column)
    return name in _NAMES_OF_PEOPLE or "name" in name
