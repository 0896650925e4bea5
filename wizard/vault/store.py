"""The secrets of one tenant, in the keyring of the operating system or in environment variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from wizard.errors import CredentialsError, UsageError
from wizard.vault.backend import KeyringUnavailable, of_this_system, told_apart, usable
from wizard.vault.patience import PATIENCE, within
from wizard.vault.secret import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "auth0-migration-wizard:{domain}"
INDEX = ":names"
"""Entry that lists the others, as keyrings cannot; its colon keeps it apart from every name a secret may have."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
DOMAIN = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")


class SecretMissing(CredentialsError):
    """No secret is stored under this name, or the environment variable is not set."""


class Vault:
    """The secrets of one tenant.

    Args:
        domain: Domain of the tenant, `acme.eu.auth0.com`; with a port for a practice tenant.
        backend: The keyring to use; None for the one of this system, found when it is first needed.
        patience: Seconds that it may take for one answer.
        stop: Ends the waiting for an answer, too.
        tell: Hears when it is waited for.

    Raises:
        UsageError: not a domain.
    """

    def __init__(
        self,
        domain: str,
        *,
        backend: KeyringBackend | None = None,
        patience: float = PATIENCE,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.domain = domain.strip().lower()
        if not DOMAIN.fullmatch(self.domain):
            remedy = "give the domain alone, without https:// or a path: acme.eu.auth0.com."
            raise UsageError("That is not the domain of a tenant", remedy=remedy)
        self._service = SERVICE.format(domain=self.domain)
        self._backend = backend
        self._patience = patience
        self._stop = stop
        self._tell = tell

    def get(self, name: str) -> Secret:
        """Look a secret up.

        Raises:
            SecretMissing: none of this name.
            KeyringUnavailable: the keyring cannot be used.
        """
        value = self._read(_checked(name))
        if value is None:
            raise SecretMissing(
                f"The keyring has no secret {name} for {self.domain}",
                remedy=f"store it: `auth0-migrate secrets set {name} --tenant {self.domain}`.",
            )
        return Secret(value)

    def set(self, name: str, value: Secret) -> None:
        """Store a secret, in place of any of the same name.

        Raises:
            UsageError: not a name, or an empty value.
            KeyringUnavailable: the keyring cannot be used.
        """
        if not value.reveal():
            raise UsageError(f"The secret {name} is empty", state="Nothing was stored.", remedy="give its value.")
        names = {*self._index(strict=False), _checked(name)}
        # The list first: a crash in between leaves a name too many, which listing leaves out, and never a lost secret.
        self._write(INDEX, json.dumps(sorted(names)))
        self._write(name, value.reveal())

    def delete(self, name: str) -> None:
        """Remove a secret.

        Raises:
            SecretMissing: none of this name.
            KeyringUnavailable: the keyring cannot be used.
        """
        present = self._read(_checked(name)) is not None
        names = self._index(strict=False)
        if present:
            self._ask(lambda keyring: keyring.delete_password(self._service, name))
        self._forget(name, names)
        if not present:
            remedy = f"`auth0-migrate secrets list --tenant {self.domain}` shows the names."
            raise SecretMissing(f"The keyring has no secret {name} for {self.domain}", remedy=remedy)

    def names(self) -> tuple[str, ...]:
        """The names of the secrets stored with `set`, in order of the alphabet.

        Raises:
            KeyringUnavailable: the keyring cannot be used, or the list in it is damaged.
        """
        return tuple(name for name in sorted(self._index(strict=True)) if self._read(name) is not None)

    def resolve(self, reference: str, environment: Mapping[str, str]) -> Secret:
        """Follow a reference, `keyring:NAME` or `env:NAME`.

        Raises:
            UsageError: not a reference; it is not shown, as it may be the secret itself.
            SecretMissing: nothing there, or an empty variable.
            KeyringUnavailable: the keyring cannot be used.
        """
        kind, _, name = reference.partition(":")
        if kind not in ("keyring", "env") or not NAME.fullmatch(name):
            remedy = "write keyring:NAME or env:NAME in the answers, never the secret."
            raise UsageError("A secret is not named by a reference", remedy=remedy)
        if kind == "keyring":
            return self.get(name)
        if not environment.get(name):
            remedy = f"set it to the secret, or write keyring:NAME and store it: `auth0-migrate secrets set NAME --tenant {self.domain}`."
            raise SecretMissing(f"The environment variable {name}, which the answers name, is not set", remedy=remedy)
        return Secret(environment[name])

    def _ask(self, question: Callable[[KeyringBackend], T]) -> T:
        def answer() -> T:
            self._backend = usable(self._backend or of_this_system())
            with told_apart(self._backend) as keyring:
                return question(keyring)

        return within(self._patience, answer, self._stop, self._tell)

    def _read(self, name: str) -> str | None:
        return self._ask(lambda keyring: keyring.get_password(self._service, name))

    def _write(self, name: str, value: str) -> None:
        self._ask(lambda keyring: keyring.set_password(self._service, name, value))

    def _index(self, *, strict: bool) -> list[str]:
        try:
            found = json.loads(self._read(INDEX) or "[]")
        except json.JSONDecodeError:
            found = None
        if isinstance(found, list) and all(isinstance(name, str) and NAME.fullmatch(name) for name in found):
            return found
        if strict:
            remedy = "store each secret again with `auth0-migrate secrets set`; the secrets themselves are untouched."
            raise KeyringUnavailable(f"The list of names kept for {self.domain} is damaged", remedy=remedy)
        return []

    def _forget(self, name: str, names: list[str]) -> None:
        left = [other for other in names if other != name]
        if left:
            self._write(INDEX, json.dumps(left))
        elif self._read(INDEX) is not None:
            self._ask(lambda keyring: keyring.delete_password(self._service, INDEX))


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        remedy = "use up to 128 letters, digits, dots, dashes and underscores."
        raise UsageError("That cannot be the name of a secret", state="Nothing was stored.", remedy=remedy)
    return name
