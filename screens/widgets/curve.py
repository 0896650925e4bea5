"""Users moved over time as a chart of plain characters: what was counted, and the range of what is foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from textual.content import Content

from screens.widgets.draw import STEPS
from wizard.strategy.forecast import DAY, Forecast, Look

MOVED, LIKELY, POSSIBLE, GOAL = "█", "▒", "░", "╌"
MARGIN = 7
"""Columns for the figures beside the chart."""


def curve(
    looks: Sequence[Look], users: int, foreseen: Forecast | None, *, width: int, height: int, goal: float | None = None
) -> Content:
    """The share of users who have moved, from the first look to about as long again after the last.

    Args:
        looks: Oldest first, at least one.
        users: All of them: the height of the chart.
        foreseen: What the looks allow.
        width: Columns, figures included.
        height: Rows of the chart itself.
        goal: The share, from 0 to 1, at which the run goes on.
    """
    columns = max(10, width - MARGIN)
    began, last = looks[0][0], looks[-1][0]
    end = last + max(last - began, 7 * DAY) if foreseen else max(last, began + DAY)
    moments = [began + (end - began) * (column + 0.5) / columns for column in range(columns)]
    drawn = [_column(moment, looks, users, foreseen, height) for moment in moments]
    parts: list[Any] = []
    for row in range(height - 1, -1, -1):
        parts.append((_figure(row, height), "$foreground-muted"))
        line = [column[row] for column in drawn]
        if goal is not None and row == min(height - 1, int(goal * height)):
            line = [GOAL if cell == " " else cell for cell in line]
        parts += [(cell, _style(cell)) for cell in line]
        parts.append("\n")
    parts.append((f"{' ' * (MARGIN - 1)}└{'─' * columns}\n", "$foreground-muted"))
    parts.append((" " * MARGIN + _days(began, last, end, columns), "$foreground-muted"))
    return Content.assemble(*parts)


def _column(moment: float, looks: Sequence[Look], users: int, foreseen: Forecast | None, height: int) -> list[str]:
    """The cells of one moment, from the bottom."""
    if moment <= looks[-1][0] or foreseen is None:
        return _filled(_counted(moment, looks) / users * height if users else 0.0, height)
    share = foreseen.share_at(moment)
    low, high = round(share.low * height), round(min(1.0, share.high) * height)
    return [LIKELY if row < low else POSSIBLE if row < max(high, low + 1) else " " for row in range(height)]


def _filled(level: float, height: int) -> list[str]:
    """Cells filled up to a level, the last one in eighths."""
    whole, part = divmod(round(level * 8), 8)
    cells = [MOVED] * whole + ([STEPS[part - 1]] if part else [])
    return (cells + [" "] * height)[:height]


def _counted(moment: float, looks: Sequence[Look]) -> float:
    """Users who had moved by a moment, in proportion between two looks."""
    before = looks[0]
    for look in looks[1:]:
        if look[0] >= moment:
            passed = (moment - before[0]) / (look[0] - before[0]) if look[0] > before[0] else 1.0
            return before[1] + (look[1] - before[1]) * max(0.0, passed)
        before = look
    return before[1]


def _figure(row: int, height: int) -> str:
    """The share beside a row: at the top, in the middle, at the bottom."""
    shares = {height - 1: "100 %", height // 2: "50 %", 0: "0 %"}
    return f"{shares.get(row, ''):>{MARGIN - 2}} ┤" if row in shares else " " * (MARGIN - 1) + "│"


def _days(began: float, last: float, end: float, columns: int) -> str:
    """The line of days below the chart: the first look, today, the end."""
    line = f"{_day(began):<{columns}}"
    place = int((last - began) / (end - began) * columns) if end > began else 0
    if end > last:
        line = _put(line, _day(end), columns - 6)
        if 8 <= place <= columns - 14:
            line = _put(line, "now", place)
    return line.rstrip()


def _put(line: str, words: str, place: int) -> str:
    return line[:place] + words + line[place + len(words) :]


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%d %b}"


def _style(cell: str) -> str:
    return {LIKELY: "$text-secondary", POSSIBLE: "$foreground-muted", GOAL: "$text-warning"}.get(cell, "$text-primary")
