"""Results on stdout, narration on stderr, and a log with times and without secrets."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from wizard.__main__ import command as auth0_migrate
from wizard.__main__ import main
from wizard.commands.output import Output, common_options
from wizard.commands.redaction import redacted
from wizard.errors import UsageError, WizardError

CANARY = "c4nary-s3cret-value"


@click.command()
@click.option("--fail", is_flag=True)
@click.option("--ask", is_flag=True)
@common_options
def command(output: Output, fail: bool, ask: bool) -> int:
    output.say("Looking")
    output.log("seen only in the log")
    if fail:
        raise UsageError("That failed", remedy="do better.")
    if ask:
        output.confirm("Go on", without_terminal="add --yes")
    output.result({"answer": "zwölf"}, "The answer is zwölf.")
    return 3


def run(*args: str) -> Result:
    return CliRunner().invoke(command, args, standalone_mode=False)


def test_narration_goes_to_stderr_and_the_result_to_stdout() -> None:
    result = run()

    assert (result.stdout, result.stderr) == ("The answer is zwölf.\n", "Looking\n")
    assert result.return_value == 3


def test_as_json_the_result_is_one_object_on_the_last_line_in_ascii() -> None:
    result = run("--json")

    assert json.loads(result.stdout.splitlines()[-1]) == {"answer": "zwölf"}
    assert result.stdout.isascii()
    assert result.stderr == "Looking\n"


def test_quiet_leaves_the_result() -> None:
    result = run("--quiet")

    assert (result.stdout, result.stderr) == ("The answer is zwölf.\n", "")


def test_a_second_result_is_a_mistake() -> None:
    output = Output()
    output.result({})

    with pytest.raises(RuntimeError):
        output.result({})


def test_without_a_terminal_a_question_becomes_an_error_with_the_way_around() -> None:
    result = run("--ask")

    assert isinstance(result.exception, UsageError)
    assert "--yes" in str(result.exception)


def test_a_command_raises_its_errors_and_logs_them(tmp_path: Path) -> None:
    path = tmp_path / "run.log"

    result = run("--fail", "--json", "--log-file", str(path))

    assert isinstance(result.exception, WizardError)
    assert result.stdout == ""
    assert "stopped: That failed" in path.read_text()


def test_the_log_has_a_time_on_every_line_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text("")
    path.chmod(0o644)

    run("--log-file", str(path))
    run("--quiet", "--log-file", str(path))

    lines = path.read_text().splitlines()
    texts = [line.partition(" ")[2] for line in lines]
    assert texts == 2 * ["Looking", "seen only in the log", 'result {"answer": "zw\\u00f6lf"}']
    assert all(datetime.fromisoformat(line.partition(" ")[0]).tzinfo == UTC for line in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    result = run("--log-file", str(tmp_path / "missing" / "run.log"))

    assert isinstance(result.exception, UsageError)


HOSTILE = "na\x1b]0;pwned\x07me \x9b31m \u202ekcab\u2066 \x7f\r\x08 Zo\u00eb \u65e5\u672c\nnext"
SHOWN = "na\\x1b]0;pwned\\x07me \\x9b31m \\u202ekcab\\u2066 \\x7f\\r\\b Zo\u00eb \u65e5\u672c"


@click.command()
@common_options
def hostile(output: Output) -> None:
    output.say(HOSTILE)
    output.complain(HOSTILE)
    output.result({"name": HOSTILE}, HOSTILE)


def test_what_a_terminal_would_obey_is_shown_and_logged_as_escapes(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    done = CliRunner().invoke(hostile, ["--log-file", str(log)], standalone_mode=False)
    assert done.stdout == f"{SHOWN}\nnext\n"
    assert done.stderr == 2 * f"{SHOWN}\nnext\n"
    texts = [line.partition(" ")[2] for line in log.read_text().splitlines()]
    assert texts[:4] == 2 * [SHOWN, "next"]


def test_json_of_what_a_terminal_would_obey_is_printable_and_still_says_it() -> None:
    done = CliRunner().invoke(hostile, ["--json", "--quiet"], standalone_mode=False)
    assert done.stdout.removesuffix("\n").isprintable()
    assert json.loads(done.stdout) == {"name": HOSTILE}


def test_columns_of_a_store_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "evil.csv").write_text("id,email,na\x1b]0;pwned\x07me,\u202eevil\n1,ada@example.com,Ada,x\n")
    command = [sys.executable, "-m", "wizard", "inspect", "evil.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert r"na\x1b]0;pwned\x07me" in done.stdout
    assert r"\u202eevil" in done.stdout
    assert {"\x1b", "\x07", "\u202e"}.isdisjoint(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"client_secret={CANARY}&x=1", CANARY),
        (f'{{"client_secret": "{CANARY}"}}', CANARY),
        (f"{{'password': '{CANARY} more'}}", "more"),
        (f"Authorization: Bearer {CANARY}", CANARY),
        (f"postgresql://wizard:{CANARY}@db.example.org/users", CANARY),
        ("token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwcyJ9.c2lnbmF0dXJl here", "c2lnbmF0dXJl"),
        ("$2b$10$abcdefghijklmnopqrstuuN3JbVW2oVqVvXxT5Rkf7Bqj0hQ3bW6C", "N3JbVW2o"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g", "aGFzaGhhc2g"),
        ("line 7 is of ada.lovelace+x@mail.example.org, duplicate", "lovelace"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\nvQIB\n-----END RSA PRIVATE KEY-----", "vQIB"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\nvQIB", "vQIB"),
    ],
)
def test_what_looks_like_a_secret_is_masked_in_the_log(text: str, secret: str) -> None:
    assert secret not in redacted(text)
    assert "[" in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "uploading: 40 %, 1,200 users in Auth0, 2 jobs running",
        "client_secret must name a secret, not hold it",
        "keyring:client-secret for acme.eu.auth0.com",
        "https://acme.eu.auth0.com/api/v2/jobs/users-imports",
    ],
)
def test_ordinary_narration_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@given(st.text())
def test_masking_is_finished_after_one_pass(text: str) -> None:
    once = redacted(text)

    assert redacted(once) == once


def test_each_line_of_what_is_said_at_once_has_its_time_in_the_log(tmp_path: Path) -> None:
    class Lines(list[str]):
        def write(self, text: str) -> None:
            self.append(text)

        def flush(self) -> None: ...

    log: Any = Lines()

    Output(quiet=True, log=log, now=lambda: datetime(2026, 8, 1, tzinfo=UTC)).say("two\nlines")

    assert log == ["2026-08-01T00:00:00.000Z two\n", "2026-08-01T00:00:00.000Z lines\n"]


def test_a_reader_that_is_gone_is_no_failure_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id,email\n1,ada@example.com\n")
    command = [sys.executable, "-m", "wizard", "inspect", "users.csv"]
    for more in ([], ["--json"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [*command, *more], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(write)
        assert (done.returncode, done.stderr) == (0, "")


def test_with_stderr_gone_the_result_still_comes(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text("version = 1\n")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "wizard", "plan", "answers.toml", "--json"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=write, text=True, check=False)
    os.close(write)
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "failed"


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


def inspected(folder: Path, *options: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    (folder / "users.csv").write_text("id,email\n1,ada@example.com\n")
    command = [sys.executable, "-m", "wizard", "inspect", "users.csv", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(command, cwd=folder, text=True, check=False, **{**pipes, **streams})


@full
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_result_that_finds_no_room_is_told_and_no_success(tmp_path: Path, options: list[str]) -> None:
    with Path("/dev/full").open("w") as stdout:
        done = inspected(tmp_path, *options, stdout=stdout)
    assert done.returncode == 1
    assert done.stderr.startswith("The result cannot be written: No space left on device.")
    assert "Traceback" not in done.stderr


@full
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["undo", "--help"]])
def test_help_that_finds_no_room_is_told_and_no_success(words: list[str]) -> None:
    with Path("/dev/full").open("w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *words], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The result cannot be written: No space left on device.")
    assert "Traceback" not in done.stderr


def every_command() -> list[tuple[str, ...]]:
    """The words of each command and of each below it."""
    context = click.Context(auth0_migrate)
    below = {name: auth0_migrate.get_command(context, name) for name in auth0_migrate.list_commands(context)}
    return [
        *((name,) for name in below),
        *((name, inner) for name, group in below.items() if isinstance(group, click.Group) for inner in group.commands),
    ]


@full
@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_the_help_of_every_command_that_finds_no_room_is_told_and_no_success(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("The result cannot be written: No space left on device.")


@full
def test_an_error_that_finds_no_room_for_its_json_keeps_its_status(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wizard", "plan", "missing.toml", "--json"]
    with Path("/dev/full").open("w") as stdout:
        done = subprocess.run(command, cwd=tmp_path, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no answers file missing.toml.")
    assert "Traceback" not in done.stderr


def closed(words: str, *streams: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Give a command while some standard streams are closed, as `>&-` does it."""
    (folder / "users.csv").write_text("id,email\n1,ada@example.com\n")
    command = [sys.executable, "-m", "wizard", *words.split()]
    program = f"import os\nfor one in {streams}: os.close(one)\nos.execv({command[0]!r}, {command})"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("words", ["inspect users.csv", "inspect users.csv --json", "--help", "--version"])
def test_a_result_with_stdout_closed_is_told_and_no_success(tmp_path: Path, words: str) -> None:
    done = closed(words, 1, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The result cannot be written: stdout is closed.")
    assert "Traceback" not in done.stderr


def test_with_stderr_closed_the_result_still_comes(tmp_path: Path) -> None:
    done = closed("inspect users.csv --json", 0, 2, folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["users"]) == (0, 1)


def test_with_stdin_closed_nobody_can_be_asked(tmp_path: Path) -> None:
    done = closed("", 0, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("The wizard needs a terminal: stdin is not one.")


@full
def test_narration_that_finds_no_room_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text("version = 1\n")
    command = [sys.executable, "-m", "wizard", "plan", "answers.toml", "--json"]
    with Path("/dev/full").open("w") as stderr:
        done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "failed"


@full
def test_a_log_file_that_finds_no_room_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    done = inspected(tmp_path, "--json", "--log-file", "/dev/full")
    assert (done.returncode, json.loads(done.stdout)["users"]) == (0, 1)
    assert done.stderr.count("The log file cannot be written any more: No space left on device") == 1
