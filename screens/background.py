"""Work that would make the screen stutter, done in a niced process of its own; small stores are done in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from wizard.bulk.workers import rebuilt, start_tracker, told

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from wizard.legacy.source import LegacySource, SourceFacts
    from wizard.mapping import Mapping as CompiledMapping
    from wizard.passwords.census import HashGroup

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 20_000
"""Records that a thread looks through too quickly for anybody to notice."""

SMALL_BYTES = 4_000_000
NICENESS = 10


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
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            start_tracker()
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_behind)
        good, value = await asyncio.get_running_loop().run_in_executor(self._pool, _guarded, work, args, named)
        if not good:
            raise rebuilt(value)
        return value  # type: ignore[no-any-return]

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
    """Let the screen go first, where the platform has a way to say so."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)


def _guarded(work: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[bool, Any]:
    """What the work returns, or what it raised as words that can be sent."""
    try:
        return True, work(*args, **named)
    except Exception as error:  # noqa: BLE001 - told to the other side, which raises it
        return False, told(error)


def facts_of(source: LegacySource) -> SourceFacts:
    return source.facts()


def census_of(source: LegacySource, column: str) -> list[HashGroup]:
    """The formats of all hashes in a column."""
    from wizard.legacy.source import BadRecord
    from wizard.passwords.census import census

    place = source.columns.index(column)
    return census(row[place] for block in source.blocks() for row in block.rows() if not isinstance(row, BadRecord))


@dataclass(frozen=True)
class Survey:
    """What the mapping makes of a whole store: users, rejects by code, and bytes of those that can be imported."""

    read: int
    codes: Mapping[str, int]
    bytes: int

    @property
    def rejected(self) -> int:
        return sum(self.codes.values())


def survey(source: LegacySource, mapping: CompiledMapping) -> Survey:
    """Map every record and count; e-mail addresses met twice are counted when the files are prepared."""
    from wizard.legacy.source import BadRecord
    from wizard.mapping import User

    codes: Counter[str] = Counter()
    read = size = 0
    for block in source.blocks():
        for row in block.rows():
            read += 1
            made = row if isinstance(row, BadRecord) else mapping.map_one(row)
            if isinstance(made, User):
                size += len(made.data) + 1
            else:
                codes[made.code] += 1
    return Survey(read, dict(codes.most_common()), size)


@dataclass(frozen=True)
class Proof:
    """Whether a password fits the hash that would be imported; `accepted` is None when there is nothing to compare."""

    accepted: bool | None
    words: str


def prove(source: LegacySource, mapping: CompiledMapping, column: str, email: str, password: str) -> Proof:
    """Find an account by e-mail address and check its password against the hash as Auth0 would get it."""
    from wizard.legacy.source import BadRecord
    from wizard.mapping import User
    from wizard.passwords import judge

    place = source.columns.index(column)
    wanted = email.strip().lower()
    for block in source.blocks():
        for row in block.rows():
            if isinstance(row, BadRecord):
                continue
            made = mapping.map_one(row)
            if isinstance(made, User) and made.profile.get("email") == wanted:
                verdict = judge(str(row[place] or ""))
                return _compared(verdict.scheme, made.profile, password)
    return Proof(None, "No user that would be imported has this e-mail address.")


def _compared(scheme: str, profile: Mapping[str, Any], password: str) -> Proof:
    import bcrypt

    custom = profile.get("custom_password_hash")
    value = profile.get("password_hash") or (custom["hash"]["value"] if custom else None)
    if value is None:
        return Proof(None, f"This user would be imported without a password ({scheme or 'no hash'}).")
    if scheme != "bcrypt":
        return Proof(None, f"Hashes of {scheme} cannot be checked here; use an account for a login after the import.")
    # Other makers write 2y for the same computation.
    fits = bcrypt.checkpw(password.encode()[:72], str(value).replace("$2y$", "$2b$", 1).encode())
    where = "password_hash" if "password_hash" in profile else "custom_password_hash"
    if fits:
        return Proof(True, f"The password fits the hash that Auth0 will get as {where}.")
    return Proof(False, "The password does not fit this hash. A typing error, or another way of hashing (a pepper?).")
