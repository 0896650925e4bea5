"""Small declared changes to a cell: `strip`, `bool(true=["ja"])`, `date("%d.%m.%Y")`; parsed once, called for each user.

A transform takes text. Those of `TEXTS` give text again; those of `VALUES` give a value of JSON and come last.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wizard.mapping import cells
from wizard.mapping.words import lowered
from wizard.rejects import Reject

Call = Callable[[str], Any]


@dataclass(frozen=True)
class Transform:
    """One transform as the answers declare it."""

    name: str
    positional: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    @property
    def gives_text(self) -> bool:
        return self.name in TEXTS

    @property
    def inline(self) -> str | None:
        """The method of str that does it, where there is one."""
        return self.name if self.name in {"strip", "upper"} else None

    @property
    def repeats(self) -> bool:
        """Whether users share few enough values that remembering the results pays."""
        return self.name in {"bool", "date", "datetime"}

    @property
    def stands(self) -> re.Pattern[str] | None:
        """Texts that it surely leaves as they are, where most may be such: dates and moments as ISO writes them."""
        formats, zone = self.positional, dict(self.named).get("zone")
        if self.name == "date" and formats[:1] in {(), ("%Y-%m-%d",)}:
            return cells.ISO_DAY
        if self.name == "datetime" and not formats:
            return cells.ISO_MOMENT if zone is None else cells.ISO_MOMENT_IN_UTC
        return None

    def call(self, reject: Reject) -> Call:
        """A picklable function that does it, or raises Refused with this reject."""
        make = TEXTS.get(self.name) or VALUES[self.name]
        return make(reject, *self.positional, **dict(self.named))


def parse_transform(text: str) -> Transform:
    """Read `name` or `name(literal, key=literal)`.

    Raises:
        ValueError: not of this form, no such transform, or arguments it does not take; says what there is.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        call = tree if isinstance(tree, ast.Call) else ast.Call(tree, [], [])
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        positional = tuple(_frozen(ast.literal_eval(part)) for part in call.args)
        named = tuple((str(part.arg), _frozen(ast.literal_eval(part.value))) for part in call.keywords)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise ValueError(f'the transform {text!r} is not of the form name or name("argument")') from None
    known = [*TEXTS, *VALUES]
    if name not in known:
        meant = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {meant[0]}?" if meant else f"there are: {', '.join(known)}"
        raise ValueError(f"there is no transform {name!r}; {hint}")
    transform = Transform(name, positional, named)
    try:
        transform.call(Reject("value_invalid", ""))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the transform {text!r} does not fit: {error}") from None
    return transform


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | set) else value


TEXTS: dict[str, Callable[..., Call]] = {
    "strip": lambda reject: str.strip,
    "lower": lambda reject: lowered,
    "upper": lambda reject: str.upper,
    "spaces": cells.spaces,
    "printable": cells.printable,
    "truncate": cells.truncate,
    "replace": cells.replace,
    "remove_prefix": cells.remove_prefix,
    "remove_suffix": cells.remove_suffix,
    "before": cells.before,
    "after": cells.after,
}

VALUES: dict[str, Callable[..., Call]] = {
    "bool": cells.boolean,
    "present": cells.present,
    "int": cells.integer,
    "float": cells.real,
    "json": cells.from_json,
    "split": cells.split,
    "date": cells.day,
    "datetime": cells.moment,
    "epoch": cells.epoch,
}
