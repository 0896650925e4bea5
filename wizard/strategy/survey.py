"""What a legacy store holds, found without a tenant: users, mapping, hashes, dirty rows, activity, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.strategy.activity import NEVER, Activity, activity, column_of_activity

if TYPE_CHECKING:
    from wizard.bulk.preparation.prepare import Prepared
    from wizard.legacy.answers import SourceAnswers
    from wizard.legacy.source import LegacySource, SourceFacts
    from wizard.legacy.stores.store import Store
    from wizard.mapping.moments import Order, Unread
    from wizard.mapping.suggestion import Guess, Suggestion
    from wizard.passwords.census import HashGroup
    from wizard.strategy.advice import Recommendation

SAMPLE = 500
MOST_COMPARED = 50_000
"""Users among whom a column is unique that may hold ids; more would have to be remembered."""
MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Survey:
    """All that was found out.

    Args:
        answers: How the store was opened, its name included if it was recognised.
        store: What is known about it by name.
        prepared: What a preparation for import gave, with a number for each user where no column was found for user_id;
            None where none was found for email.
        unread: Of the columns of the last login and of the moment of creation, where some of it is not read.
        first: Where the first record of each code that would be rejected is found.
        candidates: Columns that could be user_id, if none was found: of different texts without spaces, never empty.
    """

    answers: SourceAnswers
    facts: SourceFacts
    store: Store | None
    suggestion: Suggestion
    groups: Sequence[HashGroup]
    activity: Activity | None
    unread: tuple[Unread, ...]
    prepared: Prepared | None
    recommendation: Recommendation
    first: Mapping[str, str]
    candidates: tuple[str, ...] = ()


def open_and_recognise(
    answers: SourceAnswers, secret: Callable[[str], str] | None, base: Path
) -> tuple[SourceAnswers, LegacySource]:
    """Open a store, and once more by its name if it has none yet and shows which it is."""
    from wizard.legacy import open_source, recognised

    source = open_source(answers, secret=secret, base=base)
    if answers.store is None and (known := recognised(answers, source, base)):
        answers = answers.model_copy(update={"store": known})
        source = open_source(answers, secret=secret, base=base)
    return answers, source


def suggestion_for(answers: SourceAnswers, source: LegacySource) -> Suggestion:
    """The mapping of a named store where its columns are there; for the other fields what their names suggest."""
    from wizard.legacy.stores import STORES, columns_of, preset
    from wizard.mapping.suggestion import ORDER, SURE, Guess, cells_of, doubted, suggest_answers
    from wizard.passwords.answers import PasswordsAnswers

    sample = source.sample(SAMPLE)
    found = suggest_answers(source.columns, sample)
    if answers.store is None:
        return found
    store = STORES[answers.store]
    there = [name for name in source.columns if name not in getattr(source, "absent", ())]
    missing = {*source.columns} - {*there}
    guessed = {guess.field: guess for guess in found.guesses if missing.isdisjoint(columns_of(guess.rule))}
    tables = preset(answers.store, there)
    known = {
        field: Guess(field, " + ".join(columns_of(rule)), rule, SURE, "what this store is known for")
        for field, rule in tables["profile"].items()
    }
    if store.any_shape:
        known = guessed | known
    elif store.extended:
        known = _added(guessed, known, there) | known
    known |= store.guess(there)
    if (phone := known.get("phone_number")) is not None and phone.columns in source.columns:
        known["phone_number"] = doubted(phone, cells_of(sample, source.columns.index(phone.columns)))
    column = tables.get("passwords", {}).get("column")
    if column is None and store.any_shape and "password" in guessed:
        column = guessed["password"].columns
    made_of = store.hashes_in
    if made_of and made_of not in there:
        column = None
    if column:
        known["password"] = Guess("password", column, column, SURE, "what this store is known for")
    used = {name for guess in known.values() for name in columns_of(guess.rule)}
    used |= {other for other, name in store.aliases.items() if name in used}
    made = {*store.made, *store.reads}
    return replace(
        found,
        doubts=() if "email" in known else found.doubts,
        guesses=tuple(known[field] for field in (*ORDER, "password") if field in known),
        passwords=PasswordsAnswers.model_validate({**tables.get("passwords", {}), "column": column}),
        unmapped=tuple(name for name in there if name not in used and name not in made),
    )


def _added(guessed: Mapping[str, Guess], known: Mapping[str, Guess], there: Sequence[str]) -> dict[str, Guess]:
    """What single columns feed that the store itself does not have; whether people log in with a username it knows best."""
    used = {guess.columns for guess in known.values()}
    added = {
        field: guess
        for field, guess in guessed.items()
        if field not in ("username", "password") and guess.columns in there and guess.columns not in used
    }
    if (phone := added.get("phone_number")) is not None:
        added["phone_number"] = replace(phone, rule={"column": phone.columns, "when_invalid": "omit"})
    return added


def survey(answers: SourceAnswers, *, secret: Callable[[str], str] | None, base: Path, now: datetime) -> Survey:
    """Look through a store: for its hashes, for its moments, and by preparing it as if for an import.

    Prepared users lie in a private temporary folder, which is gone before this returns.

    Raises:
        SourceError: it cannot be read.
    """
    from wizard.legacy.stores import STORES
    from wizard.passwords import Judge
    from wizard.passwords.census import census, stored_passwords
    from wizard.passwords.declared import declared
    from wizard.strategy.advice import recommend

    answers, source = open_and_recognise(answers, secret, base)
    store = STORES[answers.store] if answers.store else None
    facts = source.facts()
    suggestion = suggestion_for(answers, source)
    hashes = suggestion.passwords.column
    judge = Judge(declared(suggestion.passwords, columns=source.columns))
    groups = census(stored_passwords(source, hashes, judge), judge) if hashes else []
    seen = (store.activity if store and store.activity in source.columns else None) or column_of_activity(
        source.columns
    )
    logins = activity(seen, column(source, seen), now) if seen else None
    prepared, first = _prepared(source, facts, suggestion)
    return Survey(
        answers,
        facts,
        store,
        suggestion,
        groups,
        logins if logins and logins.total > logins.users[NEVER] else None,
        tuple(_unread(source, suggestion, logins)),
        prepared,
        recommend(groups, activity=logins, withheld=store is not None and not store.any_shape and not hashes),
        first,
        () if suggestion.has("user_id") else candidates(source, suggestion),
    )


def _unread(source: LegacySource, suggestion: Suggestion, logins: Activity | None) -> Iterator[Unread]:
    from wizard.mapping.moments import unread

    if logins is not None and logins.unread.values:
        yield logins.unread
    created = suggestion.rules.get("created")
    if created and (found := unread(created, column(source, created))).values:
        yield found


def column(source: LegacySource, name: str) -> Iterator[Any]:
    """The cells of one column, bad records left out."""
    from wizard.legacy.source import BadRecord

    place = source.columns.index(name)
    for block in source.blocks():
        for row in block.rows():
            if not isinstance(row, BadRecord):
                yield row[place]


def order_of_dates(source: LegacySource, columns: Sequence[str]) -> tuple[Order | None, str]:
    """What comes first in dates such as 05/06/2023, and in words how that is known, or why it is not.

    As far as the first `MOST_COMPARED` records tell; None and "" where no date is written so.
    """
    from wizard.mapping.moments import Unread, unread

    found = [unread(name, islice(column(source, name), MOST_COMPARED)) for name in columns]
    written = [one for one in found if one.kinds.keys() - {"other"}]
    if not written:
        return None, ""
    together = Unread(
        " and ".join(one.column for one in written), sum((Counter(one.kinds) for one in written), Counter())
    )
    return together.order, together.order_told()


def candidates(source: LegacySource, suggestion: Suggestion) -> tuple[str, ...]:
    """Columns that feed nothing yet and could be user_id, as far as the first `MOST_COMPARED` users tell."""
    from wizard.legacy.source import BadRecord
    from wizard.mapping.names import is_secret
    from wizard.mapping.suggestion import id_of

    seen: dict[str, set[int]] = {name: set() for name in suggestion.unmapped if not is_secret(name)}
    places = {name: source.columns.index(name) for name in seen}
    rows = (row for block in source.blocks() for row in block.rows() if not isinstance(row, BadRecord))
    for row in islice(rows, MOST_COMPARED):
        for name in tuple(seen):
            cell = id_of(row[places[name]])
            if not cell or hash(cell) in seen[name]:
                del seen[name]
            else:
                seen[name].add(hash(cell))
    return tuple(name for name, cells in seen.items() if cells)[:MOST_CANDIDATES]


def _prepared(
    source: LegacySource, facts: SourceFacts, suggestion: Suggestion
) -> tuple[Prepared | None, dict[str, str]]:
    """What came of it, and where the first reject of each code is found; passwords are judged apart and reject nobody."""
    from wizard.bulk.manifest import REJECTS
    from wizard.bulk.preparation.foreseen import first_places
    from wizard.bulk.preparation.prepare import prepare
    from wizard.legacy.numbered import NumberedSource
    from wizard.mapping import compile_mapping
    from wizard.mapping.suggestion import SURE, Guess
    from wizard.scratch import scratch

    if not suggestion.has("email"):
        return None, {}
    if not suggestion.has("user_id"):
        source = numbered = NumberedSource(source)
        stand_in = Guess("user_id", numbered.number, numbered.number, SURE, "")
        suggestion = replace(suggestion, guesses=(stand_in, *suggestion.guesses))
    stays = {"unsupported": "without_password", "missing": "without_password"}
    lenient = suggestion.passwords.model_copy(update=stays)
    mapping = compile_mapping(suggestion.profile, lenient, source.columns)
    with scratch("survey") as folder:
        prepared = prepare(source, facts, mapping, folder / "prepared")
        return prepared, first_places(folder / "prepared" / REJECTS, prepared.reasons)
