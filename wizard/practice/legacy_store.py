"""The practice legacy store: a CSV file or an SQLite database of invented people, with the dirt that real stores have."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from wizard.practice.people.benchmark import write_benchmark_csv
from wizard.practice.people.chance import chance_of
from wizard.practice.people.dirt import FILE_ONLY, KINDS, LARGE, RAGGED, ragged
from wizard.practice.people.hashes import OTHER_SCHEMES, Known, other_pools
from wizard.practice.people.invented import COLUMNS, EXPORTED, Person, people

__all__ = ["ANSWERS", "Account", "Planted", "plant", "write_benchmark_csv", "write_csv", "write_sqlite"]

ANSWERS: dict[str, dict[str, Any]] = {
    "profile": {
        "user_id": "id",
        "email": "email",
        "email_verified": {"column": "email_verified", "transforms": ["strip", "bool"]},
        "phone_number": "phone",
        "username": "username",
        "given_name": "first_name",
        "family_name": "last_name",
        "name": {"template": "{first_name} {last_name}"},
        "app_metadata": {
            "roles": {"column": "roles", "transforms": ["split(';')"]},
            "plan": "plan",
            "legacy_last_login": "last_login",
        },
        "user_metadata": {
            "locale": "locale",
            "birth_date": {"column": "birth_date", "transforms": ["strip", "date('%Y-%m-%d')"]},
            "preferences": {"column": "preferences", "transforms": ["json"]},
        },
    },
    "passwords": {"column": "password_hash"},
}
"""The tables [profile] and [passwords] that fit this store."""

TABLE = "customers"
MOST_ACCOUNTS = 20


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whose password the rehearsal knows; the row is clean and its hash is bcrypt of cost 10."""

    user_id: str
    email: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody with a clean row, whatever the hash; `scheme` names one that no import takes, else it is None."""

    user_id: str
    email: str
    username: str
    password: str
    scheme: str | None


@dataclass(frozen=True)
class Planted:
    """What is in the store.

    `dirty` counts rows by the code of the reject they should become (profiles that are only very large become none: see
    `large`); the two rows of a duplicate both count. `hashes` counts otherwise clean rows by the scheme of a hash that
    `password_hash` does not take. users = clean + the sums of `dirty` and `hashes`.
    """

    users: int
    clean: int
    dirty: Mapping[str, int]
    hashes: Mapping[str, int]
    large: int
    accounts: tuple[Account, ...]


def write_csv(path: Path, *, users: int, seed: int, dirty: bool = True, exported: datetime = EXPORTED) -> Planted:
    """Write UTF-8 with a header, commas and doubled quotes, readable by the owner only.

    Args:
        path: The file; one that is there is replaced.
        users: Rows in all, dirty ones included.
        seed: The same seed gives the same bytes.
        dirty: Plant rows of every dirty kind and hashes of other schemes; a small store gets fewer kinds.
        exported: When the store is said to have been exported; logins are before it.
    """
    rows, planted = plant(users=users, seed=seed, dirty=dirty, exported=exported)
    path.unlink(missing_ok=True)
    path.touch(0o600)
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return planted


def write_sqlite(path: Path, *, users: int, seed: int, dirty: bool = True, exported: datetime = EXPORTED) -> Planted:
    """Write the table `customers` of the same people, but for the kinds of dirt that only a file can have."""
    rows, planted = plant(users=users, seed=seed, dirty=dirty, file=False, exported=exported)
    path.unlink(missing_ok=True)
    path.touch(0o600)
    columns = ", ".join(f"{name} TEXT" for name in COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"CREATE TABLE {TABLE} (row_number INTEGER PRIMARY KEY, {columns})")
        connection.executemany(
            f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608 - our own constants
            ([cell or None for cell in row] for row in rows),
        )
        connection.commit()
    finally:
        connection.close()
    return planted


def residents(*, users: int, seed: int, file: bool = False) -> Iterator[Resident]:
    """Everybody of a dirty store whose row Auth0 would take, with the password they know; as `plant` decides.

    Args:
        file: As the store was planted.
    """
    plans, pools = _plans(users, chance_of("dirt", seed), file=file), other_pools(seed, 3)
    for number, person in enumerate(people(users, seed=seed)):
        code, turn = plans.get(number, ("", 0))
        if not code:
            yield Resident(person.id, person.email, person.username, person.password, None)
        elif code in pools:
            password, _ = pools[code][turn % len(pools[code])]
            yield Resident(person.id, person.email, person.username, password, code)


def plant(
    *, users: int, seed: int, dirty: bool, file: bool = True, exported: datetime = EXPORTED
) -> tuple[Iterator[list[str]], Planted]:
    """Decide which rows are dirty, and return the rows with what they hold; nothing is written.

    Args:
        file: Also plant what only a file can hold: ragged rows and bytes of another encoding.
    """
    chance = chance_of("dirt", seed)
    plans = _plans(users, chance, file=file) if dirty else {}
    pools = other_pools(seed, 3) if dirty else {}
    counts = Counter(code for code, _ in plans.values())
    accounts: list[Account] = []
    for number, person in enumerate(people(min(users, MOST_ACCOUNTS * 2), seed=seed)):
        if number not in plans and len(accounts) < MOST_ACCOUNTS:
            accounts.append(Account(person.id, person.email, person.username, person.password))
    planted = Planted(
        users=users,
        clean=users - sum(counts.values()) + counts[LARGE],
        dirty={code: counts[code] for code in sorted(counts) if code not in pools and code != LARGE},
        hashes={code: counts[code] for code in sorted(counts) if code in pools},
        large=counts[LARGE],
        accounts=tuple(accounts),
    )
    return _rows(people(users, seed=seed, exported=exported), plans, pools), planted


def _plans(users: int, chance: random.Random, *, file: bool) -> dict[int, tuple[str, int]]:
    """Which rows (from 0) become what: a kind of dirt or a scheme of hash, and the how-manyth of it."""
    each = max(1, min(20, users // 500))
    kinds = [(code, each * kind.rows) for code, kind in KINDS.items() if file or code not in FILE_ONLY]
    schemes = [(scheme, max(1, users // 100)) for scheme in OTHER_SCHEMES]
    chosen = [*_within(users // 5, kinds), *_within(users // 5, schemes)]
    places = iter(chance.sample(range(users), sum(rows for _, rows in chosen)))
    return {next(places): (code, turn) for code, rows in chosen for turn in range(rows)}


def _within(most: int, wanted: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """As many kinds as fit into so many rows."""
    for code, rows in wanted:
        if rows <= most:
            most -= rows
            yield code, rows


def _rows(
    clean: Iterator[Person], plans: Mapping[int, tuple[str, int]], pools: Mapping[str, tuple[Known, ...]]
) -> Iterator[list[str]]:
    for number, person in enumerate(clean):
        code, turn = plans.get(number, ("", 0))
        if code in pools:
            password, password_hash = pools[code][turn % len(pools[code])]
            yield replace(person, password=password, password_hash=password_hash).row
        elif code == RAGGED:
            yield ragged(person, turn)
        elif code:
            yield KINDS[code].soil(person, turn).row
        else:
            yield person.row
