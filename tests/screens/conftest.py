"""What the tests of the screens share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stage import Rehearsal


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """What one wizard has frozen is collected before the next, and only what all tests share stays frozen."""
    frozen = gc.get_freeze_count()
    yield
    if not frozen / 2 < gc.get_freeze_count() <= frozen:
        gc.unfreeze()
        gc.collect()
        gc.freeze()


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A practice store and tenant in this process."""
    made = Rehearsal(tmp_path)
    yield made
    made.close()
