"""What happened in a run, in a SQLite file that survives a kill at any instant.

The journal stores what happened, never where we are. An intent is written before a request and its outcome after; an
intent without an outcome is in doubt and its step must settle it. Every commit is synced to disk before it returns.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.errors import WizardError
from wizard.events import Event, from_json, to_json
from wizard.sqlite_files import opened_to_read

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS intents (
  id INTEGER PRIMARY KEY, subject TEXT NOT NULL, facts TEXT NOT NULL, at REAL NOT NULL,
  outcome TEXT, result TEXT, settled_at REAL);
CREATE INDEX IF NOT EXISTS intents_by_subject ON intents (subject);
CREATE TABLE IF NOT EXISTS refusals (
  id INTEGER PRIMARY KEY, file TEXT NOT NULL, user_id TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS refusals_by_file ON refusals (file);
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that was about to be done: `outcome` is None while it is in doubt."""

    id: int
    subject: str
    facts: Mapping[str, Any]
    at: float
    outcome: str | None
    result: Mapping[str, Any]


_INTENT = "id, subject, facts, at, outcome, result"


def _intent(key: int, subject: str, facts: str, at: float, outcome: str | None, result: str | None) -> Intent:
    return Intent(key, subject, json.loads(facts), at, outcome, json.loads(result) if result else {})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A user that Auth0 refused; `user_id` as in the import file, `message` in Auth0's words."""

    file: str
    user_id: str
    code: str
    message: str


@contextmanager
def _written() -> Iterator[None]:
    """Tell a full or failing disk as what it is.

    Raises:
        JournalFailed: nothing of what was being written is kept.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise JournalFailed(
            "The journal of the run cannot be written",
            why=str(error),
            state="What was written before is kept; nothing is begun without a journal.",
            remedy="Make room on the disk of the run's folder, then resume the run.",
        ) from None


class JournalFailed(WizardError):
    """The journal could not be written; the run stops, because it could not account for what it does."""


def _without_addresses(value: Any) -> Any:
    """The same without what may be an address among the items of lists and the keys of objects."""
    if isinstance(value, list):
        return [_without_addresses(one) for one in value if not (isinstance(one, str) and "@" in one)]
    if isinstance(value, dict):
        return {key: _without_addresses(one) for key, one in value.items() if "@" not in key}
    return value


def _to_write(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.touch(mode=0o600)
    database = sqlite3.connect(path or ":memory:", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.executescript(f"BEGIN; {SCHEMA} COMMIT;")
    return database


def _to_read(path: Path) -> sqlite3.Connection:
    """The journal as it is, or an empty one where nothing is written yet, as by a process that a full disk has ended."""
    if not path.exists() or not path.stat().st_size:
        return _to_write(None)
    database = opened_to_read(path, isolation_level=None)
    if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
        database.close()
        return _to_write(None)
    return database


def _unopened(path: Path | None, error: Exception) -> WizardError:
    return WizardError(
        f"The journal {path} cannot be opened",
        why=str(error),
        remedy="Check the folder's permissions and free space.",
    )


class Journal:
    """The journal of one run. `emit` is the run's one way to report: the file hears first, then the watchers.

    Args:
        path: The SQLite file, made when absent, readable by its owner only; None keeps the journal in memory, for a plan
            without a run.
        now: UNIX time in seconds.
        only_read: Nothing will be written, so that a disk that is full or may only be read does no harm; of a run that has
            no journal yet, an empty one.
    """

    def __init__(self, path: Path | None, *, now: Callable[[], float], only_read: bool = False) -> None:
        self.watchers: list[Callable[[Event], None]] = []
        self.folder = path.parent if path is not None else None
        """Where files that belong to the journal lie; None for one in memory."""
        self._now = now
        try:
            self._db = _to_read(path) if path is not None and only_read else _to_write(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _unopened(path, error) from None
            raise WizardError(
                f"The journal {path} is damaged",
                why=str(error),
                state="What the run has changed in the tenant stays.",
                remedy="Put the run's folder back from a copy, or begin a new run, which looks at what is there.",
            ) from None
        except OSError as error:
            raise _unopened(path, error) from None

    def close(self) -> None:
        self._db.close()

    def emit(self, event: Event) -> None:
        """Record a lasting event, then tell the watchers."""
        if event.lasting:
            self.record(event)
        self._tell(event)

    def record(self, event: Event) -> None:
        """Record an event without telling the watchers, who have counted it by other means."""
        with _written():
            self._db.execute("INSERT INTO events (at, event) VALUES (?, ?)", (self._now(), json.dumps(to_json(event))))

    def _tell(self, event: Event) -> None:
        for watch in self.watchers:
            watch(event)

    def events(self) -> Iterator[Event]:
        """All recorded events, oldest first; kinds of a newer version are passed over."""
        return (event for _, event in self.dated_events())

    def dated_events(self) -> Iterator[tuple[float, Event]]:
        """The same, each with the UNIX time at which it was recorded."""
        for at, text in self._db.execute("SELECT at, event FROM events ORDER BY seq"):
            event = from_json(json.loads(text))
            if event is not None:
                yield at, event

    def span(self) -> tuple[float, float] | None:
        """UNIX times of the first and the last recorded event; None before there is one."""
        first, last = self._db.execute("SELECT min(at), max(at) FROM events").fetchone()
        return None if first is None else (first, last)

    def remember(self, key: str, value: Any) -> None:
        """Keep a fact of the run: any JSON value; the last one wins."""
        with _written():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, json.dumps(value)))

    def recall(self, key: str) -> Any:
        """The fact with this key, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def facts(self) -> dict[str, Any]:
        """All facts of the run."""
        return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM facts")}

    def forget_addresses(self, facts: Collection[str]) -> None:
        """Leave out ids of users that may be their e-mail addresses: those of refused ones, of results and of these facts.

        All counts stay.
        """
        with _written(), self._transaction():
            self._db.execute("UPDATE refusals SET user_id = '' WHERE instr(user_id, '@')")
            rows = self._db.execute("SELECT id, result FROM intents WHERE instr(result, '@')").fetchall()
            self._db.executemany(
                "UPDATE intents SET result = ? WHERE id = ?",
                [(json.dumps(_without_addresses(json.loads(text))), key) for key, text in rows],
            )
        for key in facts:
            if (known := self.recall(key)) is not None:
                self.remember(key, _without_addresses(known))

    def shrink(self) -> None:
        """Leave nothing in the file of what was replaced or deleted."""
        with _written():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def begin(self, subject: str, facts: Mapping[str, Any]) -> int:
        """Write down, durably, what is about to be done; returns the intent's id."""
        with _written():
            cursor = self._db.execute(
                "INSERT INTO intents (subject, facts, at) VALUES (?, ?, ?)", (subject, json.dumps(facts), self._now())
            )
        return int(cursor.lastrowid or 0)

    def settle(
        self,
        intent: int,
        outcome: str,
        result: Mapping[str, Any] | None = None,
        *,
        events: Sequence[Event] = (),
        refusals: Sequence[Refusal] = (),
    ) -> None:
        """Write down, in one commit, how an intent ended, with the events and refused users that belong to it."""
        at = self._now()
        with _written(), self._transaction():
            self._db.execute(
                "UPDATE intents SET outcome = ?, result = ?, settled_at = ? WHERE id = ?",
                (outcome, json.dumps(result or {}), at, intent),
            )
            self._db.executemany(
                "INSERT INTO events (at, event) VALUES (?, ?)", [(at, json.dumps(to_json(event))) for event in events]
            )
            self._db.executemany(
                "INSERT INTO refusals (file, user_id, code, message) VALUES (?, ?, ?, ?)",
                [(refusal.file, refusal.user_id, refusal.code, refusal.message) for refusal in refusals],
            )
        for event in events:
            self._tell(event)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def update(self, intent: int, facts: Mapping[str, Any]) -> None:
        """Add facts to an intent that is still open, such as the id of the job that it became."""
        row = self._db.execute("SELECT facts FROM intents WHERE id = ?", (intent,)).fetchone()
        merged = {**json.loads(row[0]), **facts}
        with _written():
            self._db.execute("UPDATE intents SET facts = ? WHERE id = ?", (json.dumps(merged), intent))

    def intents(self, prefix: str = "") -> Sequence[Intent]:
        """All intents whose subject begins with `prefix`, oldest first."""
        rows = self._db.execute(
            f"SELECT {_INTENT} FROM intents WHERE substr(subject, 1, ?) = ? ORDER BY id",  # noqa: S608 - a constant
            (len(prefix), prefix),
        )
        return [_intent(*row) for row in rows]

    def outcomes(self, prefix: str = "") -> Sequence[tuple[int, str, str | None]]:
        """The same as id, subject and outcome alone: a result may name every user of a file."""
        rows = self._db.execute(
            "SELECT id, subject, outcome FROM intents WHERE substr(subject, 1, ?) = ? ORDER BY id",
            (len(prefix), prefix),
        )
        return rows.fetchall()

    def intent(self, number: int) -> Intent:
        """The intent with this id.

        Raises:
            KeyError: there is none.
        """
        row = self._db.execute(f"SELECT {_INTENT} FROM intents WHERE id = ?", (number,)).fetchone()  # noqa: S608 - a constant
        if row is None:
            raise KeyError(number)
        return _intent(*row)

    def put_back(self, beginning: str) -> set[int]:
        """The ids of intents of changes with this beginning of their subject that an undo has put back."""
        return {one.facts["intent"] for one in self.intents(f"undo:{beginning}") if one.outcome == "done"}

    def refusals(self) -> Iterator[Refusal]:
        """All users that Auth0 refused, in the order they were told."""
        for row in self._db.execute("SELECT file, user_id, code, message FROM refusals ORDER BY id"):
            yield Refusal(*row)
