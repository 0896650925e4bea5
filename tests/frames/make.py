"""Writes every screen as text to tests/frames/80x24 and tests/frames/120x40, and a few as pictures.

Usage: python tests/frames/make.py [--pictures FOLDER] [SIZE…], such as 80x24.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from scenes import SIZES, play, text_of

FRAMES = Path(__file__).parent


async def frames_of(size: tuple[int, int], *, folder: Path | None = None, pictures: Path | None = None) -> dict[str, str]:
    """Each scene's name and text; written down too where folders are given."""
    found: dict[str, str] = {}

    def take(name: str) -> None:
        app = take.app  # type: ignore[attr-defined]
        found[name] = text_of(app)
        if folder is not None:
            (folder / f"{name}.txt").write_text(found[name], encoding="utf-8")
        if pictures is not None:
            drawn = re.sub(r"@font-face\s*\{[^}]*\}", "", app.export_screenshot(title="auth0-migrate"))
            (pictures / f"{size[0]}x{size[1]}-{name}.svg").write_text(drawn, encoding="utf-8")

    await play(size, take)
    return found


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
