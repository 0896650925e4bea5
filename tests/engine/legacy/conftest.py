"""A delimited file, written and opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from csv_stage import Open

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.csv import CsvSource


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def write_and_open(data: bytes, **answers: Any) -> CsvSource:
        (tmp_path / "users.csv").write_bytes(data)
        source = open_source(SourceAnswers(path="users.csv", **answers), secret=None, base=tmp_path)
        assert isinstance(source, CsvSource)
        return source

    return write_and_open
