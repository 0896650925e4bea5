"""Work that would make the screen stutter, done in a niced process of its own; small stores are done in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from wizard.bulk.preparation.workers import rebuilt, start_tracker, told
from wizard.rejects import CHECKED_AT_LOGIN

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from wizard.legacy.source import LegacySource, SourceFacts
    from wizard.mapping import Mapping as CompiledMapping
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.passwords.census import HashGroup
    from wizard.passwords.declared import Declared
    from wizard.passwords.prove import Proof

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 20_000
"""Records that a thread looks through too quickly for anybody to notice."""

SMALL_BYTES = 4_000_000
NICENESS = 10
CARRIERS = ("password_hash", "custom_password_hash")
"""Members of a profile that a password travels in."""


class Apart:
    """One process for work beside the screen, started when it is first needed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def do(self, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Do the work there and wait for what it returns.

        Raises:
            WizardError: as the work raises it.
        """
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor

            start_tracker()
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_behind)
        good, value = await asyncio.get_running_loop().run_in_executor(self._pool, _guarded, work, args, named)
        if not good:
            raise rebuilt(value)
        return value  # type: ignore[no-any-return]  # it came through a pipe, which knows no types

    async def look(self, source: LegacySource) -> SourceFacts:
        """Count and fingerprint a store; the file's size decides where."""
        size = getattr(source, "path", None)
        small = size is not None and size.is_file() and size.stat().st_size <= SMALL_BYTES
        return await (asyncio.to_thread(facts_of, source) if small else self.do(facts_of, source))

    async def through(self, records: int, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Do work that goes through so many records."""
        if records <= SMALL:
            return await asyncio.to_thread(work, *args, **named)
        return await self.do(work, *args, **named)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _behind() -> None:
    """Let the screen go first, where the platform has a way to say so, and end with the wizard however that ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)


def _end_with_parent() -> None:
    """Wait until the wizard is gone; a killed one tells nobody, and the queue between the two would never close."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(0)


def _guarded(work: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[bool, Any]:
    """What the work returns, or what it raised as words that can be sent."""
    try:
        return True, work(*args, **named)
    except Exception as error:  # noqa: BLE001 - told to the other side, which raises it
        return False, told(error)


def facts_of(source: LegacySource) -> SourceFacts:
    return source.facts()


def census_of(source: LegacySource, answers: PasswordsAnswers, declared: Declared) -> list[HashGroup]:
    """The formats of all hashes, as the answers describe them."""
    from wizard.passwords import Judge
    from wizard.passwords.census import census, stored_passwords

    if answers.column is None:
        return []
    judge = Judge(declared)
    return census(stored_passwords(source, answers.column, judge), judge, proven=answers.proven_formats)


@dataclass(frozen=True)
class Survey:
    """What the mapping makes of a whole store: users, rejects by code, and bytes of those that can be imported.

    `carried` are those of them whose password travels. Of those whom only the password keeps out, and who log in where it
    can be checked, `movable` can move so and `blocked` are not let in.
    """

    read: int
    codes: Mapping[str, int]
    bytes: int
    carried: int
    movable: int = 0
    blocked: int = 0

    @property
    def rejected(self) -> int:
        return sum(self.codes.values())


def survey(source: LegacySource, mapping: CompiledMapping, at_login: CompiledMapping | None = None) -> Survey:
    """Map every record and count; e-mail addresses met twice are counted when the files are prepared.

    Args:
        at_login: The same profile whatever becomes of the password, as users have it who move at a login; None where nobody
            asks who can.
    """
    from wizard.legacy.source import BadRecord
    from wizard.mapping import User

    codes: Counter[str] = Counter()
    read = size = carried = movable = blocked = 0
    for block in source.blocks():
        for row in block.rows():
            read += 1
            made = row if isinstance(row, BadRecord) else mapping.map_one(row)
            if isinstance(made, User):
                size += len(made.data) + 1
                carried += not made.profile.keys().isdisjoint(CARRIERS)
                continue
            codes[made.code] += 1
            if at_login is None or isinstance(row, BadRecord) or made.code not in CHECKED_AT_LOGIN:
                continue
            moved = at_login.map_one(row)
            if isinstance(moved, User):
                shut = moved.profile.get("blocked") is True
                movable, blocked = movable + (not shut), blocked + shut
    return Survey(read, dict(codes.most_common()), size, carried, movable, blocked)


def prove(
    source: LegacySource, answers: PasswordsAnswers, keys: Mapping[str, str], login: str, password: str, seconds: float
) -> Proof:
    """Check the password of one account as `wizard.passwords.prove` does, and search for how the hashes were made.

    Args:
        keys: What each reference among `answers.references` stands for.
        seconds: How long the search may take.

    Raises:
        UsageError: no record is this account, or several are.
    """
    from wizard.passwords.accounts import accounts
    from wizard.passwords.prove import Known
    from wizard.passwords.prove import prove as proven

    known = [Known(row, password) for row in accounts(source, [login])]
    return proven(known, answers, secret=keys.__getitem__, seconds=seconds, now=time.monotonic)
