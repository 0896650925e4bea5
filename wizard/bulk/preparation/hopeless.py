"""Refuses to begin an import in which every user of the store would be rejected: then the answers are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from wizard.counts import counted
from wizard.errors import UsageError
from wizard.legacy.source import BadRecord, LegacySource
from wizard.mapping.compiled import Mapping, User
from wizard.rejects import REASONS


def require_anybody(source: LegacySource, mapping: Mapping, skip: Collection[str], stop: Callable[[], bool]) -> None:
    """Read records until one becomes a user; usually that is the first one.

    Args:
        skip: Codes of rejects that the operator decided to leave behind; rejects with no other are no mistake.
        stop: Asked at every block; once true, nothing more is read, and nothing is said.

    Raises:
        UsageError: there are users, none could be imported, and not all of them are left behind by decision.
        SourceError: the store cannot be read.
    """
    reasons: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for block in source.blocks():
        if stop():
            return
        for row in block.rows():
            found = row if isinstance(row, BadRecord) else mapping.map_one(row)
            if isinstance(found, User):
                return
            reasons[found.code] += 1
            messages[found.code] = found.message
    if reasons.keys() <= frozenset(skip):
        return
    code, count = reasons.most_common(1)[0]
    others = reasons.total() - count
    raise UsageError(
        f"Not one of {counted(reasons.total(), 'user')} of the legacy store could be imported",
        why=f"{code} rejects {count:,}: {messages[code]}" + (f"; other reasons {others:,}" if others else ""),
        state="No user was prepared.",
        remedy=f"{REASONS[code].remedy} `auth0-migrate prepare` lists every reject.",
    )
