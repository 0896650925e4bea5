"""What a recipe says about one stored password, and what it may know beside the value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

CarriedBy = Literal["password_hash", "custom_password_hash", "none"]

Code = Literal[
    "password_missing",
    "password_unsupported",
    "password_uncheckable",
    "password_undeclared",
    "password_unconfirmed",
    "password_damaged",
    "password_disabled",
]
"""Why a password stays behind: the codes of rejects."""

Likely = Literal["", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether and how a stored password travels.

    Args:
        scheme: The family: "bcrypt".
        parameters: What tells its members apart, never salt or hash: "2b, cost 10".
        carried_by: The member of the import schema that takes it, or "none".
        why: The reason, for an operator.
        value: What that member gets; a hash, so it is left out of `repr`.
        code: The reject of a user whose password stays behind; "" if it travels.
        weak: What is worth telling about how easily the hash is guessed, or "".
        unconfirmed: What Auth0's documents leave open about it, or "".
        likely: What Auth0 probably does where they leave it open.
        assumes: What the stored value does not say and the translation rests on, so that it needs a proof, or "".
        described: Which description it was judged by: 0 is the first, others are those of `also`.
        proven: Whether an account has shown that that one of `also` is right.
        unlike: Whether the value is of another kind than what is described, or lacks the salt that it would have.
    """

    scheme: str
    parameters: str
    carried_by: CarriedBy
    why: str
    value: str | Mapping[str, Any] | None = field(default=None, repr=False)
    code: Code | Literal[""] = ""
    weak: str = ""
    unconfirmed: str = ""
    likely: Likely = ""
    assumes: str = ""
    described: int = 0
    proven: bool = False
    unlike: bool = False

    def is_proven(self, schemes: Collection[str]) -> bool:
        """Whether an account has shown that it is right; the schemes are those that were proven of the first description."""
        return self.proven if self.described else self.scheme in schemes


Recipe = Callable[[str], Verdict]
"""Judges a stored value without white space around it that begins as its family does."""

AS_IT_IS = "Auth0 takes it as it is"
REWRITTEN = "Auth0 takes it as a custom hash and makes its own at the first login"
WAY_OUT = "these users move at their login or reset their password"
NO_LOGIN = "the legacy API cannot check it either, so that these users reset their password"

LOW_COST = "few rounds for today's machines; Auth0 makes a stronger hash at the first login"
FAST = "a fast digest, guessed by the billion a second; Auth0 makes a stronger hash at the first login"
UNSALTED = "a fast digest without salt: most are found in tables; Auth0 makes a stronger hash at the first login"


def custom(
    scheme: str,
    parameters: str,
    value: Mapping[str, Any],
    *,
    weak: str = "",
    unconfirmed: str = "",
    likely: Likely = "",
    assumes: str = "",
) -> Verdict:
    """A password that travels as `custom_password_hash`."""
    return Verdict(
        scheme, parameters, "custom_password_hash", REWRITTEN, value, "", weak, unconfirmed, likely, assumes
    )  # fmt: skip


def refused(scheme: str, parameters: str, why: str, code: Code = "password_unsupported") -> Verdict:
    """A password that stays behind."""
    return Verdict(scheme, parameters, "none", why, None, code)


def unchecked(behind: Verdict) -> Verdict:
    """The same of a password that stays behind, where no login can bring it: nothing here checks it."""
    why = f"{behind.why.removesuffix(WAY_OUT).rstrip('; ')}; {NO_LOGIN}"
    return replace(behind, why=why, code="password_uncheckable")


def damaged(scheme: str, parameters: str = "", why: str = "it is cut short or has a character too many") -> Verdict:
    """A password whose beginning is known and whose rest is not what it should be."""
    return Verdict(scheme, parameters, "none", f"the hash is damaged: {why}", None, "password_damaged")
