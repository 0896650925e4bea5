"""The live gauge of the rate limit, in the corner of every page."""

from __future__ import annotations

from textual.widgets import Label

from screens.widgets.draw import STEPS
from wizard.events import RateLimitSeen

WIDE = 100
"""Columns from which there is room for the number of requests."""


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
        text = words(rate, requests, limited, wide=self.screen.size.width >= WIDE)
        if text != self._shown:
            layout = len(text) != len(self._shown)
            self._shown = text
            self.update(text, layout=layout)


def words(rate: RateLimitSeen | None, requests: int, limited: int, *, wide: bool = True) -> str:
    """The gauge as text: `▆ 41/50 · 38 req`; the tokens alone where there is little room."""
    if rate is None:
        return f"{requests} req" if requests else ""
    height = STEPS[min(7, int(8 * max(0.0, rate.remaining) / rate.limit))] if rate.limit else STEPS[0]
    refused = f" · {limited} × 429" if limited else ""
    return f"{height} {max(0, round(rate.remaining))}/{rate.limit}{f' · {requests} req' if wide else ''}{refused}"
