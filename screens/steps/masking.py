"""The key that shows personal data of a sample, and hides it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding

from screens.steps.base import StepView

MASKING: Sequence[Binding] = (Binding("f7", "unmask", "Unmask"), Binding("f7", "mask", "Mask"))
"""One key, with the word for what it does now."""


class Unmasking(StepView):
    """A page on which people can be seen as they are."""

    def draw_unmasked(self) -> None:
        """Draw again what is masked or not."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the one of both that does something."""
        if action in ("mask", "unmask"):
            return self.wizard.unmasked == (action == "mask")
        return super().check_action(action, parameters)

    def action_unmask(self) -> None:
        self._show_people(unmasked=True)

    def action_mask(self) -> None:
        self._show_people(unmasked=False)

    def _show_people(self, *, unmasked: bool) -> None:
        self.wizard.unmasked = unmasked
        self.draw_unmasked()
        self.refresh_bindings()

    def mask_command(self, words: str) -> tuple[str, str, Callable[[], None]]:
        """The same for the menu."""
        unmasked = self.wizard.unmasked
        return ("Mask" if unmasked else "Unmask", words, self.action_mask if unmasked else self.action_unmask)
