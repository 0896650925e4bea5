"""The live gauge of the rate limit, beside the tenant on every page."""

from __future__ import annotations

from textual.widgets import Label

from screens.widgets.draw import STEPS
from wizard.counts import counted
from wizard.events import RateLimitSeen

PRODUCT = 24
"""Columns of the product's name, which gives way to what was refused, and to nothing else."""


class Gauge(Label):
    """Tokens that are left in the tenant's bucket, and requests that were refused."""

    DEFAULT_CSS = """
    Gauge { width: auto; height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("", id="gauge", markup=False)
        self._shown = ""

    def draw(self, rate: RateLimitSeen | None, requests: int, limited: int, *, room: int) -> None:
        """Show the last that was heard; nothing while no request was sent.

        Args:
            room: Columns for it and for the product's name.
        """
        text = words(rate, requests, limited, room=room - self.styles.gutter.width)
        if text != self._shown:
            layout = len(text) != len(self._shown)
            self._shown = text
            self.update(text, layout=layout)


def words(rate: RateLimitSeen | None, requests: int, limited: int, *, room: int = 200) -> str:
    """The gauge as text, as much of it as there is room for: `rate limit ▆ 41/50 free · 38 requests sent · 1 × 429`."""
    sent = f"{counted(requests, 'request')} sent" if requests else ""
    if rate is None:
        return sent if len(sent) + PRODUCT <= room else ""
    height = STEPS[min(7, int(8 * max(0.0, rate.remaining) / rate.limit))] if rate.limit else STEPS[0]
    free = f"{height} {max(0, round(rate.remaining))}/{rate.limit} free"
    refused = f" · {limited} × 429" if limited else ""
    ways = (
        (f"rate limit {free}{' · ' * bool(sent)}{sent}{refused}", PRODUCT),
        (f"rate limit {free}{refused}", 0),
        (free, 0),
    )
    return next((way for way, beside in ways if len(way) + beside <= room), "")
