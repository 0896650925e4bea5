"""Users whom an import has brought back: they had moved at a login, and their account was deleted before the file was sent.

Whoever logs in while a migration goes on is marked by the legacy API, and the same guard leaves its note in app_metadata.
A user of a prepared file who is marked, and whom Auth0 holds without the note, is not the one who logged in.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.doorway.guards import MARK_FLAG

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.tools import Tools

LINES = 500
"""Lines of an export between two looks whether a screen wants something."""


async def returned_users(export: Path, connection: Connection, tools: Tools) -> list[str] | None:
    """Their ids, without `auth0|`, in the order of the files; None where the legacy API does not tell whom it has marked.

    Args:
        export: Gzip of one user a line, with user_id, identities and app_metadata.
    """
    from wizard.bulk.residents import Residents, write_index

    marked = None if tools.marks is None else await tools.marks.ids()
    if marked is None:
        return None
    index = tools.folder / "export.marked"
    try:
        write_index((user_id.encode() for user_id in marked), index)
        of_marks = Residents(index)
        try:
            suspects = {one async for one in _without_note(export, connection.name) if one in of_marks}
        finally:
            of_marks.close()
    finally:
        index.unlink(missing_ok=True)
    return [user_id async for user_id in _prepared(tools.folder) if user_id.encode() in suspects] if suspects else []


async def _without_note(export: Path, connection: str) -> AsyncIterator[bytes]:
    from wizard.bulk.residents import ids_in

    with gzip.open(export, "rb") as lines:
        for number, line in enumerate(lines):
            if number % LINES == 0:
                await asyncio.sleep(0)
            user: dict[str, Any] = orjson.loads(line) if line.strip() else {}
            if not user or MARK_FLAG in (user.get("app_metadata") or {}):
                continue
            for user_id in ids_in(user, connection):
                yield user_id


async def _prepared(folder: Path) -> AsyncIterator[str]:
    from wizard.bulk.manifest import read_file, require_manifest

    for file in require_manifest(folder).files:
        for user in orjson.loads(read_file(folder, file)):
            yield user["user_id"]
        await asyncio.sleep(0)
