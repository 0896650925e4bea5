"""The answers of one run: at most one section of each kind, never changed in place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from wizard.answers.section import REFERABLE, Section, parts
from wizard.errors import TableMissing

S = TypeVar("S", bound=Section)

_REFERENCE = re.compile(rf'"((?:keyring|env):{REFERABLE})"')


class Answers:
    """Sections by their class: `answers[ConnectionAnswers].name`. Two with equal sections are equal."""

    __slots__ = ("_sections",)

    _sections: Mapping[type[Section], Section]

    def __init__(self, sections: Iterable[Section] = ()) -> None:
        """Keep the sections in the order given.

        Raises:
            ValueError: two sections of one class.
        """
        kept: dict[type[Section], Section] = {}
        for section in sections:
            if type(section) in kept:
                raise ValueError(f"two sections of {type(section).__name__}")
            kept[type(section)] = section
        object.__setattr__(self, "_sections", kept)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("answers are not changed in place; use replace()")

    def __getitem__(self, kind: type[S]) -> S:
        """Return the section of this class.

        Raises:
            TableMissing: these answers do not have it.
        """
        found = self._sections.get(kind)
        if not isinstance(found, kind):
            raise TableMissing(
                f"The answers have no table [{kind.table}]",
                remedy=f"add [{kind.table}] to the answers file; `auth0-migrate answers new` shows what belongs in it.",
            )
        return found

    def __iter__(self) -> Iterator[Section]:
        return iter(self._sections.values())

    def __len__(self) -> int:
        return len(self._sections)

    def __eq__(self, other: object) -> bool:
        return self.digest() == other.digest() if isinstance(other, Answers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return f"Answers({', '.join(type(section).__name__ for section in self)})"

    def __reduce__(self) -> tuple[type[Answers], tuple[list[Section]]]:
        return Answers, (list(self),)

    def has(self, kind: type[Section]) -> bool:
        """Whether the section of this class is answered (or all its defaults do)."""
        return kind in self._sections

    def replace(self, section: Section) -> Answers:
        """These answers with this section in the place of its predecessor, or at the end."""
        return Answers({**self._sections, type(section): section}.values())

    def tables(self) -> dict[str, dict[str, Any]]:
        """All answers as plain values by table and key, defaults included."""
        return {section.table: plain(section) for section in self}

    def lasting(self) -> dict[str, dict[str, Any]]:
        """The same without what may be answered while a run goes on: what a run is made for and keeps to."""
        later = {section.table: section.later for section in self}
        return {
            table: {key: value for key, value in values.items() if key not in later[table]}
            for table, values in self.tables().items()
        }

    def references(self) -> list[tuple[str, str]]:
        """The secrets that are named, each with the key that names it: `tenant.client_secret` and `keyring:api`."""
        return [
            (key, found)
            for key, leaf in _leaves(self.tables()).items()
            if not key.endswith(".constant")  # what users get is no secret, whatever it looks like
            for found in _REFERENCE.findall(leaf)
        ]

    def digest(self) -> str:
        """SHA-256 in hex of all answers, the same in every process; secrets count by name, not by value."""
        return hashlib.sha256(canonical(self.tables()).encode()).hexdigest()

    def differences(self, other: Answers) -> tuple[str, ...]:
        """Name the keys that differ between the two, `connection.name`, in order of the alphabet."""
        mine, theirs = _leaves(self.tables()), _leaves(other.tables())
        return tuple(sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)))


def plain(value: Any) -> Any:
    """The value as TOML can hold it: tables, lists, text, numbers, dates. None becomes an absent key.

    Raises:
        TypeError: None inside a list, or for a key whose default is another value: TOML has no word for it.
    """
    if isinstance(value, BaseModel):
        return _table({key: (part, field.default) for key, (part, field) in parts(value).items()})
    if isinstance(value, Mapping):
        return _table({str(plain(key)): (part, ...) for key, part in value.items()})
    if isinstance(value, set | frozenset):
        return sorted((_present(plain(part)) for part in value), key=canonical)
    if isinstance(value, list | tuple):
        return [_present(plain(part)) for part in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if _is_toml_date(value) or value is None or isinstance(value, bool):
        return value
    for scalar in (int, float, str):  # also their subclasses, as what they are based on
        if isinstance(value, scalar):
            return scalar(value)
    return to_jsonable_python(value)


def _table(entries: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    table = {}
    for key, (value, absent) in entries.items():
        if value is not None:
            table[key] = plain(value)
        elif absent is not None:
            raise TypeError(f"{key} is None, which an answers file cannot say")
    return table


def _present(value: Any) -> Any:
    if value is None:
        raise TypeError("a list holds None, which an answers file cannot say")
    return value


def _is_toml_date(value: Any) -> bool:
    """A date, a time of day without zone, or a moment whose zone is whole minutes off: all that TOML can write."""
    if isinstance(value, datetime):
        offset = value.utcoffset()
        return offset is None or offset.total_seconds() % 60 == 0
    return isinstance(value, date) or (isinstance(value, time) and value.tzinfo is None)


def canonical(value: Any) -> str:
    """One text for equal plain values, in every process."""
    return json.dumps(value, sort_keys=True, default=lambda moment: moment.isoformat())


def _leaves(value: Any, prefix: tuple[str, ...] = ()) -> dict[str, str]:
    """Every value that is no table, as canonical text by its dotted name."""
    if isinstance(value, dict) and (value or not prefix):
        return {name: leaf for key, part in value.items() for name, leaf in _leaves(part, (*prefix, key)).items()}
    return {".".join(prefix): canonical(value)}
