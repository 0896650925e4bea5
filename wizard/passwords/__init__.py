"""Legacy password hashes: recognise a stored value, and say how Auth0 takes it or why it cannot.

A recipe judges one family of formats. To add one, write it beside the others and give its head a row in `judging.HEADS`.
"""

from __future__ import annotations

from wizard.passwords.described import Judge
from wizard.passwords.recipe import Verdict

__all__ = ["Judge", "Verdict", "judge"]

DEFAULT = Judge()


def judge(value: str) -> Verdict:
    """Say what becomes of one stored password by itself; surrounding white space does not count."""
    return DEFAULT(value)
