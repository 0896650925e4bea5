"""JSON of users as hypothesis makes it, and how tests read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import LegacySource


def opened(path: Path, **answers: Any) -> LegacySource:
    return open_source(SourceAnswers(path=str(path), **answers), secret=None, base=Path())


def written(tmp_path: Path, data: bytes | str, name: str = "users.json") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def reader(data: bytes) -> Any:
    place = 0

    def read(size: int) -> bytes:
        nonlocal place
        place += size
        return data[place - size : place]

    return read


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
users = st.lists(st.dictionaries(st.sampled_from(["id", "a", "}", '","']) | st.text(), values, max_size=4), max_size=12)
