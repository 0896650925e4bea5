"""`auth0-migrate answers`, as a person and as a script call it."""

import json
import stat
import sys
import types
from pathlib import Path

import pytest
from answers_sections import COMPLETE, SECTIONS
from click.testing import CliRunner, Result
from file_keyring import FileKeyring
from keyring.backends import fail

from wizard.answers import read, template
from wizard.commands.answers import command
from wizard.errors import Exit, WizardError


@pytest.fixture(autouse=True)
def keyring_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The keyring of these tests, which holds the secret of complete answers."""
    file = tmp_path / "keyring.json"
    file.write_text(json.dumps({"auth0-migration-wizard:acme.eu.auth0.com client-secret": "c4nary"}))
    monkeypatch.setenv("FILE_KEYRING", str(file))
    monkeypatch.setattr("keyring.get_keyring", FileKeyring)
    return file


@pytest.fixture(autouse=True)
def sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables that the commands know; the real ones have their own tests."""
    steps = types.ModuleType("wizard.steps")
    steps.SECTIONS = SECTIONS  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wizard.steps", steps)


def run(*args: str | Path, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], env=environment, standalone_mode=False)


def test_new_prints_the_template() -> None:
    assert run("new").stdout == template(SECTIONS).rstrip("\n") + "\n"


def test_new_writes_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"

    result = run("new", "--out", path, "--json")

    assert json.loads(result.stdout) == {"out": str(path)}
    assert path.read_text() == template(SECTIONS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_new_leaves_a_file_that_is_there_alone_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE)

    refused = run("new", "--out", path)

    assert isinstance(refused.exception, WizardError)
    assert refused.exception.exit is Exit.USAGE
    assert "--force" in str(refused.exception)
    assert path.read_text() == COMPLETE
    assert run("new", "--out", path, "--force").exception is None
    assert path.read_text() == template(SECTIONS)


def test_check_says_that_a_file_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE)

    result = run("check", path, "--json")

    assert json.loads(result.stdout.splitlines()[-1]) == {
        "valid": True,
        "file": str(path),
        "tables": ["tenant", "connection", "source", "upload"],
        "digest": read(COMPLETE, SECTIONS).digest(),
        "problems": [],
        "warnings": [],
    }
    assert result.return_value == Exit.DONE


def test_check_lists_problems_on_stderr_and_as_json_on_stdout(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE.replace("name =", "nam ="))

    result = run("check", path, "--json", "--quiet")

    assert result.return_value == Exit.USAGE
    answer = json.loads(result.stdout)
    assert answer["valid"] is False
    assert [problem["key"] for problem in answer["problems"]] == ["name", "nam"]
    assert "did you mean name?" in result.stderr


def test_check_takes_flags_and_environment(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE.replace("name = 'acme-users'", ""))

    with_flag = run("check", path, "--set", "connection.name=acme")
    with_variable = run("check", path, environment={"AUTH0_MIGRATE_CONNECTION__NAME": "acme"})

    assert (with_flag.return_value, with_variable.return_value) == (Exit.DONE, Exit.DONE)
    assert run("check", path).return_value == Exit.USAGE


def test_check_warns_of_secrets_that_are_not_at_hand_and_of_nothing_else(tmp_path: Path, keyring_file: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE.replace('kind = "csv", path = "./users.csv"', 'kind = "sql", url = "env:LEGACY_URL"'))
    keyring_file.write_text("{}")

    missing = run("check", path, "--json")
    path.write_text(path.read_text().replace("keyring:client-secret", "env:CLIENT_SECRET"))
    at_hand = run("check", path, "--json", environment={"LEGACY_URL": "x", "CLIENT_SECRET": "c4nary"})

    warnings = json.loads(missing.stdout)["warnings"]
    assert [warning["key"] for warning in warnings] == ["tenant.client_secret", "source.store.url"]
    assert "secrets set client-secret" in missing.stderr
    assert "The environment variable LEGACY_URL" in missing.stderr
    assert (missing.return_value, json.loads(missing.stdout)["valid"]) == (Exit.DONE, True)
    assert json.loads(at_hand.stdout)["warnings"] == []
    assert "c4nary" not in at_hand.output


def test_check_asks_a_keyring_that_cannot_be_used_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(COMPLETE.replace('kind = "csv", path = "./users.csv"', 'kind = "sql", url = "keyring:url"'))
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)

    result = run("check", path, "--json")

    [warning] = json.loads(result.stdout)["warnings"]
    assert warning == {"key": "tenant.client_secret", "message": "No keyring can be used here"}
    assert result.return_value == Exit.DONE


def test_schema_is_json_on_stdout_and_in_a_file_that_all_may_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.schema.json"

    printed = json.loads(run("schema").stdout)
    run("schema", "--out", path)

    assert json.loads(path.read_text()) == printed
    assert json.loads(run("schema", "--json").stdout)["schema"] == printed
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
