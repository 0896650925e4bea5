"""Prove with accounts whose passwords are known that translated hashes work, or find out how the hashes were made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import permutations
from typing import Any

from pydantic import ValidationError

from wizard.errors import UsageError
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.candidates import Given, candidates
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared
from wizard.passwords.described import Judge
from wizard.passwords.recipe import Verdict, full_name

MOST_ACCOUNTS = 5
SEPARATOR = re.compile(r"[:.$|,;#]")
HEX = re.compile(r"[0-9a-fA-F]{16,}")
DESCRIBING = frozenset(
    {
        *("format", "salt", "iterations", "key", "key_encoding", "key_position", "encoding", "salt_encoding"),
        *("salt_position", "password_encoding", "layout", "cost", "block_size", "parallelization", "also"),
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
        twice: Formats that several descriptions have, so that what is proven is named with its parameters.
    """

    accounts: tuple[Account, ...]
    recipe: Mapping[str, Any]
    tried: int
    exhausted: bool
    twice: frozenset[str] = frozenset()

    @property
    def proven(self) -> bool:
        """Whether every account that was given fits."""
        return all(account.fits for account in self.accounts)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The formats that are proven."""
        wrong = {self._named(account) for account in self.accounts if not account.fits}
        return tuple(sorted({self._named(account) for account in self.accounts} - wrong))

    def proven_with(self, before: Iterable[str]) -> list[str]:
        """The formats that are proven, those that were before among them, unless that is not certain any more."""
        return sorted({*before, *self.schemes} - self.twice)

    def _named(self, account: Account) -> str:
        return full_name(account.scheme, account.parameters) if account.scheme in self.twice else account.scheme


def prove(
    known: Sequence[Known],
    answers: PasswordsAnswers,
    *,
    secret: Callable[[str], str],
    seconds: float,
    now: Callable[[], float],
    progress: Callable[[int], None] = lambda tried: None,
) -> Proof:
    """Check each password against what its hash becomes; if one does not fit, search for a recipe that all fit.

    Where one column holds several kinds, the recipe is several descriptions, all but the first under `also`.

    Args:
        known: One to five accounts; of a column of several kinds of hashes, at best one of each.
        answers: With a column.
        secret: Finds the key, if the answers name one.
        seconds: How long the search may take; checks of the answers themselves are not counted.
        now: A clock in seconds.
        progress: Told how many recipes were tried, at each of them.
    """
    secret = lru_cache(secret)  # a keyring is slow, and the search asks for each recipe
    found = tuple(_checked(each, answers, secret) for each in known)
    twice = _described_twice(answers)
    if all(account.fits for account in found):
        return Proof(found, {}, 0, False, twice)
    failing = [each for each, account in zip(known, found, strict=True) if not account.fits]
    if not all(each.row[answers.column or ""].strip() for each in failing):
        return Proof(found, {}, 0, False, twice)
    search = _Search(known, answers, secret, seconds, now, progress)
    better = search.found(failing)
    if better is None:
        return Proof(found, {}, search.tried, search.exhausted, twice)
    recipe, accounts = better
    return Proof(accounts, recipe, search.tried, False, _described_twice(with_recipe(answers, recipe) or answers))


class _Search:
    """Looks for descriptions of the hashes that do not fit yet, one for each kind of them.

    Args:
        known: All accounts.
        answers: As they are.
        seconds: For all of it, of which a quarter may go on after something that fits some accounts was found.
    """

    def __init__(
        self,
        known: Sequence[Known],
        answers: PasswordsAnswers,
        secret: Callable[[str], str],
        seconds: float,
        now: Callable[[], float],
        progress: Callable[[int], None],
    ) -> None:
        self._known = known
        self._answers = answers
        self._column = answers.column or ""
        self._secret = secret
        self._more = seconds / 4
        self._until = now() + seconds
        self._now = now
        self._progress = progress
        self.tried = 0
        self.exhausted = True

    def found(self, failing: Sequence[Known]) -> tuple[Given, tuple[Account, ...]] | None:
        """What to put in the place of the description, and the accounts by it; None if there is nothing all fit."""
        recipes: list[Given] = []
        rest = list(failing)
        while rest:
            found = self._recipe(rest)
            if found is None:
                return None
            recipe, fitting = found
            recipes.append(recipe)
            rest = [each for each in rest if each not in fitting]
        return self._together(recipes)

    def _recipe(self, failing: Sequence[Known]) -> tuple[Given, list[Known]] | None:
        """A recipe that the first of these fits and as many others as can be, and who they are."""
        first = failing[0]
        alike = [each for each in failing if self._form(each) == self._form(first)]
        one_form = len(set(map(self._form, self._known))) == 1
        wanted = self._known if one_form else alike
        row = {name: cell.strip() for name, cell in first.row.items()}
        best: tuple[Given, list[Known]] | None = None
        until = self._until
        for recipe in candidates(row, self._column, self._answers.model_dump(exclude_none=True)):
            if self._now() > until:
                self.exhausted = False
                break
            self.tried += 1
            self._progress(self.tried)
            changed = with_recipe(self._answers, recipe)
            if changed is None or not self._fits(first, changed):
                continue
            if all(self._fits(each, changed) for each in wanted):
                return recipe, list(wanted)
            fitting = [each for each in alike if self._fits(each, changed)]
            if best is None:
                until = min(until, self._now() + self._more)
            if best is None or len(fitting) > len(best[1]):
                best = (recipe, fitting)
        return best

    def _together(self, recipes: Sequence[Given]) -> tuple[Given, tuple[Account, ...]] | None:
        """The recipes as one description of which each account finds its own, with what was there if it is right."""
        given = _description(self._answers)
        others = given.pop("also", [])
        kept = [given, *others] if given.get("format") else []
        for before in [kept, []] if self._was_proven(given) else [[], kept]:
            for first, *more in permutations([*before, *recipes]):
                recipe = {**first, "also": more} if more else first
                changed = with_recipe(self._answers, recipe)
                if changed is not None and all(self._fits(each, changed) for each in self._known):
                    return recipe, tuple(_checked(each, changed, self._secret) for each in self._known)
        return None

    def _was_proven(self, given: Given) -> bool:
        inner = self._answers.inner
        return bool(given.get("format")) and any(name.partition(" (")[0] == inner for name in self._answers.proven)

    def _fits(self, account: Known, answers: PasswordsAnswers) -> bool:
        """Whether it fits; a recipe by which the key would be of an encoding that it is not fits nobody."""
        try:
            return bool(_checked(account, answers, self._secret).fits)
        except UsageError:
            return False

    def _form(self, account: Known) -> tuple[int, ...]:
        """What hashes of one recipe have in common: their parts, and how long those are that are bytes in hex."""
        parts = SEPARATOR.split(account.row[self._column].strip())
        return tuple(len(part) if HEX.fullmatch(part) else 0 for part in parts)


def _description(answers: PasswordsAnswers) -> dict[str, Any]:
    """What the answers say about how hashes were made."""
    return answers.model_dump(exclude_defaults=True, include=set(DESCRIBING))


def _described_twice(answers: PasswordsAnswers) -> frozenset[str]:
    formats = Counter(each.inner for each in (answers, *answers.also))
    return frozenset(name for name, times in formats.items() if times > 1)


def with_recipe(answers: PasswordsAnswers, recipe: Given) -> PasswordsAnswers | None:
    """The answers with another description of the hashes; None if that makes no sense."""
    kept = {name: value for name, value in answers.model_dump(exclude_unset=True).items() if name not in DESCRIBING}
    try:
        return PasswordsAnswers.model_validate({**kept, **recipe})
    except ValidationError:
        return None


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
