"""The marks of who has moved, in a file beside the store."""

import os
import stat
from pathlib import Path

import pytest

from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.marks import open_marks

TENANT, CONNECTION = "https://acme.eu.auth0.com", "acme-users"


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_the_file_of_marks_is_its_owners_alone(tmp_path: Path) -> None:
    answers = LegacyApiAnswers(url="https://legacy.example.com", audience="https://legacy.example.com/api")
    marks = open_marks(answers, TENANT, CONNECTION, None, tmp_path)
    marks.add("7", 0.0)
    [*files] = tmp_path.iterdir()
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    marks.close()


@pytest.mark.parametrize("other", [("http://127.0.0.1:8400", CONNECTION), (TENANT, "acme-shop")])
def test_who_has_moved_to_one_connection_has_not_moved_to_another(tmp_path: Path, other: tuple[str, str]) -> None:
    answers = LegacyApiAnswers(url="https://legacy.example.com", audience="https://legacy.example.com/api")
    rehearsal = open_marks(answers, *other, None, tmp_path)
    rehearsal.add("7", 0.0)
    marks = open_marks(answers, TENANT, CONNECTION, None, tmp_path)
    assert (marks.holds("7"), marks.count(), marks.after("", 10)) == (False, 0, [])
    marks.add("7", 1.0)
    marks.add("8", 1.0)
    marks.remove("7")
    assert (rehearsal.holds("7"), rehearsal.count(), rehearsal.after("", 10)) == (True, 1, ["7"])
    assert (marks.holds("7"), marks.count(), marks.after("", 10)) == (False, 1, ["8"])
    for each in (rehearsal, marks):
        each.close()
