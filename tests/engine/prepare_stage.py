"""A legacy store in a list, and a mapping that suits it; importable by worker processes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.errors import SourceError
from wizard.legacy.source import BadRecord, Record, SourceFacts
from wizard.mapping import Mapping, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers

HASH = "$2b$10$" + "abcdefghijklmnopqrstuv" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcde"
COLUMNS = ("id", "mail", "login", "phone", "first", "last", "verified", "born", "plan", "hash")
PROFILE: dict[str, Any] = {
    "user_id": "id",
    "email": "mail",
    "username": "login",
    "phone_number": "phone",
    "given_name": "first",
    "family_name": "last",
    "name": {"template": "{first} {last}"},
    "email_verified": "verified",
    "app_metadata": {"plan": "plan"},
    "user_metadata": {"born": {"column": "born", "transforms": ["strip", 'date("%d.%m.%Y")']}},
}


def mapping(
    profile: dict[str, Any] | None = None,
    passwords: dict[str, Any] | None = None,
    columns: Sequence[str] = COLUMNS,
    **options: Any,
) -> Mapping:
    answers = ProfileAnswers.model_validate(PROFILE if profile is None else profile)
    hashes = PasswordsAnswers.model_validate({"column": "hash"} if passwords is None else passwords)
    return compile_mapping(answers, hashes, columns, **options)


def person(number: int, **cells: Any) -> tuple[Any, ...]:
    """One row of COLUMNS; regular but for what `cells` says."""
    usual = {
        "id": f"u{number}",
        "mail": f"person{number}@example.com",
        "login": f"person{number}",
        "phone": f"+4930{1_000_000 + number}",
        "first": "Ada",
        "last": "Lovelace",
        "verified": "yes",
        "born": "10.12.1815",
        "plan": "gold",
        "hash": HASH,
    }
    return tuple({**usual, **cells}.values())


@dataclass(frozen=True)
class ListBlock:
    first: int
    listed: tuple[Any, ...]

    @property
    def count(self) -> int:
        return len(self.listed)

    def rows(self) -> Iterator[Any]:
        yield from self.listed

    def records(self) -> Iterator[Record]:
        for index, row in enumerate(self.listed):
            bad = row if isinstance(row, BadRecord) else None
            yield Record(self.first + index, self.position(index), () if bad else row, bad)

    def position(self, index: int) -> str:
        return f"row {self.first + index}"


@dataclass(frozen=True)
class ListSource:
    """Records in memory; `size` records a block. `changed` makes it another store than the facts say."""

    listed: tuple[Any, ...]
    columns: tuple[str, ...] = COLUMNS
    size: int = 7
    changed: bool = field(default=False)

    def facts(self) -> SourceFacts:
        return SourceFacts("list", self.columns, len(self.listed), self._fingerprint())

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.listed, default=repr).encode("utf-8", "surrogatepass")).hexdigest()

    def blocks(self, *, expect: str | None = None) -> Iterator[ListBlock]:
        for start in range(0, len(self.listed), self.size):
            yield ListBlock(start + 1, self.listed[start : start + self.size])
        if expect and (self.changed or expect != self._fingerprint()):
            raise SourceError("The list changed", remedy="leave it alone.")

    def sample(self, count: int = 100) -> Sequence[Record]:
        return [record for block in self.blocks() for record in block.records()][:count]


@dataclass(frozen=True)
class EndlessSource(ListSource):
    """A store whose end does not come while anybody looks."""

    def blocks(self, *, expect: str | None = None) -> Iterator[ListBlock]:
        yield from super().blocks()
        time.sleep(120)


@dataclass(frozen=True)
class DeadlySource(ListSource):
    """A store whose last block ends the process that parses it."""

    def blocks(self, *, expect: str | None = None) -> Iterator[ListBlock]:
        yield from super().blocks()
        yield DeadlyBlock(len(self.listed) + 1, (person(0),))


class DeadlyBlock(ListBlock):
    def rows(self) -> Iterator[Any]:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
        yield from ()


def prepared_users(out: Path) -> list[dict[str, Any]]:
    """All prepared users, in order."""
    return [user for path in sorted((out / "users").iterdir()) for user in json.loads(path.read_bytes())]


def rejects(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "rejects.ndjson").read_text(encoding="utf-8").splitlines()]


def all_bytes(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
