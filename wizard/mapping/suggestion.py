"""Suggest answers from what a store calls its columns and from what a sample of its records holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.counts import counted
from wizard.legacy.source import Record
from wizard.legacy.stores.store import unless
from wizard.mapping.names import ACTIVE, BOOLEANS, NAMES, PERMANENT, STATES, WORDS, bare, last, simple
from wizard.mapping.values import text
from wizard.mapping.words import EMAIL, FALSE_WORDS, PICTURE, TRUE_WORDS
from wizard.passwords import judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.families import DISABLED, MASKED
from wizard.profile import ProfileAnswers
from wizard.rejects import Refused, Reject

SURE, LIKELY, MAYBE, HARDLY = 0.95, 0.75, 0.5, 0.25
ENOUGH = 0.8
"""Share of the sampled cells that must look the part."""
SHORT = 12
"""Characters; the shortest hashes, of DES, have one more."""

_phone = re.compile(r"\+?[\d\s()./-]{6,24}")
_moment = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
_seconds = re.compile(r"0|1\d{9}(?:\d{3})?", re.ASCII)
"""Moments as seconds or milliseconds since 1970, of this century."""
_KEPT_AS_TEXT: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] = (
    (re.compile(r'="([^"]*)"'), ("strip", """remove_prefix('="')""", """remove_suffix('"')""")),
    (re.compile(r"'([0-9+=@-].*)", re.DOTALL), ("strip", """remove_prefix("'")""")),
)
"""How exports keep spreadsheets from making a number or a formula of a text such as 0012, and what takes it off again."""
_not_text = Reject("value_not_text", "")


@dataclass(frozen=True, slots=True)
class Guess:
    """One field: the rule that would feed it as the answers have it, how sure that is (0 to 1), and why.

    `needs` is the key of [profile] without which most cells cannot be read; "" where they can.
    """

    field: str
    columns: str
    rule: Any
    confidence: float
    why: str
    needs: str = ""

    @property
    def hint(self) -> str:
        """What the answers have to say besides; "" where nothing."""
        return (
            f'Most numbers of {self.columns} name no country and cannot be read: set {self.needs} in [profile], such as "DE".'
            if self.needs
            else ""
        )


@dataclass(frozen=True)
class Suggestion:
    """Guesses by field; `unmapped` columns feed nothing yet; `doubts` say why a column was not taken in spite of its name."""

    guesses: tuple[Guess, ...]
    passwords: PasswordsAnswers
    unmapped: tuple[str, ...]
    doubts: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """Those of the unmapped columns that may say that an account is disabled."""
        return tuple(column for column in self.unmapped if last(column) in STATES)

    @property
    def rules(self) -> dict[str, Any]:
        """What [profile] holds as far as columns were found, as answers have it."""
        return {guess.field: guess.rule for guess in self.guesses if guess.field != "password"}

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields without which nobody can be imported and for which no column was found."""
        return tuple(field for field in ("user_id", "email") if not self.has(field))

    @property
    def profile(self) -> ProfileAnswers:
        """The section; only where nothing is `missing`."""
        return ProfileAnswers.model_validate(self.rules)

    def has(self, field: str) -> bool:
        """Whether a column was found for the field."""
        return any(guess.field == field for guess in self.guesses)

    def rows(self) -> list[tuple[str, str]]:
        """Field and column of each guess, for a table."""
        return [(guess.field, guess.columns) for guess in self.guesses]

    def to_json(self) -> dict[str, Any]:
        """The tables as answers have them, and how sure each guess is."""
        return {
            "profile": self.rules,
            "passwords": self.passwords.model_dump(exclude_unset=True, exclude_none=True),
            "confidence": {guess.field: guess.confidence for guess in self.guesses},
            "unmapped": list(self.unmapped),
        }


def suggest_answers(columns: Sequence[str], records: Sequence[Record]) -> Suggestion:
    """See `wizard.mapping.suggestion`."""
    cells = {column: cells_of(records, index) for index, column in enumerate(columns)}
    kept = {column: found for column in columns if (found := _kept_as_text(cells[column])) is not None}

    def looked_at(field: str, column: str) -> Guess | None:
        if column not in kept or field == "password" or field in BOOLEANS:
            return _guess(field, column, cells[column])
        texts, transforms = kept[column]
        guess = _guess(field, column, texts)
        return guess and replace(guess, rule={"column": column, "transforms": list(transforms)})

    guesses: dict[str, Guess] = {}
    taken: set[str] = set()
    for field in LOOKS:  # in this order: a column that looks like a password feeds nothing else
        best = max(
            (guess for column in columns if column not in taken and (guess := looked_at(field, column))),
            key=lambda guess: (guess.confidence, _carried(guess, cells), bare(guess.columns) in PERMANENT),
            default=None,
        )
        if best is not None:
            guesses[field] = best
            taken.add(best.columns)
    if "username" not in guesses and bare(guesses["user_id"].columns if "user_id" in guesses else "") in PERMANENT:
        logins = [column for column in columns if column not in taken and bare(column) == "uid"]
        if logins and all(map(_is_username, cells[logins[0]])):
            guesses["username"] = Guess("username", logins[0], logins[0], LIKELY, "its name, as directories use it")
            taken.add(logins[0])
    if "blocked" not in guesses and (opposite := _active(cells, taken)) is not None:
        guesses["blocked"] = opposite
        taken.add(opposite.columns)
    if "name" not in guesses and guesses.keys() >= {"given_name", "family_name"}:
        names = [guesses[field].columns for field in ("given_name", "family_name")]
        if kept.keys().isdisjoint(names) and not any(mark in name for name in names for mark in "{}!:"):
            template = f"{{{names[0]}}} {{{names[1]}}}"
            guesses["name"] = Guess("name", " + ".join(names), {"template": template}, LIKELY, "made of both names")
    password = guesses.get("password")
    return Suggestion(
        tuple(guesses[field] for field in (*ORDER, "password") if field in guesses),
        PasswordsAnswers(column=password.columns if password else None),
        tuple(column for column in columns if column not in taken),
        () if "email" in guesses and bare(guesses["email"].columns) in NAMES["email"] else tuple(_doubts(cells)),
    )


def _kept_as_text(cells: Sequence[str]) -> tuple[list[str], tuple[str, ...]] | None:
    """The texts that are meant and the transforms that give them, if all cells are kept from spreadsheets in one way."""
    for pattern, transforms in _KEPT_AS_TEXT:
        found = [pattern.fullmatch(cell) for cell in cells]
        texts = [each[1] for each in found if each is not None]
        if texts and len(texts) == len(cells):
            return texts, transforms
    return None


def _doubts(cells: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What columns of addresses by their name hold instead, without showing it."""
    for column, found in cells.items():
        others = sum(not LOOKS["email"](cell) for cell in found)
        if bare(column) in NAMES["email"] and others:
            hold = "holds" if others == 1 else "hold"
            yield (
                f"{column} is named as one of e-mail addresses, but {others} of the first {counted(len(found), 'cell')} in it {hold} no plain "
                "address (name@example.com). If it is the one all the same, name it, and correct the others in the store."
            )


def _active(cells: Mapping[str, Sequence[str]], taken: set[str]) -> Guess | None:
    """The opposite of blocked: a column that says who is active, if it says nothing but yes and no."""
    usual = {"true", "t", "1", "yes", "false", "f", "0", "no"}
    for column, found in cells.items():
        used = {cell.lower() for cell in found}
        if column in taken or bare(column) not in ACTIVE or not used or not (used <= WORDS.keys() or used == MINUS_ONE):
            continue
        rule = unless(column) if used <= usual else _by_words(column, *reversed(_words_of(used)))
        return Guess("blocked", column, rule, LIKELY, "its name, turned round")
    return None


def doubted(guess: Guess, cells: Sequence[str]) -> Guess:
    """The guess, less sure where it is of telephone numbers most of which name no country."""
    national = sum(not cell.startswith("+") for cell in cells)
    if guess.field != "phone_number" or 2 * national <= len(cells):
        return guess
    why = f"{guess.why}; most numbers name no country"
    return replace(guess, confidence=min(guess.confidence, LIKELY), why=why, needs="default_country")


def cells_of(records: Sequence[Record], index: int) -> list[str]:
    """The cells that are not empty, as text."""
    found = []
    for record in records:
        if record.bad is None and index < len(record.values):
            try:
                found.append(text(record.values[index], _not_text).strip())
            except Refused:
                continue
    return [cell for cell in found if cell]


def _guess(field: str, column: str, cells: Sequence[str]) -> Guess | None:
    name = bare(column)
    named = name in NAMES[field]
    if field == "password" and not named:
        cells = [cell for cell in cells if not _is_mark(cell)]
    fitting = sum(map(LOOKS[field], cells)) / len(cells) if cells else 0.0
    alone = 1.0
    if field in BOOLEANS and set(cells) == MINUS_ONE:
        fitting = 1.0
    if field == "password" and _is_no_password(name):
        return None
    if field == "password" and named and _is_one_word(cells):
        return Guess(field, column, column, HARDLY, "its name, though all rows hold the same word")
    if field == "user_id" and cells:
        alone = sum(count == 1 for count in Counter(cells).values()) / len(cells)
    if named and (min(fitting, alone) >= ENOUGH or not cells):
        sure = (SURE if alone == 1.0 and name == simple(column) else LIKELY) if cells else MAYBE
        why = "its name, and what it holds" if alone == 1.0 else "its name, though some rows share a value"
        return doubted(Guess(field, column, _rule(field, column, cells), sure, why), cells)
    if named and field == "password":  # in a format that must be declared, or plain: the census says so
        return Guess(field, column, column, MAYBE, "its name, though what it holds is not recognised")
    if not named and field in SPEAKS_FOR_ITSELF and cells and fitting >= ENOUGH:
        return Guess(field, column, _rule(field, column, cells), MAYBE, "what it holds")
    return None


def _carried(guess: Guess, cells: Mapping[str, Sequence[str]]) -> int:
    """How many hashes of the column travel, if it is one of passwords."""
    found = cells[guess.columns] if guess.field == "password" else ()
    return sum(judge(cell).carried_by != "none" for cell in found)


def _is_mark(cell: str) -> bool:
    """Whether what would stand for a locked account or a hidden hash in a column of passwords may be a tick elsewhere."""
    return DISABLED.fullmatch(cell) is not None or MASKED.fullmatch(cell) is not None


def _is_no_password(name: str) -> bool:
    """Whether the name says that what looks like a digest is none: an id without its dashes, or a salt."""
    return name in NAMES["user_id"] or ("salt" in name and "salted" not in name)


def _is_one_word(cells: Sequence[str]) -> bool:
    """Whether all rows hold one word, such as x or the name of an algorithm; the hashes are elsewhere then, if anywhere."""
    return len(cells) > 1 and len(set(cells)) == 1 and len(cells[0]) <= SHORT


def _rule(field: str, column: str, cells: Sequence[str]) -> Any:
    if field not in BOOLEANS:
        return column
    used = {cell.lower() for cell in cells}
    if used <= {*TRUE_WORDS, *FALSE_WORDS}:
        return column
    if any(map(_moment.fullmatch, used)):
        return {"column": column, "transforms": ["strip", "present"]}
    return _by_words(column, *_words_of(used))


def _words_of(used: set[str]) -> tuple[list[str], list[str]]:
    """The words for yes and those for no, with the counterparts of what is used."""
    if used == MINUS_ONE:
        return ["-1"], ["0"]
    true = sorted(word for word in used if WORDS.get(word))
    false = sorted(word for word in used if WORDS.get(word) is False)
    pairs = {(a, b) for a, b in BOOLEAN_PAIRS if a in true or b in false}
    return sorted({*true, *(a for a, _ in pairs)}), sorted({*false, *(b for _, b in pairs)})


def _by_words(column: str, true: Sequence[str], false: Sequence[str]) -> dict[str, Any]:
    listed = ", ".join(
        f"{name}=[{', '.join(map(_quoted, words))}]" for name, words in (("true", true), ("false", false))
    )
    return {"column": column, "transforms": ["strip", f"bool({listed})"]}


def _quoted(word: str) -> str:
    return f'"{word}"'


MINUS_ONE = {"-1", "0"}
"""How Access and Visual Basic write yes and no; with more than these two it is a number or has a third state."""

BOOLEAN_PAIRS = (
    ("ja", "nein"),
    ("j", "n"),
    ("y", "n"),
    ("on", "off"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("sim", "não"),
    ("vero", "falso"),
)


def _is_boolean(cell: str) -> bool:
    return cell.lower() in WORDS or _moment.fullmatch(cell) is not None


def _is_hash(cell: str) -> bool:
    return judge(cell).scheme != "unknown"


def _is_name(cell: str) -> bool:
    return len(cell) <= 150 and any(letter.isalpha() for letter in cell) and "@" not in cell


def id_of(value: Any) -> str:
    """A cell as user_id; "" if it is none."""
    try:
        cell = text(value, _not_text).strip()
    except Refused:
        return ""
    return cell if _is_user_id(cell) else ""


def _is_user_id(cell: str) -> bool:
    return not any(letter.isspace() for letter in cell) and len(cell) <= 255


def _is_username(cell: str) -> bool:
    """No address, and no moment either: what is called login may be the time of one."""
    no_moment = _moment.fullmatch(cell) is None and _seconds.fullmatch(cell) is None
    return no_moment and _is_user_id(cell) and EMAIL.fullmatch(cell.lower()) is None


LOOKS: Mapping[str, Callable[[str], bool]] = {
    "password": _is_hash,
    "email": lambda cell: EMAIL.fullmatch(cell.lower()) is not None,
    "user_id": _is_user_id,
    "email_verified": _is_boolean,
    "phone_verified": _is_boolean,
    "blocked": _is_boolean,
    "phone_number": lambda cell: _phone.fullmatch(cell) is not None,
    "picture": lambda cell: PICTURE.fullmatch(cell) is not None,
    "username": _is_username,
    "given_name": _is_name,
    "family_name": _is_name,
    "name": _is_name,
    "nickname": _is_name,
}
"""What a cell of the field looks like, in the order in which fields choose their column."""

ORDER = tuple(ProfileAnswers.model_fields)
SPEAKS_FOR_ITSELF = frozenset({"password", "email"})
"""Fields whose cells look like nothing else, so that the column's name does not matter."""
