"""One request to Auth0 and its answer, as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from wizard.events import Json

Content = tuple[str, bytes]
"""Content type and body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is the parsed JSON, None when there was none, and `readable` whether it was JSON at all."""

    status: int
    body: Json = field(default=None, repr=False)
    readable: bool = True


def nothing_special(answer: Answer) -> bool:
    """No answer is exempt from waiting and repeating."""
    return False


@dataclass(frozen=True, slots=True)
class Call:
    """What to send.

    Args:
        method: HTTP method.
        path: Path with the names of ids in braces; this is what events and errors show.
        doing: Completes "Auth0 refused to ...".
        group: The group of the rate limit it counts in.
        ids: Values for the names in the path.
        query: Query parameters.
        content: Makes the body anew for each attempt, for assertions that are good only once.
        repeatable: Whether sending it twice does no more than sending it once; a POST is not, unless said so.
        as_it_is: Answers to hand over although their status usually means waiting or repeating.
    """

    method: str
    path: str
    doing: str
    group: str = "other"
    ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    content: Callable[[], Content] | None = field(default=None, repr=False)
    repeatable: bool | None = None
    as_it_is: Callable[[Answer], bool] = field(default=nothing_special, repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def may_repeat(self) -> bool:
        return self.method != "POST" if self.repeatable is None else self.repeatable

    @property
    def url_path(self) -> str:
        """The path with its ids, percent-encoded: user ids contain `|`."""
        return self.path.format_map({name: quote(value, safe="") for name, value in self.ids.items()})


def json_body(value: Json) -> Callable[[], Content]:
    """A JSON body that is the same at each attempt; half a surrogate pair that came with an answer goes back as it came."""
    import orjson

    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        written = json.dumps(value).encode()
    content = ("application/json", written)
    return lambda: content
