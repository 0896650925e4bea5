"""A keyring that never answers holds up no command for ever, and a signal ends the waiting."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from hanging_keyring import HangingKeyring
from keyring.backend import KeyringBackend

from wizard.errors import Exit, Interrupted
from wizard.tools import Stop
from wizard.vault import KeyringUnavailable, Secret, Vault, patience

# The constructor of keyring's own classes has no types.
hanging: Callable[[], KeyringBackend] = HangingKeyring
DOMAIN = "acme.eu.auth0.com"
SECONDS = 8.0
"""A command ends within this time of a signal, also on a machine that is busy."""
ANSWERS = """version = 1
[tenant]
domain = "acme.eu.auth0.com"
client_id = "invented"
client_secret = "keyring:api"
environment = "development"
[source]
url = "postgresql://ann@127.0.0.1:1/people"
password = "keyring:database"
users_table = "people"
[profile]
user_id = "id"
email = "email"
[passwords]
[strategy]
way = "bulk"
[connection]
name = "people"
[applications]
"""
SILENT_SERVICE = """
import jeepney, jeepney.io.blocking, time
bus = jeepney.io.blocking.open_dbus_connection()
named = jeepney.new_method_call(jeepney.bus_messages.message_bus, "RequestName", "su", ("org.freedesktop.secrets", 0))
assert bus.send_and_get_reply(named).body == (1,)
print("owned", flush=True)
while True:
    if bus.receive().header.message_type is jeepney.MessageType.method_call:
        print("asked", flush=True)
"""


def test_a_keyring_that_does_not_answer_is_told_after_a_stated_time() -> None:
    with pytest.raises(KeyringUnavailable) as told:
        Vault(DOMAIN, backend=hanging(), patience=0.3).get("api")
    assert told.value.exit == Exit.CREDENTIALS
    assert told.value.what == "The keyring does not answer"
    assert "0.3 seconds" in told.value.why
    assert all(way in str(told.value) for way in ("env:NAME", "install a keyring backend", "dbus-run-session"))


@pytest.mark.parametrize("ask", ["get", "set", "delete"])
def test_a_stop_ends_the_waiting_for_a_keyring(ask: str) -> None:
    stop = Stop()
    stop.request()
    vault = Vault(DOMAIN, backend=hanging(), stop=stop)
    began = time.monotonic()
    with pytest.raises(Interrupted):
        vault.set("api", Secret("x")) if ask == "set" else getattr(vault, ask)("api")
    assert time.monotonic() - began < SECONDS


def test_that_a_keyring_is_waited_for_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TELL_AFTER", 0.1)
    told: list[str] = []
    with pytest.raises(KeyringUnavailable):
        Vault(DOMAIN, backend=hanging(), patience=0.6, tell=told.append).get("api")
    assert [words.partition(",")[0] for words in told] == ["Waiting for the keyring"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    "words",
    [
        ["secrets", "list", "--tenant", DOMAIN],
        ["apply", "answers.toml", "--yes", "--runs", "runs"],
        ["prepare", "answers.toml", "--out", "out"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_says_that_it_waits_for_the_keyring(folder: Path, words: list[str]) -> None:
    with waiting_for_a_keyring(words, folder) as command:
        assert command.stderr
        assert command.stderr.readline().startswith("Waiting for the keyring, at most 60 seconds")
        assert_ended_by(signal.SIGINT, command)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "answers.toml").write_text(ANSWERS)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words",
    [
        ["secrets", "list", "--tenant", DOMAIN],
        ["plan", "answers.toml", "--runs", "runs"],
        ["apply", "answers.toml", "--yes", "--runs", "runs"],
        ["prepare", "answers.toml", "--out", "out"],
    ],
    ids=lambda words: words[0],
)
def test_one_signal_ends_a_command_that_waits_for_a_keyring(folder: Path, words: list[str], name: int) -> None:
    with waiting_for_a_keyring(words, folder) as command:
        assert_ended_by(name, command)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words", [["secrets", "list", "--tenant", DOMAIN], ["apply", "answers.toml", "--yes"]], ids=lambda words: words[0]
)
def test_signals_after_the_answer_change_nothing_any_more(folder: Path, words: list[str], name: int) -> None:
    with waiting_for_a_keyring(words, folder) as command:
        command.send_signal(name)
        assert command.stdout
        answer = json.loads(command.stdout.readline())
        while command.poll() is None:
            command.send_signal(name)
            time.sleep(0.001)
        assert command.stderr
        assert (command.returncode, command.stdout.read()) == (130, ""), command.stderr.read()
    assert answer["error"]["exit"] == 130


@dataclass
class SilentService:
    """A D-Bus session whose Secret Service takes every question and answers none; `asked` has a line for each."""

    environment: dict[str, str]
    asked: IO[str]


@pytest.fixture
def silent_service(tmp_path: Path) -> Iterator[SilentService]:
    if shutil.which("dbus-daemon") is None:
        absent = pytest.fail if os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL") else pytest.skip
        absent("not installed: dbus-daemon (package dbus)")
    words = ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={tmp_path / 'bus'}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdout
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip(),
        }
        words = [sys.executable, "-c", SILENT_SERVICE]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as service:
            assert service.stdout
            assert service.stdout.readline() == "owned\n"
            yield SilentService(environment, service.stdout)
            service.kill()
        bus.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is the keyring of Linux")
def test_a_secret_service_that_does_not_answer_is_told_after_a_stated_time(silent_service: SilentService) -> None:
    script = f"from wizard.vault import Vault; Vault({DOMAIN!r}, patience=0.5).names()"
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, env=silent_service.environment, capture_output=True, text=True, timeout=60)
    assert "The keyring does not answer" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is the keyring of Linux")
def test_a_signal_ends_the_waiting_for_a_secret_service(silent_service: SilentService, folder: Path) -> None:
    with started(["apply", "answers.toml", "--yes", "--runs", "runs"], folder, silent_service.environment) as command:
        assert silent_service.asked.readline() == "asked\n"
        assert_ended_by(signal.SIGTERM, command)


def waiting_for_a_keyring(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """A command that has asked a keyring which does not answer."""
    environment = {
        **os.environ,
        "PYTHON_KEYRING_BACKEND": "hanging_keyring.HangingKeyring",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[3])]),
    }
    command = started(words, folder, environment)
    assert command.stderr
    assert command.stderr.readline() == "the keyring was asked\n"
    return command


def started(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "wizard", *words, "--json"],
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def assert_ended_by(name: int, command: subprocess.Popen[str]) -> None:
    """Send the signal to a command that waits for the keyring, and see it end as interrupted."""
    began = time.monotonic()
    command.send_signal(name)
    try:
        told, complained = command.communicate(timeout=SECONDS)
    finally:
        command.kill()
    assert command.returncode == 130, complained
    assert json.loads(told.splitlines()[-1])["error"]["exit"] == 130
    assert "Traceback" not in complained
    assert time.monotonic() - began < SECONDS
