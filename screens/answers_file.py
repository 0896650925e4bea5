"""The answers file of a journey: whether it says what the journey does, and what a rehearsal leaves for a tenant of one's own."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.answers import Answers, Section, load
from wizard.answers.section import parts
from wizard.doorway.answers import LegacyApiAnswers
from wizard.errors import WizardError
from wizard.legacy.answers import SourceAnswers
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.runner import steps_for
from wizard.steps import SECTIONS, STEPS
from wizard.steps.applications import ApplicationsAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers

if TYPE_CHECKING:
    from screens.practice import Practice

NAME = "answers"
OF_PRACTICE = """\
# Of a rehearsal, to be opened in the wizard again: the tenant, its applications, the accounts to log in with and the
# address of the legacy API are of the practice tenant alone. For another tenant save them for that.
"""
OF_STORE = (SourceAnswers, ProfileAnswers, PasswordsAnswers)


def free_name(folder: Path) -> str:
    """A name for a new file that nothing in the folder has: `answers.toml`, `answers-2.toml`, …"""
    number, name = 1, f"{NAME}.toml"
    while (folder / name).exists():
        number += 1
        name = f"{NAME}-{number}.toml"
    return name


def seen_from(folder: Path, answers: Answers, base: Path) -> Answers:
    """The answers for a file in this folder: the path of a store starts at `base` in them, and where the file is in it."""
    if not answers.has(SourceAnswers) or folder.absolute() == base.absolute():
        return answers
    source = answers[SourceAnswers]
    if not source.path or source.path.startswith("~") or Path(source.path).is_absolute():
        return answers
    return answers.replace(source.model_copy(update={"path": str((base / source.path).absolute())}))


def holds(file: Path | None, answers: Answers, base: Path) -> bool:
    """Whether the file is there and says just this; answers that it does not need do not count."""
    if file is None or not file.is_file():
        return False
    try:
        there = load(file, SECTIONS, environment={}, required=())
    except WizardError:
        return False
    wanted = seen_from(file.parent, answers, base)
    return all(there.has(type(section)) and there[type(section)] == section for section in wanted)


def answers_in(file: Path, environment: Mapping[str, str]) -> Answers:
    """What a file answers: all of it where it is whole, else the tables that it has; what defaults alone say is still asked.

    Raises:
        AnswersInvalid, UsageError: the file cannot be read, or an answer in it is wrong.
    """
    try:
        whole = load(file, SECTIONS, environment=environment)
    except WizardError:
        given = load(file, SECTIONS, environment=environment, required=())
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        return Answers(section for section in given if section.table in tables)
    asked = {step.section for step in steps_for(whole[StrategyAnswers].way, STEPS)}
    return Answers(section for section in whole if type(section) in asked)


def for_own_tenant(answers: Answers, practice: Practice) -> tuple[Answers, Sequence[str]]:
    """What of a rehearsal holds for a tenant of one's own, and what is left out, as the file calls it.

    Left out is what is of the practice tenant, of a store that was invented for it, or was decided while its run went on:
    the name that confirms a cutover must never do so for another tenant.
    """
    suggested, kept, left_out = practice.suggested, Answers(), list[str]()
    sample = answers.has(SourceAnswers) and practice.sample_at(answers[SourceAnswers].path) is not None
    for section in answers:
        whole = (
            isinstance(section, TenantAnswers | ApplicationsAnswers)
            or (isinstance(section, LegacyApiAnswers) and section.url == suggested["legacy_api"]["url"])
            or (sample and isinstance(section, OF_STORE))
        )
        if whole:
            left_out.append(f"[{section.table}]")
            continue
        less = _without(section, practice)
        left_out += [f"{key} in [{section.table}]" for key in less]
        kept = kept.replace(section.model_copy(update=less) if less else section)
    return kept, left_out


def _without(section: Section, practice: Practice) -> dict[str, Any]:
    """The keys that are of the rehearsal alone, with their defaults: small files, and what its run let decide."""
    small = practice.suggested["prepare"]["max_file_bytes"]
    return {
        key: default
        for key, (value, field) in parts(section).items()
        if value != (default := field.get_default(call_default_factory=True))
        and (key in section.later or (section.table, key, value) == ("prepare", "max_file_bytes", small))
    }


def remark(left_out: Sequence[str]) -> str:
    """What a file for a tenant of one's own begins with."""
    words = textwrap.fill(
        f"From a rehearsal. Left out, as it is of the rehearsal alone: {', '.join(left_out)}. "
        "`auth0-migrate answers check` with this file says what is missing; opened in the wizard, it asks for it.",
        100, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return f"{words}\n"
