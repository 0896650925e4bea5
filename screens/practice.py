"""The practice of the wizard: a tenant served on this computer, invented legacy stores with an API in front of them, answers to begin with."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screens.companion import Companion, Life
from screens.secrets_file import SecretsFile
from screens.surroundings import SharedClock
from wizard.clock import Clock
from wizard.errors import WizardError
from wizard.private import private_folder
from wizard.steps.tenant import REHEARSAL

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from wizard.practice.legacy_store import Resident
    from wizard.vault import Secret

SPEED = 20.0
"""How much faster than real time a rehearsal runs: import jobs take seconds, and can still be watched."""

FILE_BYTES = 60_000
"""Small files, so that a small store still shows how jobs follow one another."""

LEAVING_SECONDS = 3.0
"""How long another wizard on the same tenant is waited for: it may be about to end, as a page of a browser that was loaded anew."""

CLOCK_FILE = "clock"
CONNECTION = "legacy-users"
AUDIENCE = "https://legacy-api.example.com"
CANARIES = 2
STORES = (
    ("customers.csv", 500, 1, "500 customers in a CSV file, with the dirt that real files have"),
    ("members.db", 2_000, 2, "2,000 members in an SQLite database"),
)
"""File, users, seed, and what it is."""


@dataclass
class Practice:
    """A practice tenant and what goes with it.

    Args:
        folder: Where the legacy stores are, and the state of the tenant.
        domain: Host and port that the tenant is reached at.
        environment: The secrets, by the names that the answers use.
        suggested: Answers to begin with, by table.
        clock: The time of tenant and engine.
        secrets: What takes the place of the keyring.
        life: The API in front of the stores, and the people who log in; None where nobody does.
        canaries: By store, the accounts in it whose login is tried after the import, as answers have them.
        held: Keeps other wizards away from the folder.
    """

    folder: Path
    domain: str
    environment: Mapping[str, str]
    suggested: dict[str, dict[str, Any]]
    clock: Clock
    secrets: MutableMapping[tuple[str, str], Secret] = field(repr=False)
    life: Life | None = field(default=None, repr=False)
    canaries: Mapping[str, Sequence[dict[str, str]]] = field(default_factory=dict, repr=False)
    held: BaseFileLock | None = field(default=None, repr=False)

    def verify_for(self, store: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The table [verify] for a legacy store: accounts of another sample store give way to those of this one.

        Args:
            store: Its path, as the answers have it; "" for a store without one.
            given: The table so far.
        """
        store = self.sample_at(store) or store
        listed = list(given.get("canaries", ()))
        foreign = [each for other, known in self.canaries.items() if other != store for each in known]
        kept = [canary for canary in listed if canary not in foreign]
        if len(kept) == len(listed):  # what an operator lists stays as it is
            return dict(given)
        return {**given, "canaries": [*self.canaries.get(store, ()), *kept]}

    def sample_at(self, path: str) -> str | None:
        """The sample store that a path in the answers leads to, by its name; None for a store of the operator's own."""
        file = self.folder / path
        return next((name for name, _ in self.stores if path and file == self.folder / name), None)

    @property
    def stores(self) -> Sequence[tuple[str, str]]:
        """Path and words of each legacy store that is there."""
        return [(name, words) for name, _, _, words in STORES if (self.folder / name).is_file()]

    def fresh(self, taken: Collection[str]) -> dict[str, dict[str, Any]]:
        """Answers to begin another rehearsal with: a connection that none of the others has, and marks of its own."""
        numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        number = next(number for number in numbers if f"{CONNECTION}{number}" not in taken)
        marks = {"marks": f"sqlite:migrated-users{number}.db"} if number else {}
        return {
            **self.suggested,
            "connection": {"name": f"{CONNECTION}{number}"},
            "legacy_api": {**self.suggested["legacy_api"], **marks},
        }

    async def close(self) -> None:
        """End the tenant; its state stays in the folder."""
        if isinstance(self.life, Companion):
            await self.life.end()
        if self.held is not None:
            self.held.release()


def furnish(folder: Path) -> None:
    """Write the legacy stores once; the passwords of a few accounts are kept for the checks. All people are invented."""
    from wizard.practice.legacy_store import write_csv, write_sqlite

    private_folder(folder)
    known = folder / "accounts.json"
    if known.is_file():
        return
    accounts = {}
    for name, users, seed, _ in STORES:
        write = write_sqlite if name.endswith(".db") else write_csv
        planted = write(folder / name, users=users, seed=seed, exported=datetime.now(UTC))
        accounts[name] = [[account.email, account.password] for account in planted.accounts[:CANARIES]]
    known.touch(mode=0o600)
    known.write_text(json.dumps(accounts), encoding="utf-8")


async def start_practice(folder: Path) -> Practice:
    """Furnish the folder and serve its tenant from another process, at the same addresses as before if those are free.

    Raises:
        WizardError: another wizard rehearses there, or the tenant does not start.
    """
    held = await _held(folder)
    try:
        return replace(await _started(folder), held=held)
    except BaseException:
        held.release()
        raise


async def _held(folder: Path) -> BaseFileLock:
    """Keep other wizards away from a folder; the lock goes with the process, however it ends."""
    from filelock import FileLock, Timeout

    await asyncio.to_thread(private_folder, folder)
    lock = FileLock(folder / "lock", mode=0o600, thread_local=False)
    try:
        await asyncio.to_thread(lock.acquire, timeout=LEAVING_SECONDS)
    except Timeout:
        raise WizardError(
            "Another wizard rehearses with the practice tenant of these runs",
            why="two would change its users and its time under each other",
            state="Nothing was done.",
            remedy="leave that wizard first, or give this one a tenant of its own: `auth0-migrate --practice --runs FOLDER`",
        ) from None
    return lock


async def _started(folder: Path) -> Practice:
    await asyncio.to_thread(furnish, folder)
    clock = SharedClock(SPEED)
    kept = folder / "ports"
    ports = kept.read_text(encoding="utf-8").split() if kept.is_file() else ["0", "0"]
    companion = await Companion.begin(folder, ports[0], ports[-1], clock)
    if companion is None and ports != ["0", "0"]:
        companion = await Companion.begin(folder, "0", "0", clock)
    if companion is None:
        raise WizardError(
            "The practice tenant does not start",
            state="Nothing was done.",
            remedy="try `auth0-migrate practice` in a terminal of its own; it says why",
        )
    known = companion.known
    addresses = (str(known[name]).rpartition(":")[2] for name in ("domain", "legacy_api"))
    kept.write_text(" ".join(addresses), encoding="utf-8")
    return furnished(folder, known, accounts_of(folder), clock, companion)


def accounts_of(folder: Path) -> Mapping[str, Sequence[Sequence[str]]]:
    """By store, e-mail address and password of accounts that are only used for checks."""
    found: Any = json.loads((folder / "accounts.json").read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {STORES[0][0]: found}  # so were they written at first


def residents_of(store: str) -> Sequence[Resident]:
    """Everybody of a sample store whom Auth0 would take, with the passwords they know."""
    from wizard.practice.legacy_store import residents

    users, seed = next(((users, seed) for name, users, seed, _ in STORES if name == store), (0, 0))
    return list(residents(users=users, seed=seed, file=not store.endswith(".db"))) if users else []


def furnished(
    folder: Path,
    known: Mapping[str, Any],
    accounts: Mapping[str, Sequence[Sequence[str]]],
    clock: Clock,
    life: Life | None = None,
) -> Practice:
    """The practice of a tenant whose credentials are known.

    Args:
        known: domain, client_id, client_secret, plan, login_client_id, login_client_secret of the tenant, and the address
            of the legacy API.
        accounts: By store, e-mail address and password of users whose login is tried after the import.
        life: The API in front of the stores, and the people who log in.
    """
    environment = {
        "PRACTICE_CLIENT_SECRET": str(known["client_secret"]),
        "PRACTICE_LOGIN_SECRET": str(known["login_client_secret"]),
    }
    canaries: dict[str, list[dict[str, str]]] = {}
    for store, known_there in accounts.items():
        canaries[store] = []
        for email, password in known_there:
            name = f"CANARY_{sum(map(len, canaries.values())) + 1}"
            environment[name] = password
            canaries[store].append({"login": email, "password": f"env:{name}"})
    suggested: dict[str, dict[str, Any]] = {
        "tenant": {
            "domain": known["domain"],
            "client_id": known["client_id"],
            "client_secret": REHEARSAL,
            "environment": "practice",
            "plan": known["plan"],
        },
        "source": {"path": STORES[0][0]},
        "connection": {"name": CONNECTION},
        "applications": {"enable": ["Web shop", "Login check"]},
        "legacy_api": {"url": known["legacy_api"], "audience": AUDIENCE},
        "prepare": {"max_file_bytes": FILE_BYTES},
        "verify": {
            "canaries": canaries[STORES[0][0]],
            "login_client_id": known["login_client_id"],
            "login_client_secret": "env:PRACTICE_LOGIN_SECRET",
        },
    }
    secrets = SecretsFile(folder / "secrets.json")
    return Practice(folder, str(known["domain"]), environment, suggested, clock, secrets, life, canaries)


def environment_with(practice: Practice | None) -> Mapping[str, str]:
    """The environment, with the secrets of the practice tenant where there is one."""
    return {**os.environ, **(practice.environment if practice else {})}
