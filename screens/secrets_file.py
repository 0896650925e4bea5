"""The secrets of a rehearsal in a file of its own: nothing of a practice tenant belongs into the operator's keyring."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from wizard.vault import Secret

Name = tuple[str, str]
"""A tenant's domain, and what the secret is called."""


class SecretsFile(MutableMapping[Name, Secret]):
    """Secrets by the tenant's domain and their name, kept over restarts for the owner alone.

    Args:
        path: The file; made when the first secret is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[Name, Secret] = {}
        if path.is_file():
            told = json.loads(path.read_text(encoding="utf-8"))
            self._kept = {(domain, name): Secret(value) for domain, name, value in told}

    def __getitem__(self, name: Name) -> Secret:
        return self._kept[name]

    def __iter__(self) -> Iterator[Name]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __setitem__(self, name: Name, value: Secret) -> None:
        self._kept[name] = value
        self._write()

    def __delitem__(self, name: Name) -> None:
        del self._kept[name]
        self._write()

    def _write(self) -> None:
        self._path.touch(mode=0o600)
        told = [[domain, name, value.reveal()] for (domain, name), value in self._kept.items()]
        self._path.write_text(json.dumps(told), encoding="utf-8")
