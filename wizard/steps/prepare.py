"""Preparing: the records of the legacy store become files of users that import jobs accept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.answers import Answers
from wizard.bulk.answers import PrepareAnswers
from wizard.legacy.answers import SourceAnswers
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.step import Change, Receipt, Step
from wizard.steps.connection import ConnectionAnswers
from wizard.tools import Tools


@dataclass(frozen=True)
class PrepareFacts:
    """`fingerprint` is of what there is to prepare, `prepared` of the files that are there or were uploaded."""

    fingerprint: str
    prepared: str | None


@dataclass(frozen=True)
class PrepareUsers(Change):
    source: SourceAnswers
    profile: ProfileAnswers
    passwords: PasswordsAnswers
    prepare: PrepareAnswers
    username_length: tuple[int, int]
    fingerprint: str

    @property
    def key(self) -> str:
        return f"prepare-users:{self.fingerprint[:12]}"

    @property
    def summary(self) -> str:
        return "prepare files of users to import from the legacy store"


class PrepareStep(Step[PrepareFacts, PrepareUsers]):
    key = "prepare"
    title = "Prepare"
    section = PrepareAnswers
    facts = PrepareFacts
    strategies = frozenset({"bulk", "two-phase"})
    needs_tenant = False

    async def inspect(self, answers: Answers, tools: Tools) -> PrepareFacts:
        from wizard.bulk.manifest import read_manifest
        from wizard.steps.upload import UPLOADED

        fingerprint = await input_fingerprint(answers, tools)
        if tools.journal.recall(UPLOADED) == fingerprint:
            return PrepareFacts(fingerprint, fingerprint)
        known = tools.journal.recall("prepared")
        there = known is not None and (tools.folder / "manifest.json").is_file()
        return PrepareFacts(fingerprint, known if there and read_manifest(tools.folder) else None)

    def plan(self, answers: Answers, facts: PrepareFacts) -> Sequence[PrepareUsers]:
        if facts.prepared == facts.fingerprint:
            return []
        return [
            PrepareUsers(
                answers[SourceAnswers],
                answers[ProfileAnswers],
                answers[PasswordsAnswers],
                answers[PrepareAnswers],
                (answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max),
                facts.fingerprint,
            )
        ]

    async def apply(self, change: PrepareUsers, tools: Tools) -> Receipt:
        from wizard.bulk.prepare import prepare_async
        from wizard.mapping import compile_mapping

        source, facts = await tools.source(change.source)
        mapping = compile_mapping(
            change.profile,
            change.passwords,
            source.columns,
            username_length=change.username_length,
            secret=tools.secret,
        )
        prepared = await prepare_async(
            source,
            facts,
            mapping,
            tools.folder,
            workers=change.prepare.workers,
            skip=change.prepare.skip,
            emit=tools.emit,
            max_file_bytes=change.prepare.max_file_bytes,
            stop=tools.stop,
        )
        tools.journal.remember("prepared", change.fingerprint)
        return Receipt({"read": prepared.read, "prepared": prepared.prepared, "files": prepared.files})


async def input_fingerprint(answers: Answers, tools: Tools) -> str:
    """SHA-256 in hex of everything that decides which users are imported: data, mapping, decisions."""
    _, facts = await tools.source(answers[SourceAnswers])
    decisions = [
        answers[ProfileAnswers].model_dump(mode="json"),
        answers[PasswordsAnswers].model_dump(mode="json"),
        answers[PrepareAnswers].model_dump(mode="json", exclude={"workers"}),
        [answers[ConnectionAnswers].username_min, answers[ConnectionAnswers].username_max],
    ]
    text = json.dumps([facts.fingerprint, decisions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
