"""The commands against a real Secret Service: gnome-keyring in a D-Bus session of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TENANT = "acme.eu.auth0.com"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIB ünï\nvQIB\n-----END PRIVATE KEY-----"

SESSION = """\
set -eu
printf 'a password' | gnome-keyring-daemon --unlock --components=secrets >"$HOME/daemon.env"
status=0
"$PYTHON" "$SCRIPT" || status=$?
"$PYTHON" -c "import os, signal, secretstorage, jeepney
bus = secretstorage.dbus_init()
asked = jeepney.new_method_call(jeepney.bus_messages.message_bus, 'GetConnectionUnixProcessID', 's', ('org.freedesktop.secrets',))
os.kill(bus.send_and_get_reply(asked).body[0], signal.SIGTERM)"
exit $status
"""

LOCK = "import secretstorage; secretstorage.get_default_collection(secretstorage.dbus_init()).lock()"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is the keyring of Linux")


@pytest.fixture(autouse=True)
def installed() -> None:
    """Skip where there is no Secret Service to start, unless everything must be tested."""
    absent = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    if absent and os.environ.get("AUTH0_MIGRATE_REQUIRE_ALL"):
        pytest.fail(f"not installed: {', '.join(absent)} (packages dbus and gnome-keyring)")
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)} (packages dbus and gnome-keyring)")


def in_session(tmp_path: Path, script: str, session: str = SESSION) -> subprocess.CompletedProcess[str]:
    """Run a Python script in a session with an unlocked keyring; both end with it."""
    folders = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "runtime"}
    for name in folders.values():
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "script.py").write_text(script)
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHON": sys.executable,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "SCRIPT": str(tmp_path / "script.py"),
        **{variable: str(tmp_path / folder) for variable, folder in folders.items()},
    }
    return subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", session],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )


CALLS = f"""
import json, subprocess, sys

def call(*args, stdin=""):
    words = [sys.executable, "-m", "wizard", "secrets", *args, "--tenant", {TENANT!r}, "--json"]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True)
    return {{"exit": done.returncode, "out": done.stdout.splitlines(), "err": done.stderr}}
"""


def test_secrets_are_set_listed_read_and_deleted(tmp_path: Path) -> None:
    script = f"""{CALLS}
from wizard.vault import Vault
told = [call("set", "signing-key", stdin={PEM + chr(10)!r}), call("set", "client-secret", stdin="s3cret")]
told += [call("list")]
revealed = Vault({TENANT!r}).resolve("keyring:signing-key", {{}}).reveal()
told += [call("delete", "client-secret", "--yes"), call("list"), call("delete", "client-secret", "--yes")]
print(json.dumps([told, revealed]))
"""
    done = in_session(tmp_path, script)

    assert done.returncode == 0, done.stderr
    told, revealed = json.loads(done.stdout.splitlines()[-1])
    assert revealed == PEM
    assert [call["exit"] for call in told] == [0, 0, 0, 0, 0, 4]
    answers = [json.loads(call["out"][-1]) for call in told]
    assert answers[2]["names"] == ["client-secret", "signing-key"]
    assert answers[4]["names"] == ["signing-key"]
    assert "s3cret" not in json.dumps(told)


def test_a_locked_keyring_is_told_and_nothing_is_stored(tmp_path: Path) -> None:
    done = in_session(tmp_path, f"{CALLS}\n{LOCK}\nprint(json.dumps(call('set', 'key', stdin='s3cret')))")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["exit"] == 4
    assert "The keyring is locked" in told["err"]
    assert "unlock it" in told["err"].lower()


@pytest.mark.parametrize("forced", [{}, {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}])
@pytest.mark.parametrize("bus", [{}, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus"}])
def test_without_a_bus_the_three_ways_out_are_named(
    tmp_path: Path, forced: dict[str, str], bus: dict[str, str]
) -> None:
    environment = {"PATH": "/nowhere", "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    words = [sys.executable, "-m", "wizard", "secrets", "list", "--tenant", TENANT]

    done = subprocess.run(words, env={**environment, **forced, **bus}, capture_output=True, text=True, timeout=90)

    assert done.returncode == 4, done.stderr
    assert all(way in done.stderr for way in ("env:NAME", "install a keyring backend", "dbus-run-session"))
    assert "Traceback" not in done.stderr
