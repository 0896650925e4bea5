"""Somebody else changes in the tenant what a run has made: the next resume tells it, and puts nothing back unasked."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from phases_stage import PhasesStage, stage_of

from wizard.engine import carry_out
from wizard.errors import PlanStale
from wizard.events import ChangeApplied, Event
from wizard.runner import Plan

LEGACY_API = "https://legacy.example.com/api"


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    stage = stage_of(tmp_path)
    stage.apply("cutover.confirm=")
    return stage


def edit_script(stage: PhasesStage) -> None:
    options = stage.options()
    options["customScripts"]["login"] = "function login(name, password, callback) { return callback(null, null); }"
    options.pop("passwordPolicy", None)
    stage.ask("PATCH", f"connections/{stage.connection_id}", json={"options": options})


def unbind_actions(stage: PhasesStage) -> None:
    stage.ask("PATCH", "actions/triggers/post-login/bindings", json={"bindings": []})


def delete_action(stage: PhasesStage) -> None:
    [found] = [one for one in stage.ask("GET", "actions/actions")["actions"] if "mark" in one["name"]]
    stage.ask("DELETE", f"actions/actions/{found['id']}", params={"force": "true"})


def remove_grant(stage: PhasesStage) -> None:
    [found] = stage.ask("GET", "client-grants", params={"audience": LEGACY_API})
    stage.ask("DELETE", f"client-grants/{found['id']}")


def delete_application(stage: PhasesStage) -> None:
    [found] = [one for one in stage.ask("GET", "clients") if one["name"] == "Auth0 migration: legacy API"]
    stage.ask("DELETE", f"clients/{found['client_id']}")


def delete_api(stage: PhasesStage) -> None:
    [found] = [one for one in stage.ask("GET", "resource-servers") if one["identifier"] == LEGACY_API]
    stage.ask("DELETE", f"resource-servers/{found['id']}")


def disable_application(stage: PhasesStage) -> None:
    [shop] = [one for one in stage.ask("GET", "clients") if one["name"] == "Web shop"]
    listed = [{"client_id": shop["client_id"], "status": False}]
    stage.ask("PATCH", f"connections/{stage.connection_id}/clients", json=listed)


BY_HAND = [
    (edit_script, "set the scripts login, get_user of acme-users"),
    (unbind_actions, "let every login run first"),
    (delete_action, "build and deploy the Action “Migration of acme-users - mark as migrated”"),
    (remove_grant, "ask https://legacy.example.com/api for verify:passwords"),
    (delete_application, "create the machine-to-machine application"),
    (delete_api, "create the API https://legacy.example.com/api"),
    (disable_application, "enable the application Web shop for acme-users"),
]


@pytest.mark.parametrize(("change", "told"), BY_HAND, ids=[change.__name__ for change, _ in BY_HAND])
def test_what_somebody_has_changed_is_told_and_put_right_only_after_approval(
    stage: PhasesStage, change: Callable[[PhasesStage], None], told: str
) -> None:
    change(stage)
    counting = stage.count_requests()
    with pytest.raises(PlanStale, match="somebody has changed it since") as refused:
        stage.resume()
    assert told in str(refused.value)
    assert "resume" in refused.value.remedy
    assert counting.writes == []
    plans: list[Plan] = []

    def approve(plan: Plan) -> bool:
        plans.append(plan)
        return True

    assert stage.resume(approve=approve).verdict == "waiting"
    assert any(told in one.change.summary for one in plans[0].changes)
    assert stage.resume().verdict == "waiting"  # and nothing is left to be approved


def test_the_hash_that_approved_the_plan_does_not_approve_putting_it_right(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    hashes: list[str] = []

    def approve(plan: Plan) -> bool:
        hashes.append(plan.hash)
        return True

    stage.apply("cutover.confirm=", approve=approve)
    edit_script(stage)
    answers = stage.answers("cutover.confirm=")
    again = carry_out(
        stage.run, answers, base=stage.folder, world=stage.world, approve=lambda plan: True, approved_hash=hashes[0]
    )
    with pytest.raises(PlanStale, match="not the one that was approved"):
        asyncio.run(again)


def test_a_door_that_somebody_has_opened_after_the_cutover_is_closed_only_after_approval(stage: PhasesStage) -> None:
    stage.resume("trickle.go_on=true")
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"
    edit_script(stage)
    with pytest.raises(PlanStale, match="somebody has changed it since: end the migration of acme-users"):
        stage.resume()


def test_a_cutover_that_was_taken_back_is_made_again_by_its_confirmation_alone(stage: PhasesStage) -> None:
    stage.resume("trickle.go_on=true")
    stage.resume("cutover.confirm=acme-users")
    stage.undo(only="cutover")
    assert stage.resume().verdict == "waiting"
    assert stage.resume("cutover.confirm=acme-users").verdict == "complete"


def test_an_approval_of_putting_it_right_holds_for_what_a_crash_has_left_of_it(stage: PhasesStage) -> None:
    edit_script(stage)
    remove_grant(stage)

    def crash(event: Event) -> None:
        if isinstance(event, ChangeApplied):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.resume(approve=lambda plan: True, watch=crash)
    assert stage.resume().verdict == "waiting"
    edit_script(stage)
    with pytest.raises(PlanStale, match="somebody has changed it since"):
        stage.resume()
