"""Whose moving counts in the share that ends the phase: who signs up in Auth0 has not moved."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from linked_stage import link
from phases_stage import PhasesStage, stage_of

from wizard.engine import plan_for
from wizard.journal import Journal


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path)


def sign_up(stage: PhasesStage, people: range) -> None:
    for number in people:
        stage.sign_up(f"new{number}", f"new-{number}@example.org")


def test_who_signs_up_is_no_part_of_the_share_that_ends_the_phase(stage: PhasesStage) -> None:
    stage.apply("trickle.until=share", "trickle.share=50")
    stage.log_in(range(1, 6))
    sign_up(stage, range(12))
    stage.pass_days(1)
    progress = stage.resume()
    assert (progress.verdict, progress.migrated, progress.imported) == ("waiting", 5, 0)
    stage.log_in(range(6, 15))
    stage.pass_days(1)
    waiting = stage.resume().waiting
    assert waiting.startswith("14 of 30 users have moved at login (46.7 %)")
    stage.log_in([15])
    sign_up(stage, range(12, 20))
    progress = stage.resume()
    assert (progress.verdict, progress.migrated, progress.imported) == ("complete", 15, 15)


def test_a_plan_for_a_run_whose_share_is_reached_asks_for_no_export_and_keeps_nothing(stage: PhasesStage) -> None:
    share = ("trickle.until=share", "trickle.share=50")
    stage.apply(*share)
    stage.log_in(range(1, 16))
    stage.pass_days(1)
    with closing(Journal(stage.run.journal, now=stage.clock.now)) as journal:
        before = journal.facts()
    counting = stage.count_requests()
    asyncio.run(plan_for(stage.answers(*share), base=stage.folder, world=stage.world, run=stage.run))
    assert ("POST", "/api/v2/jobs/users-exports") not in counting.requests
    with closing(Journal(stage.run.journal, now=stage.clock.now)) as journal:
        assert journal.facts() == before
    assert stage.resume().migrated == 15
    assert counting.requests.count(("POST", "/api/v2/jobs/users-exports")) > 0


def test_a_share_that_is_reached_to_the_very_user_is_counted_by_ids_too(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 250)
    stage.apply("trickle.until=share", "trickle.share=64.4")
    stage.log_in(range(1, 6))
    stage.pass_days(1)
    stage.resume()
    sign_up(stage, range(156))
    stage.marked |= {f"new{number}" for number in range(156)}  # so that nothing else calls for a count by ids
    progress = stage.resume()
    assert (progress.verdict, progress.migrated, progress.imported) == ("waiting", 5, 0)


def test_who_has_moved_and_was_linked_counts_in_the_share_that_ends_the_phase(stage: PhasesStage) -> None:
    stage.apply("trickle.until=share", "trickle.share=50")
    stage.log_in(range(1, 16))
    link(stage, "2", to="1")
    sign_up(stage, range(1))
    stage.pass_days(1)
    assert stage.resume().migrated == 15


@pytest.mark.parametrize("until", ["trickle.until=hand", "trickle.until=date"])
def test_a_count_ends_no_phase_that_ends_by_hand_or_on_a_day(stage: PhasesStage, until: str) -> None:
    settings = [until, "trickle.date=2099-01-01"] if "date" in until else [until]
    stage.apply(*settings)
    stage.log_in([1])
    sign_up(stage, range(40))
    stage.pass_days(1)
    progress = stage.resume()
    assert (progress.verdict, progress.imported) == ("waiting", 0)
    assert progress.waiting.startswith("1 of 30 users have moved at login (3.3 %)")
