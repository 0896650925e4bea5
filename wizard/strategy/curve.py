"""The course of an automatic migration as a drawing: what was counted, and what the forecast holds possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wizard.strategy.forecast import DAY, Look, forecast, in_order

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 28
STEPS = 40
"""Points of the forecast."""
AHEAD = 0.5
"""How far the forecast is drawn, as a share of the time that was looked at; at least a week."""
SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Where the scale may end."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Points in pixels from the top left, as SVG has them.

    Args:
        moved: The line of what was counted.
        likely: The line of the forecast; empty without one.
        possible: The outline of all that the forecast holds possible; empty without one.
        lines: Levels of the scale and their words.
        days: Places below the curve and their days; the first one begins there, the last one ends there.
        words: The same for those who cannot see it.
    """

    moved: str
    likely: str
    possible: str
    lines: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str, str], ...]
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def drawing(looks: Sequence[Look], users: int) -> Drawing | None:
    """Draw the looks, oldest first, of a store of so many users; None where they make no curve."""
    looks = in_order(looks)
    if not users or len(looks) < 2:
        return None
    began, now = looks[0][0], looks[-1][0]
    expected = forecast(looks, users)
    ends = now + max(7 * DAY, AHEAD * (now - began)) if expected else now
    moments = [now + (ends - now) * step / STEPS for step in range(STEPS + 1)]
    ahead = [(moment, expected.share_at(moment)) for moment in moments] if expected else []
    highest = max([moved / users for _, moved in looks] + [min(1.0, share.high) for _, share in ahead])
    top = next((share for share in SHARES if share >= highest), 1.0)

    def at(moment: float, share: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (moment - began) / (ends - began)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(share, top) / top)
        return f"{x:.1f},{y:.1f}"

    counted = [at(moment, moved / users) for moment, moved in looks]
    upper = [at(moment, share.high) for moment, share in ahead]
    lower = [at(moment, share.low) for moment, share in reversed(ahead)]
    levels = tuple((float(at(began, top * part / 4).split(",")[1]), f"{100 * top * part / 4:g} %") for part in range(5))
    places = [(began, "start"), (ends, "end")]
    if ends > now:
        places.insert(1, (now, "middle"))
    return Drawing(
        " ".join(counted),
        " ".join([counted[-1], *(at(moment, share.likely) for moment, share in ahead)]) if ahead else "",
        " ".join([*upper, *lower]),
        levels,
        tuple((float(at(moment, 0).split(",")[0]), anchor, _day(moment)) for moment, anchor in places),
        f"From {_day(began)} to {_day(now)} the share of users who have moved grew from "
        f"{100 * looks[0][1] / users:.1f} % to {100 * looks[-1][1] / users:.1f} %",
    )


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
