"""The mapping over a whole block: members side by side, glued to the JSON of each user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.mapping.parts import Members, Part, Text, glued, member
from wizard.mapping.passwords import UNTRIED, Password
from wizard.mapping.table import Table


@dataclass(frozen=True)
class Plan:
    """All members of a profile, in order.

    Args:
        parts: Of the profile; the first is user_id.
        keys: Those that must be unique.
        notes: What every user of this plan is noted for.
        absent: Members whose absence is noted, with the note.
        most: Larger users are odd.
    """

    parts: tuple[Part, ...]
    keys: tuple[str, ...]
    notes: tuple[str, ...]
    absent: tuple[tuple[str, str], ...]
    most: int

    def users(self, table: Table, largest: int) -> tuple[list[bytes], dict[str, list[bytes]], dict[str, list[int]]]:
        """Map the records that are regular, and add the indices of the others to the odd ones of the table.

        Args:
            largest: Users of more bytes are odd too.

        Returns:
            Users as JSON, their keys by member (b"" without), and the indices of those who are noted, by note. For odd
            records the first two hold anything.
        """
        watched = {*self.keys, *(key for key, _ in self.absent)}
        found: dict[str, Sequence[bytes]] = {}
        members: Members = []
        for part in self.parts:
            if isinstance(part, Password):
                found[part.key], piece = part.read(table)
                members += piece
            elif isinstance(part, Text) and part.key in watched:
                found[part.key] = part.pieces(table)
                members += member(part.key, found[part.key], table.odd, quote=b'"')[1]
            else:
                members += part.members(table)[1]
        begin, *rest = members
        if isinstance(begin, bytes):  # all have a user_id, so this is the comma before it, and its key
            users = glued([b"{" + begin[1:], *rest, b"}"], table.count)
        else:
            users = [b"{" + user[1:] + b"}" for user in glued(members, table.count)]
        odd, most = table.odd, min(self.most, largest)
        if max(map(len, users), default=0) > most:
            odd.update(index for index, user in enumerate(users) if len(user) > most)
        noted = {note: [index for index in range(table.count) if index not in odd] for note in self.notes}
        for key, note in self.absent:
            if not all(found[key]):
                noted[note] = [index for index, piece in enumerate(found[key]) if not piece and index not in odd]
        if table.untried:
            noted[UNTRIED] = [index for index in table.untried if index not in odd]
        return users, {key: list(found[key]) for key in self.keys}, noted
