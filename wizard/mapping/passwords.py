"""The password of a user: where Auth0 takes it, or what was decided for those it cannot take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from wizard.mapping.column_checks import HASHES
from wizard.mapping.parts import Members, member
from wizard.mapping.table import Odd, Origin, Table
from wizard.passwords import Judge, Verdict
from wizard.passwords.shapes import Shaped
from wizard.rejects import Refused, Reject, reject

BARE = "without_password"
KEY = "password_hash"
UNTRIED = "untried_password"
"""The note on users whose password travels by a description that nobody has tried."""


@dataclass(frozen=True)
class Carrier:
    """Puts stored passwords into profiles; picklable.

    Args:
        judge: As the operator declared the hashes.
        unsupported: What becomes of passwords that stay behind: "reject" or "without_password".
        decisions: The same for single formats, by scheme.
        missing: The same for users without a hash.
        tried: Schemes that were proven; users of others that rest on a description are noted. None where nobody asks.
    """

    judge: Judge
    unsupported: str
    decisions: Mapping[str, str]
    missing: str
    tried: frozenset[str] | None = None

    def carry(self, profile: dict[str, Any], notes: list[str], stored: str, *beside: str) -> None:
        """Put the password where Auth0 takes it, or note that the user has none.

        Args:
            beside: Cells of the further columns that the judge needs.

        Raises:
            Refused: it stays behind, and that is to reject the user.
        """
        verdict = self.judge(stored, *beside)
        if verdict.carried_by != "none":
            profile[verdict.carried_by] = verdict.value
            if is_untried(verdict, self.tried):
                notes.append(UNTRIED)
        elif self._decided(verdict) == "reject":
            raise Refused(_reject(verdict))
        else:
            notes.append(BARE)

    def _decided(self, verdict: Verdict) -> str:
        if verdict.code == "password_missing":
            return self.missing
        return self.decisions.get(verdict.scheme, self.unsupported)


def is_untried(verdict: Verdict, tried: frozenset[str] | None) -> bool:
    """Whether it travels by a description that nobody has tried, where that matters."""
    return tried is not None and bool(verdict.assumes) and not verdict.is_proven(tried)


def _reject(verdict: Verdict) -> Reject:
    """The reject, which names the format but for passwords that are missing."""
    refusal = reject(verdict.code or "password_unsupported")
    if verdict.code == "password_missing":
        return refusal
    named = f"{verdict.scheme} ({verdict.parameters})" if verdict.parameters else verdict.scheme
    return Reject(refusal.code, f"{refusal.message}: {named}: {verdict.why}")


@dataclass(frozen=True)
class Password:
    """The password over a whole block.

    Args:
        origin: Of the hash.
        beside: Of the further columns that the judge needs.
        required: Makes users without a hash odd.
        tried: As in `Carrier`.
    """

    origin: Origin
    beside: tuple[Origin, ...]
    judge: Judge
    required: bool
    tried: frozenset[str] | None = None
    key: str = KEY
    shaped: Shaped = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shaped", Shaped(self.judge))

    def read(self, table: Table) -> tuple[Sequence[bytes], Members]:
        """What is there for each record (b"" for nothing), and the text of the member, comma and key included."""
        values = self.origin.texts(table)
        odd = table.odd
        if self.required and not all(values):
            odd.update(index for index, value in enumerate(values) if not value)
        if self.judge.plain_bcrypt:
            others = HASHES.exceptions(values, len(values) // 4)
            if others is not None:
                return values, self._mostly_plain(values, others, table)
        return values, [self._pieces(values, range(len(values)), table)]

    def members(self, table: Table) -> tuple[bool, Members]:
        return False, self.read(table)[1]

    def _mostly_plain(self, values: Sequence[bytes], others: Sequence[int], table: Table) -> Members:
        """The members where all but the values with these indices are hashes as Auth0 takes them."""
        judged = self._pieces(values, others, table)
        if table.odd.issuperset(others):
            return member(KEY, values, table.odd, quote=b'"')[1]
        begin = b',"%b":"' % KEY.encode()
        pieces = [begin + value + b'"' if value else b"" for value in values]
        for index, piece in zip(others, judged, strict=True):
            pieces[index] = piece
        return [pieces]

    def _pieces(self, values: Sequence[bytes], indices: Sequence[int], table: Table) -> list[bytes]:
        """The member of each of these records, as the judge gives it."""
        judge, odd = self.judge, table.odd
        known = self.shaped.member if judge.plain_bcrypt else _unknown
        beside = [origin.texts(table) for origin in self.beside]
        pieces = []
        for index in indices:
            value = values[index]
            if not value:
                pieces.append(b"")
            elif piece := known(value):
                pieces.append(piece)
            elif index in odd:
                pieces.append(b"")
            else:
                verdict = judge(value.decode(), *[cells[index].decode() for cells in beside])
                if is_untried(verdict, self.tried):
                    table.untried.append(index)
                pieces.append(_piece(verdict, index, odd))
        return pieces


def _unknown(value: bytes) -> None:
    """Every value is to be judged."""


def _piece(verdict: Verdict, index: int, odd: Odd) -> bytes:
    """The member of the profile; what stays behind is odd, so that the compiled function decides about it."""
    if verdict.carried_by == "none":
        odd.add(index)
        return b""
    written = orjson.dumps(verdict.value)
    if b"\\" in written:
        odd.add(index)
    return b',"' + verdict.carried_by.encode() + b'":' + written
