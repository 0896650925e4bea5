"""Which of the lists in a JSON object is that of the users; where two could be, the operator decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wizard.errors import SourceError
from wizard.legacy.encoding import Read
from wizard.legacy.json_block import JsonBlock
from wizard.legacy.json_cut import BLOCK_BYTES, LOOK, ArrayCutter, MapCutter, NoList, no_list, several
from wizard.legacy.json_layout import (
    DEEPEST,
    LISTS,
    OTHER_LISTS,
    is_aside,
    is_map_of_users,
    looks_like_users,
    members_of,
)


class NoneLikeUsers(NoList):
    """No list looks like users, but the one at `path` has a name for them."""

    def __init__(self, path: str) -> None:
        given = no_list(LISTS)
        super().__init__(given.what, why=given.why, remedy=given.remedy)
        self.path = path


class ChoosingCutter(ArrayCutter):
    """The elements of the file, or of the one list inside it that looks like users.

    `aside` has the paths of lists that are passed over though they have what users log in with.
    """

    def __init__(self, read: Read, block: int = BLOCK_BYTES) -> None:
        super().__init__(read, LISTS, block, depth=DEEPEST)
        self.aside: list[str] = []
        self._rivals: list[str] = []
        self._unlike: list[tuple[int, str, bool]] = []

    def _list(self, depth: int) -> Iterator[JsonBlock]:
        name, path, elements = self._around[-1], ".".join(self._around), self._peek()
        named = name in LISTS or name in OTHER_LISTS
        alike = looks_like_users(elements, name)
        self.aside += [f"{path}[].{inner}" for inner in _lists_of_users_in(elements)] if not alike else []
        if alike and named:
            self._refuse_rivals(path)
            yield from self._taken()
            return
        if alike and is_aside(elements, name):
            self.aside.append(path)
        elif alike:
            self._rivals.append(path)
            self._refuse_rivals(self.path)
        elif name in LISTS and all(isinstance(each, dict) for each in elements):
            self._unlike.append((len(self._around), path, bool(elements)))
        self._pass()

    def _refuse_rivals(self, path: str) -> None:
        if path and self._rivals:
            raise several(path, self._rivals[0])

    def _none_found(self) -> SourceError:
        """A list that has a name for users may be of users all the same, if it is the only one."""
        filled = [each for each in self._unlike if each[2]] or self._unlike[:1]
        nearest = [path for around, path, _ in filled if around == min(filled)[0]]
        if not nearest:
            return super()._none_found()
        others = [*nearest[1:], *self._rivals]
        return several(nearest[0], others[0]) if others else NoneLikeUsers(nearest[0])


class ChoosingMapCutter(MapCutter):
    """The members of a map of users, if nothing else in the object looks like users."""

    def _other(self) -> None:
        (name,), begin = self._around, self._next()
        if begin == b"[":
            elements = self._peek()
            if looks_like_users(elements, name) and not is_aside(elements, name):
                raise several(self._within, name)
        elif begin == b"{" and name != self._within:
            members = self._begun()
            elements = list(members.values())
            if is_map_of_users(members) and looks_like_users(elements, name) and not is_aside(elements, name):
                raise several(self._within, name)
        self._pass()

    def _begun(self) -> dict[str, Any]:
        """The first members of the object that begins here."""
        while len(self._buffer) - self._at < LOOK and self._more():
            pass
        return members_of(self._buffer[self._at : self._at + LOOK].decode("utf-8", "replace"))


def _lists_of_users_in(elements: list[Any]) -> list[str]:
    """Names of lists in the elements of another list that look like users."""
    found = dict.fromkeys(
        name
        for each in elements
        if isinstance(each, dict)
        for name, part in each.items()
        if isinstance(part, list) and looks_like_users(part, name) and not is_aside(part, name)
    )
    return list(found)
