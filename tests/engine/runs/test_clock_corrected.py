"""The clock of the machine is corrected between two processes of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from phases_stage import PhasesStage
from rehearsal import CutShapes, JumpClock, Rehearsal, person

from wizard.events import Event, JobSubmitted, SubmissionInDoubt, UsersLeftCounted
from wizard.world import World

DAY = 86_400.0
UPLOAD = "POST /api/v2/jobs/users-imports"


@dataclass
class Wrong:
    """The clock of a machine that is `ahead` of the tenant's by so many seconds."""

    right: JumpClock
    ahead: float

    def now(self) -> float:
        return self.right.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await self.right.sleep(seconds)


class WrongStage(Rehearsal):
    """A rehearsal on such a machine."""

    ahead = 0.0

    @property
    def world(self) -> World:
        return replace(super().world, clock=Wrong(self.clock, self.ahead))


class WrongPhases(PhasesStage):
    """The same in two phases."""

    ahead = 0.0

    @property
    def world(self) -> World:
        return replace(super().world, clock=Wrong(self.clock, self.ahead))


def is_submitted(event: Event) -> bool:
    return isinstance(event, JobSubmitted)


def is_in_doubt(event: Event) -> bool:
    return isinstance(event, SubmissionInDoubt)


@pytest.mark.parametrize("ahead", [2 * DAY, -2 * DAY], ids=["was ahead", "was behind"])
@pytest.mark.parametrize("reached", [is_submitted, is_in_doubt])
def test_a_resumed_upload_does_not_wait_for_a_time_that_was_wrong(
    tmp_path: Path, reached: Callable[[Event], bool], ahead: float
) -> None:
    stage = WrongStage(tmp_path)
    stage.write_people([person(number) for number in range(1, 6)])
    stage.ahead = ahead
    if reached is is_in_doubt:
        stage.transport = CutShapes(stage.tenant.transport(), "before", [UPLOAD])
    stage.apply_until(reached)
    stage.ahead, began = 0.0, stage.clock.time
    progress = stage.resume()
    assert (progress.verdict, progress.imported + progress.already_there) == ("complete", 5)
    assert stage.clock.time - began < 3600


def test_who_is_left_is_counted_anew_where_the_last_count_was_made_in_the_future(tmp_path: Path) -> None:
    stage = WrongPhases(tmp_path)
    logged_in = datetime.fromtimestamp(stage.clock.now() - 10 * DAY, UTC).isoformat()
    stage.write_people([person(number) for number in range(1, 6)])
    lines = stage.folder.joinpath("users.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{lines[0]},last_login", *(f"{line},{logged_in}" for line in lines[1:])]
    stage.folder.joinpath("users.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    stage.ahead = 300 * DAY
    stage.apply()
    stage.ahead = 0.0
    stage.resume()
    counts = [event.users for event in stage.events if isinstance(event, UsersLeftCounted)]
    assert [next(iter(count.values())) for count in counts] == [0, 5]
