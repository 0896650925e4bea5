"""A value that must not be seen."""

from __future__ import annotations

import hmac
from typing import NoReturn

MASK = "********"


class Secret:
    """A value that shows itself only to `reveal()`: not when printed, formatted, compared by eye, pickled or in JSON."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value. Pass it on at once; keep the Secret, not the value."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere; resolve its reference where it is needed")
