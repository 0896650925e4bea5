"""What stands in the place of every page while the terminal is too small for any."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets import Static

SMALLEST = Size(40, 12)
"""Columns and lines with which every page can be read and answered."""


def is_too_small(size: Size) -> bool:
    return size.width < SMALLEST.width or size.height < SMALLEST.height


class TooSmall(Static):
    """A note over everything; it goes when there is room."""

    DEFAULT_CSS = """
    TooSmall { layer: small; width: 100%; height: 100%; background: $background; content-align: center middle; text-align: center; }
    """

    def __init__(self, size: Size) -> None:
        super().__init__(markup=False)
        self.tell(size)

    def tell(self, size: Size) -> None:
        """Say how large the terminal is."""
        self.update(
            f"{size.width}x{size.height} is too small for the wizard. Make it {SMALLEST.width}x{SMALLEST.height} or larger.\n"
            "Nothing is lost; a run goes on meanwhile."
        )
