"""What was on the tenant before a run: kept for an undo, apart from the journal, and gone once the run is purged."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from phases_stage import PhasesStage, stage_of
from undo_stage import finished

from wizard.__main__ import main
from wizard.doorway.guards import GUARDS, guard_name
from wizard.journal import Journal
from wizard.undo.before import FACT, KEPT

SECRET = "S3cret-0f-The-Legacy-Store"
SCRIPTS = {
    name: f"function {name}(a, b, cb) {{ mysql({{ user: 'root', password: '{SECRET}' }}); cb(); }}"
    for name in ("login", "get_user", "verify")
}
CODE = f"exports.onExecutePostLogin = async () => {{ const key = '{SECRET}'; }};"


@pytest.fixture
def stage(tmp_path: Path) -> PhasesStage:
    """A tenant whose connection and Action have code of somebody else, with credentials in it."""
    stage = stage_of(tmp_path, 4)
    options = {"enabledDatabaseCustomization": True, "import_mode": False, "customScripts": SCRIPTS}
    stage.ask("POST", "connections", json={"name": "acme-users", "strategy": "auth0", "options": options})
    action = {
        "name": guard_name(GUARDS[0], "acme-users"),
        "supported_triggers": [{"id": "post-login", "version": "v3"}],
        "code": CODE,
        "runtime": "node22",
        "deploy": True,
    }
    stage.ask("POST", "actions/actions", json=action)
    stage.clock.time += 60
    return stage


def holding_the_secret(stage: PhasesStage) -> set[Path]:
    return {path for path in stage.run.path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()}


def codes(stage: PhasesStage) -> tuple[Any, list[str]]:
    actions = stage.ask("GET", "actions/actions")["actions"]
    return stage.options().get("customScripts"), [one["code"] for one in actions]


def as_an_earlier_version_kept_it(stage: PhasesStage) -> None:
    """Everything in the journal, and no file."""
    journal = Journal(stage.run.journal, now=stage.clock.now)
    for key, found in journal.facts().items():
        if key.startswith(FACT) and isinstance(found, dict) and KEPT in found:
            file = stage.run.path / found.pop(KEPT)
            journal.remember(key, {**found, **json.loads(file.read_text())})
            file.unlink()
    journal.close()


def test_it_is_in_private_files_of_the_run_alone_and_an_undo_puts_it_back(stage: PhasesStage) -> None:
    stage.apply()
    kept = holding_the_secret(stage)
    assert {path.name.partition(".")[0] for path in kept} == {"before"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stage.undo().left == ()
    assert codes(stage) == (SCRIPTS, [CODE])
    assert holding_the_secret(stage) == set()


def test_an_undo_puts_back_what_an_earlier_version_kept_in_its_journal(stage: PhasesStage) -> None:
    stage.apply()
    as_an_earlier_version_kept_it(stage)
    assert stage.undo().left == ()
    assert codes(stage) == (SCRIPTS, [CODE])


@pytest.mark.parametrize("earlier", [False, True])
def test_purging_leaves_nothing_of_it_and_an_undo_says_what_it_cannot_put_back(
    stage: PhasesStage, capsys: pytest.CaptureFixture[str], earlier: bool
) -> None:
    finished(stage)
    if earlier:
        as_an_earlier_version_kept_it(stage)
    assert holding_the_secret(stage)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "--purge", stage.run.id, "--runs", str(stage.runs.folder)])
    assert ended.value.code == 0
    assert "An undo can no longer put back the scripts" in capsys.readouterr().out
    assert holding_the_secret(stage) == set()
    undone = stage.undo()
    lost = "the scripts and configuration values that the connection acme-users had before"
    assert f"{lost}: the files that had them were purged" in stage.undo_plans[-1].stays
    [told] = [one for one in undone.left if one.lower().startswith(lost)]
    assert "cannot be put back: the files that had them were purged" in told
    assert undone.changes > 0


def test_a_run_that_has_replaced_nothing_is_purged_without_a_word_of_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = stage_of(tmp_path / "none", 4)
    stage.apply()
    stage.undo()
    with pytest.raises(SystemExit):
        main(["runs", "--purge", stage.run.id, "--runs", str(stage.runs.folder)])
    assert "scripts" not in capsys.readouterr().out


def test_a_file_that_somebody_edited_is_not_put_back(stage: PhasesStage) -> None:
    stage.apply()
    for path in holding_the_secret(stage):
        path.write_text(path.read_text().replace(SECRET, "another"))
    undone = stage.undo()
    assert any("purged, or changed since" in one for one in undone.left)
    assert "another" not in str(codes(stage))
