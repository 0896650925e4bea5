"""What steps look at the world with."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.clock import RealClock
from wizard.errors import CredentialsError
from wizard.journal import Journal
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource, SourceFacts
from wizard.tools import Sources, Tools
from wizard.vault import Secret
from wizard.world import World


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


def test_a_rehearsal_keeps_secrets_in_memory_by_tenant() -> None:
    memory: dict[tuple[str, str], Secret] = {}
    world = World(environment={}, memory=memory)
    world.keep_secret("a.example.com")("api", "canary-secret-4f1d")
    assert world.secret("a.example.com")("keyring:api") == "canary-secret-4f1d"
    assert "canary" not in repr(world)
    world.forget_secret("a.example.com")("api")
    world.forget_secret("a.example.com")("api")
    assert memory == {}


def test_tools_without_a_place_for_secrets_say_so(tmp_path: Path) -> None:
    journal = Journal(None, now=lambda: 0.0)
    tools = Tools(journal=journal, folder=tmp_path, base=tmp_path, clock=RealClock(), secret=no_secret)
    with pytest.raises(CredentialsError, match="no place to keep the secret api"):
        tools.keep_secret("api", "canary-secret-4f1d")
    journal.close()
