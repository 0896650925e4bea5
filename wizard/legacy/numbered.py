"""A source seen with the number of each record as its last column: a stand-in where no column of ids is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wizard.legacy.source import BadRecord, LegacySource, Record, SourceFacts, Value, WrappedBlock


class NumberedBlock(WrappedBlock):
    """The records of a block with their numbers; picklable as that is."""

    def rows(self) -> Iterator[Sequence[Value] | BadRecord]:
        for number, row in enumerate(self.block.rows(), self.first):
            yield row if isinstance(row, BadRecord) else (*row, number)


@dataclass(frozen=True)
class NumberedSource:
    """The source with one column more, whose name is not one of its own."""

    source: LegacySource

    @property
    def number(self) -> str:
        """The name of the column."""
        name = "number"
        while name in self.source.columns:
            name += "_"
        return name

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.source.columns, self.number)

    def facts(self) -> SourceFacts:
        return self.source.facts()

    def blocks(self, *, expect: str | None = None) -> Iterator[NumberedBlock]:
        return map(NumberedBlock, self.source.blocks(expect=expect))

    def sample(self, count: int = 100) -> Sequence[Record]:
        found = self.source.sample(count)
        return [Record(one.number, one.position, one.values and (*one.values, one.number), one.bad) for one in found]
