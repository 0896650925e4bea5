"""The manifest of prepared files: what they hold and what they were made from. It is written last: without it nothing is.

The same source and mapping give the same bytes, so it holds no time and no path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wizard.bulk.files import durable
from wizard.errors import WizardError
from wizard.rejects import NOT_PREFERRED

NAME = "manifest.json"
USERS = "users"
REJECTS = "rejects.ndjson"
MIGRATED = "migrated.ndjson"
"""One object a line for each record whose user was in the connection already: `record`, `user_id`, `code`."""

FORMAT = 1
AGAIN = "prepare the users again."


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """One file to import: its name in the folder `users`, its users, its bytes and their SHA-256 in hex."""

    name: str
    users: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one preparation made.

    Args:
        created_by: Name and version of this program.
        source: Kind, fingerprint and number of records of the legacy store.
        mapping: Fingerprint of the compiled mapping.
        max_file_bytes: The limit the files were cut by.
        skip: Codes whose users count as skipped, as the answers have them.
        totals: read = prepared + rejected + skipped + migrated; bytes of all files; bytes of the largest.
        reasons: Users not prepared, by code.
        notes: Prepared users that lack something or are large, by what it is: `without_password`, `untried_password`,
            `large_profile`, `omitted picture`. Also values of the column that `same_email` goes by which were not read, by
            what would read them: `unread last_login month`.
        files: In source order.
        rejects: Lines, bytes and SHA-256 of rejects.ndjson.
    """

    created_by: str
    source: Mapping[str, Any]
    mapping: str
    max_file_bytes: int
    skip: tuple[str, ...]
    totals: Mapping[str, int]
    reasons: Mapping[str, int]
    notes: Mapping[str, int]
    files: tuple[PreparedFile, ...]
    rejects: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Write it; from then on the files beside it count."""
        import orjson

        data = orjson.dumps({"format": FORMAT, **asdict(self)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        durable(folder / NAME, data)

    @property
    def decided(self) -> frozenset[str]:
        """Codes whose users are left behind by a decision and count as skipped."""
        return frozenset(self.skip) | {NOT_PREFERRED}

    @property
    def without_password(self) -> int:
        """Prepared users whose password does not travel."""
        from wizard.mapping.passwords import BARE

        return self.notes.get(BARE, 0)

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex over all of it: two preparations with equal ones made the same bytes."""
        import orjson

        return hashlib.sha256(orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def made_from(self, *, source: str, mapping: str, max_file_bytes: int, skip: tuple[str, ...]) -> bool:
        """Whether preparing from these fingerprints with these answers would give the same again."""
        wanted = (source, mapping, max_file_bytes, tuple(sorted(skip)))
        return wanted == (self.source["fingerprint"], self.mapping, self.max_file_bytes, tuple(sorted(self.skip)))


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a folder; None where there is none, so that nothing there counts.

    Raises:
        WizardError: it is damaged, or of a later version.
    """
    import orjson

    try:
        parts = orjson.loads((folder / NAME).read_bytes())
        if parts.pop("format") != FORMAT:
            raise WizardError(
                f"{folder / NAME} was written by another version of this program",
                remedy=f"use that version, or {AGAIN}",
            )
        files = tuple(PreparedFile(**each) for each in parts.pop("files"))
        return Manifest(files=files, skip=tuple(parts.pop("skip")), **parts)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WizardError(f"{folder / NAME} is damaged", remedy=AGAIN) from None


def require_manifest(folder: Path) -> Manifest:
    """The manifest of a folder that must have one.

    Raises:
        WizardError: there is none; it is damaged, or of a later version.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise WizardError(f"{folder} holds no prepared files", remedy=AGAIN)
    return manifest


def read_file(folder: Path, file: PreparedFile) -> bytes:
    """The bytes of a prepared file.

    Raises:
        WizardError: they are gone or not those that were prepared.
    """
    path = folder / USERS / file.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WizardError(f"The prepared file {path} cannot be read", why=error.strerror or "", remedy=AGAIN) from None
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise WizardError(f"The prepared file {path} is not the one that was prepared", remedy=AGAIN)
    return data
