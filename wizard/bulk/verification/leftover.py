"""Who of the legacy store is not in the connection yet, counted by the age of the last login."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers
from wizard.legacy.answers import SourceAnswers
from wizard.scratch import scratch_within
from wizard.strategy.activity import AGES, NEVER, OLDER, age_of, column_of_activity

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.bulk.verification.residents import Residents
    from wizard.legacy.source import LegacySource
    from wizard.mapping import Mapping as Mapped
    from wizard.tools import Tools

NO_LIMIT = 1 << 40
"""Bytes of a user; here only ids matter."""


def activity_column(answers: SourceAnswers, source: LegacySource) -> str | None:
    """The column of last logins: the one that the named store is known for, else one that is called like it."""
    from wizard.legacy.stores import STORES

    known = STORES[answers.store].activity if answers.store else None
    return known if known in source.columns else column_of_activity(source.columns)


async def left_by_activity(answers: Answers, connection: Connection, tools: Tools) -> Mapping[str, int] | None:
    """Users who have not moved, by the words of `AGES`, `OLDER` and `NEVER`; None where the store tells of no logins.

    Asks Auth0 for an export, and reads the store once; records without a user_id that Auth0 takes are left out.
    """
    from wizard.bulk.verification import residents
    from wizard.bulk.verification.evidence import export_users, private_file
    from wizard.bulk.verification.marked import marked_by_now
    from wizard.bulk.verification.moved import FIELDS, moved_only, since_of
    from wizard.mapping.moments import moment_of
    from wizard.profile import ProfileAnswers

    source, _ = await tools.source(answers[SourceAnswers])
    column = activity_column(answers[SourceAnswers], source)
    if column is None:
        return None
    with scratch_within(tools.folder, "left") as scratch:
        with private_file(scratch / "export.ndjson.gz") as export:
            since = since_of(tools.journal)
            await export_users(connection, export, tools, ("user_id", "identities", *(FIELDS if since else ())))
            async with marked_by_now(tools) if since else nullcontext() as marked:
                moved = moved_only(since.at if since else None, marked)
                residents.write_index(residents.exported_ids(export, connection.name, moved), scratch / "there")
        there = residents.Residents(scratch / "there")
        try:
            now, order = datetime.fromtimestamp(tools.clock.now(), UTC), answers[ProfileAnswers].date_order
            place = source.columns.index(column)
            return await _counted(
                source, _ids_of(answers, source), there, lambda row: age_of(moment_of(row[place], order), now)
            )
        finally:
            there.close()


def _ids_of(answers: Answers, source: LegacySource) -> Mapped:
    """The mapping of user_id alone, by the very rules of the profile."""
    from wizard.mapping import compile_mapping
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import FieldRule, ProfileAnswers

    profile = answers[ProfileAnswers]
    alone = ProfileAnswers(
        user_id=profile.user_id, user_id_prefix=profile.user_id_prefix, email=FieldRule(constant="none@example.com")
    )
    return compile_mapping(alone, PasswordsAnswers(missing="without_password"), source.columns)


async def _counted(
    source: LegacySource, ids: Mapped, there: Residents, age: Callable[[Sequence[Any]], str]
) -> Mapping[str, int]:
    from wizard.mapping.table import Table

    counts: Counter[str] = Counter()
    for block in source.blocks():
        table = Table.of(block, len(source.columns))
        for index, user_id in enumerate(ids.map_table(table, NO_LIMIT).keys["user_id"]):
            if user_id and user_id not in there:
                counts[age(table.row(index))] += 1
        await asyncio.sleep(0)  # a screen stays alive meanwhile
    return {words: counts[words] for words in (*(words for words, _ in AGES), OLDER, NEVER)}
