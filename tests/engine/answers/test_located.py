"""A path in the answers that can lead nowhere is an error to act on, whatever reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.errors import SourceError
from wizard.legacy import source_of
from wizard.legacy.answers import SourceAnswers
from wizard.located import located
from wizard.tools import Sources

NOWHERE = {
    "~nobody-at-all/x.csv": "Nobody has the home folder ~nobody-at-all",
    "x" * 300: "A name in the path is longer than a name can be",
    "a\0b.csv": "The path holds a character that no path may have",
}


def no_secret(reference: str) -> str:
    raise AssertionError(reference)


@pytest.mark.parametrize("typed", NOWHERE, ids=["home", "long", "NUL"])
@pytest.mark.parametrize("kind", ["auto", "csv", "json", "ndjson", "ldif", "sql"])
async def test_a_store_at_a_path_that_can_lead_nowhere_is_refused_in_words(
    typed: str, kind: str, tmp_path: Path
) -> None:
    table = {"users_table": "users"} if kind == "sql" else {}
    answers = SourceAnswers.model_validate({"path": typed, "kind": kind, **table})
    with pytest.raises(SourceError) as told:
        await Sources().open(answers, secret=no_secret, base=tmp_path)
    assert told.value.what == NOWHERE[typed]


@pytest.mark.parametrize("typed", NOWHERE, ids=["home", "long", "NUL"])
def test_a_command_refuses_it_too(typed: str) -> None:
    with pytest.raises(SourceError) as told:
        source_of(typed)
    assert told.value.what == NOWHERE[typed]


def test_a_path_where_nothing_is_yet_is_a_place(tmp_path: Path) -> None:
    assert located("new/users.csv", tmp_path) == tmp_path / "new" / "users.csv"
    assert located("~", tmp_path) == Path.home()
