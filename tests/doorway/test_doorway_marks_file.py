"""The marks of who has moved, in a file beside the store."""

import os
import stat
from pathlib import Path

import pytest

from wizard.doorway.answers import LegacyApiAnswers
from wizard.doorway.marks import open_marks


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_the_file_of_marks_is_its_owners_alone(tmp_path: Path) -> None:
    answers = LegacyApiAnswers(url="https://legacy.example.com", audience="https://legacy.example.com/api")
    marks = open_marks(answers, None, tmp_path)
    marks.add("7", 0.0)
    [*files] = tmp_path.iterdir()
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    marks.close()
