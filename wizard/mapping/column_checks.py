"""Checks of the import schema over a column at once: one pattern runs over all its lines, in C.

They may call a good value odd, which costs time only. They never pass what the compiled function would refuse or change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from wizard.mapping.lines import Lines
from wizard.mapping.memo import Memo
from wizard.mapping.phones import MARK
from wizard.mapping.table import Odd
from wizard.mapping.words import EMAIL, PICTURE, USERNAME
from wizard.passwords.bcrypt import PASSWORD_HASH

_mark = itemgetter(slice(MARK))
E164 = re.compile(r"\+[1-9][0-9]{5,14}")


EMAILS, USERNAMES, PICTURES, NUMBERS, HASHES = map(Lines, (EMAIL, USERNAME, PICTURE, E164, PASSWORD_HASH))


def user_ids(prefix: bytes, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    joined = b"".join(values)
    if not joined.isascii() or b" " in joined or b"\x7f" in joined or b"auth0|" in joined:
        odd.update(
            index for index, value in enumerate(values) if not value.isascii() or b" " in value or b"\x7f" in value
        )
        odd.update(index for index, value in enumerate(values) if value.startswith(b"auth0|"))
    if b"E+" in joined or b"e+" in joined:
        odd.update(index for index, value in enumerate(values) if b"E+" in value or b"e+" in value)
    at_most(255 - len(prefix), values, odd)
    return [prefix + value if value else b"" for value in values] if prefix else values


def emails(values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    values, lines = _lowered(values)
    at_most(64, values, odd)
    EMAILS.failing(lines, odd)
    return values


def phones(lengths: Memo, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    failing: Odd = set()
    NUMBERS.failing(b"\n".join(values), failing)
    odd |= failing
    others = list(values)
    for index in failing:
        others[index] = b""
    kinds = set(zip(map(_mark, others), map(len, others), strict=True))
    wrong = {(mark, size) for mark, size in kinds if size not in lengths[mark]} - {(b"", 0)}
    if wrong:
        odd.update(index for index, value in enumerate(others) if (value[:MARK], len(value)) in wrong)
    return values


def usernames(shortest: int, longest: int, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    values, lines = _lowered(values)
    USERNAMES.failing(lines, odd)
    if b"@" in lines:
        odd.update(index for index, value in enumerate(values) if b"@" in value)
    sizes = set(map(len, values)) - {0}
    if sizes and not shortest <= min(sizes) <= max(sizes) <= longest:
        odd.update(index for index, value in enumerate(values) if value and not shortest <= len(value) <= longest)
    return values


def _lowered(values: Sequence[bytes]) -> tuple[Sequence[bytes], bytes]:
    """The values with small letters of ASCII, and the same as lines."""
    lines = b"\n".join(values)
    lower = lines.lower()
    return (values if lower == lines else lower.split(b"\n")), lower


def at_most(size: int, values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    """Bytes, which are never fewer than characters."""
    if max(map(len, values), default=0) > size:
        odd.update(index for index, value in enumerate(values) if len(value) > size)
    return values


def pictures(values: Sequence[bytes], odd: Odd) -> Sequence[bytes]:
    PICTURES.failing(b"\n".join(values), odd)
    return values
