"""Every generated file by name, as it would be sent, and what is on the tenant in its place."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wizard.answers import Answers
from wizard.doorway.guards import GUARDS, as_action, as_rule, guard_name
from wizard.doorway.scripts import closed, scripts_for, stubs
from wizard.doorway.settings import legacy_api_of
from wizard.errors import UsageError
from wizard.profile import ProfileAnswers
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.guards import GuardsAnswers, sources_of
from wizard.steps.scripts_answers import asks_legacy_api

if TYPE_CHECKING:
    from wizard.tools import Tools


@dataclass(frozen=True)
class Compared:
    """A file that the answers ask for against what the tenant has; `diff` is unified, empty where they are the same."""

    path: str
    state: Literal["same", "different", "absent"]
    diff: str


def wanted_files(answers: Answers) -> dict[str, str]:
    """What would be on the tenant while the migration goes on, by file name.

    Raises:
        UsageError: the answers lack something.
    """
    files = {f"scripts/{name}.js": text for name, text in scripts_for(answers).custom_scripts().items()}
    if asks_legacy_api(answers):
        folder = "rules" if answers[GuardsAnswers].as_rules else "actions"
        files |= {f"{folder}/{source.guard}.js": source.code for source in sources_of(answers)}
    return files


def all_files(answers: Answers) -> dict[str, str]:
    """The same with everything else that may be sent or put in by hand: both kinds of every guard, before and after."""
    files = wanted_files(answers)
    for moment, scripts in (("before", stubs()), ("after", closed())):
        files |= {f"scripts/{moment}/{name}.js": text for name, text in scripts.custom_scripts().items()}
    if asks_legacy_api(answers):
        connection, audience = answers[ConnectionAnswers].name, legacy_api_of(answers).audience
        for guard in GUARDS:
            for folder, make in (("actions", as_action), ("rules", as_rule)):
                source = make(guard, connection=connection, audience=audience, profile=answers[ProfileAnswers])
                files[f"{folder}/{guard}.js"] = source.code
    return files


def save_files(files: Mapping[str, str], out: Path) -> None:
    """Write the files below a folder, in place of those of an earlier time.

    Raises:
        UsageError: the folder cannot be written to.
    """
    try:
        for name, text in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"The files cannot be written to {out}",
            why=os.strerror(error.errno or 0),
            state="Some of them may be there.",
            remedy="Name a folder that this account may write to, with --out.",
        ) from None


async def files_on_tenant(answers: Answers, tools: Tools) -> dict[str, str]:
    """What the tenant runs in the places of the wanted files; those that are absent, or not deployed, are left out."""
    found: dict[str, str] = {}
    name = answers[ConnectionAnswers].name
    connection = await tools.tenant.connection_named(name)
    if connection is not None:
        from wizard.steps.custom_database import options_of

        scripts = options_of(connection).scripts
        found = {f"scripts/{script}.js": text for script, text in scripts.items()}
    if not asks_legacy_api(answers):
        return found
    by_name = {guard_name(guard, name): guard for guard in GUARDS}
    if answers[GuardsAnswers].as_rules:
        rules = await tools.tenant.rules() or []
        return found | {f"rules/{by_name[rule.name]}.js": rule.script for rule in rules if rule.name in by_name}
    actions = [one for one in await tools.tenant.actions() if one.name in by_name]
    live = {by_name[action.name]: action.live_code for action in actions}
    return found | {f"actions/{guard}.js": code for guard, code in live.items() if code is not None}


def compare(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[Compared]:
    """Each wanted file against what is there."""
    compared = []
    for path, text in wanted.items():
        now = there.get(path)
        state: Literal["same", "different", "absent"] = (
            "absent" if now is None else "same" if now == text else "different"
        )
        lines = difflib.unified_diff(
            (now or "").splitlines(), text.splitlines(), f"tenant/{path}", f"wanted/{path}", lineterm=""
        )
        compared.append(Compared(path, state, "\n".join(lines)))
    return compared
