"""`auth0-migrate secrets`, as a person at a terminal and as a script call it."""

import io
import json
import sys
from collections.abc import Iterator

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring.backend import KeyringBackend
from memory_keyring import MemoryKeyring

from wizard.commands.secrets import command
from wizard.errors import Exit, WizardError
from wizard.vault import SecretMissing, Vault

CANARY = "c4nary-s3cret-value"
TENANT = ("--tenant", "acme.eu.auth0.com")
PEM = "-----BEGIN PRIVATE KEY-----\nMIIB\nvQIB\n-----END PRIVATE KEY-----\n"


@pytest.fixture(autouse=True)
def system_keyring() -> Iterator[MemoryKeyring]:
    """A keyring in memory as that of this system."""
    before: KeyringBackend = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def run(*args: str, stdin: str | bytes = b"") -> Result:
    return CliRunner().invoke(command, [*args, *TENANT], input=stdin, standalone_mode=False)


def stored(name: str = "key") -> str:
    return Vault(TENANT[1]).get(name).reveal()


@pytest.mark.parametrize(
    ("piped", "kept"),
    [
        (CANARY, CANARY),
        (f"{CANARY}\n", CANARY),
        (f"{CANARY}\r\n", CANARY),
        (f"{CANARY}\n\n", f"{CANARY}\n"),
        (f" {CANARY} \n", f" {CANARY} "),
        (PEM, PEM.removesuffix("\n")),
    ],
)
def test_a_piped_secret_loses_one_line_end_and_nothing_else(piped: str, kept: str) -> None:
    result = run("set", "key", stdin=piped.encode())

    assert result.exception is None
    assert stored() == kept


def test_set_answers_with_the_reference_and_never_with_the_value() -> None:
    result = run("set", "key", "--json", stdin=CANARY)

    answer = {"tenant": "acme.eu.auth0.com", "name": "key", "stored": True, "reference": "keyring:key"}
    assert json.loads(result.stdout) == answer
    assert CANARY not in result.stdout + result.stderr


@pytest.mark.parametrize("piped", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_cannot_be_a_secret_is_refused(piped: bytes, system_keyring: MemoryKeyring) -> None:
    result = run("set", "key", stdin=piped)

    assert isinstance(result.exception, WizardError)
    assert result.exception.exit is Exit.USAGE
    assert system_keyring.entries == {}


def test_a_value_cannot_be_given_as_an_argument() -> None:
    result = run("set", "key", CANARY)

    assert result.exception is not None
    assert "unexpected extra argument" in str(result.exception)


def test_list_prints_one_name_a_line() -> None:
    run("set", "two", stdin=CANARY)
    run("set", "one", stdin=CANARY)

    assert run("list").stdout == "one\ntwo\n"
    assert json.loads(run("list", "--json").stdout) == {"tenant": "acme.eu.auth0.com", "names": ["one", "two"]}


def test_an_empty_list_says_so_on_stderr() -> None:
    result = run("list")

    assert (result.stdout, result.stderr) == ("", "No secret is stored for acme.eu.auth0.com.\n")


def test_delete_asks_first_and_where_nobody_can_answer_wants_yes() -> None:
    run("set", "key", stdin=CANARY)

    refused = run("delete", "key")

    assert isinstance(refused.exception, WizardError)
    assert "--yes" in str(refused.exception)
    assert stored() == CANARY
    assert json.loads(run("delete", "key", "--yes", "--json").stdout)["deleted"] is True
    with pytest.raises(SecretMissing):
        stored()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_the_value_is_typed_at_a_hidden_prompt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    asked: list[str] = []

    def hidden(prompt: str) -> str:
        asked.append(prompt)
        return CANARY

    monkeypatch.setattr("click.termui.hidden_prompt_func", hidden)

    command.main(["set", "key", *TENANT], standalone_mode=False)

    assert stored() == CANARY
    assert CANARY not in capsys.readouterr().out
