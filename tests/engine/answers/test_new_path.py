"""The path of somebody new: look into a store, have answers made of it, prepare; no tenant and no editing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from wizard.__main__ import command as program
from wizard.errors import Exit, WizardError

USERS = (
    "id,email,email_verified,first_name,last_name,username,password_hash\n"
    "1,ann@example.com,true,Ann,Lee,ann,$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde\n"
    "2,bob@example.com,false,Bob,Ray,bob-the-builder-of-all,$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text(USERS)
    return tmp_path


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(program, list(arguments), env=environment, standalone_mode=False)


def answer(ended: Result) -> Any:
    assert ended.exception is None, ended.exception
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_store_is_inspected_answered_and_prepared_without_editing(folder: Path) -> None:
    seen = answer(run("inspect", "users.csv", "--json"))
    answer(run("answers", "new", "--from", "users.csv", "--out", "answers.toml", "--json"))
    made = run("prepare", "answers.toml", "--out", "out", "--set", "connection.username_max=30", "--json")

    assert answer(made)["users"] == {"read": 2, "prepared": 2, "rejected": 0}
    assert seen["users"] == 2
    [users] = [json.loads(path.read_bytes()) for path in (folder / "out" / "users").iterdir()]
    assert [user["email"] for user in users] == ["ann@example.com", "bob@example.com"]
    assert all(user["password_hash"].startswith("$2b$10$") for user in users)


def test_lengths_of_usernames_count_while_the_connection_has_no_name(folder: Path) -> None:
    run("answers", "new", "--from", "users.csv", "--out", "answers.toml")

    assert answer(run("prepare", "answers.toml", "--out", "out", "--json"))["users"]["rejected"] == 1

    path = folder / "answers.toml"
    path.write_text(path.read_text().replace("#username_max = 15", "username_max = 30"))
    assert answer(run("prepare", "answers.toml", "--out", "out", "--json"))["users"]["rejected"] == 0


def test_a_proof_needs_no_other_tables(folder: Path) -> None:
    run("answers", "new", "--from", "users.csv", "--out", "answers.toml")

    proof = run(
        "passwords",
        "prove",
        "answers.toml",
        "--account",
        "ann@example.com=env:ANN",
        "--json",
        environment={"ANN": "no"},
    )

    assert answer(proof)["proven"] is False  # it was tried, which is all that is asked here
    assert answer(proof)["accounts"][0]["scheme"] == "bcrypt"


def test_only_the_problems_of_tables_that_are_used_are_told(folder: Path) -> None:
    (folder / "answers.toml").write_text(
        'version = 1\n[tenant]\ndomain = 5\n[connection]\nname = "-"\n[source]\npath = "users.csv"\n'
        '[profile]\nuser_id = "id"\nemail = "email"\nmail = "x"\n[passwords]\nunsupported = "maybe"\n'
        "[prepare]\nmax_file_bytes = 1\n[verify]\ndepth = 3\n"
    )

    ended = run("prepare", "answers.toml", "--out", "out")

    assert isinstance(ended.exception, WizardError)
    assert ended.exception.exit is Exit.USAGE
    told = str(ended.exception)
    assert all(f"[{table}]" in told for table in ("profile", "passwords", "prepare"))
    assert not any(f"[{table}]" in told for table in ("tenant", "connection", "verify"))
    assert not (folder / "out").exists()


def test_lengths_that_cannot_be_are_told(folder: Path) -> None:
    run("answers", "new", "--from", "users.csv", "--out", "answers.toml")

    ended = run("prepare", "answers.toml", "--out", "out", "--set", "connection.username_min=40")

    assert "username_min is larger than username_max" in str(ended.exception)
    assert not (folder / "out").exists()


def test_a_table_that_nobody_knows_is_told_whatever_is_used(folder: Path) -> None:
    run("answers", "new", "--from", "users.csv", "--out", "answers.toml")
    with (folder / "answers.toml").open("a") as file:
        file.write('\n[pasword]\ncolumn = "password_hash"\n')

    ended = run("prepare", "answers.toml", "--out", "out")

    assert "[pasword]" in str(ended.exception)
    assert "did you mean passwords?" in str(ended.exception)
