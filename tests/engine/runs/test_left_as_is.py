"""What the answers ask of a connection that is there already is told once, and neither changed nor part of the plan."""

import asyncio
import json
from pathlib import Path

import pytest
from rehearsal import Rehearsal, person

from wizard.__main__ import main
from wizard.commands.running import plan_text
from wizard.engine import plan_for
from wizard.runner import Plan

SETTINGS = ("connection.disable_signup=true", 'connection.password_policy="good"')
TOLD = (
    "The connection acme-users is there and keeps its settings, though the answers say otherwise: "
    'password_policy = "good" (there "fair"), disable_signup = true (there false).'
)


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    stage = Rehearsal(tmp_path)
    stage.write_people([person(1)])
    return stage


def plan(stage: Rehearsal, *flags: str) -> Plan:
    return asyncio.run(plan_for(stage.answers(*flags), base=stage.folder, world=stage.world))


def make_connection(stage: Rehearsal) -> None:
    options = {"passwordPolicy": "fair", "disable_signup": False}
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})


def test_a_plan_tells_in_one_line_which_settings_stay_and_is_the_same_plan(stage: Rehearsal) -> None:
    make_connection(stage)

    found, without = plan(stage, *SETTINGS), plan(stage)

    [line] = [line for line in plan_text(found).splitlines() if "acme-users is there" in line]
    assert line.startswith(f"! {TOLD}")
    assert line.endswith(
        "Change them in the Dashboard under Authentication > Database, or take them out of [connection]."
    )
    assert "is there" not in plan_text(without)
    assert found.to_json() == without.to_json()


def test_a_connection_that_the_run_has_made_as_asked_is_not_told_of(stage: Rehearsal) -> None:
    stage.apply(*SETTINGS)

    assert plan(stage, *SETTINGS).left_as_is == ()


def test_where_nothing_is_left_to_change_it_is_told_too(stage: Rehearsal) -> None:
    stage.apply(*SETTINGS)
    [connection] = stage.ask("GET", "connections", params={"name": "acme-users"})
    changed = {**connection["options"], "disable_signup": False}
    changed.pop("password_options", None)
    stage.ask("PATCH", f"connections/{connection['id']}", json={"options": changed})

    found = asyncio.run(plan_for(stage.answers(*SETTINGS), base=stage.folder, world=stage.world, run=stage.run))

    assert found.is_empty
    assert plan_text(found).startswith("Nothing to change.\n! The connection acme-users is there")


def test_the_command_tells_it_on_stderr_beside_the_object_that_holds_changes_alone(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_connection(stage)
    monkeypatch.setattr("wizard.commands.plan.world", lambda output: stage.world)
    flags = [word for setting in SETTINGS for word in ("--set", setting)]

    with pytest.raises(SystemExit):
        main(["plan", str(stage.answers_file), *flags, "--runs", str(stage.runs.folder), "--json"])

    told = capsys.readouterr()
    assert set(json.loads(told.out)) == {"hash", "changes"}
    assert told.err.count(TOLD) == 1
