"""Count the password hashes of a store by format; no hash is kept or shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.passwords.cells import stored_text
from wizard.passwords.described import Judge
from wizard.passwords.recipe import CarriedBy, Verdict, refused
from wizard.passwords.shapes import MOST as MOST_SHAPES
from wizard.passwords.shapes import Shape, shape_of
from wizard.rejects import Refused, Reject

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource

MOST_GROUPS = 500
"""Beyond so many, further parameters of a scheme are counted together: some stores vary them by user."""

NOT_TEXT = Reject("value_not_text", "")
COUNTED = ("scheme", "parameters", "carried_by", "why", "weak", "unconfirmed", "assumes", "code")
Group = tuple[Any, ...]
"""What tells groups apart: in the order of COUNTED, then which description they are of, and whether that was proven."""

STRUCTURE = refused("unknown", "not text", "the cell holds a structure")


@dataclass(frozen=True, slots=True)
class HashGroup:
    """Users whose passwords have one format, and what becomes of them.

    Args:
        weak: What is worth telling about how easily these hashes are guessed, or "".
        unconfirmed: What Auth0's documents leave open about them, or "".
        assumes: What their translation rests on beyond the stored value, or "".
        code: The reject of these users if their passwords stay behind, or "".
        proven: Whether a known password was shown to fit.
    """

    scheme: str
    parameters: str
    users: int
    carried_by: CarriedBy
    why: str
    weak: str = ""
    unconfirmed: str = ""
    assumes: str = ""
    code: str = ""
    proven: bool = False

    @property
    def needs_proof(self) -> bool:
        """Whether importing them rests on a declaration or a default that nobody has tried."""
        return self.carried_by != "none" and bool(self.assumes) and not self.proven


def census(values: Iterable[Any], judge: Judge | None = None, *, proven: Collection[str] = ()) -> list[HashGroup]:
    """Group the stored passwords, largest group first; consumed once, in bounded memory.

    Args:
        values: Cells of the password column; with a judge that needs further columns, tuples of cells.
        judge: As the operator declared the hashes; left out, values speak for themselves.
        proven: Schemes that were proven.
    """
    judge = judge or Judge()
    counts = _counted(values, judge)
    groups = [
        HashGroup(
            users=users,
            proven=key[-1] if key[-2] else key[0] in proven,
            **dict(zip(COUNTED, key, strict=False)),
        )
        for key, users in counts.items()
    ]
    return sorted(groups, key=lambda group: (-group.users, group.scheme, group.parameters))


def _counted(values: Iterable[Any], judge: Judge) -> Counter[Group]:
    """How often each group occurs, in the order of their first; of one shape only the first hash is judged."""
    alone, by_shape = not judge.declared.columns, judge.plain_bcrypt
    counts: Counter[Group] = Counter()
    shapes: Counter[Shape] = Counter()
    known: dict[Shape, Group] = {}
    for cells in values:
        shape = None
        if by_shape and type(value := cells if alone else cells[0]) is str:
            shape = shape_of(value)
            if shape is not None and shape in known:
                shapes[shape] += 1
                continue
        verdict = _judged(judge, (cells,) if alone else cells)
        key = _key(verdict, verdict.parameters)
        if key not in counts and len(counts) >= MOST_GROUPS:
            key = _key(verdict, "various")
        counts[key] += 1
        if shape is not None and len(known) < MOST_SHAPES:
            known[shape] = key
    for shape, users in shapes.items():
        counts[known[shape]] += users
    return counts


def _judged(judge: Judge, cells: Iterable[Any]) -> Verdict:
    try:
        return judge(*[cell if type(cell) is str else stored_text(cell, NOT_TEXT) for cell in cells])
    except Refused:
        return STRUCTURE


def _key(verdict: Verdict, parameters: str) -> Group:
    return (
        *(verdict.scheme, parameters, verdict.carried_by, verdict.why),
        *(verdict.weak, verdict.unconfirmed, verdict.assumes, verdict.code, verdict.described, verdict.proven),
    )


def stored_passwords(source: LegacySource, column: str, judge: Judge) -> Iterator[Any]:
    """What `census` counts: the cells that the judge needs, of every record that can be read."""
    from wizard.legacy.source import BadRecord

    places = [source.columns.index(name) for name in (column, *judge.declared.columns)]
    first = places[0]
    for block in source.blocks():
        for row in block.rows():
            if not isinstance(row, BadRecord):
                yield row[first] if len(places) == 1 else tuple(row[place] for place in places)
