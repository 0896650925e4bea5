"""The command line as scripts see it: one JSON object, documented exit codes, nothing sent that was not asked for."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wizard.bulk.preparation.folder import claimed
from wizard.events import RunStarted
from wizard.journal import Journal
from wizard.runs import RunFolder, Runs

USERS = "id,email,first,pw\n1,ada@example.com,Ada,$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n2,nobody,Bo,x\n"
ANSWERS = """version = 1
[source]
path = "users.csv"
[profile]
user_id = "id"
email = "email"
given_name = "first"
[passwords]
column = "pw"
"""


def run(*arguments: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON on the last line of stdout, and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "wizard", *arguments, "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.csv").write_text(USERS)
    (tmp_path / "answers.toml").write_text(ANSWERS)
    return tmp_path


def test_prepare_needs_no_tenant_and_its_counts_add_up(folder: Path) -> None:
    status, answer, _ = run("prepare", "answers.toml", "--out", "out", folder=folder)
    assert status == 3
    assert list(answer) == ["users", "chunks", "bytes", "largest_chunk", "seconds", "out"]
    assert answer["users"] == {"read": 2, "prepared": 1, "rejected": 1}
    users = json.loads((folder / "out/users/00001.json").read_bytes())
    assert [user["user_id"] for user in users] == ["1"]
    assert {"rejects.ndjson", "manifest.json", "users"} == {path.name for path in (folder / "out").iterdir()}


def test_two_do_not_prepare_into_one_folder_at_once(folder: Path) -> None:
    arguments = ("prepare", "answers.toml", "--out", "out")
    with claimed(folder / "out"):
        (folder / "out/.working-preparing-1-x").mkdir()
        status, answer, narrated = run(*arguments, folder=folder)
        assert (status, answer["error"]["what"]) == (1, "Another process prepares users into out")
        assert "Wait for it, or choose another folder" in narrated
        assert (folder / "out/.working-preparing-1-x").is_dir()
    assert run(*arguments, folder=folder)[0] == 3


def test_a_folder_that_cannot_be_made_is_told_with_the_remedy(folder: Path) -> None:
    status, answer, _ = run("prepare", "answers.toml", "--out", "users.csv/out", folder=folder)
    assert (status, answer["error"]["what"]) == (1, "The prepared users cannot be written to users.csv/out")


def test_prepare_warns_of_profiles_beyond_the_announced_cap(folder: Path) -> None:
    hashed = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
    (folder / "users.csv").write_text(f"id,email,first,pw,note\n1,ada@example.com,Ada,{hashed},{'x' * 11_000}\n")
    (folder / "answers.toml").write_text(ANSWERS + '[profile.user_metadata]\nnote = "note"\n')
    status, _, narrated = run("prepare", "answers.toml", "--out", "out", folder=folder)
    assert status == 0
    assert "1 user is larger than 10 KB" in narrated


def test_prepare_is_clean_when_the_rejects_were_decided_about(folder: Path) -> None:
    decided = "prepare.skip=['email_invalid', 'password_unsupported']"
    assert run("prepare", "answers.toml", "--out", "out", "--set", decided, folder=folder)[0] == 0


def test_inspect_answers_exactly_what_was_promised(folder: Path) -> None:
    status, answer, _ = run("inspect", "users.csv", folder=folder)
    assert status == 0
    assert list(answer) == ["users", "columns", "suggested_mapping", "passwords", "recommendation"]
    assert (answer["users"], answer["columns"]) == (2, ["id", "email", "first", "pw"])
    assert {"scheme", "parameters", "users", "carried_by", "why"} <= set(answer["passwords"][0])
    assert {"strategy", "why"} <= set(answer["recommendation"])


@pytest.mark.parametrize(("name", "text"), [("none.json", "[]"), ("none.csv", "id,email,pw\n")])
def test_inspecting_a_store_without_users_advises_nothing(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    status, answer, told = run("inspect", name, folder=folder)
    assert status == 2
    assert "holds no users, so there is nothing to migrate" in told
    assert answer["error"]["remedy"]


def test_all_problems_of_answers_are_told_at_once_and_nothing_is_sent(folder: Path) -> None:
    (folder / "answers.toml").write_text('version = 1\n[profile]\nuser_id = 3\nemial = "email"\n[sourze]\n')
    status, answer, told = run("plan", "answers.toml", folder=folder)
    assert status == 2
    assert {(one["table"], one["key"]) for one in answer["problems"]} >= {
        ("profile", "emial"),
        ("sourze", ""),
        ("tenant", ""),
    }
    assert "Nothing was sent." in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["plam", "answers.toml"],
        ["plan"],
        ["apply", "answers.toml", "--approv", "x"],
        ["status", "nothing", "--runs", "runs"],
    ],
)
def test_wrong_usage_is_status_two(folder: Path, arguments: list[str]) -> None:
    assert run(*arguments, folder=folder)[0] == 2


def test_apply_without_approval_or_terminal_is_refused(folder: Path) -> None:
    tenant = ("domain=acme.eu.auth0.com", "client_id=invented", "client_secret=env:NONE", "environment=development")
    answers = [*(f"tenant.{each}" for each in tenant), "connection.name=people"]
    flags = [word for each in answers for word in ("--set", each)]
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "apply", "answers.toml", *flags],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--approve HASH" in done.stderr


def test_runs_of_a_folder_that_is_not_there_are_none(folder: Path) -> None:
    assert run("runs", "--runs", "nowhere", folder=folder)[:2] == (0, {"runs": []})


def test_who_asks_for_the_latest_run_before_there_is_one_is_told_how_to_start_one(folder: Path) -> None:
    status, answer, told = run("status", "latest", "--runs", "none", folder=folder)
    assert (status, answer["error"]["exit"]) == (2, 2)
    assert "There are no runs in" in told
    assert "auth0-migrate apply ANSWERS" in told


def test_a_run_that_was_killed_is_shown_as_stopped(folder: Path) -> None:
    made = Runs(folder / "runs").create("acme", begin, now=0.0)
    listed = subprocess.run(
        [sys.executable, "-m", "wizard", "runs", "--runs", "runs"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(rf"^{made.id} +stopped ", listed.stdout), listed.stderr
    _, answer, _ = run("runs", "--runs", "runs", folder=folder)
    assert answer["runs"][0]["verdict"] == "failed"


def begin(made: RunFolder) -> None:
    journal = Journal(made.journal, now=lambda: 0.0)
    journal.emit(RunStarted(made.id, "bulk", resumed=False))
    journal.close()


def test_the_demo_is_complete_and_dirty_rows_without_a_decision_are_not(tmp_path: Path) -> None:
    status, answer, _ = run("demo", "--strategy", "bulk", "--users", "60", "--runs", "runs", folder=tmp_path)
    users = answer["users"]
    assert (status, answer["verdict"]) == (0, "complete")
    assert (
        users["read"]
        == 60
        == sum(users[key] for key in ("imported", "migrated", "already_there", "rejected", "skipped"))
    )
    assert Path(answer["report"]).is_file()
    status, answer, _ = run(
        "demo", "--strategy", "bulk", "--users", "60", "--undecided", "--runs", "runs", folder=tmp_path
    )
    assert (status, answer["verdict"]) == (3, "attention")
    assert answer["users"]["rejected"] > 0
    assert run("status", "--runs", "runs", folder=tmp_path)[1]["users"] == answer["users"]
    assert len(run("runs", "--runs", "runs", folder=tmp_path)[1]["runs"]) == 2


def test_a_second_demo_is_a_run_of_its_own(tmp_path: Path) -> None:
    first, second = (
        run("demo", "--strategy", "bulk", "--users", "20", "--runs", "runs", folder=tmp_path) for _ in range(2)
    )
    assert (first[0], second[0]) == (0, 0)
    assert first[1]["run"] != second[1]["run"]
    assert first[1]["users"] == second[1]["users"]


@pytest.mark.parametrize("way", ["two-phase", "automatic"])
def test_the_demo_moves_people_at_login_and_they_all_log_in_after_the_cutover(way: str, tmp_path: Path) -> None:
    status, answer, told = run("demo", "--strategy", way, "--users", "60", "--runs", "runs", folder=tmp_path)
    assert (status, answer["verdict"], answer["strategy"]) == (0, "complete", way), told
    users = answer["users"]
    assert users["migrated"] > 10
    assert users["imported"] > 10 or way == "automatic"
    assert users["read"] == 60 == users["imported"] + users["migrated"] + users["skipped"]
    [line] = [line for line in told.splitlines() if line.startswith("After the cutover")]
    assert line.split()[3] == line.split()[5] != "0"
    assert not re.search(r"@example|\$2[aby]\$", told)
    head = told.partition("started")[0]
    assert "rows with mistakes" in head and "left behind as decided" in head
    assert "first logins that break off half-way" in head
    if "✗" in told:
        assert told.index("checks fail (✗)") < told.index("\n✗") < told.index("Staged: the ✗ above")


def test_the_demo_of_both_phases_ends_with_attention_when_nobody_decided_about_dirty_rows(tmp_path: Path) -> None:
    status, answer, told = run("demo", "--users", "40", "--undecided", "--runs", "runs", folder=tmp_path)
    assert (status, answer["verdict"]) == (3, "attention"), told
    assert answer["users"]["rejected"] > 0
    assert "about which nothing is decided, so that it ends with status 3" in told


def test_the_runs_of_demos_are_kept_apart_and_it_is_said_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    listing = [sys.executable, "-m", "wizard", "runs"]
    assert (
        "Runs of demo" not in subprocess.run(listing, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    )
    _, answer, told = run("demo", "--strategy", "bulk", "--users", "20", folder=tmp_path)
    [command] = re.findall(r"listed by: auth0-migrate (.*)", told)
    told = subprocess.run(listing, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"auth0-migrate {command}" in told and answer["run"] not in told
    [listed] = run(*shlex.split(command), folder=tmp_path)[1]["runs"]
    assert listed["run"] == answer["run"]
