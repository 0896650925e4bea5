"""Whether ids of the legacy store are those of other users of the tenant, as far as a few look-ups tell before a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.auth0.errors import NotFound

if TYPE_CHECKING:
    from wizard.tools import Tools

LOOKED_UP = 5
"""Ids that a plan looks up: a handful of requests, which the smallest subscription answers at once."""

REMEDY = 'If these are other people, user_id_prefix in [profile], such as "shop|", keeps the ids apart.'


@dataclass(frozen=True)
class TakenIds:
    """Of so many ids looked up, how many are those of others; counts of users.

    Args:
        here: Of users of the connection with another e-mail address, so that Auth0 refuses those of the store.
        elsewhere: Of users of other connections. Auth0 takes those of the store all the same.
        connections: The names of these.
    """

    looked_up: int
    here: int = 0
    elsewhere: int = 0
    connections: tuple[str, ...] = ()

    def lines(self, connection: str) -> Iterator[str]:
        """The same in words, with what follows from it and the way out."""
        of = f"Of {self.looked_up} ids looked up" if self.looked_up != 1 else "Of 1 id looked up"
        if self.here:
            yield f"{of} {self.here} are those of users of {connection} with other e-mail addresses: Auth0 refuses such users."
        if self.elsewhere:
            yield (
                f"{of} {self.elsewhere} are those of users of {', '.join(self.connections)}: Auth0 takes them, but by an id "
                "it finds only one of the two, so that undo --users leaves some."
            )
        if self.here or self.elsewhere:
            yield REMEDY


async def look_up_ids(some: Sequence[tuple[str, str]], connection: str, tools: Tools, *, live: bool) -> TakenIds:
    """Look up these users by id, as many as can be until the operator wants to stop.

    Args:
        some: Ids without `auth0|`, each with the e-mail address in the legacy store.
        live: Whether users move at login: who is in the connection with another address has changed it since.

    Raises:
        NotAllowed: the token may not read users.
    """
    looked, here, elsewhere, names = 0, 0, 0, set[str]()
    for user_id, email in some:
        if tools.stop():
            break
        looked += 1
        try:
            user = await tools.tenant.user(f"auth0|{user_id}")
        except NotFound:
            continue
        if not user.is_in(connection):
            elsewhere += 1
            names.update(identity.connection for identity in user.identities)
        elif not live and (user.email or "").lower() != email.lower():
            here += 1
    return TakenIds(looked, here, elsewhere, tuple(sorted(names)))
