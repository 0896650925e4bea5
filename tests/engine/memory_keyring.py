"""A keyring that lives in memory."""

from keyring.backend import KeyringBackend


class MemoryKeyring(KeyringBackend):
    """Keeps entries in a dictionary of its own; `broken` is raised instead, when set. Nothing in the environment sets it up."""

    priority = 1

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def _entries(self) -> dict[tuple[str, str], str]:
        if self.broken:
            raise self.broken
        return self.entries

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._entries()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._entries()[service, username]
