"""The query language of user search: the part of Lucene's that Auth0 documents, read into a small tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from wizard.practice.errors import ApiError

MOST_TERMS = 300
DEEPEST = 30
LONGEST = 10_000
"""Characters of a query. That there is an end, and its 414, is in Auth0's docs ("List and Search Users"); the figure is not."""
SHORTEST_SUFFIX = 3
"""Characters that `name:*usa` needs behind a leading wildcard."""

_token = re.compile(
    r"""\s*(?:
      (?P<phrase>"(?:[^"\\]|\\.)*")
    | (?P<open>\() | (?P<close>\))
    | (?P<range>[\[{][^\[\]{}]*[\]}])
    | (?P<operator>AND(?=[\s(]|$)|OR(?=[\s(]|$)|NOT(?=[\s(]|$)|&&|\|\||!|[+-](?=[^\s]))
    | (?P<compare>[<>]=?)
    | (?P<word>(?:[^\s()\[\]{}"<>:\\^~/!]|\\.)(?:[^\s()\[\]{}":\\^~]|\\.)*)
    | (?P<colon>:)
    | (?P<boost>\^[0-9]+(?:\.[0-9]+)?)
    | (?P<wrong>\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_range = re.compile(r"""[\[{]\s*("(?:[^"\\]|\\.)*"|\S+)\s+TO\s+("(?:[^"\\]|\\.)*"|\S+)\s*[\]}]""", re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """`field:value`; no field means any of the profile's own. `pattern` has wildcards: `("=jo", "*")` for jo*."""

    field: str | None
    value: str
    pattern: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """`field:[low TO high]`; None for an open end, and whether the ends themselves belong to it."""

    field: str
    low: str | None
    high: str | None
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class Exists:
    field: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lucene's boolean query: all of `must`, none of `without`, and one of `any_of` when there is no `must`."""

    must: tuple[Node, ...] = ()
    any_of: tuple[Node, ...] = ()
    without: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """`*` and `*:*`."""


Node = Term | Range | Exists | Group | Everything


def parse(text: str) -> Node:
    """Read a query.

    AND and OR have no precedence over each other, as in Lucene: an AND makes its two neighbours required, and a
    required clause makes its unmarked neighbours optional. Parentheses say what is meant.

    Raises:
        ApiError: 400, with what is wrong with the query; 414 for one that no request line would hold.
    """
    if len(text) > LONGEST:
        raise ApiError(414, "Request-URI Too Large")
    reader = _Reader(list(_tokens(text)))
    if not reader.tokens:
        return Everything()
    node = reader.group(None, 0)
    if reader.peek() is not None:
        refuse("a closing parenthesis without an opening one")
    return node


def refuse(why: str) -> NoReturn:
    raise ApiError(400, f"The query has a syntax error: {why}.", "invalid_query_string")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    glued: bool
    """No space before it."""


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text) and (found := _token.match(text, at)):
        kind = found.lastgroup or "wrong"
        value = found[kind]
        if kind == "wrong":
            refuse(f"unexpected {value!r}, put it in quotes or a backslash before it")
        yield _Token(kind, value, glued=found.start(kind) == at and at > 0)
        at = found.end()


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self._at = 0
        self._terms = 0

    def peek(self, ahead: int = 0) -> _Token | None:
        index = self._at + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            refuse("it ends too early")
        self._at += 1
        return token

    def next_is(self, kind: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == kind

    def group(self, field: str | None, depth: int) -> Node:
        """Read clauses up to a closing parenthesis or the end, and mark them as Lucene's own parser does."""
        if depth > DEEPEST:
            refuse(f"parentheses nest deeper than {DEEPEST}")
        clauses: list[tuple[Node, str]] = []
        while not (self.peek() is None or self.next_is("close")):
            joint = self._joint(bool(clauses))
            mark = self._mark()
            node = self._clause(field, depth)
            if joint == "AND":
                before, its_mark = clauses[-1]
                clauses[-1] = (before, its_mark or "+")
                mark = mark or "+"
            clauses.append((node, mark))
        if not clauses:
            refuse("nothing between parentheses" if depth else "it says nothing")
        if len(clauses) == 1 and clauses[0][1] != "-":
            return clauses[0][0]
        marked = {mark: tuple(node for node, its in clauses if its == mark) for mark in ("+", "", "-")}
        return Group(marked["+"], marked[""], marked["-"])

    def _joint(self, follows: bool) -> str:
        token = self.peek()
        if token is None or token.kind != "operator" or token.text not in {"AND", "OR", "&&", "||"}:
            return ""
        if not follows:
            refuse(f"{token.text} needs something before it")
        self.take()
        if self.peek() is None or self.next_is("close"):
            refuse(f"{token.text} needs something after it")
        return {"&&": "AND", "||": "OR"}.get(token.text, token.text)

    def _mark(self) -> str:
        mark = ""
        while (token := self.peek()) is not None and token.kind == "operator" and token.text in {"NOT", "!", "-", "+"}:
            self.take()
            mark = "+" if token.text == "+" else "-"
        return mark

    def _clause(self, field: str | None, depth: int) -> Node:
        token = self.take()
        if token.kind == "open":
            node = self.group(field, depth + 1)
            if self.take().kind != "close":
                refuse("a parenthesis is not closed")
            self._boost()
            return node
        if token.kind == "word" and self.next_is("colon"):
            self.take()
            return self._field(_plain(token.text), token.text, depth)
        return self._value(field, token)

    def _field(self, name: str, written: str, depth: int) -> Node:
        if written == "*" and self.next_is("word") and self.peek() == _Token("word", "*", True):
            self.take()
            return Everything()
        if name == "_exists_":
            token = self.take()
            if token.kind not in {"word", "phrase"}:
                refuse("_exists_ needs the name of a field")
            return Exists(_plain(token.text))
        if self.next_is("open"):
            return self._clause(name, depth)
        return self._value(name, self.take())

    def _value(self, field: str | None, token: _Token) -> Node:
        self._terms += 1
        if self._terms > MOST_TERMS:
            refuse(f"a query has at most {MOST_TERMS} terms")
        if token.kind == "range":
            node: Node = _read_range(field, token.text)
        elif token.kind == "compare":
            node = _half(field, token.text, self.take())
        elif token.kind == "phrase":
            node = Term(field, _plain(token.text))
        elif token.kind == "word":
            node = _term(field, token.text)
        else:
            refuse(f"unexpected {token.text!r}")
        self._boost()
        return node

    def _boost(self) -> None:
        """Skip a boost such as ^2: there is no score that it could change."""
        token = self.peek()
        if token is not None and token.kind == "boost" and token.glued:
            self.take()


def _plain(text: str) -> str:
    """Take quotes and backslashes away."""
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    return _escape.sub(r"\1", inner)


def _term(field: str | None, text: str) -> Node:
    """Read a word; `*` and `?` not behind a backslash are wildcards."""
    pattern = tuple(_pieces(text))
    literals = [part[1:] for part in pattern if part[0] == "="]
    if len(literals) == len(pattern):
        return Term(field, "".join(literals))
    if set(pattern) == {"*"}:
        return Everything() if field is None else Exists(field)
    if pattern[0][0] != "=" and max(map(len, literals), default=0) < SHORTEST_SUFFIX:
        refuse(f"behind a leading wildcard come at least {SHORTEST_SUFFIX} characters")
    return Term(field, _plain(text), pattern)


def _pieces(text: str) -> Iterator[str]:
    """Split into wildcards and literal parts; these carry a `=` in front and have lost their backslashes."""
    for found in re.finditer(r"(\*+)|(\?)|((?:[^*?\\]|\\.)+)", text, re.DOTALL):
        if found[1]:
            yield "*"
        elif found[2]:
            yield "?"
        else:
            yield "=" + _plain(found[3])


def _read_range(field: str | None, text: str) -> Range:
    found = _range.fullmatch(text)
    if field is None or found is None:
        refuse("a range is written field:[low TO high]")
    low, high = (None if end == "*" else _plain(end) for end in found.groups())
    return Range(field, low, high, text[0] == "[", text[-1] == "]")


def _half(field: str | None, sign: str, token: _Token) -> Range:
    if field is None or token.kind not in {"word", "phrase"}:
        refuse(f"{sign} needs a field before it and a value after it")
    value, closed = _plain(token.text), "=" in sign
    return Range(field, value, None, closed, True) if sign[0] == ">" else Range(field, None, value, True, closed)
