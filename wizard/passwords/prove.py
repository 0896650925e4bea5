"""Prove with accounts whose passwords are known that translated hashes work, or find out how the hashes were made."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError

from wizard.errors import UsageError
from wizard.passwords.answers import MOST_ALSO, AlsoMade, HowMade, PasswordsAnswers
from wizard.passwords.candidates import Given, candidates
from wizard.passwords.check import CannotCheck, fits
from wizard.passwords.declared import declared, in_order
from wizard.passwords.described import Judge
from wizard.passwords.encoded import from_dump
from wizard.passwords.judging import judge_value
from wizard.passwords.recipe import Verdict

R = TypeVar("R")
Turns = Generator[None, None, R]
"""A search that lets others go on after each try."""

MOST_ACCOUNTS = 5
MINGLED = (
    "what fits looks like the hashes of a description that was proven or fits another account, and nothing tells which is "
    "which; if that proof was of other settings, take it out of proven and prove again, else split the column by a query, or "
    "let these users move at their login"
)
"""What to say where descriptions that fit cannot be told apart."""
CROWDED = (
    "what fits would be kind {0} of one column, of which [passwords] describes {1}: take out of also what few users have, who then "
    "move at their login, or split the column by a query"
)
SEPARATOR = re.compile(r"[:.$|,;#]")
HEX = re.compile(r"[0-9a-fA-F]{16,}")
DESCRIBING = frozenset(
    {
        *("format", "salt", "iterations", "key", "key_encoding", "key_position", "encoding", "salt_encoding"),
        *("salt_position", "password_encoding", "layout", "cost", "block_size", "parallelization", "also"),
    }
)
"""Keys of [passwords] that say how the hashes were made; a search tries others in their place."""
DEPENDENT = frozenset({"pbkdf2 of Spring"})
"""Formats that rest on what is described even where that is what is usual."""


@dataclass(frozen=True)
class Known:
    """An account of the store: its cells as text by column, and its password. Neither is in `repr`."""

    row: Mapping[str, str] = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """What was found about one account; `fits` is None where there is nothing to compare.

    `described` is which description it was judged by: 0 is the first, others are those of `also`. `rests` is whether what it
    is compared with rests on that, and not on the stored value alone.
    """

    scheme: str
    parameters: str
    carried_by: str
    fits: bool | None
    why: str
    described: int = 0
    rests: bool = False


@dataclass(frozen=True)
class Proof:
    """The outcome.

    Args:
        accounts: One each, by the recipe that works, else by the answers as they are.
        recipe: Keys of [passwords] to use instead of those that describe the hash; empty if the answers are right.
        tried: Recipes that were tried besides the answers.
        exhausted: Whether all were tried; False if the search ran out of time or was not needed.
        mingled: Whether something fits each account that cannot be told apart from what else is described.
        kinds: How many there would be with what fits, where that is not offered.
        first_stays_proven: What is noted of a proof of the first description of the recipe, if it was proven before.
    """

    accounts: tuple[Account, ...]
    recipe: Mapping[str, Any]
    tried: int
    exhausted: bool
    mingled: bool = False
    first_stays_proven: bool | str = False
    kinds: int = 0

    @property
    def hindrance(self) -> str:
        """Why what fits is not offered; "" if it is, or nothing fits."""
        if self.kinds > MOST_ALSO + 1:
            return CROWDED.format(self.kinds, MOST_ALSO + 1)
        return MINGLED if self.mingled else ""

    @property
    def proven(self) -> bool:
        """Whether every account that was given fits."""
        return all(account.fits for account in self.accounts)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The formats that are proven, but for those of `also`."""
        by_first = [account for account in self.accounts if not account.described]
        wrong = {account.scheme for account in by_first if not account.fits}
        return tuple(sorted({account.scheme for account in by_first} - wrong))

    def lost(self, answers: PasswordsAnswers) -> list[str]:
        """The formats whose earlier proof counts no longer, as an account speaks against it."""
        noted = self.noted(answers)
        kept = answers.model_dump(exclude_unset=True, exclude=set(DESCRIBING) if self.recipe else None)
        return sorted((_proofs(answers) - _proofs(PasswordsAnswers.model_validate({**kept, **noted}))).elements())

    def noted(self, answers: PasswordsAnswers) -> dict[str, Any]:
        """The keys of [passwords] that use the recipe and keep note of what is proven; empty if nothing is to be noted.

        What was proven of a description that is not the first any more is left out of `proven`, and so is what an account
        speaks against.
        """
        changed = with_recipe(answers, self.recipe) if self.recipe else answers
        if changed is None or self.hindrance:
            return {}
        mark = changed.mark(changed.column)
        rests = {account.scheme: account.rests for account in self.accounts if not account.described}
        now = {name: f"{name}#{mark}" if rests[name] else name for name in self.schemes}
        if self.first_stays_proven:
            stays = changed.inner if self.first_stays_proven is True else f"{changed.inner}#{mark}"
            now.setdefault(changed.inner, stays)
        gone = {*now, *([answers.inner] if self.recipe else [])}
        against = {account.scheme for account in self._wrong if not account.described}
        gone_too = {*against, *(f"{name}#{mark}" for name in against)}
        before = (each for each in answers.proven if each.partition("#")[0] not in gone and each not in gone_too)
        proven = sorted({*before, *now.values()})
        also = [self._with_proof(each, number, changed.column) for number, each in enumerate(changed.also, 1)]
        told = {**self.recipe, **({"also": also} if also else {})}
        if not self.recipe and also == [_description(each) for each in answers.also]:
            told.pop("also", None)
        return {"proven": proven, **told} if self.recipe or "also" in told or proven != sorted(answers.proven) else {}

    def _with_proof(self, described: AlsoMade, number: int, column: str | None) -> dict[str, Any]:
        """One of `also` with what is noted of its proof now."""
        given = {name: value for name, value in _description(described).items() if name != "proven"}
        if number in {account.described for account in self._wrong}:
            return given
        right = any(account.described == number for account in self.accounts if account.fits)
        proven = described.mark(column) if right else described.proven
        return {**given, "proven": proven} if proven else given

    @property
    def _wrong(self) -> list[Account]:
        return [account for account in self.accounts if account.fits is False]


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

    Where one column holds several kinds, the recipe is several descriptions, all but the first under `also`. A description
    that was proven before, or that an account fits, stays among them.

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
    if all(account.fits for account in found):
        return Proof(found, {}, 0, False)
    failing = [each for each, account in zip(known, found, strict=True) if not account.fits]
    hashed = [each for each in failing if each.row[answers.column or ""].strip()]
    search = _Search(known, answers, secret, seconds, now, progress)
    recipes, solved = search.recipes(hashed)
    if not recipes:
        return Proof(found, {}, search.tried, bool(hashed) and search.exhausted)
    better = search.together(recipes, solved, found)
    if better is None:
        crowded = search.kinds > MOST_ALSO + 1
        return Proof(found, {}, search.tried, search.exhausted, mingled=not crowded, kinds=search.kinds)
    recipe, stays = better
    changed = with_recipe(answers, recipe) or answers
    accounts = tuple(_checked(each, changed, secret) for each in known)
    exhausted = search.exhausted and not all(account.fits for account in accounts)
    return Proof(accounts, recipe, search.tried, exhausted, first_stays_proven=stays)


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
        self.kinds = 0

    def recipes(self, failing: Sequence[Known]) -> tuple[list[Given], list[Known]]:
        """What fits these accounts, one recipe for each kind of hash, and which accounts those are of.

        Hashes that look alike are left out together where nothing fits one of them. The others take turns, so that a wrong
        password takes no time from them.
        """
        kinds: dict[tuple[int, ...], list[Known]] = {}
        for each in failing:
            kinds.setdefault(self._form(each), []).append(each)
        turns = deque((alike, self._alike(alike)) for alike in kinds.values())
        found: list[Given] = []
        solved: list[Known] = []
        while turns:
            alike, search = turns.popleft()
            try:
                next(search)
            except StopIteration as ended:
                if ended.value is not None:
                    found += ended.value
                    solved += alike
            else:
                turns.append((alike, search))
        return found, solved

    def _alike(self, failing: Sequence[Known]) -> Turns[list[Given] | None]:
        """What fits these accounts, whose hashes look alike; None if one has nothing."""
        found: list[Given] = []
        rest = list(failing)
        while rest:
            one = yield from self._recipe(rest)
            if one is None:
                return None
            recipe, fitting = one
            found.append(recipe)
            rest = [each for each in rest if each not in fitting]
        return found

    def _recipe(self, alike: Sequence[Known]) -> Turns[tuple[Given, list[Known]] | None]:
        """A recipe that the first of these fits and as many others as can be, and who they are."""
        first = alike[0]
        one_form = len(set(map(self._form, self._known))) == 1
        wanted = self._known if one_form else alike
        best: tuple[Given, list[Known]] | None = None
        until = self._until
        for recipe in self._candidates(first):
            yield
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

    def _candidates(self, account: Known) -> Iterator[Given]:
        """With the key and the iterations that are declared, then without, then with the key of each other description."""
        row = {name: cell.strip() for name, cell in account.row.items()}
        given = self._answers.model_dump(exclude_none=True, exclude={"also"})
        plain = {name: value for name, value in given.items() if name not in DESCRIBING}
        keys = [{"key": each.key, "key_encoding": each.key_encoding} for each in self._answers.also if each.key]
        for declared_so in (given, *([plain] if plain != given else ()), *({**plain, **key} for key in keys)):
            yield from candidates(row, self._column, declared_so)

    def together(
        self, recipes: Sequence[Given], solved: Sequence[Known], found: Sequence[Account]
    ) -> tuple[Given, bool | str] | None:
        """The recipes with the descriptions that stay, and what is noted of a proof of the first of all.

        What was proven or fits an account stays; of several, also what no account speaks against, if it can, and that by
        which accounts do not fit for which nothing better was found.

        Args:
            solved: The accounts that the recipes fit.
            found: All accounts by the answers as they are.

        Returns:
            None if there is no order of them in which every account finds its own.
        """
        proofs = [self._proof_of_first, *(each.counts(self._column) for each in self._answers.also)]
        there = [
            {**_description(each), "proven": proof}
            for each, proof in zip((self._answers, *self._answers.also), proofs, strict=True)
        ]
        pairs = list(zip(self._known, found, strict=True))
        right = {account.described for _, account in pairs if account.fits}
        failing = [(each, account.described) for each, account in pairs if account.fits is False]
        wrong = {number for each, number in failing if each in solved}
        left = {number for each, number in failing if each not in solved}
        certain = {number for number, each in enumerate(there) if number in right or each["proven"]}
        possible = set(range(len(there))) - wrong if self._answers.also else certain
        fitting = [each for each, account in pairs if account.fits or each in solved]
        for numbers in (certain | left | possible, certain | left, certain):
            kept = [each for number, each in enumerate(there) if number in numbers and "format" in each]
            self.kinds = len(kept) + len(recipes)
            if (joined := self._joined([*kept, *recipes], fitting)) is not None:
                return joined
        return None

    def _joined(self, descriptions: Sequence[Given], fitting: Sequence[Known]) -> tuple[Given, bool | str] | None:
        try:
            described = in_order(AlsoMade.model_validate(each) for each in descriptions)
        except ValidationError:
            return None
        first, *others = map(_description, described)
        was_proven = first.pop("proven", False)
        recipe = {**first, "also": others} if others else first
        changed = with_recipe(self._answers, recipe)
        if changed is None or not all(self._fits(each, changed) for each in fitting):
            return None
        return recipe, was_proven

    @property
    def _proof_of_first(self) -> bool | str:
        answers = self._answers
        mark = answers.mark(answers.column)
        if answers.inner in answers.proven:
            return True
        return mark if f"{answers.inner}#{mark}" in answers.proven else False

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


def _description(described: HowMade) -> dict[str, Any]:
    """What is said about how hashes were made, and what is noted of a proof."""
    return described.model_dump(exclude_defaults=True, include={*DESCRIBING, "proven"} - {"also"})


def _proofs(answers: PasswordsAnswers) -> Counter[str]:
    """The formats that count as proven, each as often as descriptions of it do."""
    others = (each.inner for each in answers.also if each.counts(answers.column))
    return Counter((*answers.proven_formats, *others))


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
    alone = judge_value(from_dump(account.row[answers.column or ""].strip()))
    rests = verdict.value != alone.value or verdict.scheme in DEPENDENT
    return _account(verdict, sound, why, rests=rests)


def _account(verdict: Verdict, right: bool | None, why: str, *, rests: bool = False) -> Account:
    return Account(verdict.scheme, verdict.parameters, verdict.carried_by, right, why, verdict.described, rests)
