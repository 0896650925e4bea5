"""How long an Action is waited for until it is live."""

from pathlib import Path

import pytest
from phases_stage import PhasesStage, stage_of

from wizard.errors import WizardError
from wizard.practice.fault_rules import Latency
from wizard.practice.faults import Faults


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    return stage_of(tmp_path, 3)


def test_an_action_that_is_never_built_is_named_and_the_run_goes_on_once_it_is(stage: PhasesStage) -> None:
    switches = stage.tenant.switches
    stage.tenant.switches = switches.model_copy(update={"action_build_seconds": 1e6})
    with pytest.raises(WizardError, match="is not live") as stuck:
        stage.apply()
    assert "after 180 seconds it is" in stuck.value.why
    stage.tenant.switches = switches
    stage.clock.time += 1e6
    assert stage.resume(approve=lambda plan: True).verdict == "waiting"


def test_answers_that_take_long_use_up_nobodys_patience(stage: PhasesStage) -> None:
    slow = Latency(action="latency", path="/api/v2/actions/*", seconds=100.0)
    stage.tenant.faults = Faults([slow], seed=1)
    stage.tenant.switches = stage.tenant.switches.model_copy(update={"action_build_seconds": 250.0})
    assert stage.apply().verdict == "waiting"
