"""Why users are not in Auth0, by code, and which users those are: read from what the run has written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from screens.titles import on_pages
from wizard.bulk.jobs.harvest import LOOK_AT_FACTORS
from wizard.bulk.manifest import REJECTS, read_manifest
from wizard.clock import RealClock
from wizard.identity import progress_of
from wizard.journal import Journal
from wizard.left_out import left_out
from wizard.progress import FACTORS_UNKNOWN

if TYPE_CHECKING:
    from wizard.runs import RunFolder

LISTED = 500
"""Users that a list shows; the files hold them all."""

AUTH0 = "Look at one of these users in the list, and at the tenant's logs; correct the record and start a new run."


@dataclass(frozen=True)
class Fault:
    """One reason: where it was found, how many users, and what to do. `decided` ones were left behind on purpose."""

    code: str
    users: int
    remedy: str
    by_auth0: bool
    decided: bool = False

    @property
    def key(self) -> str:
        return f"{'auth0' if self.by_auth0 else 'here'}:{self.code}"


def faults_of(run: RunFolder) -> Sequence[Fault]:
    """Every reason of a run, those to act on first."""
    found = [
        Fault(one.code, one.users, on_pages(one.remedy), by_auth0=False, decided=one.decided)
        for one in left_out(progress_of(run), read_manifest(run.path), run)
    ]
    counts: dict[str, int] = {}
    for refusal in _refusals(run):
        counts[refusal["code"]] = counts.get(refusal["code"], 0) + 1
    found += [
        Fault(code, users, on_pages(LOOK_AT_FACTORS) if code == FACTORS_UNKNOWN else AUTH0, by_auth0=True)
        for code, users in counts.items()
    ]
    return sorted(found, key=lambda fault: (fault.decided, -fault.users, fault.code))


def users_of(run: RunFolder, fault: Fault) -> Sequence[tuple[str, str, str]]:
    """user_id, place and reason of the first users behind a fault."""
    lines = _refusals(run) if fault.by_auth0 else rejects_of(run)
    chosen = (line for line in lines if line["code"] == fault.code)
    return [
        (
            str(line.get("user_id") or "unknown"),
            str(line.get("position") or line.get("file") or ""),
            str(line["message"]),
        )
        for line in islice(chosen, LISTED)
    ]


def rejects_of(run: RunFolder) -> Iterator[dict[str, Any]]:
    """The users that preparing left out and that have not moved since; none where nothing was prepared."""
    path = run.path / REJECTS
    if not path.is_file():
        return
    moved = {one["user_id"] for one in compared(run, "moved")}
    with path.open(encoding="utf-8") as file:
        for line in file:
            found = json.loads(line)
            if found.get("user_id") not in moved:
                yield found


def compared(run: RunFolder, status: str) -> Iterator[dict[str, Any]]:
    """Lines of a status in what the comparison wrote: `user_id`, `status`, `fields`, mostly `file`, at times `found_as`.

    Refused ones are in the journal too, where Auth0's reason stands beside them.
    """
    if not run.verify.is_file():
        return
    with run.verify.open(encoding="utf-8") as file:
        for line in file:
            found: dict[str, Any] = json.loads(line)
            if found["status"] == status:
                yield found


def _refusals(run: RunFolder) -> Iterator[dict[str, Any]]:
    journal = Journal(run.journal, now=RealClock().now, only_read=True)
    try:
        for refusal in journal.refusals():
            yield {
                "file": refusal.file, "user_id": refusal.user_id, "code": refusal.code, "message": refusal.message,
            }  # fmt: skip
    finally:
        journal.close()


def refusals_of(run: RunFolder) -> Iterator[dict[str, Any]]:
    """The users that Auth0 refused."""
    return _refusals(run)
