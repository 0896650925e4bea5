"""Every screen looks as its frame does; `python tests/frames/make.py` writes them anew after a change that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import SIZES, frames_of

FRAMES = Path(__file__).parent


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_every_screen_looks_as_its_frame(size: tuple[int, int]) -> None:
    width, height = size
    folder = FRAMES / f"{width}x{height}"
    wanted = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.txt")}
    shown = await frames_of(size, wanted=wanted)
    assert sorted(shown) == sorted(wanted)
    assert {name: text for name, text in shown.items() if text != wanted[name]} == {}
    for text in shown.values():
        assert all(len(line) <= width for line in text.splitlines())
