"""Bars and charts of plain characters, so that they read without colour and cost next to nothing to repaint."""

from __future__ import annotations

from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉█"
STEPS = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int) -> str:
    """A bar of this width, filled to a share from 0 to 1 in eighths of a cell; the rest is a light line."""
    share = min(max(share, 0.0), 1.0)
    whole, part = divmod(round(share * width * 8), 8)
    filled = "█" * whole + (EIGHTHS[part] if part else "")
    return filled + "░" * (width - len(filled))


def spark(values: Sequence[float], width: int, *, top: float | None = None) -> str:
    """The last values as a chart one line high; `top` is the full height, by default the largest value."""
    last = list(values)[-width:]
    highest = top or max(last, default=0.0)
    drawn = "".join(STEPS[min(7, int(8 * max(0.0, value) / highest))] if highest else STEPS[0] for value in last)
    return drawn.rjust(width)


def cut(text: str, width: int, *, end: bool = True) -> str:
    """The text as far as it fits, with a sign where something is missing: at its end, or at its beginning."""
    if len(text) <= width:
        return text
    return f"{text[: width - 1]}…" if end else f"…{text[1 - width :]}"


def size(number: int) -> str:
    """`58 KB`, `1.2 MB`."""
    return f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{max(1, round(number / 1000))} KB"


def sentence(text: str) -> str:
    """The text with a large first letter and a full stop; names such as env:NAME and auth0| stay as they are."""
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text + ("" if not text or text.endswith((".", "?", "!")) else ".")
