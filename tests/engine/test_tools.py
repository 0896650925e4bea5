"""What steps look at the world with."""

from __future__ import annotations

from pathlib import Path

from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.tools import Sources


def no_secret(reference: str) -> str:
    raise AssertionError(reference)


async def test_a_store_is_looked_through_once_and_by_whom_the_front_end_says(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id,email\n1,ann@example.com\n", encoding="utf-8")
    looked: list[SourceFacts] = []

    async def look(source: LegacySource) -> SourceFacts:
        looked.append(source.facts())
        return looked[-1]

    sources = Sources(look)
    answers = SourceAnswers(path="users.csv")
    for _ in range(2):
        _, facts = await sources.open(answers, secret=no_secret, base=tmp_path)
    assert facts.records == 1
    assert looked == [facts]
