"""The practice of the wizard: a tenant served on this computer, invented legacy stores, and answers to begin with."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.clock import Clock, FastClock
from wizard.errors import WizardError

SPEED = 20.0
"""How much faster than real time a rehearsal runs: import jobs take seconds, and can still be watched."""

FILE_BYTES = 60_000
"""Small files, so that a small store still shows how jobs follow one another."""

STARTS_WITHIN = 30.0
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
    """

    folder: Path
    domain: str
    environment: Mapping[str, str]
    suggested: dict[str, dict[str, Any]]
    clock: Clock
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def stores(self) -> Sequence[tuple[str, str]]:
        """Path and words of each legacy store that is there."""
        return [(name, words) for name, _, _, words in STORES if (self.folder / name).is_file()]

    async def close(self) -> None:
        """End the tenant; its state stays in the folder."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


def furnish(folder: Path) -> None:
    """Write the legacy stores once; the passwords of a few accounts are kept for the checks. All people are invented."""
    from wizard.practice.legacy_store import write_csv, write_sqlite

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = folder / "accounts.json"
    if known.is_file():
        return
    accounts: list[list[str]] = []
    for name, users, seed, _ in STORES:
        write = write_sqlite if name.endswith(".db") else write_csv
        planted = write(folder / name, users=users, seed=seed)
        accounts = accounts or [[account.email, account.password] for account in planted.accounts[:CANARIES]]
    known.touch(mode=0o600)
    known.write_text(json.dumps(accounts), encoding="utf-8")


async def start_practice(folder: Path) -> Practice:
    """Furnish the folder and serve its tenant from another process, at the same address as before if that is free.

    Raises:
        WizardError: the tenant does not start.
    """
    await asyncio.to_thread(furnish, folder)
    port_file = folder / "port"
    port = port_file.read_text(encoding="utf-8").strip() if port_file.is_file() else "0"
    process, told = await _served(folder, port)
    if not told and port != "0":
        process, told = await _served(folder, "0")
    if not told:
        raise WizardError(
            "The practice tenant does not start",
            state="Nothing was done.",
            remedy="try `auth0-migrate practice` in a terminal of its own; it says why",
        )
    known = json.loads(told)
    domain = str(known["domain"])
    port_file.write_text(domain.rpartition(":")[2], encoding="utf-8")
    accounts = json.loads((folder / "accounts.json").read_text(encoding="utf-8"))
    return furnished(folder, known, accounts, FastClock(SPEED), process)


async def _served(folder: Path, port: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start the process; its first line, or "" when it ended at once."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "screens.served", "--json", "--quiet",
        "--port", port, "--state", str(folder / "tenant.db"), "--speed", str(SPEED),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    if process.stdout is None:
        return process, ""
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
        return process, ""
    if not line:
        await process.wait()
    return process, line.decode()


def furnished(
    folder: Path,
    known: Mapping[str, Any],
    accounts: Sequence[Sequence[str]],
    clock: Clock,
    process: asyncio.subprocess.Process | None = None,
) -> Practice:
    """The practice of a tenant whose credentials are known.

    Args:
        known: domain, client_id, client_secret, plan, login_client_id, login_client_secret of the tenant.
        accounts: E-mail address and password of users whose login is tried after the import.
    """
    environment = {
        "PRACTICE_CLIENT_SECRET": str(known["client_secret"]),
        "PRACTICE_LOGIN_SECRET": str(known["login_client_secret"]),
        **{f"CANARY_{number}": password for number, (_, password) in enumerate(accounts, 1)},
    }
    suggested: dict[str, dict[str, Any]] = {
        "tenant": {
            "domain": known["domain"],
            "client_id": known["client_id"],
            "client_secret": "env:PRACTICE_CLIENT_SECRET",
            "environment": "practice",
            "plan": known["plan"],
        },
        "source": {"path": STORES[0][0]},
        "connection": {"name": "legacy-users"},
        "applications": {"enable": ["Web shop", "Login check"]},
        "prepare": {"max_file_bytes": FILE_BYTES},
        "verify": {
            "canaries": [
                {"login": email, "password": f"env:CANARY_{number}"} for number, (email, _) in enumerate(accounts, 1)
            ],
            "login_client_id": known["login_client_id"],
            "login_client_secret": "env:PRACTICE_LOGIN_SECRET",
        },
    }
    return Practice(folder, str(known["domain"]), environment, suggested, clock, process)


def environment_with(practice: Practice | None) -> Mapping[str, str]:
    """The environment, with the secrets of the practice tenant where there is one."""
    return {**os.environ, **(practice.environment if practice else {})}
