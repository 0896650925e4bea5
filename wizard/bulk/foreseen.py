"""Who would be rejected, as far as a plan can know: the first records of the store, tried as preparing will try all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from wizard.bulk.taken_ids import LOOKED_UP
from wizard.counts import counted
from wizard.legacy.source import LegacySource
from wizard.mapping.compiled import Mapping as CompiledMapping
from wizard.mapping.compiled import User
from wizard.rejects import NOT_PREFERRED

SAMPLE = 1_000
"""Records that a plan tries: few enough that nobody waits for it."""

NAMED = 3
"""Reasons that are told by their code; the others together."""

TWICE = "Ids and addresses that are met twice are found only when the files are made."


@dataclass(frozen=True)
class Foreseen:
    """What became of the first `tried` records of so many: users not imported, by code, most first.

    `decided` are the codes whose users are left behind as decided. `some` are users that would be imported, at even
    distances, by user_id and e-mail address.
    """

    tried: int
    records: int
    codes: Mapping[str, int]
    decided: frozenset[str] = frozenset()
    some: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def rejected(self) -> int:
        return sum(users for code, users in self.codes.items() if code not in self.decided)

    @property
    def skipped(self) -> int:
        return sum(self.codes.values()) - self.rejected

    def lines(self, *, live: bool = False) -> Iterator[str]:
        """The same in words, with what they are of and what they leave out.

        Args:
            live: Whether users can move at a login before the store is prepared.
        """
        if not self.tried:
            return
        whole, records = self.tried >= self.records, counted(self.records, "record")
        of = f"Of all {records}" if whole else f"Of the first {self.tried:,} of {records}"
        first = " unless they log in before" if live and self.rejected else ""
        skipped = f" and {self.skipped:,} left behind as decided" if self.skipped else ""
        others = "" if whole else "; the others were not looked at"
        yield f"{of} {f'{self.rejected:,}' if self.rejected else 'none'} would be rejected{first}{skipped}{others}."
        if self.rejected:
            yield f"Rejected for {self._named()}."
        yield TWICE

    def _named(self) -> str:
        codes = [(code, users) for code, users in self.codes.items() if code not in self.decided]
        others = sum(users for _, users in codes[NAMED:])
        named = [f"{code} {users:,}" for code, users in codes[:NAMED]]
        return ", ".join([*named, *([f"others {others:,}"] if others else [])])


def foresee(source: LegacySource, records: int, mapping: CompiledMapping, skip: Collection[str]) -> Foreseen:
    """Try the first records.

    Raises:
        SourceError: the store cannot be read.
    """
    codes: Counter[str] = Counter()
    users: list[tuple[str, str]] = []
    sample = source.sample(SAMPLE)
    for record in sample:
        made = record.bad or mapping.map_one(record.values)
        if not isinstance(made, User):
            codes[made.code] += 1
        else:
            users.append((str(made.profile["user_id"]), str(made.profile["email"])))
    number = min(LOOKED_UP, len(users))
    some = tuple(users[place * len(users) // number] for place in range(number))
    return Foreseen(len(sample), records, dict(codes.most_common()), frozenset(skip) | {NOT_PREFERRED}, some)
