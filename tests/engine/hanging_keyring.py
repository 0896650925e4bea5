"""A keyring that is asked and never answers; says so on stderr, so that a test knows when it waits."""

from __future__ import annotations

import sys
import threading

from keyring.backend import KeyringBackend


class HangingKeyring(KeyringBackend):
    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        sys.stderr.write("the keyring was asked\n")
        threading.Event().wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)
