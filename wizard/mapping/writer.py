"""Writes Python text: lines, constants, and how a rule's value gets into the variable v.

Only names and numbers made here get into the text; every word of the operator is a constant that the text refers to.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from string import Formatter
from typing import Any

from wizard.errors import UsageError
from wizard.mapping.loaded import Loaded, Wanted
from wizard.mapping.memo import Memo
from wizard.mapping.table import Origin
from wizard.mapping.transforms import Transform, parse_transform
from wizard.mapping.values import plain, text
from wizard.profile import FieldRule
from wizard.rejects import Refused, reject

STRIP = Transform("strip")


class Writer:
    """Text in the making; problems are gathered, so that all are told at once."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self.constants: dict[str, Any] = {"Refused": Refused, "text": text, "plain": plain}
        self.problems: list[str] = []
        self._lines: list[str] = []
        self._depth = 0

    def line(self, written: str) -> None:
        self._lines.append("    " * self._depth + written)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines indented below `head`, which ends in a colon; without a head, lines as they come."""
        if head:
            self.line(head)
        self._depth += bool(head)
        yield
        self._depth -= bool(head)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def constant(self, value: Any) -> str:
        """The name under which the text finds this value."""
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def refuse(self, code: str, field: str = "") -> None:
        """A statement that rejects the user."""
        self.line(f"raise Refused({self.constant(reject(code, field))})")

    def column(self, name: str, place: str) -> int:
        """The index of the column; an unknown one becomes a problem."""
        if name in self.columns:
            return self.columns.index(name)
        stripped = [known.strip() for known in self.columns]
        if name.strip() in stripped:
            return stripped.index(name.strip())
        lower = {known.lower(): known for known in reversed(self.columns)}
        near = [lower[found] for found in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(self.columns)}"
        self.problems.append(f"{place} asks for the column {name!r}, which the source does not have; {hint}")
        return 0

    def refuse_problems(self) -> None:
        """Raise UsageError with all problems so far, if there are any."""
        if self.problems:
            raise UsageError(
                "The mapping does not fit the source",
                why="; ".join(self.problems),
                state="Nothing was written.",
                remedy="correct the tables [profile] and [passwords] of the answers.",
            )

    def load(self, rule: FieldRule, field: str, *, wants: Wanted) -> Loaded:
        """Write what puts the rule's value into v."""
        if rule.constant is not None:
            return self._constant(rule, field, wants)
        if rule.transforms is None and wants == "cell" and rule.column is not None:
            return self._cell(rule.column, field)
        chain = [STRIP] if rule.transforms is None else [parse_transform(written) for written in rule.transforms]
        last = chain.pop() if chain and not chain[-1].gives_text else None
        if wants == "boolean" and last is None:
            last = Transform("bool")
        if any(not transform.gives_text for transform in chain):
            self.problems.append(f"{field} has a transform after one that gives a value, not text")
        elif wants != "cell" and last is not None and (wants != "boolean" or last.name not in {"bool", "present"}):
            self.problems.append(f"{field} is {wants}, and the transform {last.name} does not give that")
        origin = self._origin(rule, field, chain, structures=last is not None and last.name == "json")
        return Loaded("text", origin) if last is None else self._value(last, origin, field)

    def _constant(self, rule: FieldRule, field: str, wants: Wanted) -> Loaded:
        fits = {"text": isinstance(rule.constant, str), "boolean": isinstance(rule.constant, bool), "cell": True}
        if not fits[wants]:
            self.problems.append(f"{field} must be {wants}, and its constant is not")
        if rule.transforms:
            self.problems.append(f"{field} is a constant; transforms do not apply to it")
        self.line(f"v = {self.constant(rule.constant)}")
        return Loaded("text" if wants == "text" else "none", constant=rule.constant)

    def _cell(self, column: str, field: str) -> Loaded:
        index = self.column(column, field)
        self.line(f"v = row[{index}]")
        with self.block("if type(v) is str:"):
            self.line("v = v.strip() or None")
        with self.block("elif v is not None:"):
            self.line("v = plain(v)")
        return Loaded("none", Origin((index,), (), reject("value_not_text", field)), native=True)

    def _origin(self, rule: FieldRule, field: str, chain: Sequence[Transform], *, structures: bool) -> Origin:
        """The text of the rule; with `structures` a cell that is one stays, as a column of a JSON type has them."""
        refusal = reject("value_not_text", field)
        not_text = self.constant(refusal)
        calls = tuple(transform.call(reject("value_invalid", field)) for transform in chain)
        if rule.column is None:
            parts = self._template(rule.template or "", field, not_text)
        else:
            parts = (self.column(rule.column, field),)
            self.line(f"v = row[{parts[0]}]")
            with self.block("if type(v) is not str:"):
                kept = "v if isinstance(v, (dict, list)) else " if structures else ""
                self.line(f"v = {kept}text(v, {not_text})")
        with self.block("if type(v) is str:" if structures and chain else ""):
            for transform, call in zip(chain, calls, strict=True):
                self.line(f"v = v.{transform.inline}()" if transform.inline else f"v = {self.constant(call)}(v)")
        return Origin(parts, calls, refusal)

    def _template(self, template: str, field: str, not_text: str) -> tuple[int | str, ...]:
        parts: list[int | str] = []
        written: list[str] = []
        names: list[str] = []
        try:
            pieces = list(Formatter().parse(template))
        except ValueError as error:
            self.problems.append(f"the template of {field} cannot be read: {error}")
            return (0,)
        for literal, name, form, conversion in pieces:
            if literal:
                parts.append(literal)
                written.append(self.constant(literal))
            if name is None:
                continue
            if form or conversion or not name:
                self.problems.append(f"the template of {field} may hold column names in braces and nothing else there")
            variable, index = f"p{len(names)}", self.column(name, field)
            self.line(f"{variable} = row[{index}]")
            with self.block(f"if type({variable}) is not str:"):
                self.line(f"{variable} = text({variable}, {not_text})")
            parts.append(index)
            written.append(variable)
            names.append(variable)
        if not names:
            self.problems.append(f"the template of {field} names no column; use constant")
            return (0,)
        self.line(f'v = {" + ".join(written)} if {" or ".join(names)} else ""')
        return tuple(parts)

    def _value(self, last: Transform, origin: Origin, field: str) -> Loaded:
        call = last.call(reject("boolean_invalid" if last.name in {"bool", "present"} else "value_invalid", field))
        if last.repeats:
            memo = Memo(call)
            self.line(f"v = {self.constant(memo)}[v] if v else None")
            return Loaded("none", origin, memo=memo, stands=last.stands)
        name = self.constant(call)
        if last.name == "present":
            self.line(f"v = {name}(v)")
        elif last.name == "json":
            self.line(f"v = ({name}(v) if v else None) if type(v) is str else plain(v)")
        else:
            self.line(f"v = {name}(v) if v else None")
        return Loaded("none", origin, make=call, always=last.name == "present")
