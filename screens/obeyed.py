"""Keeps from the terminal what it would obey in the words of a store or a tenant, whichever widget shows them."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from wizard.visible import OBEYED

_NOTHING = dict.fromkeys(OBEYED)


class WithoutObeyed(LineFilter):
    """Leaves out the characters that a terminal would obey; they have no width, so that everything stays in its place."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line, without such characters; Textual's own controls are no text and stay."""
        return [
            segment
            if segment.control or (segment.text.isascii() and segment.text.isprintable())
            else Segment(segment.text.translate(_NOTHING), segment.style)
            for segment in segments
        ]


WITHOUT_OBEYED = WithoutObeyed()
"""One for all lines, as Textual remembers what each filter has made of a line."""
