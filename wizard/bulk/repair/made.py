"""Whom a run has made, by its ledger: the users of its import jobs, and of those that imported half-made ones anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wizard.bulk.jobs.import_job import JOB_TIMEOUT
from wizard.bulk.jobs.ledger import SUBJECT, Part, done_parts, never_told
from wizard.bulk.manifest import USERS, PreparedFile, require_manifest
from wizard.bulk.repair.half_made import FOLDER as REPAIRED
from wizard.bulk.repair.half_made import IMPORTS as REPAIRS
from wizard.bulk.verification.evidence import EXPORTED
from wizard.errors import UsageError
from wizard.progress import IN_ALL_THE_SAME

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from wizard.journal import Intent, Journal
    from wizard.tools import Tools

Whose = Literal["made", "before", "anew"]
"""Whether a user is the one that an import job has made, or one from before that job, or from after it."""

REMOVED = "undo:users:"
"""How the intents of deleting the users of a part begin; the part's name follows."""

MADE_AGAIN = "made again"
"""Journal fact: by the name of each repair, ids of users whom the run had made before, by the part that had made them."""

CLOCK_BEHIND = 24 * 3600.0
"""Seconds that the clock of this machine may have been behind Auth0's, or before it, in journals that know no other."""

SKEW = 60.0
"""Seconds by which clocks of Auth0's own machines may differ."""


@dataclass(frozen=True)
class Made:
    """The users of one import job that has ended.

    Args:
        folder: In the run's folder, where the file is.
        untold: A submission before has ended without telling which of the users Auth0 took.
        exports: When the run has exported the connection, while none of its jobs was running; UNIX times of Auth0's.
        again: Ids of users whom a later repair has made again: they are its users.
    """

    part: Part
    intent: Intent
    folder: str
    untold: bool
    exports: tuple[float, ...] = ()
    again: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many the job has made, or with upsert made or overwritten, and no later one again."""
        return int(self.intent.result["imported"]) - len(self.again)

    @property
    def there(self) -> Sequence[str]:
        """Ids of users whom Auth0 had already, when the job met them; "" for one that it did not tell."""
        found: Sequence[str] = self.intent.result.get("there", ())
        return found

    @property
    def unnamed(self) -> int:
        """How many of those whom Auth0 had already it did not tell."""
        return int(self.intent.result["already_there"]) - sum(map(bool, self.there))

    @property
    def upserts(self) -> bool:
        return bool(self.intent.facts["upsert"])

    @property
    def is_known(self) -> bool:
        """Whether it can be told of each user whether this job has made it."""
        if self.upserts:
            return self._began is not None and not self.untold
        there = set(self.there)
        return "" not in there and len(there) == int(self.intent.result["already_there"])

    def whose(self, created_at: float | None) -> Whose:
        """Who has one of its ids now, made at this UNIX time of Auth0's.

        Who came later is another one, and so is who was there before: by upsert, or because Auth0 told of somebody else
        in the place of one whom it had already.
        """
        began = self._began_at_the_latest
        if created_at is None or began is None:
            return "before" if self.upserts else "made"
        latest = min((one for one in self.exports if one > began), default=began + JOB_TIMEOUT)
        if created_at > latest:
            return "anew"
        return "made" if self._may_have_made(created_at) else "before"

    def users(self, run: Path, refused: AbstractSet[tuple[str, str]]) -> list[dict[str, Any]]:
        """Those that it may have made, as they were prepared.

        Args:
            run: The run's folder.
            refused: Names of parts, each with the id of a user that Auth0 rejected.

        Raises:
            UsageError: the file was purged.
        """
        there = self.again.union(self.there)
        return [
            user
            for user in self.sent(run)
            if user["user_id"] not in there and (self.part.name, user["user_id"]) not in refused
        ]

    def sent(self, run: Path) -> list[dict[str, Any]]:
        """All users that its file held, as they were prepared.

        Args:
            run: The run's folder.

        Raises:
            UsageError: the file was purged.
        """
        require_kept(run / self.folder / self.part.file.name)
        return self.part.records(run / self.folder)

    @property
    def _began(self) -> float | None:
        """When the job was made, UNIX time by Auth0's clock; None in journals of earlier versions."""
        began: float | None = self.intent.facts.get("created")
        return began

    def _may_have_made(self, created_at: float) -> bool:
        """Whether a user of this UNIX time can be of the job, and not from before it."""
        if self.upserts:
            return self._began is not None and created_at >= self._began
        if self._began is not None:
            return created_at >= self._began - SKEW
        return created_at >= float(self.intent.facts["accepted_at"]) - CLOCK_BEHIND

    @property
    def _began_at_the_latest(self) -> float | None:
        """The same; where only the clock here has told when, with all that it may have been behind."""
        accepted: float | None = self.intent.facts.get("accepted_at")
        if self._began is not None or accepted is None:
            return self._began
        return accepted + CLOCK_BEHIND


def require_kept(file: Path) -> None:
    """Refuse to say whom a run has made by a file of users that is gone.

    Raises:
        UsageError: it was purged.
    """
    if not file.is_file():
        raise UsageError(
            "The files of users of this run were purged",
            why="which users it imported is not known any more",
            state="No further user was deleted.",
            remedy="Undo without --users; delete the users in the Dashboard if they are not wanted.",
        )


@dataclass(frozen=True)
class Imports:
    """Files that the run sends: `subject` begins their intents, `folder` of the run's folder holds them."""

    files: Sequence[PreparedFile]
    subject: str
    folder: str


def imports_of(journal: Journal, files: Sequence[PreparedFile]) -> list[Imports]:
    """The prepared files of the run, and those of each of its repairs."""
    repaired: dict[str, dict[str, PreparedFile]] = {}
    for intent in journal.intents(REPAIRS):  # the fact of a repair names the files of the last one only
        of_round = repaired.setdefault(intent.subject.rpartition(":")[0] + ":", {})
        name = intent.facts["file"]
        if intent.subject.endswith(f":{name}"):
            of_round.setdefault(name, PreparedFile(name, intent.facts["users"], 0, intent.facts["sha256"]))
    rounds = [Imports(tuple(of_round.values()), subject, REPAIRED) for subject, of_round in repaired.items()]
    return [Imports(files, SUBJECT, USERS), *rounds]


def all_made(journal: Journal, files: Sequence[PreparedFile]) -> Iterator[Made]:
    """All jobs of the run that have ended and whose users are accounted for, those of its repairs last."""
    for imports in imports_of(journal, files):
        yield from _made(journal, imports)


def _made(journal: Journal, imports: Imports) -> Iterator[Made]:
    untold, exports = never_told(journal, imports.subject), tuple(journal.recall(EXPORTED) or ())
    repaired = journal.recall(MADE_AGAIN) or {}
    for part, intent in done_parts(imports.files, journal, imports.subject):
        again = frozenset(user_id for parts in repaired.values() for user_id in parts.get(part.name, ()))
        yield Made(part, intent, imports.folder, bool(untold.intersection(part.names)), exports, again)


def note_made_before(files: Sequence[PreparedFile], name: str, tools: Tools) -> int:
    """Write down whom the run had made before of those whom a repair makes again; returns how many.

    Args:
        files: Those of the repair.
        name: That of the repair.

    Raises:
        WizardError: a prepared file is not there any more, or not as it was.
    """
    known: dict[str, dict[str, list[str]]] = tools.journal.recall(MADE_AGAIN) or {}
    if name not in known:  # once it is written down, who is named there is of this repair
        known[name] = _made_before(files, f"{REPAIRS}{name}:", tools)
        tools.journal.remember(MADE_AGAIN, known)
    return sum(map(len, known[name].values()))


def _made_before(files: Sequence[PreparedFile], subject: str, tools: Tools) -> dict[str, list[str]]:
    """By the name of the part that made them last; `subject` begins the intents of the repair."""
    prepared, refused = require_manifest(tools.folder).files, rejected_users(tools.journal)
    wanted = {user["user_id"] for file in files for user in Part.whole(file).records(tools.folder / REPAIRED)}
    by_upload = set(wanted)
    for one in all_made(tools.journal, prepared):
        if one.folder == USERS:
            by_upload.difference_update(one.there)  # mostly all: they are half-made as Auth0 called them duplicates
    last = dict[str, str]()
    for one in all_made(tools.journal, prepared):  # those of repairs come last
        sought = by_upload if one.folder == USERS else wanted
        if sought and one.is_known and not one.intent.subject.startswith(subject):
            here = (user["user_id"] for user in one.users(tools.folder, refused))
            last |= {user_id: one.part.name for user_id in here if user_id in sought}
    found: dict[str, list[str]] = {}
    for user_id, part in last.items():
        found.setdefault(part, []).append(user_id)
    return found


def rejected_users(journal: Journal) -> frozenset[tuple[str, str]]:
    """Names of parts, each with the id of a user of it that Auth0 rejected."""
    return frozenset((one.file, one.user_id) for one in journal.refusals() if one.code not in IN_ALL_THE_SAME)


def duplicates(journal: Journal, files: Sequence[PreparedFile], run: Path) -> Iterator[str]:
    """Ids, as prepared, of users whom Auth0 refused as it had them already, by the last import job that held each.

    They may be all users of the run, so they come one by one; held are only those of repairs, which are few. "" stands for
    one whom Auth0 did not name.

    Args:
        run: The run's folder.
    """
    first, *repairs = imports_of(journal, files)
    anew = dict[str, bool]()
    for imports in repairs:
        for one in _made(journal, imports):
            anew |= dict.fromkeys((user["user_id"] for user in one.sent(run)), False)
            anew |= dict.fromkeys(one.there, True)
    for one in _made(journal, first):
        yield from (user_id for user_id in one.there if user_id not in anew)
    yield from (user_id for user_id, refused in anew.items() if refused)


def unnamed_duplicates(journal: Journal, files: Sequence[PreparedFile]) -> int:
    """How many users Auth0 refused as it had them already, without telling which of their file they are."""
    return sum(one.unnamed for one in all_made(journal, files))


def left_to_delete(journal: Journal, files: Sequence[PreparedFile]) -> list[Made]:
    """Those jobs whose users an undo has not deleted yet."""
    gone = {intent.facts["part"] for intent in journal.intents(REMOVED) if intent.outcome == "done"}
    return [one for one in all_made(journal, files) if one.count and one.part.name not in gone]


def unproven(journal: Journal, files: Sequence[PreparedFile]) -> Iterator[str]:
    """Users that were there when a file was sent again, of whose submission before Auth0 never told the outcome.

    That one may have made them, or somebody else: Auth0 lists no jobs, and no user says by which job it came.
    """
    for one in all_made(journal, files):
        if one.untold and not one.upserts:
            yield from filter(None, one.there)
