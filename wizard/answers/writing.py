"""Writes answers into their file: only what differs, so that the operator's comments, order and spelling stay."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from wizard.answers.atomic import write_atomically
from wizard.answers.given import Answers
from wizard.answers.problems import AnswersInvalid
from wizard.answers.reading import VERSION, from_tables, parse, read_text
from wizard.errors import WizardError

HEADER = f"""\
# Answers of auth0-migrate. Secrets are named here, never written: keyring:NAME or env:NAME.
version = {VERSION}
"""


def save(path: Path, answers: Answers, *, remark: str = "") -> None:
    """Bring the file to these answers: atomically, synced to disk, readable by its owner alone.

    Tables of other sections stay as they are. What is to be written is read back first, so that a file that would not
    load, or that would hold anything but a reference where a secret is named, never takes the place of the old one.

    Args:
        remark: Lines of comment for the beginning of a new file.

    Raises:
        AnswersInvalid: the file there is not TOML, or an answer is not valid (a secret in place of its reference).
        UsageError: the file there cannot be read.
        WizardError: it cannot be written, or is laid out in a way that cannot be edited.
    """
    before = read_text(path) if path.exists() else f"{HEADER}{remark}" if remark else ""
    write_atomically(path, rendered(before, answers, name=str(path)))


def rendered(before: str, answers: Answers, *, name: str = "answers.toml") -> str:
    """The text of the file with these answers; `before` is its present text, "" for none.

    Raises:
        AnswersInvalid, WizardError: as for `save`.
    """
    from wizard.answers.editing import edited  # brings tomlkit, which reading does not need

    lines = before.replace("\r\n", "\n")
    present = parse(lines, name)
    if "version" not in present:
        lines = f"version = {VERSION}\n{lines}" if lines.strip() else HEADER
    for afresh in (False, True):  # some layouts (one table in several places) are beyond editing: written anew then
        after = edited(lines, present, answers, afresh=afresh)
        if _says(after, answers, present, name):
            return after.replace("\n", "\r\n") if "\r\n" in before else after
    raise WizardError(
        f"{name} cannot be edited",
        why="the tables to be changed are laid out in a way that editing would damage.",
        state="The file is as it was.",
        remedy="save to a new file.",
    )


def _says(text: str, answers: Answers, before: dict[str, Any], name: str) -> bool:
    """Whether the text loads as these answers and says nothing new about other tables.

    Raises:
        AnswersInvalid: the answers themselves are not valid.
    """
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    kinds = [type(section) for section in answers]
    ours = {kind.table for kind in kinds}
    others = {key for key in before.keys() | after.keys() if key not in ours and key != "version"}
    if any(repr(before.get(key)) != repr(after.get(key)) for key in others):
        return False
    try:
        return from_tables({key: after[key] for key in ours if key in after}, kinds, name=name) == answers
    except AnswersInvalid:
        from_tables(answers.tables(), kinds, name=name)
        return False
