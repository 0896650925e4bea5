"""Who of the legacy store is in the connection, and who is not yet, counted by the age of the last login."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers
from wizard.aside import aside
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


@dataclass(frozen=True)
class Standing:
    """Of the records with a user_id that Auth0 takes, how many are of users who have moved.

    `left` are the others by the words of `AGES`, `OLDER` and `NEVER`; None where the store tells of no logins.
    """

    moved: int
    left: Mapping[str, int] | None


def activity_column(answers: SourceAnswers, source: LegacySource) -> str | None:
    """The column of last logins: the one that the named store is known for, else one that is called like it."""
    from wizard.legacy.stores import STORES

    known = STORES[answers.store].activity if answers.store else None
    return known if known in source.columns else column_of_activity(source.columns)


async def tells_of_logins(answers: Answers, tools: Tools) -> bool:
    """Whether the store has a column of last logins."""
    source, _ = await tools.source(answers[SourceAnswers])
    return activity_column(answers[SourceAnswers], source) is not None


async def standing(answers: Answers, connection: Connection, tools: Tools) -> Standing:
    """Count the users of the store who have moved, by their ids: whoever signed up in Auth0 is none of them.

    Asks Auth0 for an export, and reads the store once.
    """
    from wizard.bulk.verification import residents
    from wizard.bulk.verification.evidence import export_users, private_file
    from wizard.bulk.verification.linked import moved_and_linked
    from wizard.bulk.verification.marked import marked_by_now
    from wizard.bulk.verification.moved import FIELDS, moved_only, since_of
    from wizard.mapping.moments import moment_of
    from wizard.profile import ProfileAnswers

    source, _ = await tools.source(answers[SourceAnswers])
    column = activity_column(answers[SourceAnswers], source)
    with scratch_within(tools.folder, "left") as scratch:
        with private_file(scratch / "export.ndjson.gz") as export:
            since = since_of(tools.journal)
            await export_users(connection, export, tools, ("user_id", "identities", *(FIELDS if since else ())))
            linked = [user_id.encode() for user_id in await moved_and_linked(connection, export, tools)]
            async with marked_by_now(tools) if since else nullcontext() as marked:
                moved = moved_only(since.at if since else None, marked)
                ids = chain(residents.exported_ids(export, connection.name, moved), linked)
                await aside(partial(residents.write_index, ids, scratch / "there"))
        there = residents.Residents(scratch / "there")
        try:
            now, order = datetime.fromtimestamp(tools.clock.now(), UTC), answers[ProfileAnswers].date_order
            place = None if column is None else source.columns.index(column)
            return await _counted(
                source,
                _ids_of(answers, source),
                there,
                None if place is None else lambda row: age_of(moment_of(row[place], order), now),
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
    source: LegacySource, ids: Mapped, there: Residents, age: Callable[[Sequence[Any]], str] | None
) -> Standing:
    from wizard.mapping.table import Table

    counts: Counter[str] = Counter()
    moved = 0
    for block in source.blocks():
        table = Table.of(block, len(source.columns))
        for index, user_id in enumerate(ids.map_table(table, NO_LIMIT).keys["user_id"]):
            if user_id and user_id in there:
                moved += 1
            elif user_id and age is not None:
                counts[age(table.row(index))] += 1
        await asyncio.sleep(0)  # a screen stays alive meanwhile
    if age is None:
        return Standing(moved, None)
    return Standing(moved, {words: counts[words] for words in (*(words for words, _ in AGES), OLDER, NEVER)})
