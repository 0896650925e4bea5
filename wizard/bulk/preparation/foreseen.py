"""Who would be rejected, as far as a plan can know: the first records of the store, tried as preparing will try all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from wizard.bulk.manifest import REJECTS
from wizard.bulk.verification.taken_ids import LOOKED_UP
from wizard.counts import counted
from wizard.legacy.source import BadRecord, LegacySource, Record, SourceFacts, Value
from wizard.mapping.compiled import Mapping as CompiledMapping
from wizard.rejects import NOT_PREFERRED
from wizard.scratch import scratch

SAMPLE = 1_000
"""Records that a plan tries: few enough that nobody waits for it."""

NAMED = 3
"""Reasons that are told by their code; the others together."""

MET_AGAIN = "Ids and addresses of theirs that are met again further on are found only when the files are made."


@dataclass(frozen=True)
class Foreseen:
    """What became of the first `tried` records of so many: users not imported, by code, most first.

    `decided` are the codes whose users are left behind as decided, `first` the place of the first of each code. `some` are
    users that would be imported, at even distances, by user_id and e-mail address.
    """

    tried: int
    records: int
    codes: Mapping[str, int]
    decided: frozenset[str] = frozenset()
    first: Mapping[str, str] = field(default_factory=dict)
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
        if not whole:
            yield MET_AGAIN

    def _named(self) -> str:
        codes = [(code, users) for code, users in self.codes.items() if code not in self.decided]
        others = sum(users for _, users in codes[NAMED:])
        named = [f"{code} {users:,} ({first_place(self.first[code], users)})" for code, users in codes[:NAMED]]
        return ", ".join([*named, *([f"others {others:,}"] if others else [])])


def first_place(position: str, users: int) -> str:
    """How the place of one of so many users is told, who is the first of them."""
    return position if users == 1 else f"first: {position}"


def first_places(rejects: Path, codes: Collection[str]) -> dict[str, str]:
    """Where the first record of each of these codes is found, as a preparation lists them; reads no further than needed."""
    found: dict[str, str] = {}
    with rejects.open("rb") as lines:
        for line in lines:
            if len(found) == len(codes):
                break
            reject = orjson.loads(line)
            found.setdefault(reject["code"], reject["position"])
    return found


def foresee(
    source: LegacySource, records: int, mapping: CompiledMapping, skip: Collection[str], max_file_bytes: int
) -> Foreseen:
    """Prepare the first records in a private temporary folder, which is gone before this returns.

    Raises:
        SourceError: the store cannot be read.
        WizardError: the folder cannot be written, or the disk is full.
    """
    from wizard.bulk.preparation.prepare import prepare

    tried = _FirstRecords(source.columns, tuple(source.sample(SAMPLE)))
    with scratch("foreseen") as folder:
        out = folder / "prepared"
        prepared = prepare(tried, tried.facts(), mapping, out, workers=0, skip=skip, max_file_bytes=max_file_bytes)
        first = first_places(out / REJECTS, prepared.reasons)
        some = _some(out)
    codes = dict(sorted(prepared.reasons.items(), key=lambda each: -each[1]))
    return Foreseen(prepared.read, records, codes, frozenset(skip) | {NOT_PREFERRED}, first, some)


def _some(prepared: Path) -> tuple[tuple[str, str], ...]:
    files = sorted((prepared / "users").glob("*.json"))
    users = [(user["user_id"], user["email"]) for file in files for user in orjson.loads(file.read_bytes())]
    number = min(LOOKED_UP, len(users))
    return tuple(users[place * len(users) // number] for place in range(number))


@dataclass(frozen=True)
class _FirstBlock:
    """The first records of a store as one block."""

    listed: Sequence[Record]
    first: int = 1

    @property
    def count(self) -> int:
        return len(self.listed)

    def records(self) -> Iterator[Record]:
        yield from self.listed

    def rows(self) -> Iterator[Sequence[Value] | BadRecord]:
        return (record.bad or record.values for record in self.listed)

    def position(self, index: int) -> str:
        return self.listed[index].position


@dataclass(frozen=True)
class _FirstRecords:
    """A store that holds the first records of another, and no more."""

    columns: tuple[str, ...]
    listed: Sequence[Record]

    def facts(self) -> SourceFacts:
        return SourceFacts("first records", self.columns, len(self.listed), "")

    def blocks(self, *, expect: str | None = None) -> Iterator[_FirstBlock]:
        if self.listed:
            yield _FirstBlock(self.listed)

    def sample(self, count: int = 100) -> Sequence[Record]:
        return self.listed[:count]
