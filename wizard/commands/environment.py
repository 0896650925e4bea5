"""Secrets, and accounts with theirs, for commands that may know no tenant: then of the environment alone, as a keyring is kept by
tenant."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.errors import CredentialsError, UsageError

if TYPE_CHECKING:
    from wizard.answers import Answers


Login = tuple[str, str | None]
"""By what an account is found, and the reference of its password if that is not to be typed."""


def secrets_of(answers: Answers, tell: Callable[[str], None]) -> Callable[[str], str]:
    """Resolves references for these answers: by their tenant's keyring and the environment, or by the latter alone.

    Args:
        tell: Hears when the keyring is waited for.
    """
    from wizard.steps.tenant import TenantAnswers
    from wizard.vault import Vault

    if not answers.has(TenantAnswers):
        return from_environment
    vault = Vault(answers[TenantAnswers].domain, tell=tell)
    return lambda reference: vault.resolve(reference, os.environ).reveal()


def login_of(account: str) -> Login:
    """An account as it is given: LOGIN, whose password is typed, or LOGIN=env:NAME, LOGIN=keyring:NAME."""
    login, _, reference = account.rpartition("=")
    return (login, reference) if login and reference.startswith(("env:", "keyring:")) else (account, None)


def from_environment(reference: str) -> str:
    """The value of `env:NAME`.

    Raises:
        UsageError: the reference names a keyring, which needs a tenant.
        CredentialsError: there is no such variable, or it is empty.
    """
    kind, _, name = reference.partition(":")
    if kind != "env":
        raise UsageError(
            f"{reference} lies in a keyring by tenant, and this command knows no tenant",
            remedy="put the secret into an environment variable and name it as env:NAME.",
        )
    if value := os.environ.get(name):
        return value
    raise CredentialsError(f"The environment variable {name} is not set", remedy=f"set {name}, then try again.")
