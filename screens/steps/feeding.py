"""Which column feeds which field: the rules so far, and how sure those are that the columns suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from screens.steps.rules import flat, nested, origin_of
from wizard.legacy.source import Record
from wizard.mapping.suggestion import Guess, suggest_answers

FIELDS = (
    "user_id", "email", "email_verified", "username", "given_name", "family_name", "name", "nickname",
    "phone_number", "phone_verified", "picture", "blocked",
)  # fmt: skip
FACTORS = ("mfa.totp", "mfa.phone", "mfa.email")
TABLES = ("mfa", "app_metadata", "user_metadata")
"""Keys whose rules lie one level or more below them; here they are dotted names."""

FREE = "· "
"""What the row of a column begins with that feeds nothing yet."""

Row = tuple[Any, float | None]
"""A rule, and how sure it is where it was suggested; the rule is None where nothing feeds the field."""


@dataclass
class Feeding:
    """Rules by field or dotted name of metadata.

    Args:
        columns: Of the store.
        records: A sample of it, by which columns suggest.
        rules: As answers have them.
        sure: How sure a rule is, from 0 to 1, while it is as it was suggested.
        national: The suggested column of telephone numbers, if most of them name no country.
    """

    columns: Sequence[str] = ()
    records: Sequence[Record] = ()
    rules: dict[str, Any] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    national: str = ""
    _begun: dict[str, Any] | None = None

    @property
    def is_touched(self) -> bool:
        """Whether a rule is another than in the beginning."""
        return self._begun is not None and self.rules != self._begun

    def begin(self, given: Mapping[str, Any]) -> None:
        """Take what was given, or what the columns suggest where that is nothing; once."""
        if given and not self.rules:
            self.rules = {key: value for key, value in given.items() if key in FIELDS}
            for table in TABLES:
                self.rules |= flat(given.get(table, {}), table)
        elif not self.rules:
            self._suggest(self._guesses())
        if self._begun is None:
            self._begun = dict(self.rules)

    def follow(self, *, anew: bool, suggesting: bool) -> None:
        """Another store was chosen: rules whose columns are gone make way for what its columns suggest.

        Where none of the columns is there any more, it is another store altogether, and all is suggested anew.

        Args:
            anew: Nothing was changed or answered, so that all is suggested anew in any case.
            suggesting: What stays empty then may be suggested; otherwise it was left empty on purpose.
        """
        was_touched = self.is_touched
        gone = {name for name, rule in self.rules.items() if self.is_gone(rule)}
        if anew or gone == {name for name, rule in self.rules.items() if read_by(rule)}:
            self.rules = {name: rule for name, rule in self.rules.items() if not read_by(rule)}
            self.sure, self.national = {}, ""
            if suggesting:
                self._suggest({name: guess for name, guess in self._guesses().items() if name not in self.rules})
        else:
            self.sure = {name: sure for name, sure in self.sure.items() if name not in gone}
            self._suggest({name: guess for name, guess in self._guesses().items() if name in gone})
        if not was_touched:
            self._begun = dict(self.rules)

    def is_gone(self, rule: Any) -> bool:
        """Whether a rule reads a column that the store does not have."""
        there = {name.strip() for name in self.columns}
        return bool(there) and not {name.strip() for name in read_by(rule)} <= there

    def names(self, password: str) -> Sequence[str]:
        """The rows: fields, metadata, then columns that feed nothing yet, without that of the passwords."""
        used = {column for rule in self.rules.values() for column in read_by(rule)}
        free = [f"{FREE}{name}" for name in self.columns if name not in used and name != password]
        rows = (*FIELDS, *FACTORS)
        return [*rows, *(name for name in self.rules if name not in rows), *free]

    def fed_by(self, column: str) -> Sequence[str]:
        """What a column feeds."""
        return [name for name, rule in self.rules.items() if column in read_by(rule)]

    def row(self, name: str) -> Row:
        """What feeds a field, to `put` it back."""
        return self.rules.get(name), self.sure.get(name)

    def put(self, name: str, row: Row) -> None:
        """Let a rule, or nothing, feed a field."""
        rule, sure = row
        for kept, value in ((self.rules, rule), (self.sure, sure)):
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value

    @property
    def values(self) -> dict[str, Any]:
        """The rules as answers have them."""
        fields = {name: rule for name, rule in self.rules.items() if "." not in name}
        return fields | nested({name: rule for name, rule in self.rules.items() if "." in name})

    def password_column(self, answered: str) -> str:
        """The column of the hashes: the one that was answered, if this store has it, else the suggested; "" for none."""
        if answered in self.columns:
            return answered
        return suggest_answers(self.columns, self.records).passwords.column or ""

    def _guesses(self) -> dict[str, Guess]:
        """What the columns suggest, by field."""
        found = suggest_answers(self.columns, self.records)
        return {guess.field: guess for guess in found.guesses if guess.field != "password"}

    def _suggest(self, guesses: Mapping[str, Guess]) -> None:
        self.rules |= {name: guess.rule for name, guess in guesses.items()}
        self.sure |= {name: guess.confidence for name, guess in guesses.items()}
        self.national = next((guess.columns for guess in guesses.values() if guess.needs), self.national)


def read_by(rule: Any) -> Sequence[str]:
    """The columns that a rule reads."""
    origin = origin_of(rule)
    if "{" in origin:
        return [part.partition("}")[0].partition("!")[0].partition(":")[0] for part in origin.split("{")[1:] if part]
    return [] if origin.startswith("=") or not origin else [origin]
