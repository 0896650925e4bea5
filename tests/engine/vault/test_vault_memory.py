"""The vault against a keyring in memory: what it keeps, what it refuses, and what it never shows."""

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordSetError
from memory_keyring import MemoryKeyring

from wizard.errors import Exit, UsageError, WizardError
from wizard.vault import KeyringUnavailable, Secret, SecretMissing, Vault

CANARY = "c4nary-s3cret-value"
DOMAIN = "acme.eu.auth0.com"
# Constructors of keyring's own, which have no types.
no_keyring: Callable[[], KeyringBackend] = fail.Keyring
null_keyring: Callable[[], KeyringBackend] = null.Keyring
chain: Callable[[], KeyringBackend] = chainer.ChainerBackend
WAYS_OUT = ("env:NAME", "install a keyring backend", "run in a session")


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def vault(keyring: MemoryKeyring) -> Vault:
    return Vault(DOMAIN, backend=keyring)


def test_a_secret_is_kept_under_the_service_of_its_tenant(vault: Vault, keyring: MemoryKeyring) -> None:
    vault.set("client-secret", Secret(CANARY))

    assert vault.get("client-secret").reveal() == CANARY
    assert keyring.entries["auth0-migration-wizard:acme.eu.auth0.com", "client-secret"] == CANARY


def test_tenants_do_not_see_each_others_secrets(vault: Vault, keyring: MemoryKeyring) -> None:
    vault.set("client-secret", Secret(CANARY))
    other = Vault("other.eu.auth0.com", backend=keyring)

    assert other.names() == ()
    with pytest.raises(SecretMissing):
        other.get("client-secret")


def test_names_are_listed_in_order_and_values_are_not_part_of_the_list(vault: Vault, keyring: MemoryKeyring) -> None:
    for name in ("signing-key", "client-secret", "signing-key"):
        vault.set(name, Secret(CANARY))

    assert vault.names() == ("client-secret", "signing-key")
    assert [text for text in keyring.entries.values() if CANARY in text] == [CANARY, CANARY]


def test_a_deleted_secret_is_gone_and_nothing_is_left_behind(vault: Vault, keyring: MemoryKeyring) -> None:
    vault.set("one", Secret("1"))
    vault.set("two", Secret("2"))

    vault.delete("one")
    assert vault.names() == ("two",)
    vault.delete("two")

    assert keyring.entries == {}
    with pytest.raises(SecretMissing, match=r"secrets list --tenant acme\.eu\.auth0\.com"):
        vault.delete("two")


def test_an_entry_removed_elsewhere_is_not_listed(vault: Vault, keyring: MemoryKeyring) -> None:
    vault.set("one", Secret("1"))
    vault.set("two", Secret("2"))

    keyring.delete_password("auth0-migration-wizard:acme.eu.auth0.com", "one")

    assert vault.names() == ("two",)


def test_a_damaged_list_is_said_and_mended_by_the_next_set(vault: Vault, keyring: MemoryKeyring) -> None:
    vault.set("one", Secret("1"))
    keyring.set_password("auth0-migration-wizard:acme.eu.auth0.com", ":names", '{"not": "a list"}')

    with pytest.raises(KeyringUnavailable, match="damaged"):
        vault.names()
    vault.set("one", Secret("1"))

    assert vault.names() == ("one",)


def test_a_missing_secret_is_answered_with_the_command_that_stores_it(vault: Vault) -> None:
    with pytest.raises(SecretMissing) as caught:
        vault.resolve("keyring:client-secret", {})

    assert "`auth0-migrate secrets set client-secret --tenant acme.eu.auth0.com`" in str(caught.value)
    assert caught.value.exit is Exit.CREDENTIALS


def test_references_lead_to_the_keyring_or_to_the_environment(vault: Vault) -> None:
    vault.set("client-secret", Secret("from the keyring"))
    environment = {"CLIENT_SECRET": "from the environment"}

    assert vault.resolve("keyring:client-secret", environment).reveal() == "from the keyring"
    assert vault.resolve("env:CLIENT_SECRET", environment).reveal() == "from the environment"


@pytest.mark.parametrize("environment", [{}, {"CLIENT_SECRET": ""}])
def test_a_variable_that_is_not_set_is_named(vault: Vault, environment: dict[str, str]) -> None:
    with pytest.raises(SecretMissing, match="CLIENT_SECRET, which the answers name, is not set"):
        vault.resolve("env:CLIENT_SECRET", environment)


@pytest.mark.parametrize("reference", [CANARY, f"keyring:{CANARY} ", f"vault:{CANARY}", "", "env:"])
def test_what_is_no_reference_is_refused_and_not_shown(vault: Vault, reference: str) -> None:
    with pytest.raises(UsageError) as caught:
        vault.resolve(reference, {})

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["", ":names", "a b", "ä", "x" * 129, "a/b"])
def test_a_name_that_no_reference_could_have_is_refused(vault: Vault, keyring: MemoryKeyring, name: str) -> None:
    with pytest.raises(UsageError):
        vault.set(name, Secret("x"))
    assert keyring.entries == {}


def test_an_empty_secret_is_refused(vault: Vault) -> None:
    with pytest.raises(UsageError, match="empty"):
        vault.set("client-secret", Secret(""))


@pytest.mark.parametrize("domain", ["https://acme.eu.auth0.com", "acme.eu.auth0.com/", "", "a b", "x@y"])
def test_a_tenant_is_a_domain_alone(domain: str) -> None:
    with pytest.raises(UsageError, match="domain"):
        Vault(domain)


def test_the_domain_of_a_tenant_may_be_written_in_capitals_and_have_a_port(keyring: MemoryKeyring) -> None:
    Vault("LocalHost:8443", backend=keyring).set("a", Secret("1"))

    assert Vault(" localhost:8443", backend=keyring).get("a").reveal() == "1"


def test_without_a_keyring_the_three_ways_out_are_named() -> None:
    vault = Vault(DOMAIN, backend=no_keyring())

    for call in (lambda: vault.get("a"), lambda: vault.set("a", Secret(CANARY)), vault.names):
        with pytest.raises(KeyringUnavailable, match="No keyring can be used here") as caught:
            call()
        assert all(way in str(caught.value) for way in WAYS_OUT)
        assert caught.value.exit is Exit.CREDENTIALS


def test_the_environment_needs_no_keyring() -> None:
    assert Vault(DOMAIN, backend=no_keyring()).resolve("env:A", {"A": CANARY}).reveal() == CANARY


def test_the_null_keyring_is_refused() -> None:
    with pytest.raises(KeyringUnavailable, match="forgets what it is given"):
        Vault(DOMAIN, backend=null_keyring()).set("a", Secret(CANARY))


def plain_file_keyring(module: str = "keyrings.alt.file") -> MemoryKeyring:
    """A backend of the family that keeps plain files, known by its module."""
    kind = type("PlaintextKeyring", (MemoryKeyring,), {"__module__": module})
    made = kind()
    assert isinstance(made, MemoryKeyring)
    return made


def test_a_keyring_of_plain_files_is_refused() -> None:
    keyring = plain_file_keyring()

    with pytest.raises(KeyringUnavailable, match=r"keyrings\.alt\.file\.PlaintextKeyring keeps secrets in files"):
        Vault(DOMAIN, backend=keyring).set("a", Secret(CANARY))
    assert keyring.entries == {}


def test_of_a_chain_the_first_keyring_that_is_no_plain_file_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, good = plain_file_keyring(), MemoryKeyring()
    chain = chained(monkeypatch, plain, good)

    Vault(DOMAIN, backend=chain).set("a", Secret(CANARY))

    assert plain.entries == {}
    assert CANARY in good.entries.values()


def test_a_chain_of_nothing_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyringUnavailable, match="this system offers none"):
        Vault(DOMAIN, backend=chained(monkeypatch)).names()


def chained(monkeypatch: pytest.MonkeyPatch, *backends: KeyringBackend) -> KeyringBackend:
    monkeypatch.setattr("keyring.backend.get_all_keyring", lambda: list(backends))
    return chain()


def secret_service_error(text: str) -> Exception:
    from secretstorage.exceptions import SecretServiceNotAvailableException

    return SecretServiceNotAvailableException(text)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda text: KeyringLocked(text), "is locked"),
        (lambda text: NoKeyringError(text), "NoKeyringError"),
        (lambda text: InitError(text), "InitError"),
        (lambda text: PasswordSetError(text), "PasswordSetError"),
        (lambda text: ConnectionResetError(text), "ConnectionResetError"),
        pytest.param(
            secret_service_error,
            "SecretServiceNotAvailableException",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's"),
        ),
    ],
)
def test_a_keyring_that_fails_is_told_with_ways_out_and_without_the_value(
    vault: Vault, keyring: MemoryKeyring, broken: Callable[[str], Exception], told: str
) -> None:
    keyring.broken = broken(f"could not store {CANARY}")

    with pytest.raises(KeyringUnavailable, match=told) as caught:
        vault.set("client-secret", Secret(CANARY))

    assert all(way in str(caught.value) for way in WAYS_OUT)
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_mistake_in_this_program_is_not_taken_for_a_broken_keyring(vault: Vault, keyring: MemoryKeyring) -> None:
    keyring.broken = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        vault.names()


def test_a_setting_that_names_no_backend_is_told() -> None:
    script = "from wizard.vault import Vault; Vault('acme.eu.auth0.com').names()"
    environment = {"PYTHON_KEYRING_BACKEND": "nowhere.Keyring", "PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)

    assert "PYTHON_KEYRING_BACKEND or keyringrc.cfg cannot be loaded: ModuleNotFoundError" in done.stderr


def test_keyring_is_imported_only_when_it_is_needed() -> None:
    script = (
        "import sys; from wizard.vault import Vault\n"
        "Vault('acme.eu.auth0.com').resolve('env:A', {'A': 'x'})\n"
        "assert 'keyring' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=True)


@given(st.text(min_size=1))
def test_a_secret_shows_itself_only_when_told_to(value: str) -> None:
    secret = Secret(value)

    assert {str(secret), f"{secret}", f"{secret:}", "%s" % secret} == {"********"}  # noqa: UP031
    assert repr(secret) == "Secret(********)"
    assert secret.reveal() == value
    assert secret == Secret(value)
    assert secret != Secret(value + "x")
    assert secret != value


def test_a_secret_cannot_be_pickled_dumped_or_hashed_and_copies_are_masked() -> None:
    secret = Secret(CANARY)
    refused: list[Callable[[Any], Any]] = [pickle.dumps, json.dumps, hash, vars, "".join]

    for refuse in refused:
        with pytest.raises(TypeError) as caught:
            refuse(secret)
        assert CANARY not in str(caught.value)
    assert CANARY not in repr([copy.copy(secret), copy.deepcopy({"a": secret})])


def test_errors_of_the_vault_are_wizard_errors() -> None:
    assert issubclass(KeyringUnavailable, WizardError)
    assert issubclass(SecretMissing, WizardError)
