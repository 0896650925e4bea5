"""Prove with accounts whose passwords are known that translated hashes work, or find out how the hashes were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from wizard.errors import UsageError
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.candidates import Given, candidates
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared
from wizard.passwords.judging import Judge
from wizard.passwords.recipe import Verdict

MOST_ACCOUNTS = 5
DESCRIBING = frozenset(
    {
        *("format", "salt", "iterations", "key", "key_encoding", "key_position", "encoding", "salt_encoding"),
        *("salt_position", "password_encoding", "layout", "cost", "block_size", "parallelization"),
    }
)
"""Keys of [passwords] that say how the hashes were made; a search tries others in their place."""


@dataclass(frozen=True)
class Known:
    """An account of the store: its cells as text by column, and its password. Neither is in `repr`."""

    row: Mapping[str, str] = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """What was found about one account; `fits` is None where there is nothing to compare."""

    scheme: str
    parameters: str
    carried_by: str
    fits: bool | None
    why: str


@dataclass(frozen=True)
class Proof:
    """The outcome.

    Args:
        accounts: One each, by the recipe that works, else by the answers as they are.
        recipe: Keys of [passwords] to use instead of those that describe the hash; empty if the answers are right.
        tried: Recipes that were tried besides the answers.
        exhausted: Whether all were tried; False if the search ran out of time or was not needed.
    """

    accounts: tuple[Account, ...]
    recipe: Mapping[str, Any]
    tried: int
    exhausted: bool

    @property
    def proven(self) -> bool:
        """Whether every account that was given fits."""
        return all(account.fits for account in self.accounts)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The formats that are proven."""
        wrong = {account.scheme for account in self.accounts if not account.fits}
        return tuple(sorted({account.scheme for account in self.accounts} - wrong))


def prove(
    known: Sequence[Known],
    answers: PasswordsAnswers,
    *,
    secret: Callable[[str], str],
    seconds: float,
    now: Callable[[], float],
    progress: Callable[[int], None] = lambda tried: None,
) -> Proof:
    """Check each password against what its hash becomes; if one does not fit, search for the recipe that all fit.

    Args:
        known: One to five accounts.
        answers: With a column.
        secret: Finds the key, if the answers name one.
        seconds: How long the search may take; checks of the answers themselves are not counted.
        now: A clock in seconds.
        progress: Told how many recipes were tried, at each of them.
    """
    secret = lru_cache(secret)  # a keyring is slow, and the search asks for each recipe
    found = tuple(_checked(each, answers, secret) for each in known)
    if all(account.fits for account in found):
        return Proof(found, {}, 0, False)
    first = next(each for each, account in zip(known, found, strict=True) if not account.fits)
    if not first.row[answers.column or ""].strip():
        return Proof(found, {}, 0, False)
    return _searched(known, found, first, answers, secret=secret, until=now() + seconds, now=now, progress=progress)


def _searched(
    known: Sequence[Known],
    found: tuple[Account, ...],
    first: Known,
    answers: PasswordsAnswers,
    *,
    secret: Callable[[str], str],
    until: float,
    now: Callable[[], float],
    progress: Callable[[int], None],
) -> Proof:
    column = answers.column or ""
    row = {name: cell.strip() for name, cell in first.row.items()}
    given = answers.model_dump(exclude_none=True)
    tried = 0
    for recipe in candidates(row, column, given):
        if now() > until:
            return Proof(found, {}, tried, False)
        tried += 1
        progress(tried)
        changed = with_recipe(answers, recipe)
        if changed is None or not _tried(first, changed, secret):
            continue
        accounts = tuple(_checked(each, changed, secret) for each in known)
        if all(account.fits for account in accounts):
            return Proof(accounts, recipe, tried, False)
    return Proof(found, {}, tried, True)


def with_recipe(answers: PasswordsAnswers, recipe: Given) -> PasswordsAnswers | None:
    """The answers with another description of the hashes; None if that makes no sense."""
    kept = {name: value for name, value in answers.model_dump(exclude_unset=True).items() if name not in DESCRIBING}
    try:
        return PasswordsAnswers.model_validate({**kept, **recipe})
    except ValidationError:
        return None


def _tried(account: Known, answers: PasswordsAnswers, secret: Callable[[str], str]) -> bool:
    """Whether it fits; a recipe by which the key would be of an encoding that it is not fits nobody."""
    try:
        return bool(_checked(account, answers, secret).fits)
    except UsageError:
        return False


def _checked(account: Known, answers: PasswordsAnswers, secret: Callable[[str], str]) -> Account:
    judge = Judge(declared(answers, secret, account.row))
    verdict = judge(account.row[answers.column or ""], *[account.row[name] for name in judge.declared.columns])
    if verdict.value is None:
        return _account(verdict, None, verdict.why)
    try:
        right = fits(account.password, verdict.value)
        # A hash that fits anything proves nothing.
        sound = right and not fits("\x01" + account.password, verdict.value)
    except CannotCheck as missing:
        return _account(verdict, None, str(missing))
    why = "the password fits the hash that Auth0 will get" if sound else "the password does not fit this hash"
    return _account(verdict, sound, why)


def _account(verdict: Verdict, right: bool | None, why: str) -> Account:
    return Account(verdict.scheme, verdict.parameters, verdict.carried_by, right, why)
