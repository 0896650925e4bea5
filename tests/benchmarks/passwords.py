"""Measure what mixed password hashes cost: census and preparing, against the same store with bcrypt of cost 10 alone.

Usage: python tests/benchmarks/passwords.py [--users N] [--rounds R]

Stores differ only in the hash column, whose values are random and right by their form; rounds alternate, and the median of
the ratios of each round counts, in seconds of the processor. The last line is JSON.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="passwords-") as name:
        folder = Path(name)
        stores = {kind: folder / f"{kind}.csv" for kind in ("bcrypt", "mixed")}
        for kind, path in stores.items():
            _write(path, options.users, kind)
        ratios: dict[str, list[float]] = {"census": [], "prepare": []}
        for number in range(options.rounds):
            order = list(stores) if number % 2 == 0 else list(stores)[::-1]
            for what, work in (("census", _census), ("prepare", _prepare)):
                seconds = {kind: _timed(work, stores[kind], folder / "out") for kind in order}
                ratios[what].append(seconds["mixed"] / seconds["bcrypt"])
                _say(f"{what}: bcrypt {seconds['bcrypt']:.2f} s, mixed {seconds['mixed']:.2f} s")
        fates = {kind: _fates(_prepare(path, folder / "out")) for kind, path in stores.items()}
        sizes = {kind: path.stat().st_size / options.users for kind, path in stores.items()}
    if fates["bcrypt"] != fates["mixed"]:
        raise SystemExit(f"the stores are not to be compared: {fates}")
    _say(f"bytes a user: bcrypt {sizes['bcrypt']:.0f}, mixed {sizes['mixed']:.0f}; prepared and rejected alike")
    medians = {what: round(statistics.median(each), 3) for what, each in ratios.items()}
    _say(json.dumps({"users": options.users, **medians}))


def _fates(prepared: Any) -> tuple[int, dict[str, int]]:
    return prepared.prepared, prepared.reasons


def _write(path: Path, users: int, kind: str) -> None:
    """The store of the other benchmark, with other hashes in its last column.

    Semicolons stand between the cells, as argon2 has commas: else only the mixed store would have quotes to read.
    """
    import csv

    from wizard.practice.people.benchmark import write_benchmark_csv

    write_benchmark_csv(path, users)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    place = rows[0].index("password_hash")
    hashes = _hashes(kind)
    for row in rows[1:]:
        if len(row) > place and row[place]:
            row[place] = next(hashes)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows(rows)


def _hashes(kind: str) -> Iterator[str]:
    """bcrypt of cost 10; mixed has as many each of it, of other costs, Django's and passlib's PBKDF2, argon2id and SSHA."""
    chance = random.Random(1)

    def some(size: int) -> str:
        return base64.b64encode(chance.randbytes(size)).decode()

    def letters(size: int) -> str:
        return "".join(chance.choices(LETTERS, k=size))

    makers: list[Callable[[], str]] = [lambda: "$2b$10$" + letters(53)]
    if kind == "mixed":
        makers += [
            lambda: "$2y$12$" + letters(53),
            lambda: f"pbkdf2_sha256$600000${letters(22)}${some(32)}",
            lambda: (
                f"$pbkdf2-sha512$25000${some(16).rstrip('=').replace('+', '.')}${some(64).rstrip('=').replace('+', '.')}"
            ),
            lambda: f"$argon2id$v=19$m=65536,t=3,p=4${some(16).rstrip('=')}${some(32).rstrip('=')}",
            lambda: "{SSHA}" + some(28),
        ]
    while True:
        for make in makers:
            yield make()


def _timed(work: Callable[[Path, Path], Any], path: Path, out: Path) -> float:
    """Seconds of the processor: all is done in this process, and what else the machine does must not count."""
    began = time.process_time()
    work(path, out)
    return time.process_time() - began


def _open(path: Path) -> Any:
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers

    return open_source(SourceAnswers(kind="csv", path=str(path)), secret=lambda name: "", base=path.parent)


def _census(path: Path, out: Path) -> None:
    from wizard.passwords import Judge
    from wizard.passwords.census import census, stored_passwords

    census(stored_passwords(_open(path), "password_hash", Judge()))


def _prepare(path: Path, out: Path) -> Any:
    import shutil

    from wizard.bulk.preparation.prepare import prepare
    from wizard.mapping import compile_mapping
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.practice.people.benchmark import ANSWERS
    from wizard.profile import ProfileAnswers

    shutil.rmtree(out, ignore_errors=True)
    source = _open(path)
    passwords = PasswordsAnswers.model_validate(ANSWERS["passwords"])
    mapping = compile_mapping(ProfileAnswers.model_validate(ANSWERS["profile"]), passwords, source.columns)
    return prepare(source, source.facts(), mapping, out, workers=0)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
