"""Secrets in the keyring of the operating system, under one service for each tenant, or in environment variables.

There is no other place: without a keyring nothing falls back to a file.
"""

from wizard.vault.backend import KeyringUnavailable
from wizard.vault.secret import MASK, Secret
from wizard.vault.store import SecretMissing, Vault

__all__ = ["MASK", "KeyringUnavailable", "Secret", "SecretMissing", "Vault"]
