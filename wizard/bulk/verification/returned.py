"""Users whom an import has brought back: they had moved at a login, and their account was deleted before the file was sent.

Whoever logs in while a migration goes on is marked by the legacy API, and the same guard leaves its note in app_metadata.
A user whom a file has made, who is marked, and whom Auth0 holds without the note, is not the one who logged in. Whoever has
logged in since the import is: a login that is cut off after the mark leaves no note, and the account is in use.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.doorway.guards import MARK_FLAG

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.bulk.verification.residents import Residents
    from wizard.tools import Tools

LINES = 500
"""Lines of an export between two looks whether a screen wants something."""


async def returned_users(export: Path, marked: Residents, connection: Connection, tools: Tools) -> list[str]:
    """Their ids, without `auth0|`, in the order of the files.

    Args:
        export: Gzip of one user a line, with user_id, identities, app_metadata and logins_count.
        marked: Who was marked before the export began: whoever logs in meanwhile is marked later than the export looked.
    """
    suspects = {one async for one in _without_note(export, connection.name) if one in marked}
    return [user_id async for user_id in _made(tools) if user_id.encode() in suspects] if suspects else []


async def _without_note(export: Path, connection: str) -> AsyncIterator[bytes]:
    from wizard.bulk.verification.exported import user_of
    from wizard.bulk.verification.residents import ids_in

    with gzip.open(export, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if number % LINES == 0:
                await asyncio.sleep(0)
            user = user_of(line, number) if line.strip() else {}
            if not user or user.get("logins_count") or MARK_FLAG in (user.get("app_metadata") or {}):
                continue
            for user_id in ids_in(user, connection):
                yield user_id


async def _made(tools: Tools) -> AsyncIterator[str]:
    """The ids of those whom the files may have made: not of who was there before, as far as that is known."""
    from wizard.bulk.jobs.ledger import SUBJECT, done_parts
    from wizard.bulk.manifest import USERS, require_manifest

    tries = Counter(intent.subject for intent in tools.journal.intents(SUBJECT))
    for part, intent in done_parts(require_manifest(tools.folder).files, tools.journal):
        if intent.facts["upsert"]:
            continue  # it has overwritten the note of who was there
        # A part that was sent again finds those there whom it made the first time.
        there = set(intent.result.get("there", ())) if tries[intent.subject] == 1 else set()
        for user in part.records(tools.folder / USERS):
            if user["user_id"] not in there:
                yield user["user_id"]
        await asyncio.sleep(0)
