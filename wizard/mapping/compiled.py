"""The compiled mapping: a generated function that makes users of records, and their bytes in an import file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from wizard.mapping.plan import Plan
from wizard.mapping.preference import Preference
from wizard.mapping.table import Table
from wizard.rejects import Refused, Reject, reject

Profile = dict[str, Any]
ToUser = Callable[[Sequence[Any], list[str]], Any]
"""A record to a profile, or to a tuple of the reject and the user_id if that is known. Appends notes to the list."""

ToKeys = Callable[[Sequence[Any]], Profile]
"""A record to those members of its profile that must be unique and can be read, and `email_verified`."""

LARGE_PROFILE = "large_profile"
USER_TOO_LARGE = reject("user_too_large")
METADATA = frozenset({"app_metadata", "user_metadata"})
LARGEST_INTEGER = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class User:
    """A user as Auth0's import schema has it, and the same as compact JSON in UTF-8."""

    profile: Profile
    data: bytes


@dataclass(frozen=True, slots=True)
class MappedRows:
    """What became of the records of a block.

    Args:
        users: As JSON, by record; b"" for a reject.
        keys: What must be unique, by member and record; b"" for none. Rejects have theirs too, as far as they can be read:
            whose address it is does not depend on what else is wrong with a record.
        refused: Index, reason, and the user_id if that is known.
        verified: Indices of the rejects whose e-mail address is verified.
        noted: Indices of the users who lack something or are large, by the note that says what.
    """

    users: list[bytes]
    keys: dict[str, list[bytes]]
    refused: list[tuple[int, Reject, str | None]]
    noted: dict[str, list[int]]
    verified: frozenset[int] = frozenset()

    @property
    def notes(self) -> Counter[str]:
        """How many users are noted for what."""
        return Counter({note: len(indices) for note, indices in self.noted.items()})


class Mapping:
    """Maps records of one source; picklable.

    Args:
        source: Python text that defines `to_user` and `to_keys`; made by this package alone, with all the operator's
            words in `constants`.
        constants: What the text refers to by name.
        columns: Columns of the source it was compiled for.
        fingerprint: SHA-256 in hex of everything that decides what a record becomes.
        keys: The members of a profile that must be unique.
        warning: Profiles of more bytes are noted as large.
        limit: Profiles of more bytes are rejected; None for no limit.
        plan: The same for whole blocks; None where the answers leave nothing that it could do faster.
        preference: Which of several records with one e-mail address is imported; None for none of them.
    """

    def __init__(
        self,
        source: str,
        constants: dict[str, Any],
        *,
        columns: tuple[str, ...],
        fingerprint: str,
        keys: tuple[str, ...],
        warning: int,
        limit: int | None,
        plan: Plan | None,
        preference: Preference | None = None,
    ) -> None:
        self.source = source
        self.constants = constants
        self.columns = columns
        self.fingerprint = fingerprint
        self.keys = keys
        self.warning = warning
        self.limit = limit
        self.plan = plan
        self.preference = preference
        names = dict(constants)
        exec(compile(source, "<mapping>", "exec"), names)  # noqa: S102 - generated text, no operator's word in it
        self.to_user: ToUser = names["to_user"]
        self.keys_of: ToKeys = names["to_keys"]

    def __reduce__(self) -> tuple[Callable[..., Mapping], tuple[Any, ...]]:
        return _restored, (
            self.source,
            self.constants,
            {
                "columns": self.columns,
                "fingerprint": self.fingerprint,
                "keys": self.keys,
                "warning": self.warning,
                "limit": self.limit,
                "plan": self.plan,
                "preference": self.preference,
            },
        )

    def map_one(self, values: Sequence[Any]) -> User | Reject:
        """Map one record, its values in the order of `columns`; never raises for what they hold."""
        found = self._map_odd(values, sys.maxsize, [])
        return found if isinstance(found, User) else found[0]

    def map_table(self, table: Table, largest: int) -> MappedRows:
        """Map the records of a block, each as `map_one` would.

        Args:
            largest: Bytes that a user may have to fit into a file.
        """
        count = table.count
        if self.plan is not None and count:
            users, keys, noted = self.plan.users(table, largest)
            odd = table.odd
        else:
            odd = set(range(count))
            users, keys, noted = [b""] * count, {key: [b""] * count for key in self.keys}, {}
        refused: list[tuple[int, Reject, str | None]] = []
        verified: set[int] = set()
        notes: list[str] = []
        for index in sorted(odd):
            users[index] = b""
            for listed in keys.values():
                listed[index] = b""
            if index in table.bad:
                bad = table.bad[index]
                refused.append((index, Reject(bad.code, bad.message), None))
                continue
            row = table.row(index)
            found = self._map_odd(row, largest, notes)
            if isinstance(found, User):
                users[index] = found.data
                for note in notes:
                    noted.setdefault(note, []).append(index)
                profile = found.profile
            else:
                refused.append((index, *found))
                profile = self.keys_of(row)
                if profile.get("email_verified") is True:
                    verified.add(index)
            for key, listed in keys.items():
                if key in profile:
                    listed[index] = profile[key].encode("utf-8", "surrogatepass")
            notes.clear()
        return MappedRows(users, keys, refused, noted, frozenset(verified))

    def _map_odd(self, row: Sequence[Any], largest: int, notes: list[str]) -> User | tuple[Reject, str | None]:
        """Map one record by the compiled function, to a user or to the reject and the user_id if it is known."""
        found = self.to_user(row, notes)
        if type(found) is tuple:
            refusal: tuple[Reject, str | None] = found
            return refusal
        try:
            data = self.serialise(found, notes)
        except Refused as refused:
            return refused.reject, found["user_id"]
        return User(found, data) if len(data) <= largest else (USER_TOO_LARGE, found["user_id"])

    def serialise(self, profile: Profile, notes: list[str]) -> bytes:
        """The profile as it stands in an import file.

        Raises:
            Refused: JSON or Auth0 cannot take a value in it, or it is too large.
        """
        try:
            data = orjson.dumps(profile, option=orjson.OPT_STRICT_INTEGER)
        except TypeError:
            raise Refused(_why_not_json(profile)) from None
        if b"\\" in data:  # the escape of a control character, or a harmless one
            _refuse_controls(profile)
        if len(data) > self.warning:
            notes.append(LARGE_PROFILE)
        if self.limit is not None and len(data) > self.limit:
            raise Refused(reject("profile_too_large"))
        return data


def _restored(source: str, constants: dict[str, Any], rest: dict[str, Any]) -> Mapping:
    return Mapping(source, constants, **rest)


def _leaves(value: Any, depth: int = 0) -> list[Any]:
    """All values and keys in a structure, flat; None stands for what is nested too deep."""
    if depth > 200:
        return [None]
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in (key, *_leaves(part, depth + 1))]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _leaves(part, depth + 1)]
    return [value]


def _why_not_json(profile: Profile) -> Reject:
    for field, value in profile.items():
        for leaf in _leaves(value):
            if isinstance(leaf, str) and any("\ud800" <= letter <= "\udfff" for letter in leaf):
                return reject("lone_surrogate")
            if isinstance(leaf, int) and abs(leaf) > LARGEST_INTEGER:
                return reject("number_too_large")
            if leaf is None:
                return reject("value_not_json", field)
    return reject("value_not_json", "the profile")


def _refuse_controls(profile: Profile) -> None:
    """Tabs and line breaks are text in metadata; elsewhere no control character is, and NUL is nowhere."""
    for field, value in profile.items():
        first_allowed = "\x01" if field in METADATA or field == "custom_password_hash" else " "
        for leaf in _leaves(value):
            if isinstance(leaf, str) and leaf and min(leaf) < first_allowed:
                raise Refused(reject("control_character", field))
