"""Users of the legacy store for the API: sought by keys as Auth0 has them, mapped as the bulk file maps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wizard.legacy.find import MOST, Finder, Key, Sought, open_finder
from wizard.mapping import Mapping, compile_mapping
from wizard.mapping.compiled import User
from wizard.mapping.preference import preferred
from wizard.mapping.words import lowered
from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.cells import stored_text
from wizard.passwords.check import CannotCheck
from wizard.passwords.declared import declared
from wizard.passwords.verify import Verifier
from wizard.profile import FieldRule, ProfileAnswers
from wizard.rejects import NOT_PREFERRED, Refused, reject

if TYPE_CHECKING:
    from wizard.legacy.source import LegacySource, Record

SAMPLE = 200
"""Records that tell which format of hashes prevails."""
USUAL = "$2b$10$" + "abcdefghijklmnopqrstuu" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcde"
"""A well-formed bcrypt hash of cost 10 that belongs to nothing anybody knows."""
NOBODY = "7d3f0c"
"""Makes a name that no user has."""
LARGEST_GROUP = 100
"""Records with one e-mail address among which one is preferred; more are ambiguous."""
KEYS: tuple[Key, ...] = ("user_id", "email", "username")
NOT_TEXT = reject("value_not_text", "the password hash")


@dataclass(frozen=True)
class KeyOf:
    """Works one key out of a record, whatever is wrong with the rest of it; picklable."""

    mapping: Mapping
    key: Key

    def __call__(self, values: Sequence[Any]) -> str | None:
        found = self.mapping.map_one(values)
        return str(found.profile[self.key]) if isinstance(found, User) and self.key in found.profile else None


@dataclass(frozen=True)
class Person:
    """A user of the store.

    Args:
        user_id: None where the record has none that Auth0 takes.
        profile: As in the bulk file without its hash; None where it cannot go to Auth0.
        reason: Why not: the code of a reject.
        hash: The cells that the password is checked by.
    """

    user_id: str | None
    profile: dict[str, Any] | None = field(repr=False)
    reason: str
    hash: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class People:
    """Everybody in the store; picklable. Calls block, and may come from several threads.

    A record that cannot go to Auth0 still makes its e-mail address, username and user_id ambiguous, as in the bulk file.
    """

    finder: Finder
    mapping: Mapping
    sought: dict[Key, Sought]
    verifier: Verifier
    hash_columns: tuple[int, ...]
    decoy: tuple[str, ...] = field(repr=False)

    def with_email(self, email: str) -> Sequence[Person]:
        """One, none, or two where more than one has this address."""
        return self._found("email", lowered(email.strip()))

    def with_username(self, username: str) -> Sequence[Person]:
        """The same by username, if usernames are mapped."""
        return self._found("username", lowered(username.strip())) if "username" in self.sought else []

    def with_id(self, user_id: str) -> Sequence[Person]:
        """The same by user_id as Auth0 has it behind auth0|."""
        return self._found("user_id", user_id)

    def named(self, identifier: str) -> Sequence[Person]:
        """By what somebody typed to log in: an e-mail address, else a username."""
        found = self.with_email(identifier) if "@" in identifier else []
        return found or self.with_username(identifier)

    def slow_keys(self, clock: Callable[[], float], seconds: float) -> Sequence[tuple[Key, str, float]]:
        """The keys by which looking for nobody takes longer than this: key, its column, seconds.

        Raises:
            SourceError: the store cannot be reached, or takes too long to answer at all.
        """
        slow: list[tuple[Key, str, float]] = []
        for key, how in self.sought.items():
            nobody = f"{how.prefix}nobody-{NOBODY}@example.invalid"
            self.finder.find(key, nobody)  # the first look at a store finds out more, which is remembered
            began = clock()
            self.finder.find(key, nobody)
            if (took := clock() - began) > seconds:
                slow.append((key, how.column or key, took))
        return slow

    def fits(self, password: str, person: Person | None) -> bool:
        """Whether the password is the person's; of nobody it takes as long as of most.

        In a store of several formats or costs, time tells users of the rarer ones from nobody: the decoy is of the format
        and cost that prevail in a sample. Throttling bounds how often that can be asked of one name.

        Raises:
            CannotCheck: the hash cannot be computed here.
        """
        if person is not None and person.hash and person.hash[0].strip():
            return self.verifier(password, *person.hash)
        with suppress(CannotCheck):  # nobody is nobody, also where no hash can be checked
            self.verifier(password, *self.decoy)
        return False

    def _found(self, key: Key, value: str) -> Sequence[Person]:
        """Whom the bulk file has under this key; where several share it, two of them."""
        if not could_be(value):
            return []
        found = self._kept(key, value)
        if key == "user_id" or len(found) != 1 or found[0].user_id is None:
            return found
        # The bulk file leaves out users who share a user_id or username, so nobody gets a profile by it here either.
        others: list[tuple[Key, str]] = [("user_id", found[0].user_id)]
        if found[0].profile is not None and "username" in found[0].profile and "username" in self.sought:
            others.append(("username", found[0].profile["username"]))
        for shared, name in others:
            if shared != key and len(self._kept(shared, name)) > 1:
                return [replace(found[0], profile=None, reason=f"duplicate_{shared}")]
        return found

    def _kept(self, key: Key, value: str) -> Sequence[Person]:
        """Those with this key, less those that the bulk file leaves out by `same_email`."""
        records = self.finder.find(key, value)
        if len(records) > 1:
            records = self.finder.find(key, value, LARGEST_GROUP)
        if len(records) == LARGEST_GROUP:
            return [self._person(record) for record in records[:MOST]]
        people = [self._person(record) for record in records]
        if key == "email" and len(records) < 2:
            return people
        kept = [person for person, record in zip(people, records, strict=True) if not self._is_left_out(record)]
        if people and not kept:
            return [replace(people[0], profile=None, reason=NOT_PREFERRED)]
        return kept[:MOST]

    def _is_left_out(self, record: Record) -> bool:
        """Whether `same_email` of [profile] prefers another record with the same e-mail address."""
        preference = self.mapping.preference
        address = self.mapping.keys_of(record.values).get("email") if preference is not None else None
        if preference is None or address is None:
            return False
        group = self.finder.find("email", address, LARGEST_GROUP)
        if not 1 < len(group) < LARGEST_GROUP:
            return False
        best = preferred([preference.rank(each.values, self.mapping.keys_of(each.values)) for each in group])
        return best is not None and list(group[best].values) != list(record.values)

    def _person(self, record: Record) -> Person:
        cells = self._cells(record.values)
        user_id = self.sought["user_id"].of(record.values)
        mapped = self.mapping.map_one(record.values)
        if isinstance(mapped, User):
            return Person(user_id, mapped.profile, "", cells)
        return Person(user_id, None, mapped.code, cells)

    def _cells(self, values: Sequence[Any]) -> tuple[str, ...]:
        try:
            return tuple(stored_text(values[index], NOT_TEXT) for index in self.hash_columns)
        except Refused:
            return ()


def could_be(value: str) -> bool:
    """Whether a key could look like this; control characters and half surrogates never reach the store."""
    return 0 < len(value) <= 320 and value.isprintable()


def people_of(
    source: LegacySource,
    profile: ProfileAnswers,
    passwords: PasswordsAnswers,
    *,
    username_length: tuple[int, int],
    secret: Callable[[str], str] | None,
    seconds: float,
    threads: int,
) -> People:
    """The users of this source; reads a file whole, and a sample of a database.

    Raises:
        UsageError: the answers do not fit, or users cannot be looked up by them.
        SourceError: the store cannot be read.
    """
    columns = tuple(source.columns)
    # Hashes never leave the store here, so what Auth0 makes of them is no reason to reject anybody.
    bare = PasswordsAnswers(missing="without_password")
    mapping = compile_mapping(profile, bare, columns, username_length=username_length)
    sought: dict[Key, Sought] = {}
    for key in KEYS:
        rule = getattr(profile, key)
        if rule is not None:
            sought[key] = _sought(key, profile, columns, username_length)
    verifier = Verifier(Judge(declared(passwords, secret, source.columns)))
    names = () if passwords.column is None else (passwords.column, *verifier.judge.declared.columns)
    missing = [name for name in names if name not in columns]
    if missing:  # the same words as everywhere
        compile_mapping(profile, passwords, columns, username_length=username_length, secret=secret)
    indices = tuple(columns.index(name) for name in names)
    decoy = _decoy(source, verifier, indices)
    finder = open_finder(source, sought, seconds=seconds, threads=threads)
    return People(finder, mapping, sought, verifier, indices, decoy)


def _sought(key: Key, profile: ProfileAnswers, columns: tuple[str, ...], username_length: tuple[int, int]) -> Sought:
    """The key by the very rules of the mapping, compiled without the rest of the profile."""
    given: dict[str, Any] = {"user_id": FieldRule(constant="none"), "email": FieldRule(constant="none@example.com")}
    given[key] = getattr(profile, key)
    prefix = ""
    if key == "user_id":
        prefix = profile.user_id_prefix or ""
        given["user_id_prefix"] = profile.user_id_prefix
    alone = compile_mapping(
        ProfileAnswers(**given),
        PasswordsAnswers(missing="without_password"),
        columns,
        username_length=username_length,
    )
    return Sought(KeyOf(alone, key), _column(getattr(profile, key), key, columns), key != "user_id", prefix)


def _column(mapped: str | FieldRule, key: Key, columns: tuple[str, ...]) -> str | None:
    """The column that holds the key but for white space and case; None if more is done to it."""
    rule = FieldRule(column=mapped) if isinstance(mapped, str) else mapped
    harmless = {"strip"} if key == "user_id" else {"strip", "lower"}
    if rule.column is None or not set(rule.transforms or ()) <= harmless:
        return None
    return rule.column if rule.column in columns else rule.column.strip()


def _decoy(source: LegacySource, verifier: Verifier, indices: tuple[int, ...]) -> tuple[str, ...]:
    """The cells of a hash of the format and cost that prevail, to be checked where there is nobody."""
    seen: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[str, ...]] = {}
    for record in source.sample(SAMPLE) if indices else ():
        if record.bad is not None:
            continue
        try:
            cells = tuple(stored_text(record.values[index], NOT_TEXT) for index in indices)
        except Refused:
            continue
        verdict = verifier.judge(*cells)
        if verdict.code in ("password_missing", "password_disabled", "password_damaged"):
            continue
        name = (verdict.scheme, verdict.parameters)
        seen[name] += 1
        first.setdefault(name, cells)
    for name, _ in seen.most_common():
        try:
            verifier("decoy", *first[name])
        except CannotCheck:
            continue
        return first[name]
    return (USUAL, *[""] * max(0, len(indices) - 1))
