"""What the profile makes of the first records of the store: how many can be imported, what is not read, and one of the users."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from screens.masking import masked
from wizard.counts import counted
from wizard.legacy.source import Record
from wizard.mapping import User
from wizard.profile import ProfileAnswers

if TYPE_CHECKING:
    from wizard.mapping import Mapping as CompiledMapping
    from wizard.rejects import Reject

ELSEWHERE = "Strategy counts the whole store."


def told(made: Sequence[User | Reject], unread: int, remarks: Sequence[str]) -> Content:
    """What became of the sample, and what is to be known about it.

    Args:
        made: Of each record that can be read.
        unread: Records that cannot.
    """
    warned = (Content.assemble(("! ", "$text-warning"), words) for words in remarks)
    return Content("\n").join([_tally(made, unread), *warned])


def _tally(made: Sequence[User | Reject], unread: int) -> Content:
    """How many of the sample can be imported, why the others cannot, and where everybody is counted."""
    rejects = [one for one in made if not isinstance(one, User)]
    good = len(made) - len(rejects)
    codes: dict[str, int] = {"unreadable": unread} if unread else {}
    for one in rejects:
        codes[one.code] = codes.get(one.code, 0) + 1
    if not codes:
        words = f"The first {counted(good, 'user')} can be imported. {ELSEWHERE}"
        return Content.assemble(("✓ ", "$text-success"), words)
    listed = ", ".join(f"{code} {number}" for code, number in sorted(codes.items(), key=lambda item: -item[1]))
    words = (
        f"{good} of the first {counted(len(made) + unread, 'user')} can be imported. Rejected: {listed}. {ELSEWHERE}"
    )
    return Content.assemble(("! ", "$text-warning"), words)


def unread_moments(mapping: CompiledMapping, records: Sequence[Record]) -> Iterator[str]:
    """What of the sample's moments is not read, where they decide who is imported."""
    preference = mapping.preference
    if preference is None or preference.column is None:
        return
    found = preference.unread(record.values[preference.column] for record in records if record.bad is None)
    if found.values:
        title = ProfileAnswers.model_fields["date_order"].title
        yield f"In this sample {found.told(f'“{title}”')}"


def shown_user(made: User | Reject, number: int, *, unmasked: bool) -> Content:
    """A user of the sample as Auth0 would get it, without the password; or why it stays out."""
    head = f"User {number} of the sample  (F6 the next, F7 {'mask' if unmasked else 'unmask'})\n"
    if not isinstance(made, User):
        return Content.assemble(
            (head, "$foreground-muted"), ("✗ rejected: ", "$text-error"), f"{made.message} ({made.code})"
        )
    profile: Mapping[str, Any] = {key: value for key, value in made.profile.items() if "password" not in key}
    profile = profile if unmasked else masked(profile)
    return Content.assemble((head, "$foreground-muted"), json.dumps(profile, indent=2, ensure_ascii=False))
