"""The set work of a reconciliation: DuckDB matches prepared and exported users, Python names what differs.

Users that are surely the same never leave DuckDB: it keeps the id, the file and two numbers for the content of each
prepared user, lets the export pass by, and spills what exceeds its memory into a private folder. Only pairs whose texts
are not equal are looked at by `sameness`. Measured for 1,000,000 users, on two cores: 253 MB, where a
dictionary takes 2.1 GB and several times as long; for 10,000,000, 310 MB. `tests/benchmarks/reconcile.py` measures it, and
compares the time with that of preparing.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import orjson

from wizard.bulk.verification import comparison_sql as sql
from wizard.bulk.verification.exported import mend, not_whole
from wizard.bulk.verification.sameness import ID_TAKEN, finding
from wizard.errors import Interrupted, WizardError

FILES_AT_ONCE = 300
"""Prepared files of one statement, some 150 MB; progress is told between statements."""

SUSPECTS_AT_ONCE = 50_000
"""Pairs whose two sides are held at once while their differences are named."""

READERS_MB = 125
"""Of DuckDB's memory, what reading JSON with two threads takes; matching gets the rest, or spills."""

LEAST_MB = 180
"""Memory below which DuckDB cannot read and match at all."""

Advance = Callable[[str, int, int], None]
"""Told the stage ("prepared", "export", "differences"), and how much of how much of it is done."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to compare. `memory` is DuckDB's share in MB; `folder` is private and exists; all paths are absolute."""

    files: list[str]
    export: str
    out: str
    folder: str
    connection: str
    refused: str | None
    memory: int
    threads: int
    known: list[str] = field(default_factory=list)
    duplicates: str | None = None
    ids_may_be_taken: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of users; compared = present + missing + different + taken + refused. `fields` counts users by what differs.

    `unfound` of the missing were refused as duplicates.
    """

    compared: int
    present: int
    missing: int
    different: int
    extra: int
    refused: int
    fields: dict[str, int]
    moved_rejected: int = 0
    moved_skipped: int = 0
    taken: int = 0
    unfound: int = 0
    moved_codes: dict[str, int] = field(default_factory=dict)


class Comparison:
    """One comparison in a DuckDB database that lives in memory and spills into the task's folder."""

    def __init__(self, task: Task, advance: Advance) -> None:
        import duckdb

        self._task = task
        self._folder = Path(task.folder)
        self._advance = advance
        self._stopped = threading.Event()
        self._database = duckdb.connect(
            config={
                "memory_limit": f"{task.memory}MB",
                "threads": task.threads,
                "temp_directory": str(self._folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_persistent_secrets": False,
                "enable_external_file_cache": False,  # nothing is read twice soon
                # The narrow prepared side is the one to keep; the export passes by in its full width.
                "disabled_optimizers": "join_order,build_side_probe_side",
            }
        )
        self._database.execute(f"SET operator_memory_limit = '{task.memory - READERS_MB}MB'")

    def stop(self) -> None:
        """Make `run` end soon with `Interrupted`; may be called from another thread, and again."""
        self._stopped.set()
        self._database.interrupt()

    def close(self) -> None:
        self._database.close()

    def run(self) -> Outcome:
        """Compare, and write who is missing, different, extra or refused to the task's `out`.

        Raises:
            WizardError: a prepared file or the export is not what it should be.
            Interrupted: `stop` was called.
        """
        import duckdb

        try:
            self._read_prepared()
            self._read_refused()
            self._read_known()
            self._match()
            return self._write()
        except duckdb.InterruptException as error:
            raise _interrupted() from error

    def _read_prepared(self) -> None:
        import duckdb

        files = self._task.files
        self._run(sql.TABLES)
        self._run(sql.NAMES, [[Path(file).name for file in files]])
        for start in range(0, len(files), FILES_AT_ONCE):
            self._tell("prepared", start, len(files))
            batch = files[start : start + FILES_AT_ONCE]
            try:
                self._run(sql.READ_PREPARED, [[sql.pattern(file) for file in batch], start])
            except duckdb.InvalidInputException:
                raise _unreadable(batch) from None
        (nameless,) = self._row(sql.FIRST_NAMELESS)
        if nameless is not None:
            raise _unreadable([files[nameless]])

    def _read_refused(self) -> None:
        if self._task.refused and Path(self._task.refused).stat().st_size:
            self._run(sql.READ_REFUSED, [sql.pattern(self._task.refused)])
        if self._task.duplicates and Path(self._task.duplicates).stat().st_size:
            self._run(sql.READ_DUPLICATES, [sql.pattern(self._task.duplicates)])

    def _read_known(self) -> None:
        self._run(sql.KNOWN)
        for path in self._task.known:
            self._run(sql.READ_KNOWN, [sql.pattern(path)])

    def _match(self) -> None:
        import duckdb

        self._tell("export", 0, 1)
        try:
            self._match_with(self._task.export)
        except duckdb.InvalidInputException:
            self._match_with(self._mended())
        if self._row(sql.STRANGERS) != (0,):
            self._mended()  # raises, as it names the line that has no user_id
        self._run(sql.PLACED)
        self._tell("export", 1, 1)
        self._read_again()
        self._run(sql.MOVED)
        self._run(sql.TAKEN if self._task.ids_may_be_taken else sql.NOBODY_TAKEN)

    def _match_with(self, export: str) -> None:
        import duckdb

        match = sql.match(self._task.connection, *self._row(sql.GIVEN))
        try:
            try:
                self._run(sql.FOUND)
                self._run(match, [sql.pattern(export)])
            except duckdb.OutOfMemoryException:
                # What spills is buffered for each thread; for many millions of users that is too much, so one does it.
                self._run("SET threads = 1")
                self._run(sql.FOUND)
                self._run(match, [sql.pattern(export)])
        except duckdb.IOException as error:
            if "GZIP" in str(error):
                raise not_whole("its compressed data end too early, or are no gzip") from None
            raise

    def _mended(self) -> str:
        mended = self._folder / "export.ndjson.gz"
        mend(Path(self._task.export), mended, stopped=self._stopped.is_set)
        if self._stopped.is_set():
            raise _interrupted()
        return str(mended)

    def _read_again(self) -> None:
        """Read the prepared users that are not surely present once more, now with their fields."""
        self._run(sql.AGAIN)
        for batch in _batches(self._run(sql.TO_READ_AGAIN).fetchall()):
            paths = [sql.pattern(self._task.files[file]) for file, _ in batch]
            self._run(sql.READ_AGAIN, [paths, batch[0][0], batch[-1][0]])

    def _write(self) -> Outcome:
        fields = Counter[str]()
        draft = self._folder / "verify.ndjson"
        with _private(draft) as out:
            different, taken = self._write_differences(out, fields)
            missing, unfound, refused, extra, gone = (
                self._write_list(out, name) for name in ("missing", "unfound", "refused", "extra", "gone")
            )
            self._write_list(out, "moved")
        draft.replace(self._task.out)
        (prepared,) = self._row(sql.COMPARED)
        migrated, rejected, skipped = self._row(sql.KNOWN_AGAIN)
        compared = prepared + migrated
        missing += unfound + gone
        return Outcome(
            compared=compared,
            present=compared - missing - refused - different - taken,
            missing=missing,
            different=different,
            extra=extra,
            refused=refused,
            fields=dict(fields),
            moved_rejected=rejected or 0,
            moved_skipped=skipped or 0,
            taken=taken,
            unfound=unfound,
            moved_codes=dict(self._run(sql.MOVED_BY_CODE).fetchall()),
        )

    def _write_differences(self, out: IO[bytes], fields: Counter[str]) -> tuple[int, int]:
        """Look at each pair that is not surely the same; counts the fields.

        Returns: the users that differ, and those whose id is another user's.
        """
        by_file: list[tuple[int, int]] = self._run(sql.SUSPECTS_BY_FILE).fetchall()
        total, done, found_so = sum(count for _, count in by_file), 0, Counter[str]()
        for batch in _batches(by_file):
            self._tell("differences", done, total)
            rows = self._rows(sql.SUSPECTS, [batch[0][0], batch[-1][0]])
            for (file, user_id), pairs in groupby(rows, key=lambda row: row[:2]):
                if found := finding(user_id, Path(self._task.files[file]).name, list(pairs)):
                    out.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
                    found_so[found["status"]] += 1
                    if found["status"] != ID_TAKEN:
                        fields.update(found["fields"])
            done += sum(count for _, count in batch)
        self._tell("differences", total, total)
        return found_so.total() - found_so[ID_TAKEN], found_so[ID_TAKEN]

    def _write_list(self, out: IO[bytes], status: str) -> int:
        """Append the users of a status; DuckDB writes the lines, as there may be millions."""
        lines = self._folder / f"{status}.ndjson"
        (count,) = self._row(sql.write_list(status, lines))
        if lines.exists():
            with lines.open("rb") as source:
                shutil.copyfileobj(source, out)
            lines.unlink()
        return int(count)

    def _run(self, statement: str, values: Sequence[object] = ()) -> Any:
        if self._stopped.is_set():
            raise _interrupted()
        return self._database.execute(statement, list(values))

    def _row(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._run(statement).fetchone()
        return row

    def _rows(self, statement: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        result = self._run(statement, values)
        while rows := result.fetchmany(2_000):
            yield from rows

    def _tell(self, stage: str, done: int, total: int) -> None:
        self._advance(stage, done, total)


def _batches(by_file: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Consecutive files, each with its number of suspects, that together have at most `SUSPECTS_AT_ONCE`."""
    batch: list[tuple[int, int]] = []
    for entry in by_file:
        if batch and sum(count for _, count in batch) + entry[1] > SUSPECTS_AT_ONCE:
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def _unreadable(files: Sequence[str]) -> WizardError:
    """Find the file among these that is no array of users, and say so."""
    for file in files:
        try:
            users = orjson.loads(Path(file).read_bytes())
        except orjson.JSONDecodeError:
            users = None
        if not isinstance(users, list) or not all(
            isinstance(user, dict) and {"user_id", "email"} <= user.keys() for user in users
        ):
            break
    return WizardError(
        f"The prepared file {Path(file).name} does not hold a JSON array of users with user_id and email.",
        remedy="Run the prepare step again; it makes the files anew from the source.",
    )


def _interrupted() -> Interrupted:
    return Interrupted("The comparison with the export was stopped.", remedy="Verify again; nothing was changed.")


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        yield out
