"""Puts a file in place in one step, so that a crash leaves the old one or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from wizard.errors import WizardError


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write the text as UTF-8, synced to disk, with these permissions.

    Raises:
        WizardError: no permission, no space, no such folder.
    """
    target = path.resolve()  # a link keeps pointing at the file it points at
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(target.parent)
    except OSError as error:
        raise WizardError(
            f"{path} cannot be written",
            why=f"{error.strerror or type(error).__name__}.",
            state="What was there is as it was.",
            remedy="check the folder, its permissions and the space left.",
        ) from None


def _sync(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, and a rename is durable by itself
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
