"""Bars and charts of plain characters, so that they read without colour and cost next to nothing to repaint."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

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
    """The text as far as it fits, with a sign where something is missing: at its end, or at its beginning.

    Args:
        width: Columns of the terminal; letters such as those of Chinese take two of them.
    """
    if cell_len(text) <= width:
        return text
    kept = text[: width - 1] if end else text[1 - width :]
    while cell_len(kept) >= width:
        kept = kept[:-1] if end else kept[1:]
    return f"{kept}…" if end else f"…{kept}"


def padded(text: str, width: int) -> str:
    """The text with spaces up to this many columns of the terminal."""
    return text + " " * (width - cell_len(text))


def lines_of(text: str, width: int, *, hangs: int = 0) -> Sequence[str]:
    """The text in lines of at most this many columns of the terminal, broken between words; one at least.

    Args:
        hangs: Columns by which the second line and those after it are moved in.
    """
    first, *rest = (line.plain.rstrip() for line in Content(text).wrap(width))
    if hangs and rest:
        behind = text[len(first) :].lstrip()
        rest = [" " * hangs + line.plain.rstrip() for line in Content(behind).wrap(width - hangs)]
    return [first, *rest]


def size(number: int) -> str:
    """`58 KB`, `1.2 MB`."""
    return f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{max(1, round(number / 1000))} KB"


def sentence(text: str) -> str:
    """The text with a large first letter and a full stop; names such as env:NAME and auth0| stay as they are."""
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text + ("" if not text or text.endswith((".", "?", "!")) else ".")
