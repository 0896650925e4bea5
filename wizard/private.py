"""Folders that are their owner's alone."""

from __future__ import annotations

from pathlib import Path


def private_folder(path: Path) -> None:
    """Make the folder and those above it that are not there, each with mode 0700; `mkdir(parents=True)` leaves these to the umask.

    Raises:
        OSError: it cannot be made.
    """
    for folder in reversed([path, *path.parents]):
        folder.mkdir(mode=0o700, exist_ok=True)
