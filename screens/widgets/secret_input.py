"""A place for a secret, or for the name of one."""

from __future__ import annotations

import re
from typing import Any

from textual.widgets import Input

from wizard.answers import REFERABLE

REFERENCE = re.compile(rf"(env|keyring):{REFERABLE}")


class SecretInput(Input):
    """Hides what is typed unless it is a reference; a typed secret is taken out with `take` and then gone from here."""

    def __init__(self, value: str, **options: Any) -> None:
        super().__init__(value, password=not REFERENCE.fullmatch(value) and bool(value), **options)
        self.watch(self, "value", self._hide, init=False)

    def _hide(self, value: str) -> None:
        self.password = not value.startswith(("env:", "keyring:"))

    @property
    def is_reference(self) -> bool:
        return REFERENCE.fullmatch(self.value.strip()) is not None

    @property
    def is_typed(self) -> bool:
        """Whether a secret itself stands here, and no reference to one."""
        return bool(self.value.strip()) and not self.is_reference

    def take(self, reference: str) -> str:
        """The secret that was typed; the reference stands in its place from now on."""
        secret, self.value = self.value.strip(), reference
        return secret
