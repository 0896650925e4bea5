"""Which of several records with one e-mail address becomes the user: decided once, the same for all ways in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import orjson

from wizard.mapping.moments import Order, Unread, moment_of, unread

if TYPE_CHECKING:
    from wizard.mapping.compiled import MappedRows
    from wizard.mapping.table import Table
    from wizard.profile import ProfileAnswers

Rule = Literal["keep_newest", "keep_verified", "keep_most_recently_active"]

VERIFIED = b'"email_verified":true'
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Preference:
    """Gives each record a rank; the highest is kept, and nobody if it is 0 or several records have it.

    A record that is rejected has its rank too: nobody else becomes the user in its place.

    Args:
        column: Index of the column with the moment; None where the profile itself says it.
        name: Of that column.
        order: How dates with slashes are read there.
    """

    rule: Rule
    column: int | None
    name: str = ""
    order: Order | None = None

    def ranks(self, table: Table, mapped: MappedRows) -> list[int]:
        """One rank a record; 0 for those that cannot be preferred."""
        if self.column is None:
            return [
                int((VERIFIED in user and is_verified(user)) or index in mapped.verified)
                for index, user in enumerate(mapped.users)
            ]
        cells, addresses = table.cells[self.column], mapped.keys["email"]
        return [rank_of(cell, self.order) if address else 0 for cell, address in zip(cells, addresses, strict=True)]

    def unread(self, cells: Iterable[Any]) -> Unread:
        """What of the column is not read, and so ranks last."""
        return unread(self.name, cells if self.column is not None else (), self.order)

    def rank(self, values: Sequence[Any], keys: Mapping[str, Any]) -> int:
        """The same for one record.

        Args:
            values: In the order of the columns.
            keys: What `keys_of` of the compiled mapping finds in it.
        """
        if self.column is None:
            return int(keys.get("email_verified") is True)
        return rank_of(values[self.column], self.order)


def preferred(ranks: Sequence[int]) -> int | None:
    """The index of the highest rank; None if it is 0 or several have it."""
    best = max(ranks, default=0)
    return ranks.index(best) if best and ranks.count(best) == 1 else None


def is_verified(user: bytes) -> bool:
    """Whether the profile itself says so, and not some metadata."""
    return orjson.loads(user).get("email_verified") is True


def rank_of(cell: Any, order: Order | None = None) -> int:
    """Microseconds from 1970, from 1 on; 0 for no moment, and for one that cannot be read."""
    moment = moment_of(cell, order)
    return max(1, (moment - _1970) // _MICROSECOND) if moment else 0


def preference_of(profile: ProfileAnswers, index: Callable[[str, str], int]) -> Preference | None:
    """What the answers decide; None if all records with one address are rejected.

    Args:
        index: Finds a column for a key of the answers.
    """
    if profile.same_email == "reject":
        return None
    key = {"keep_newest": "created", "keep_most_recently_active": "last_login"}.get(profile.same_email)
    if key is None:
        return Preference(profile.same_email, None)
    name = getattr(profile, key)
    return Preference(profile.same_email, index(name, key), name, profile.date_order)
