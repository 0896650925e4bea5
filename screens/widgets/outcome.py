"""A text that comes into sight when it is told something."""

from __future__ import annotations

from textual.visual import VisualType

from screens.widgets.hanging import Hanging


class Outcome(Hanging):
    """What came of a button or of Next.

    Args:
        key: Its id.
        top: Whether it is shown from its first line, as far up as the page can be scrolled.
    """

    def __init__(self, key: str | None = None, *, top: bool = False, classes: str | None = None) -> None:
        super().__init__("", id=key, classes=classes, markup=False)
        self._top = top
        self._is_news = False

    def tell(self, words: VisualType) -> None:
        """Show these words."""
        self.update(words)
        self._is_news = True
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        # Its place on the page is known from here on; the refresh before may have been one of the old size.
        if self._is_news:
            self._is_news = False
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        if self.display:
            self.scroll_visible(animate=False, top=self._top)
