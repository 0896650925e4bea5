"""Which of the lists in a JSON object is that of the users; where two could be, the operator decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from wizard.errors import SourceError
from wizard.legacy.encoding import Read
from wizard.legacy.json_arrangements import MapCutter
from wizard.legacy.json_block import JsonBlock
from wizard.legacy.json_cut import BLOCK_BYTES, ArrayCutter, NoList, no_list, several
from wizard.legacy.json_layout import (
    DEEPEST,
    LISTS,
    OTHER_LISTS,
    OWN,
    is_aside,
    is_map_aside,
    is_map_of_users,
    key_column,
    looks_like_users,
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
        else:
            self._look_into_lists(elements, name, path)
        self._pass()

    def _look_into_lists(self, elements: list[Any], name: str, path: str) -> None:
        """A list of lists of users is a rival, too."""
        inner = _inner(elements)
        if looks_like_users(inner, name) and is_aside(inner, name):
            self.aside.append(f"{path}[]")
        elif looks_like_users(inner, name):
            self._rivals.append(f"{path}[]")
            self._refuse_rivals(self.path)

    def _object(self, depth: int) -> Iterator[JsonBlock]:
        """What the object that begins here holds, unless it is a map of users: that is a rival of the list."""
        name, path = self._around[-1], ".".join(self._around)
        members = _users_in(self._begun(), name)
        if members and is_map_aside(members, name):
            self.aside.append(path)
        elif members:
            self._rivals.append(path)
            self._refuse_rivals(self.path)
            self._pass()
            return
        yield from super()._object(depth)

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
    """The members of a map of users, if nothing else in the object looks like users; `aside` is as in `ChoosingCutter`."""

    def __init__(self, read: Read, key: str, within: str) -> None:
        super().__init__(read, key, within)
        self.aside: list[str] = []

    def _other(self) -> None:
        (name,), begin = self._around, self._next()
        if begin == b"[":
            elements = self._peek()
            for path, each in ((name, elements), (f"{name}[]", _inner(elements))):
                if looks_like_users(each, name):
                    self._beside(path, surely_not=is_aside(each, name))
            if not looks_like_users(elements, name):
                self.aside += [f"{name}[].{inner}" for inner in _lists_of_users_in(elements)]
        elif begin == b"{" and (members := _users_in(self._begun(), name)):
            self._beside(name, surely_not=is_map_aside(members, name))
        self._pass()

    def _beside(self, path: str, *, surely_not: bool) -> None:
        if not surely_not:
            raise several(self._within, path)
        self.aside.append(path)


class NamedMapCutter(MapCutter):
    """The members of the map of users that was named by its path, wherever in the file it stands.

    Raises:
        NoList: there is no map of users.
    """

    def __init__(self, read: Read, within: str) -> None:
        super().__init__(read, "key", within)

    def _is_map(self) -> bool:
        members = self._begun()
        self._key = orjson.dumps(key_column(members))
        return is_map_of_users(members, fewest=1)

    def _each(self) -> Iterator[bytes]:
        yield from super()._each()
        if not self._found:
            raise no_list((self._within,))


def _users_in(members: dict[str, Any], name: str) -> dict[str, Any]:
    """The members of a map of this name if they are users; none if they are something else or hold lists of users themselves."""
    elements = list(members.values())
    is_map = is_map_of_users(members, fewest=1 if name in OWN else 2) and looks_like_users(elements, name)
    return members if is_map and not any(isinstance(each.get(own), list) for each in elements for own in OWN) else {}


def _inner(elements: list[Any]) -> list[Any]:
    """The elements of the lists in a list."""
    return [each for part in elements if isinstance(part, list) for each in part]


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
