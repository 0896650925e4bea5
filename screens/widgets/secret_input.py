"""A place for a secret, or for the name of one."""

from __future__ import annotations

import re
from typing import Any

from textual.widgets import Input

from wizard.answers import REFERABLE

REFERENCE = re.compile(rf"(env|keyring):{REFERABLE}")


class SecretInput(Input):
    """Hides what is typed unless it is a reference; a typed secret is replaced by its reference and then gone from here.

    Args:
        exact: Whether spaces at the ends belong to the secret, as in a person's password; a pasted one loses them.
    """

    def __init__(self, value: str, *, exact: bool = False, **options: Any) -> None:
        self._exact = exact
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

    @property
    def secret(self) -> str:
        """The secret that was typed."""
        return self.value if self._exact else self.value.strip()

    def put_away(self, reference: str) -> None:
        """The secret was kept elsewhere: the reference stands in its place from now on."""
        self.value = reference
