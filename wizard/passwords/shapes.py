"""The commonest formats by their shape: hashes of one shape differ in salt and digest alone, so one of them is judged for all.

A shape is what stands before the salt, and the lengths of the parts. A hash that is not written as its maker writes it (other
base64, a damaged end) has no shape, and neither has one of a format that is not here; those are judged one by one.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from wizard.passwords.described import Judge

Shape = tuple[str | bytes, int, int]
"""What stands before the salt, where the salt ends, and where the digest ends."""

MOST = 10_000
"""Shapes remembered; some stores vary the iterations by user."""

Write = Callable[[Any], bytes]
"""What a hash becomes in the import file, of the match of its pattern; all else is the same for its shape."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
ENDS = tuple(
    frozenset(end for letter in letters for end in (letter, letter.encode()))
    for letters in (["", ".", *LETTERS], [], LETTERS[::16], LETTERS[::4])
)
"""How canonical base64 ends, as text and as bytes, by its length modulo four."""

USUAL = bytes.maketrans(b".", b"+")


def _as_it_is(found: re.Match[bytes]) -> bytes:
    return found[0]


def _django(found: re.Match[bytes]) -> bytes:
    return b2a_base64(found[2], newline=False).rstrip(b"=") + b"$" + found[3]


def _passlib(found: re.Match[bytes]) -> bytes:
    return found[0][found.end(1) :].translate(USUAL)


@dataclass(frozen=True)
class Form:
    """A format.

    Args:
        pattern: Of ASCII; its groups are what stands before the salt, the salt, and the digest or padding if it is apart.
        base64: The groups that must be canonical base64, without padding.
        write: Left out, the hash goes as it is.
    """

    pattern: str
    base64: tuple[int, ...] = ()
    write: Write = _as_it_is


BCRYPT = Form(r"(\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$)([./A-Za-z0-9]{53})")
ARGON2 = Form(
    r"(\$argon2(?:id|i|d)\$v=19\$m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,10}\$)([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)", (2, 3)
)
DJANGO = Form(r"(pbkdf2_sha(?:1|256|512)\$[1-9][0-9]{0,9}\$)([A-Za-z0-9]+)\$([A-Za-z0-9+/]+)={0,2}", (3,), _django)
PASSLIB = Form(
    r"(\$pbkdf2(?:-sha(?:1|256|512))?\$[1-9][0-9]{0,9}\$)([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)", (2, 3), _passlib
)
LDAP = Form(r"(\{S?SHA(?:256|384|512)?\})(?!(?:[0-9a-f]{24,}|[0-9A-F]{24,})=*\Z)([A-Za-z0-9+/]+)(={0,2})", (2,))
"""What is nothing but hex may be hex, which only the value itself can tell."""

FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("$2a$", "$2b$", "$2y$"), BCRYPT),
    "$arg": ARGON2,
    "pbkd": DJANGO,
    "$pbk": PASSLIB,
    **dict.fromkeys(("{SSH", "{SHA"), LDAP),
}
"""By the first four characters."""

_compiled = {
    begin: (re.compile(form.pattern).fullmatch, re.compile(form.pattern.encode()).fullmatch, form)
    for begin, form in FORMS.items()
}
_of_text: Mapping[str, Any] = {begin: (match, form.base64) for begin, (match, _, form) in _compiled.items()}
_of_bytes: Mapping[bytes, Any] = {
    begin.encode(): (match, form.base64, form.write) for begin, (_, match, form) in _compiled.items()
}


def shape_of(value: str) -> Shape | None:
    """The shape of a stored password; None if it has none."""
    form = _of_text.get(value[:4])
    if form is None or (found := form[0](value)) is None:
        return None
    for group in form[1]:
        part = found[group]
        if part[-1:] not in ENDS[len(part) & 3]:
            return None
    return found[1], found.end(2), found.end(found.lastindex)


@dataclass(frozen=True)
class Shaped:
    """Members of users for stored passwords that have a shape; picklable.

    Args:
        judge: One that lets these forms speak for themselves: `judge.plain_bcrypt`.
        known: What stands before and after a hash of each shape; None where hashes of it stay behind.
    """

    judge: Judge
    known: dict[Shape, tuple[bytes, bytes] | None] = field(default_factory=dict, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Shaped], tuple[Judge]]:
        return Shaped, (self.judge,)

    def member(self, value: bytes) -> bytes | None:
        """The member with a comma before it, byte for byte what the judge's verdict gives; None if that must say."""
        form = _of_bytes.get(value[:4])
        if form is None or (found := form[0](value)) is None:
            return None
        for group in form[1]:
            part = found[group]
            if part[-1:] not in ENDS[len(part) & 3]:
                return None
        shape = (found[1], found.end(2), found.end(found.lastindex))
        written: bytes = form[2](found)
        around = self.known.get(shape) or self._learnt(shape, value, written)
        return None if around is None else around[0] + written + around[1]

    def _learnt(self, shape: Shape, value: bytes, written: bytes) -> tuple[bytes, bytes] | None:
        """Judge one hash of this shape, and see what is around it."""
        if shape in self.known:
            return None
        verdict = self.judge(value.decode())
        around = None
        if verdict.carried_by != "none" and not verdict.assumes:
            whole = b',"' + verdict.carried_by.encode() + b'":' + orjson.dumps(verdict.value)
            if whole.count(written) == 1 and b"\\" not in whole:
                before, _, after = whole.partition(written)
                around = (before, after)
        if len(self.known) < MOST:
            self.known[shape] = around
        return around
