"""What has become of each prepared file, read from the journal: the only memory of an upload."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from wizard.bulk.jobs.schedule import Duration
from wizard.errors import RunMismatch

if TYPE_CHECKING:
    from wizard.journal import Intent, Journal

SUBJECT = "import:"

Outcome = Literal[
    "done",  # every user of it is accounted for
    "refused",  # Auth0 answered and took nothing
    "lost",  # nobody knows; looked into, to be sent again
    "gone",  # Auth0 has forgotten the job, to be sent again
    "failed",  # the job failed as a whole, to be sent again
    "split",  # it failed again: its halves are sent instead
    "unaccounted",  # it completed, but its sums do not tell what became of every user; to be sent again
]


NEVER_TOLD: frozenset[Outcome] = frozenset({"lost", "gone", "unaccounted", "failed", "split"})
"""Outcomes of a submission that leave open which of its users Auth0 took."""


class PreparedFile(Protocol):
    """A file of users as the manifest lists it."""

    @property
    def name(self) -> str: ...
    @property
    def users(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Part:
    """What one import job gets: a whole file, or some of its users when the file failed as a whole.

    Args:
        name: The file's name, with `.1` or `.2` for each halving before its ending: `00007.1.2.json`.
        first: Position of its first user in the file, from 0.
        users: How many users it has.
    """

    file: PreparedFile
    name: str
    first: int
    users: int

    @classmethod
    def whole(cls, file: PreparedFile) -> Part:
        return cls(file, file.name, 0, file.users)

    @property
    def is_whole(self) -> bool:
        return self.users == self.file.users

    @property
    def names(self) -> list[str]:
        """Its own name and those of what it is a half of, up to the whole file."""
        stem, dot, ending = self.file.name.rpartition(".") if "." in self.file.name else (self.file.name, "", "")
        halvings = self.name[len(stem) : len(self.name) - len(dot + ending)]
        return [f"{stem}{halvings[:end]}{dot}{ending}" for end in range(0, len(halvings) + 1, 2)]

    def halves(self) -> tuple[Part, Part]:
        """Its first half, which may have one user more, and its second."""
        stem, dot, ending = self.name.rpartition(".") if "." in self.name else (self.name, "", "")
        more = (self.users + 1) // 2
        first, second = (f"{stem}.{number}{dot}{ending}" for number in (1, 2))
        return Part(self.file, first, self.first, more), Part(self.file, second, self.first + more, self.users - more)

    def read(self, folder: Path) -> bytes:
        """Return the JSON array to send.

        Raises:
            RunMismatch: the file is not the one that was prepared.
        """
        whole = self._read_file(folder)
        if self.is_whole:
            return whole
        import orjson

        return orjson.dumps(orjson.loads(whole)[self.first : self.first + self.users])

    def records(self, folder: Path) -> list[dict[str, Any]]:
        """Return its users."""
        import orjson

        users: list[dict[str, Any]] = orjson.loads(self._read_file(folder))[self.first : self.first + self.users]
        return users

    def _read_file(self, folder: Path) -> bytes:
        from hashlib import sha256

        try:
            whole = (folder / self.file.name).read_bytes()
        except OSError as error:
            raise _not_as_prepared(self.file.name, error.strerror or type(error).__name__) from None
        if sha256(whole).hexdigest() != self.file.sha256:
            raise _not_as_prepared(self.file.name, "its SHA-256 is not that of the manifest")
        return whole


def _not_as_prepared(name: str, why: str) -> RunMismatch:
    return RunMismatch(
        f"The prepared file {name} is not as it was when it was prepared",
        why=why,
        state="It was not sent.",
        remedy="Put the prepared files back as they were, or begin a new run.",
    )


def _prepared_anew(name: str) -> RunMismatch:
    return RunMismatch(
        f"The prepared file {name} is not the one that this run has sent",
        why="the users were prepared anew, with another outcome",
        state="Nothing was sent.",
        remedy="Begin a new run for these users; those already in Auth0 stay as they are.",
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a part has come that is not done.

    Args:
        open: Its intent that has no outcome yet: with a job if one runs, else in doubt.
        failures: Jobs of it that failed as a whole.
        tries: Jobs of it, in this process, that ended without telling the fate of its users.
    """

    part: Part
    open: Intent | None = None
    failures: int = 0
    tries: int = 0

    @property
    def job(self) -> str | None:
        return self.open.facts.get("job") if self.open else None


@dataclass(frozen=True, slots=True)
class Tally:
    """Users of parts that are done, and jobs; users = imported + already_there + rejected."""

    users: int = 0
    imported: int = 0
    already_there: int = 0
    rejected: int = 0
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state of an upload.

    Args:
        to_do: Parts that are not done: those with a running job first, then those in doubt, then in order of the files.
        files_left: Names of files of which any part is not done.
        durations: Of the jobs that were seen from their beginning to their end, oldest first.
    """

    to_do: Sequence[Standing]
    files_left: frozenset[str]
    done: Tally
    durations: Sequence[Duration] = field(default=(), repr=False)


def ledger(files: Iterable[PreparedFile], journal: Journal, subject: str = SUBJECT) -> Ledger:
    """Read the journal. It holds a few lines a file, not a line a user. `subject` begins the intents of these files.

    Raises:
        RunMismatch: Auth0 has got a file of this name that was another one.
    """
    files = list(files)
    sums = {file.name: file.sha256 for file in files}
    intents: dict[str, list[Intent]] = defaultdict(list)
    done = Tally()
    durations: list[Duration] = []
    for intent in journal.intents(subject):
        if intent.outcome != "refused" and sums.get(intent.facts["file"]) != intent.facts["sha256"]:
            raise _prepared_anew(intent.facts["file"])
        intents[intent.subject].append(intent)
        done = _counted(done, intent)
        durations.extend(_duration(intent))
    to_do = [standing for file in files for standing in _standings(Part.whole(file), intents, subject)]
    return Ledger(
        sorted(to_do, key=lambda one: 0 if one.job else 1 if one.open else 2),
        frozenset(one.part.file.name for one in to_do),
        done,
        durations,
    )


def _standings(part: Part, intents: Mapping[str, Sequence[Intent]], subject: str) -> Iterator[Standing]:
    history = intents.get(subject + part.name, ())
    latest = history[-1] if history else None
    if latest is not None and latest.outcome == "split":
        for half in part.halves():
            yield from _standings(half, intents, subject)
    elif latest is None or latest.outcome != "done":
        failures = sum(intent.outcome == "failed" for intent in history)
        yield Standing(part, latest if latest is not None and latest.outcome is None else None, failures)


def done_parts(
    files: Iterable[PreparedFile], journal: Journal, subject: str = SUBJECT
) -> Iterator[tuple[Part, Intent]]:
    """The parts whose users are all accounted for, each with the intent that did it.

    One intent is read at a time: of a part whose users were there already, it names every one.
    """
    latest = {name: (number, outcome) for number, name, outcome in journal.outcomes(subject)}
    waiting = deque(Part.whole(file) for file in files)
    while waiting:
        part = waiting.popleft()
        number, outcome = latest.get(subject + part.name, (0, None))
        if outcome == "split":
            waiting.extendleft(reversed(part.halves()))
        elif outcome == "done":
            yield part, journal.intent(number)


def never_told(journal: Journal, subject: str = SUBJECT) -> frozenset[str]:
    """The names of the parts of which a submission has ended without telling which of its users Auth0 took."""
    return frozenset(
        name.removeprefix(subject) for _, name, outcome in journal.outcomes(subject) if outcome in NEVER_TOLD
    )


def overwritten(files: Sequence[PreparedFile], journal: Journal) -> int:
    """How many users upsert has met, by Auth0's own count; without parts that it may have met before itself."""
    told = never_told(journal)
    done = (each for each in done_parts(files, journal) if not told.intersection(each[0].names))
    return sum(int(intent.result.get("updated", 0)) for _, intent in done)


def _counted(tally: Tally, intent: Intent) -> Tally:
    jobs = tally.jobs + ("job" in intent.facts)
    if intent.outcome != "done":
        return Tally(tally.users, tally.imported, tally.already_there, tally.rejected, jobs)
    return Tally(
        tally.users + intent.facts["users"],
        tally.imported + intent.result["imported"],
        tally.already_there + intent.result["already_there"],
        tally.rejected + intent.result["rejected"],
        jobs,
    )


def _duration(intent: Intent) -> Iterator[Duration]:
    if intent.outcome == "done" and "before" in intent.result:
        yield Duration(intent.result["after"], intent.result["before"], intent.facts["users"])
