"""Who of those who have moved at login is not marked so in the legacy API, and marking them.

The Action marks users at their login and lets the login go on where it cannot: such a user would stay unmarked until the
next login, which may never come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from wizard.bulk.manifest import MIGRATED

if TYPE_CHECKING:
    from wizard.bulk.verification.residents import Residents
    from wizard.tools import Tools


async def unmarked(moved: Path, tools: Tools) -> list[str] | None:
    """The ids, without `auth0|`, of moved users who are not marked; None where the legacy API cannot be asked.

    Args:
        moved: `migrated.ndjson` of a run: the users of the legacy store who were in Auth0 when it was prepared.
    """
    async with marked_by_now(tools) as marked:
        return None if marked is None else [user_id for user_id in _ids(moved) if user_id.encode() not in marked]


def _ids(moved: Path) -> Iterator[str]:
    if moved.is_file():
        with moved.open("rb") as lines:
            for line in lines:
                yield str(orjson.loads(line)["user_id"])


async def mark_moved(folder: Path, tools: Tools) -> int:
    """Mark whom no login has marked; return how many that were.

    Raises:
        WizardError: the legacy API did not take a mark; those before it are kept.
    """
    missing = await unmarked(folder / MIGRATED, tools)
    if not missing or tools.marks is None:
        return 0
    return await tools.marks.mark(missing)


async def marked_ids(tools: Tools) -> Sequence[str] | None:
    """The ids, without `auth0|`, of those who are marked at this moment; None where that is not told."""
    return None if tools.marks is None else await tools.marks.ids()


@asynccontextmanager
async def marked_by_now(tools: Tools) -> AsyncIterator[Residents | None]:
    """The ids of those who are marked at this moment, in a file that is gone afterwards; None where that is not told."""
    from wizard.bulk.verification.residents import Residents, write_index

    ids = await marked_ids(tools)
    if ids is None:
        yield None
        return
    path = tools.folder / "export.marked"
    path.unlink(missing_ok=True)  # of a process that was killed
    try:
        write_index((user_id.encode() for user_id in ids), path)
        del ids
        found = Residents(path)
        try:
            yield found
        finally:
            found.close()
    finally:
        path.unlink(missing_ok=True)
