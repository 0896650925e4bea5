"""The patient way to read an export: line by line, naming the line that is no user, and what DuckDB refuses too."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wizard.bulk.verification.sameness import FLAGS, OBJECTS, TEXTS
from wizard.errors import WizardError
from wizard.javascript_json import loads

AGAIN = "Try again: that asks Auth0 for a new export."

_KEYS = ("user_id", *FLAGS, *TEXTS, *OBJECTS)


def mend(export: Path, into: Path, *, stopped: Callable[[], bool]) -> None:
    """Rewrite an export with only what a comparison needs, in strict JSON; ends early once `stopped`.

    JSON from JavaScript may hold half a surrogate pair, which strict readers refuse; it becomes a question mark, as no
    prepared user can have one.

    Raises:
        WizardError: the export is cut short, or a line of it is no user.
    """
    number = 0
    try:
        with gzip.open(export, "rb") as lines, gzip.open(into, "wb", compresslevel=1) as mended:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    user = _needed(user_of(line, number))
                    mended.write(json.dumps(user, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                if stopped():
                    return
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise not_whole(f"its compressed data are damaged after line {number:,}") from error


def not_whole(why: str, *, state: str = "", remedy: str = AGAIN) -> WizardError:
    """The error for an export that ends before its end, or is not what Auth0 compressed."""
    return WizardError("The export of the connection is not whole.", why=why, state=state, remedy=remedy)


def user_of(line: bytes, number: int) -> dict[str, Any]:
    """The user on a line; half a surrogate pair in it, which JSON from JavaScript may hold, does no harm.

    Raises:
        WizardError: it is no user.
    """
    try:
        user = loads(line)
    except (ValueError, RecursionError):
        user = None
    if not isinstance(user, dict):
        raise WizardError(f"Line {number:,} of the export is not a JSON object.", remedy=AGAIN) from None
    if not isinstance(user.get("user_id"), str):
        raise WizardError(f"Line {number:,} of the export has no user_id.", remedy=AGAIN)
    return user


def _needed(user: dict[str, Any]) -> dict[str, Any]:
    needed = {key: user[key] for key in _KEYS if key in user}
    if isinstance(identities := user.get("identities"), list):
        needed["identities"] = [
            {key: str(one[key]) for key in ("connection", "user_id") if one.get(key) is not None}
            for one in identities
            if isinstance(one, dict)
        ]
    return needed
