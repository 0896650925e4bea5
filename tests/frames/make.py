"""Writes every screen as text to tests/frames/80x24 and tests/frames/120x40, and a few as pictures.

Usage: python tests/frames/make.py [--pictures FOLDER] [SIZE…], such as 80x24.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from scenes import SIZES, frames_of

FRAMES = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("sizes", nargs="*", default=[f"{width}x{height}" for width, height in SIZES])
    given = parser.parse_args()
    for size in SIZES:
        name = f"{size[0]}x{size[1]}"
        if name not in given.sizes:
            continue
        folder = FRAMES / name
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.txt"):
            old.unlink()
        asyncio.run(frames_of(size, folder=folder, pictures=given.pictures))


if __name__ == "__main__":
    main()
