"""The live gauge of the rate limit, in the corner of every page."""

from __future__ import annotations

from textual.widgets import Label

from screens.widgets.draw import STEPS
from wizard.counts import counted
from wizard.events import RateLimitSeen

ROOMY = 112
"""Columns of the screen from which the gauge is in full words; below, the keys need the room."""
ALL = 140
"""Columns from which there is room for the number of requests too."""


class Gauge(Label):
    """Tokens that are left in the tenant's bucket, and requests that were refused."""

    DEFAULT_CSS = """
    Gauge { dock: right; width: auto; height: 1; padding: 0 1; background: $footer-background; color: $footer-foreground; }
    """

    def __init__(self) -> None:
        super().__init__("", id="gauge", markup=False)
        self._shown = ""

    def draw(self, rate: RateLimitSeen | None, requests: int, limited: int) -> None:
        """Show the last that was heard; nothing while no request was sent."""
        text = words(rate, requests, limited, width=self.screen.size.width)
        if text != self._shown:
            layout = len(text) != len(self._shown)
            self._shown = text
            self.update(text, layout=layout)


def words(rate: RateLimitSeen | None, requests: int, limited: int, *, width: int = 200) -> str:
    """The gauge as text: `rate limit ▆ 41/50 free · 1 × 429 · 38 requests sent`; `rate 41/50 1×429` on a narrow screen."""
    sent = f"{counted(requests, 'request')} sent" if requests and width >= ALL else ""
    if rate is None:
        return sent
    left = f"{max(0, round(rate.remaining))}/{rate.limit}"
    if width < ROOMY:
        return f"rate {left}{f' {limited}×429' if limited else ''}"
    height = STEPS[min(7, int(8 * max(0.0, rate.remaining) / rate.limit))] if rate.limit else STEPS[0]
    parts = (f"rate limit {height} {left} free", f"{limited} × 429" if limited else "", sent)
    return " · ".join(part for part in parts if part)
