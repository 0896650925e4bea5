"""What steps may use to look at the world and to change it; everything at the edge is here, so tests can replace it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Protocol

from wizard.aside import aside
from wizard.errors import CredentialsError
from wizard.events import Emit
from wizard.located import located

if TYPE_CHECKING:
    import httpx

    from wizard.auth0.client import Management
    from wizard.bulk.preparation.foreseen import Foreseen
    from wizard.bulk.verification.taken_ids import TakenIds
    from wizard.clock import Clock
    from wizard.journal import Journal
    from wizard.legacy.answers import SourceAnswers
    from wizard.legacy.source import LegacySource, SourceFacts


class Stop:
    """A request to stop at the next safe instant; set by a signal or a key, read by long work."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> bool:
        return self.requested

    def request(self) -> None:
        self.requested = True


async def _look(source: LegacySource) -> SourceFacts:
    return await aside(source.facts)


def _stat(path: Path) -> os.stat_result | None:
    """What the system knows of a file; None where there is none to read, which opening it then says."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found if S_ISREG(found.st_mode) else None


class Sources:
    """The legacy stores that this process has looked through, so that no step does it again.

    Args:
        look: Looks through a store; one that works in another process keeps a screen quick meanwhile.
    """

    def __init__(self, look: Callable[[LegacySource], Awaitable[SourceFacts]] = _look) -> None:
        self._look = look
        self._known: dict[tuple[str, object], tuple[LegacySource, SourceFacts]] = {}
        self.importable: set[str] = set()
        """Fingerprints of what there is to prepare in which somebody was found who can be imported."""
        self.foreseen: dict[tuple[str, int], Foreseen] = {}
        """Who would be rejected, by such fingerprints and the number of records."""
        self.taken_ids: dict[tuple[str, str, str], TakenIds] = {}
        """Which of some ids are those of others, by the domain of the tenant, the connection and such fingerprints."""

    async def open(
        self, answers: SourceAnswers, *, secret: Callable[[str], str], base: Path, anew: bool = False
    ) -> tuple[LegacySource, SourceFacts]:
        """The store and its facts; a file that has changed meanwhile is looked through again, with `anew` any store.

        Raises:
            SourceError: the store cannot be read.
        """
        from wizard.legacy import open_source

        stat = _stat(located(answers.path, base)) if answers.path else None
        key = (answers.model_dump_json(), stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino))
        if anew or key not in self._known:
            # Aside, as it may ask a keyring that is locked, and a database that does not answer.
            source = await aside(partial(open_source, answers, secret=secret, base=base))
            self._known[key] = (source, await self._look(source))
        return self._known[key]


class Marks(Protocol):
    """What the legacy API remembers of users who have moved."""

    async def count(self) -> int | None:
        """How many are marked; None when it cannot be reached."""

    async def ids(self) -> Sequence[str] | None:
        """The ids of all who are marked, without `auth0|`; None when it cannot be reached."""

    async def mark(self, user_ids: Sequence[str]) -> int:
        """Mark these, by their ids without `auth0|`; return how many of them the legacy store knows."""

    async def unmark(self, user_id: str) -> None:
        """Forget the mark of a user, by the id without `auth0|`; nothing happens when there is none."""


def _no_keyring(name: str, value: str = "") -> None:
    raise CredentialsError(
        f"There is no place to keep the secret {name}",
        state="It was not stored.",
        remedy="Carry out the run where a keyring can be used; see `auth0-migrate secrets`.",
    )


@dataclass
class Tools:
    """The hands and eyes of the steps.

    Args:
        journal: The run's journal; its `emit` is the one way to report.
        folder: Where prepared files, rejects and reports of this run go.
        base: Where relative paths in the answers start.
        clock: Time; a fast one in rehearsals.
        secret: Resolves a reference such as `env:NAME` to its value.
        management: The tenant, once connected.
        keep_secret: Keeps a secret of the tenant by name and value, for `keyring:NAME` to find.
        forget_secret: Removes a secret of the tenant by its name, if it is there.
        marks: The legacy API's marks of users who have moved; None where there is none to ask.
        outside: Replaces the network for everything but the tenant.
        only_plans: Whether a look decides nothing but what is planned, so that it asks for no job and keeps nothing.
    """

    journal: Journal
    folder: Path
    base: Path
    clock: Clock
    secret: Callable[[str], str]
    management: Management | None = None
    keep_secret: Callable[[str, str], None] = _no_keyring
    forget_secret: Callable[[str], None] = _no_keyring
    marks: Marks | None = None
    outside: httpx.AsyncBaseTransport | None = None
    stop: Stop = field(default_factory=Stop)
    sources: Sources = field(default_factory=lambda: Sources())
    only_plans: bool = False

    @property
    def emit(self) -> Emit:
        return self.journal.emit

    @property
    def tenant(self) -> Management:
        """The connected tenant."""
        if self.management is None:
            raise CredentialsError("No tenant is connected", remedy="Fill in the table [tenant] of the answers.")
        return self.management

    async def source(self, answers: SourceAnswers, *, anew: bool = False) -> tuple[LegacySource, SourceFacts]:
        """The legacy store and what was found out about it, looked through once a process unless `anew`."""
        return await self.sources.open(answers, secret=self.secret, base=self.base, anew=anew)
