"""What happens in a run, as typed facts in the past tense.

Steps report with one callable, `Emit`. The journal hears every event first, then whoever is watching. Events carry ids,
names and counts; never an e-mail address, a hash or a secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. `lasting` events are kept in the journal; the others only feed gauges."""

    lasting: ClassVar[bool] = True


Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A process began to work on the run; `resumed` when it is not the first."""

    run: str
    strategy: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    step: str


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    step: str


@dataclass(frozen=True, slots=True)
class ChangeStarted(Event):
    step: str
    key: str
    summary: str


@dataclass(frozen=True, slots=True)
class ChangeApplied(Event):
    step: str
    key: str


@dataclass(frozen=True, slots=True)
class UsersRead(Event):
    """Progress of preparing; counts so far, `total` as far as known."""

    lasting: ClassVar[bool] = False
    read: int
    rejected: int
    total: int | None


@dataclass(frozen=True, slots=True)
class UsersPrepared(Event):
    """Preparing ended. read = prepared + rejected + skipped + migrated, those who had moved at login before."""

    read: int
    prepared: int
    rejected: int
    skipped: int
    files: int
    bytes: int
    migrated: int = 0


@dataclass(frozen=True, slots=True)
class UsersMigrated(Event):
    """One look at an automatic migration at UNIX time `at`.

    Of `users` in the legacy store, `migrated` are in the connection by their login; `marked` are so in the legacy API's
    own count, None where it was not asked. `due` is whether nothing needs to be waited for any more.
    """

    at: float
    users: int
    migrated: int
    marked: int | None
    due: bool


@dataclass(frozen=True, slots=True)
class UsersLeftCounted(Event):
    """Users who had not moved at UNIX time `at`, by how long ago they last logged in to the legacy store, in words."""

    at: float
    users: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UsersMovedSince(Event):
    """Users who logged in after the store was prepared, though they were not to be imported: they are in Auth0 now.

    `rejected` and `skipped` say how they had been counted, `codes` for which reasons.
    """

    rejected: int
    skipped: int
    codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsersRepaired(Event):
    """The remains of half-made users were removed, who had counted as already there; they are imported anew.

    `round` names the repair, so that hearing of it twice changes nothing. `again` of them had not counted as already
    there, but as imported: by a repair before, or at first.
    """

    round: str
    users: int
    again: int = 0


@dataclass(frozen=True, slots=True)
class UndoStarted(Event):
    """A process began to put back what the run had changed; `users` whether it deletes those the run had made, too.

    `only` is the step whose changes alone are put back; "" for all steps.
    """

    users: bool
    only: str = ""


@dataclass(frozen=True, slots=True)
class ChangeUndone(Event):
    """A change of the run was put back; the summary says how."""

    step: str
    key: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class RunUndone(Event):
    """What the run had changed was put back, or as much of it as can be; `left` changes stay.

    `only` is the step whose changes alone were put back, after which the run waits to do them again; "" for all steps.
    """

    left: int
    only: str = ""


@dataclass(frozen=True, slots=True)
class UsersRemoved(Event):
    """Users that this run had imported were deleted on request; `removed` of `total` are gone so far."""

    removed: int
    total: int


@dataclass(frozen=True, slots=True)
class JobSubmitted(Event):
    """Auth0 accepted a file as an import job."""

    file: str
    job: str
    users: int
    bytes: int


@dataclass(frozen=True, slots=True)
class JobPolled(Event):
    lasting: ClassVar[bool] = False
    file: str
    job: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class JobEnded(Event):
    """An import job ended and its summary and errors are in the journal.

    imported = inserted + updated of Auth0's summary; already_there are users refused as duplicates; rejected are the
    users Auth0 refused for any other reason.
    """

    file: str
    job: str
    status: str
    imported: int
    already_there: int
    rejected: int
    seconds: float


@dataclass(frozen=True, slots=True)
class UsersRefused(Event):
    """Auth0 refused users of a file, by error code."""

    file: str
    codes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SubmissionInDoubt(Event):
    """The answer to an upload was lost; the step settles whether Auth0 has it."""

    file: str


@dataclass(frozen=True, slots=True)
class SubmissionSettled(Event):
    """A submission in doubt was looked into: `found` of `looked_for` users of the file are there. It is sent again."""

    file: str
    found: int
    looked_for: int


@dataclass(frozen=True, slots=True)
class ImportSlotAwaited(Event):
    """Auth0 has two active import jobs, not all of them ours; the file waits."""

    lasting: ClassVar[bool] = False
    file: str
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class FileSplit(Event):
    """A file whose jobs fail as a whole is sent in parts, to find the user that makes them fail."""

    file: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsersUnaccounted(Event):
    """A job completed, but Auth0's counts and errors do not tell the fate of every user; the file is not done."""

    file: str
    job: str
    users: int
    accounted: int


@dataclass(frozen=True, slots=True)
class UploadExpected(Event):
    """Between which seconds from now the upload should end, judged by the jobs that have ended."""

    lasting: ClassVar[bool] = False
    low_seconds: float
    high_seconds: float
    files_left: int


@dataclass(frozen=True, slots=True)
class UploadForecast(Event):
    """How long all processes of the run uploaded, and P: the least their jobs could have taken with every slot busy."""

    seconds: float
    floor_seconds: float


@dataclass(frozen=True, slots=True)
class ComparisonAdvanced(Event):
    """Progress of comparing prepared users with an export: `done` of `total` at a stage.

    Stages are "prepared" (files read), "export" (0 or 1 of 1: its length is not known before its end) and "differences"
    (users looked at).
    """

    lasting: ClassVar[bool] = False
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class OverwritesForeseen(Event):
    """What an upload with upsert would change: so many users, and in how many of them each field.

    `there` are all that it would meet, also those that it leaves as they are; None in journals of earlier versions.
    """

    users: int
    fields: Mapping[str, int]
    there: int | None = None


@dataclass(frozen=True, slots=True)
class UsersReconciled(Event):
    """The export of the connection was compared with the prepared users.

    `taken` and `unfound` are users that Auth0 had refused as duplicates and that are not in: their id is that of a user with
    another e-mail address, or nobody is found. The latter are of the missing, too. The `linked` are none of the missing.
    """

    compared: int
    missing: int
    different: int
    extra: int
    taken: int = 0
    unfound: int = 0
    linked: int = 0


@dataclass(frozen=True, slots=True)
class CheckPassed(Event):
    step: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckFailed(Event):
    step: str
    name: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CheckWithdrawn(Event):
    """What was found says nothing any more: it is asked for no longer."""

    name: str


def found_by(check: CheckPassed | CheckFailed) -> str:
    """The detail where the name is said already: one that has to stand alone may begin with it."""
    return check.detail.removeprefix(f"{check.name}: ")


@dataclass(frozen=True, slots=True)
class RateLimitSeen(Event):
    """What a gauge of the rate limit needs; times are seconds."""

    lasting: ClassVar[bool] = False
    group: str
    limit: int
    remaining: float
    reset_in: float | None
    waiting: int


@dataclass(frozen=True, slots=True)
class RequestSent(Event):
    """One request got its answer (status) or none (status 0); path has ids replaced by their names."""

    lasting: ClassVar[bool] = False
    method: str
    path: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RequestLimited(Event):
    """Auth0 answered 429; the request waits and is sent again."""

    lasting: ClassVar[bool] = False
    method: str
    path: str
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class ProcessStarted(Event):
    """Another process works on the run, or looks whether it may: what an earlier one did has ended before, if not told when."""


@dataclass(frozen=True, slots=True)
class ProcessEnded(Event):
    """What one process spent on the run: requests sent, of these refused with 429, and seconds of wall time."""

    requests: int
    limited: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WorldAwaited(Event):
    """The run cannot go on before something happens outside; `until` says what."""

    step: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class RunInterrupted(Event):
    """The operator stopped the run; it can be resumed."""


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """Everything that was planned is done and every check was made."""


@dataclass(frozen=True, slots=True)
class RunFailed(Event):
    """The run stopped with an error; `what` is free of personal data."""

    what: str
    remedy: str


EVENTS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}


def to_json(event: Event) -> dict[str, Any]:
    """Return the event as a JSON object with its kind under "event"."""
    return {"event": type(event).__name__, **asdict(event)}


def from_json(value: Mapping[str, Any]) -> Event | None:
    """Read an event back; None for a kind this version does not know."""
    kind = EVENTS.get(str(value.get("event")))
    if kind is None:
        return None
    names = {each.name for each in fields(kind)}
    return kind(**{name: part for name, part in value.items() if name in names})
