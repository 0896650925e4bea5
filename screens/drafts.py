"""Answers that were begun and not yet run: kept beside the runs, so that leaving at any moment loses nothing."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.answers import Answers, load, save
from wizard.errors import WizardError
from wizard.private import private_folder
from wizard.steps import SECTIONS


@dataclass(frozen=True)
class Draft:
    """One set of answers and the page they were left on. The folder is for its owner only.

    `begun` is what was given on pages that are not answered yet, by table and key: their forms begin with it. `touched` are
    the keys of steps that a changed answer may have made wrong.
    """

    folder: Path
    base: Path
    here: str = "tenant"
    practice: bool = False
    begun: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    touched: Sequence[str] = ()

    @property
    def answers(self) -> Path:
        return self.folder / "answers.toml"

    def keep(self, answers: Answers) -> None:
        """Write it all down."""
        private_folder(self.folder)
        save(self.answers, answers)
        tables = [section.table for section in answers]  # one that is all defaults has no place in the file
        place = {"base": str(self.base), "here": self.here, "practice": self.practice, "answered": tables}
        told = json.dumps(
            {**place, "begun": self.begun, "touched": sorted(self.touched)}, default=str
        )  # a date is typed as it is written
        (self.folder / "place.json").write_text(told, encoding="utf-8")

    def load(self) -> Answers:
        """The answers given so far.

        Raises:
            WizardError: the file can no longer be read.
        """
        import tomllib

        given = {*tomllib.loads(self.answers.read_text(encoding="utf-8")), *self._answered()}
        kinds = [section for section in SECTIONS if section.table in given]
        return load(self.answers, kinds, environment={})

    def _answered(self) -> Sequence[str]:
        """The tables that were answered, also by leaving everything as it was."""
        try:
            place = json.loads((self.folder / "place.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        return [str(table) for table in place.get("answered", ())]

    @property
    def when(self) -> float:
        """UNIX time of the last change."""
        return self.answers.stat().st_mtime

    def forget(self) -> None:
        """Remove it; a run has taken its place."""
        for name in ("answers.toml", "place.json"):
            (self.folder / name).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


class Drafts:
    """All drafts below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> Sequence[Draft]:
        """Those that can be read, newest first."""
        if not self._folder.is_dir():
            return []
        found = [draft for path in self._folder.iterdir() if (draft := self._read(path)) is not None]
        return sorted(found, key=lambda draft: draft.when, reverse=True)

    def new(self) -> Draft:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        return Draft(self._folder / f"{stamp}-{secrets.token_hex(2)}", Path.cwd())

    def _read(self, path: Path) -> Draft | None:
        try:
            place = json.loads((path / "place.json").read_text(encoding="utf-8"))
            draft = Draft(
                path,
                Path(place["base"]),
                str(place["here"]),
                bool(place["practice"]),
                dict(place.get("begun", {})),
                tuple(map(str, place.get("touched", ()))),
            )
            draft.load()
        except (OSError, ValueError, KeyError, WizardError):
            return None
        return draft
