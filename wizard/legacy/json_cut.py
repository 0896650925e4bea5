"""Cut JSON into blocks at the borders of users, exactly and without making an object of each.

An array is cut where an element seems to begin; a piece counts only if it parses as whole elements, and a prefix of a JSON
array that ends between elements can be parsed in no other way. Where that fails, the brackets are counted one by one; then
an element that is not valid is a bad record, and the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

import orjson

from wizard.errors import SourceError
from wizard.legacy.encoding import Read
from wizard.legacy.json_block import JsonBlock, Place, blank
from wizard.legacy.json_layout import begun_members

BLOCK_BYTES = 1 << 16
LAST_BORDER_WITHIN = 1 << 13
"""The last border of a block is nearly always this close to its end, so it is looked for there first."""
LONGEST = 64 << 20
"""No user is that large; something else was opened."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*"', re.DOTALL)
_TOKEN = re.compile(rb'["\[\]{}]')
_SCALAR = re.compile(rb"[^,\]}\s]++")
_PATHS = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]]*")
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]*+("(?:[^"\\]++|\\.)*")', re.DOTALL)
_OBJECT_OF_OBJECTS = re.compile(rb'\{[ \t\r\n]*+"(?:[^"\\]++|\\.)*"[ \t\r\n]*+:[ \t\r\n]*+\{', re.DOTALL)

NAME_IT = (
    "name the member that holds the users in list of [source], or after the file as in users.json#people; or export an array of "
    "objects."
)
LOOK = 1 << 16
"""Bytes of a list that are looked at to tell what it holds."""

LOOKS = (1 << 9, 1 << 12, LOOK, 1 << 20)
"""Bytes of an object that are looked at to tell what it holds: the first show most that is no map of users, and the last are
for users that are large themselves."""

TOTALS = frozenset({"total", "totalResults", "total_count", "totalCount", "count", "length"})
"""Names under which a page of a longer list says how many there are."""


class NoList(SourceError):
    """No member is a list of users; what is deeper was not looked at."""


class LineCutter:
    """One object a line; blank lines are no records."""

    def __init__(self, read: Read, block: int = BLOCK_BYTES) -> None:
        self._read = read
        self._block = block

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield all lines.

        Raises:
            SourceError: a line is longer than any user can be.
        """
        rest, first, line = b"", 1, 1
        while data := self._read(self._block):
            head, mark, tail = data.rpartition(b"\n")
            if not mark:
                rest += data
                if len(rest) > LONGEST:
                    raise _too_long(f"line {line}")
                continue
            block = _lines(rest + head, first, line)
            line += block.data.count(b"\n") + 1
            first += block.count
            rest = tail
            if block.count:
                yield block
        if not blank(rest):
            yield _lines(rest, first, line)


def _lines(data: bytes, first: int, line: int) -> JsonBlock:
    count = sum(not blank(each) for each in data.split(b"\n"))
    return JsonBlock(data, first, count, line=line)


class ArrayCutter:
    """The elements of one array: the file itself, or the one list of these names inside the object that it is.

    `path` is where it was found, such as data.users, and `total` how many users there are by a number beside it, or 0.

    Args:
        read: Gives UTF-8.
        lists: Names under which the object may hold the list of users, or paths to it.
        depth: How many objects may be around it; the file itself is the first.
        at: The path of the list that is meant, whatever `lists` says.
    """

    def __init__(
        self, read: Read, lists: Sequence[str], block: int = BLOCK_BYTES, *, depth: int = 1, at: str = ""
    ) -> None:
        self._read = read
        self._lists = lists
        self._block = block
        self._depth = depth
        self._wanted = at
        self._around: list[str] = []
        self._found = False
        self.path = ""
        self.total = 0
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._first = 1
        self._element = 1
        self._border: re.Pattern[bytes] | None = None

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield all elements.

        Raises:
            SourceError: it is not JSON, has no list of users, or ends too early; names the place.
        """
        begin = self._next()
        if begin == b"[":
            yield from self._elements()
        elif begin == b"{":
            yield from self._members(self._depth)
            if not self._found:
                raise self._none_found()
        else:
            raise broken("It begins neither with [ nor with {")
        self._expect_end()

    def _members(self, depth: int) -> Iterator[JsonBlock]:
        """Look for the list among the members; what comes after it is read to its end, too."""
        total = 0
        for name in self._names():
            self._around.append(text_of(name))
            begin = self._next()
            if begin == b"[":
                yield from self._list(depth)
            elif begin == b"{":
                yield from self._object(depth)
            elif begin.isdigit() and self._around[-1] in TOTALS:
                total = max(total, _whole(self._scalar()))
            else:
                self._pass()
            self._around.pop()
        if self._found and self.path.rpartition(".")[0] == ".".join(self._around):
            self.total = max(self.total, total)

    def _object(self, depth: int) -> Iterator[JsonBlock]:
        """What the object that begins here holds, unless it is too deep."""
        if depth > 1:
            yield from self._members(depth - 1)
        else:
            self._pass()

    def _list(self, depth: int) -> Iterator[JsonBlock]:
        """The elements if this is the list of users."""
        if self._is_meant():
            yield from self._taken()
        else:
            self._pass()

    def _is_meant(self) -> bool:
        path = ".".join(self._around)
        return path == self._wanted if self._wanted else self._around[-1] in self._lists or path in self._lists

    def _taken(self) -> Iterator[JsonBlock]:
        path = ".".join(self._around)
        if self._found:
            raise several(self.path, path)
        self._found, self.path = True, path
        yield from self._elements()

    def _none_found(self) -> SourceError:
        return no_list(self._lists)

    def _names(self) -> Iterator[bytes]:
        """The name of each member of the object that begins here; its value is to be taken before the next is asked for."""
        self._at += 1
        mark = self._next()
        if mark == b"}":
            self._at += 1
        while mark != b"}":
            if self._next() != b'"':
                raise self._cut_off("a key")
            name = self._value()
            if self._next() != b":":
                raise self._cut_off("a colon")
            self._at += 1
            yield name
            mark = self._next()
            if mark not in (b",", b"}"):
                raise self._cut_off("a comma")
            self._at += 1

    def _elements(self) -> Iterator[JsonBlock]:
        self._at += 1
        if self._next() == b"]":
            self._at += 1
            return
        while True:
            block = self._many() or self._one_by_one()
            self._first += block.count
            self._element = self._first
            yield block
            mark = self._next()
            self._at += 1
            if mark == b"]":
                return
            if mark != b",":
                raise self._cut_off("a comma")
            self._next()

    def _many(self) -> JsonBlock | None:
        """All elements up to the last border in sight, if they parse as that."""
        if self._border is None:
            return None
        while len(self._buffer) - self._at < self._block and self._more():
            pass
        start = self._at
        near = max(start, len(self._buffer) - LAST_BORDER_WITHIN)
        end = self._last_border(self._border, near) or self._last_border(self._border, start)
        if not end:
            return None
        data = self._buffer[start:end]
        try:
            count = len(orjson.loads(b"[" + data + b"]"))
        except ValueError:
            return None
        self._at = end
        return JsonBlock(data, self._first, count)

    def _last_border(self, border: re.Pattern[bytes], start: int) -> int:
        return max((each.start() + 1 for each in border.finditer(self._buffer, start)), default=0)

    def _one_by_one(self) -> JsonBlock:
        """Some elements, their brackets counted."""
        start = 0
        places: list[Place] = []
        pieces: list[bytes] = []
        while True:
            self._element = self._first + len(places)
            piece = self._value()
            if self._border is None and (key := _FIRST_KEY.match(piece)):
                self._border = re.compile(rb"\}[ \t\r\n]*+,(?=[ \t\r\n]*+\{[ \t\r\n]*+" + re.escape(key[1]) + rb")")
            pieces.append(piece)
            places.append((start, start + len(piece)))
            start += len(piece) + 1
            if start >= self._block or self._next() != b"," or (len(places) == 1 and self._first == 1):
                break
            self._at += 1
            self._next()
        return JsonBlock(b",".join(pieces), self._first, len(places), places=tuple(places))

    def _value(self) -> bytes:
        """Take the value that begins here, streaming over its strings and brackets."""
        if self._next() == b"":
            raise self._cut_off("a value")
        depth, at = 0, self._at
        if self._buffer[at] not in b'"[{':
            return self._scalar()
        while True:
            token = _TOKEN.search(self._buffer, at)
            if token is None:
                at = self._grown(len(self._buffer))
                continue
            mark = token[0]
            if mark == b'"':
                string = _STRING.match(self._buffer, token.start())
                if string is None:
                    at = self._grown(token.start())
                    continue
                at = string.end()
            else:
                at = token.end()
                depth += 1 if mark in b"[{" else -1
            if depth <= 0:
                value = self._buffer[self._at : at]
                self._at = at
                return value

    def _pass(self) -> None:
        """Go over the value that begins here and keep nothing of it; it may be of any length."""
        if self._next() == b"":
            raise self._cut_off("a value")
        if self._buffer[self._at] not in b'"[{':
            self._scalar()
            return
        depth = 0
        while True:
            token = _TOKEN.search(self._buffer, self._at)
            if token is None:
                self._at = self._grown(len(self._buffer), held=False)
                continue
            if token[0] == b'"':
                string = _STRING.match(self._buffer, token.start())
                self._at = string.end() if string else self._grown(token.start(), held=False)
                if string is None:
                    continue
            else:
                self._at = token.end()
                depth += 1 if token[0] in b"[{" else -1
            if depth <= 0:
                return

    def _peek(self) -> list[Any]:
        """The first elements of the list that begins here, one at least if it has any; it stays to be taken."""
        while len(self._buffer) - self._at < LOOK and self._more():
            pass
        while True:
            beginning = self._buffer[self._at :]
            found: list[Any] = []
            with suppress(SourceError):  # it is cut off somewhere, or something follows
                for block in ArrayCutter(BytesIO(beginning).read, ()).blocks():
                    found += block.objects()
            if found or blank(beginning[1:].partition(b"]")[0]) or len(beginning) > LONGEST or not self._more():
                return found

    def _begun(self) -> dict[str, Any]:
        """The first members of the object that begins here if each may be a user; it stays to be taken."""
        for size in LOOKS:
            while len(self._buffer) - self._at < size and self._more():
                pass
            if not _OBJECT_OF_OBJECTS.match(self._buffer, self._at):
                return {}
            beginning = self._buffer[self._at : self._at + size]
            found, enough = begun_members(beginning.decode("utf-8", "replace"))
            if not all(isinstance(each, dict) for each in found.values()):
                return {}
            if enough or (size >= LOOK and len(found) > 1):
                break
        return found

    def _scalar(self) -> bytes:
        while True:
            found = _SCALAR.match(self._buffer, self._at)
            if found is None:
                raise self._cut_off("a value")
            if found.end() < len(self._buffer) or not self._more():
                self._at = found.end()
                return found[0]

    def _grown(self, at: int, *, held: bool = True) -> int:
        """Read on inside a value, of which what was seen is kept if it is `held`; the same place in the new buffer."""
        if not held:
            self._at = at
        place = at - self._at
        if len(self._buffer) - self._at > LONGEST:
            raise _too_long(f"element {self._element}")
        if not self._more():
            raise self._incomplete("the end of a value")
        return self._at + place

    def _next(self) -> bytes:
        """The next character that is not white space, not taken; empty at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return b""

    def _expect_end(self) -> None:
        if self._next():
            raise broken(
                "Something follows after its end", "put lists that stand one after another together: jq -s add; or "
            )

    def _more(self) -> bool:
        """Read on; what was taken is let go."""
        if self._ended:
            return False
        size = max(self._block, min(len(self._buffer) - self._at, LONGEST))  # doubling keeps long values linear
        data = self._read(size)
        self._ended = not data
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return bool(data)

    def _cut_off(self, wanted: str) -> SourceError:
        if self._next() == b"":
            return self._incomplete(wanted)
        return broken(f"At element {self._element} there should be {wanted}")

    def _incomplete(self, wanted: str) -> SourceError:
        return broken(f"It ends at element {self._element}, where {wanted} is missing: the export is not complete")


def several(one: str, other: str, remedy: str = "") -> SourceError:
    """The error for an object with two lists of users, by their paths."""
    if one == other:
        return SourceError(
            f"The JSON file has {one} more than once",
            why="of members with one name most programs read the last and lose the others",
            remedy="give each another name and name one in list of [source]; or put their users into one list.",
        )
    together = f" To take both, put them into one list: jq '[.{one}[], .{other}[]]'"
    return SourceError(
        "The JSON file has more than one list that could be of users",
        why=f"they are {one} and {other}",
        remedy=remedy or NAME_IT + (together if _PATHS.fullmatch(one + other) else ""),
    )


def no_list(lists: Sequence[str]) -> NoList:
    """The error for an object without a list of one of these names."""
    few = ", ".join(lists[:8]) + (", …" if len(lists) > 8 else "")
    return NoList(
        "The JSON file has no list of users",
        why=f"it is an object, and none of its members is a list called {few}",
        remedy=NAME_IT,
    )


def _whole(number: bytes) -> int:
    return int(number) if number.isdigit() and len(number) < 16 else 0


def text_of(name: bytes) -> str:
    """A name as it is meant; empty where it is not valid."""
    try:
        return str(orjson.loads(name))
    except ValueError:
        return ""


def broken(why: str, way_out: str = "") -> SourceError:
    """The error for a file that is not JSON, or not whole; `way_out` comes before exporting once more."""
    remedy = f"{way_out}export the users once more, completely."
    return SourceError("The file is not the JSON that it seems to be", why=why, remedy=remedy)


def _too_long(place: str) -> SourceError:
    return SourceError(
        f"At {place} there is a value of more than {LONGEST >> 20} MB",
        why="no user is that large",
        remedy="check that this is the export of users, one object each.",
    )
