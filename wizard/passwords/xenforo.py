"""What XenForo keeps of a password: an array as PHP's serialize writes it, with the hash and, of other makers, its salt.

Source: XenForo, XF/Authentication: Core12 (a hash of password_hash or phpass alone), Core (a digest over a digest), and
those of imported forums, which all have a salt.
"""

from __future__ import annotations

import re

from wizard.passwords import families
from wizard.passwords.recipe import Verdict, refused, unchecked

BEGINNING = "a:"
ARRAY = re.compile(r"a:[1-9]:\{((?:s:[0-9]{1,3}:\"[^\"]*\";)*)\}")
TEXT = re.compile(r"s:([0-9]{1,3}):\"([^\"]*)\";")
SCHEME = "xenforo"
DIGESTS = ("sha1", "sha256")
"""What XenForo 1 used itself; of others an array does not say which forum made it."""


def judge(value: str) -> Verdict | None:
    """Judge an array of texts that has a hash; None if it is none."""
    members = members_of(value)
    if members is None or "hash" not in members:
        return None
    from wizard.passwords.judging import judge_value

    if members.keys() == {"hash"}:
        return judge_value(members["hash"])
    found = refused(SCHEME, members.get("hashFunc", ""), families.NESTED)
    return found if members.get("hashFunc") in DIGESTS and "salt" in members else unchecked(found)


def members_of(value: str) -> dict[str, str] | None:
    """The texts of the array by key; None if it is no array of texts."""
    found = ARRAY.fullmatch(value)
    if found is None:
        return None
    texts = [(int(size), text) for size, text in TEXT.findall(found[1])]
    if len(texts) % 2 or any(len(text.encode("utf-8", "replace")) != size for size, text in texts):
        return None
    return {key: text for (_, key), (_, text) in zip(texts[::2], texts[1::2], strict=True)}
