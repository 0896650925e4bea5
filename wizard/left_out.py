"""Whom preparing has left out and why, without those who have moved at login since, each with a remedy that still works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.rejects import NOT_LOGGED_IN, REASONS

if TYPE_CHECKING:
    from wizard.bulk.manifest import Manifest
    from wizard.progress import Progress
    from wizard.runs import RunFolder


@dataclass(frozen=True)
class LeftOut:
    """Users of one code; `decided` ones were left behind on purpose."""

    code: str
    users: int
    decided: bool
    remedy: str


def left_out(progress: Progress, manifest: Manifest | None, run: RunFolder) -> Sequence[LeftOut]:
    """Every reason of a run that still holds for somebody, most users first."""
    found = []
    for code, users in manifest.reasons.items() if manifest else ():
        left, decided = users - progress.moved_codes.get(code, 0), code in (manifest.decided if manifest else ())
        if left > 0:
            remedy = "Left behind as decided." if decided else _remedy(code, progress, run)
            found.append(LeftOut(code, left, decided, remedy))
    return sorted(found, key=lambda one: -one.users)


def _remedy(code: str, progress: Progress, run: RunFolder) -> str:
    if not progress.is_closed:
        return REASONS[code].remedy
    reopen = f"`{run.command('undo', run.id, '--cutover')}` lets them move at login again"
    closed = {
        NOT_LOGGED_IN: 'a new run with way = "bulk" in [strategy] imports those whose password Auth0 takes.',
        "password_unsupported": "a new run with unsupported or decisions in [passwords] imports them without a password; it is "
        "final.",
        "password_unconfirmed": 'a new run with unconfirmed = "import" in [passwords] imports them; try a few first.',
    }
    if code not in closed:
        return REASONS[code].remedy
    return f"After the cutover no login moves them: {reopen}, or {closed[code]}"
