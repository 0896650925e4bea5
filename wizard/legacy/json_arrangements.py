"""Users in JSON that are not the elements of one array: in lists of lists, in a map, or one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from wizard.legacy.encoding import Read
from wizard.legacy.json_block import JsonBlock, Place
from wizard.legacy.json_cut import BLOCK_BYTES, ArrayCutter, broken, no_list, several, text_of


class PathCutter(ArrayCutter):
    """The elements of lists that lie somewhere inside an object, in other lists too, but all by one path of names.

    `path` is where they were found, such as orgs[].humanUsers, and `found` how many lists they were.
    """

    def __init__(self, read: Read, lists: Sequence[str], block: int = BLOCK_BYTES, *, depth: int = 1) -> None:
        super().__init__(read, lists, block, depth=depth)
        self.found = 0

    def _list(self, depth: int) -> Iterator[JsonBlock]:
        """The elements if this is a list of users; else what the objects in it hold."""
        if self._is_meant():
            path = ".".join(self._around)
            if self.found and path != self.path:
                raise several(self.path, path)
            self._found, self.path = True, path
            self.found += 1
            yield from self._elements()
        elif depth > 1:
            self._around[-1] += "[]"
            yield from self._inside(depth - 1)
        else:
            self._pass()

    def _inside(self, depth: int) -> Iterator[JsonBlock]:
        self._at += 1
        mark = self._next()
        if mark == b"]":
            self._at += 1
        path = self._around[-1]
        while mark != b"]":
            begin = self._next()
            if begin == b"{":
                yield from self._members(depth)
            elif begin == b"[":
                yield from self._list(depth)
                self._around[-1] = path
            else:
                self._pass()
            mark = self._next()
            if mark not in (b",", b"]"):
                raise self._cut_off("a comma")
            self._at += 1


class SequenceCutter(ArrayCutter):
    """Objects one after another, each over many lines or with a comma behind it, as the elements of an array have."""

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield all of them; see `ArrayCutter.blocks`."""
        pieces: list[bytes] = []
        size = 0
        for piece in self._each():
            pieces.append(piece)
            size += len(piece)
            if size >= self._block:
                yield self._joined(pieces)
                pieces, size = [], 0
        if pieces:
            yield self._joined(pieces)

    def _each(self) -> Iterator[bytes]:
        while self._next():
            yield self._value()
            self._element += 1
            if self._next() == b",":
                self._at += 1

    def _joined(self, pieces: Sequence[bytes]) -> JsonBlock:
        places: list[Place] = []
        start = 0
        for piece in pieces:
            places.append((start, start + len(piece)))
            start += len(piece) + 1
        block = JsonBlock(b",".join(pieces), self._first, len(pieces), places=tuple(places))
        self._first += block.count
        return block


class MapCutter(SequenceCutter):
    """The members of one object, each a user; the key becomes a member of the user, unless it has one of that name.

    Args:
        key: The name of that member.
        within: The path of the member of the file's object that holds the users; "" for that object itself.
    """

    def __init__(self, read: Read, key: str, within: str = "", block: int = BLOCK_BYTES) -> None:
        super().__init__(read, (), block)
        self._key = orjson.dumps(key)
        self._within = within

    def _each(self) -> Iterator[bytes]:
        if self._next() != b"{":
            raise broken("It does not begin with {")
        if not self._within:
            yield from self._users()
        else:
            yield from self._sought()
        self._expect_end()

    def _sought(self) -> Iterator[bytes]:
        """The users of the map at the path that is meant, which may be in one of the members."""
        for name in self._names():
            self._around.append(text_of(name))
            path, begin = ".".join(self._around), self._next()
            if begin == b"{" and path == self._within and self._is_map():
                if self._found:
                    raise several(path, path)
                self._found = True
                yield from self._users()
            elif begin == b"{" and self._within.startswith(f"{path}."):
                yield from self._sought()
            else:
                self._other()
            self._around.pop()

    def _is_map(self) -> bool:
        """Whether the object that begins here is the map that is meant."""
        return True

    def _other(self) -> None:
        """Go over a member that is not the map of users."""
        self._pass()

    def _users(self) -> Iterator[bytes]:
        for name in self._names():
            yield self._with_key(name, self._value())
            self._element += 1

    def _with_key(self, name: bytes, value: bytes) -> bytes:
        if not value.startswith(b"{"):
            return value
        rest = value[1:].lstrip()
        return b"{" + self._key + b":" + name + (b"" if rest.startswith(b"}") else b",") + rest


class ListsCutter(ArrayCutter):
    """The elements of the lists that the objects of one array hold.

    Args:
        several: Whether more than one of the objects may hold such a list.
    """

    def __init__(self, read: Read, lists: Sequence[str], *, several: bool, block: int = BLOCK_BYTES) -> None:
        super().__init__(read, lists, block)
        self._several_allowed = several
        self.found = 0

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield all elements; see `ArrayCutter.blocks`."""
        mark = b","
        self._next()
        while mark == b",":
            self._at += 1
            if self._next() != b"{":
                raise self._cut_off("an object")
            self._found = False
            yield from self._members(1)
            self.found += self._found
            if self.found > 1 and not self._several_allowed:
                raise several(self._lists[0], "another", remedy="export the table of users alone.")
            mark = self._next()
        if not self.found:
            raise no_list(self._lists)
        if mark != b"]":
            raise self._cut_off("a comma")
        self._at += 1
        self._expect_end()
