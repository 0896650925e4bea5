"""`auth0-migrate inspect SOURCE`: the census of a legacy store; no tenant needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard.commands.environment import from_environment
from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.counts import counted
from wizard.errors import SourceError

if TYPE_CHECKING:
    from wizard.passwords.census import HashGroup
    from wizard.strategy.survey import Survey
    from wizard.strategy.ways import Ways

WIDTH, NAME, BAR = 80, 38, 26
"""Characters of a line, of what a bar stands for, and of the longest bar."""

HINTS = {
    "duplicate_email": "Or let same_email in [profile] decide: keep_newest, keep_verified, keep_most_recently_active.",
    "email_missing": 'For example without_email = "{id}@no-email.example.com", of a domain of your own: such users are not '
    "verified, and cannot reset a password by mail.",
}
"""What the answers can decide beside the remedy of a reject."""

PAID = (
    "It needs a custom database, a paid feature of Auth0: check that your subscription has it before you plan with it. Where it "
    "has not, bulk is the only way."
)
"""What every way but bulk needs; Auth0's docs say that it depends on the plan, and no longer on which."""

DAMAGED = "password_damaged"

PLANS = ("free", "essentials", "enterprise-nonproduction", "enterprise-production", "private-basic-100")
"""Subscriptions whose forecast is shown; each allows something else."""

RESERVE = 0.2
"""Share of the requests that is left to live traffic, unless the answers say otherwise."""


@click.command(cls=Command, short_help="Say what a legacy store holds and how to migrate it.")
@click.argument("source", metavar="SOURCE")
@click.option("--table", help="Which table of a database, or list in JSON, holds the users.")
@click.option("--store", help="Where the users come from, such as keycloak or wordpress, if that is not recognised.")
@common_options
def command(source: str, table: str | None, store: str | None, output: Output) -> int:
    """Look through SOURCE: a file, a database file, or a database URL followed by #TABLE.

    A JSON file may be followed by #LIST where it holds several lists, or one of an unusual name.

    Says how many users there are, suggests how columns map to Auth0's fields, counts the formats of password hashes,
    records that would be rejected and last logins, and advises a way to migrate. No tenant is asked; prepared users lie
    in a private temporary folder while it runs.
    """
    from wizard.legacy import source_of
    from wizard.strategy.survey import survey

    answers = source_of(source, table=table, store=store)
    found = survey(answers, secret=from_environment, base=Path.cwd(), now=datetime.now(UTC))
    if found.facts.records == 0:
        raise SourceError(
            f"{found.facts.details.get('file') or source} holds no users, so there is nothing to migrate",
            remedy="check that this is the right store, and the export that wrote it.",
        )
    mapping = {**({"store": found.store.key} if found.store else {}), **found.suggestion.to_json()}
    output.result(
        {
            "users": found.facts.records,
            "columns": list(found.facts.columns),
            "suggested_mapping": mapping,
            "passwords": [asdict(group) for group in found.groups],
            "recommendation": asdict(found.recommendation),
        },
        page(found),
    )
    return 0


def page(found: Survey) -> str:
    """The census for people."""
    facts = found.facts
    details = ", ".join(f"{name} {value}" for name, value in facts.details.items())
    lines = _wrapped(f"{counted(facts.records, 'record')} ({facts.kind}{': ' + details if details else ''})", "")
    for warning in facts.warnings:
        lines += _wrapped(f"! {warning}", "  ")
    for note in found.store.notes if found.store else ():
        lines += _wrapped(f"· {note}", "  ")
    lines += ["", "Suggested mapping"]
    for guess in found.suggestion.guesses:
        lines.append(f"  {guess.columns:<26} → {guess.field:<16} {_sure(guess.confidence)}")
        lines += _rule(guess.rule)
        lines += _wrapped(f"! {guess.hint}", "      ") if guess.hint else []
    lines += _unmapped(found)
    lines += _passwords(found)
    lines += _dirt(found)
    lines += _lacking(found)
    lines += _logins(found)
    lines += ["", f"Advised: {found.recommendation.strategy}"]
    for why in found.recommendation.why:
        lines += _wrapped(f"because {why}", "  ")
    if found.recommendation.strategy != "bulk":
        lines += _wrapped(f"! {PAID}", "  ")
    lines += _forecast(found)
    return "\n".join(lines)


def _rule(rule: Any) -> Iterator[str]:
    """What the answers say beyond a column's name, as they say it."""
    if isinstance(rule, dict):
        for name, said in rule.items():
            if name != "column":
                listed = said if isinstance(said, list | tuple) else None
                written = f"[{', '.join(map(_in_quotes, listed))}]" if listed is not None else _in_quotes(said)
                yield from _wrapped(f"{name} = {written}", "      ")


def _in_quotes(value: Any) -> str:
    """A text as TOML has it; any other value as JSON."""
    if isinstance(value, str) and '"' in value and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _unmapped(found: Survey) -> Iterator[str]:
    """Columns that feed nothing; those first that may say that an account is not to log in."""
    for column in found.suggestion.states:
        yield from _wrapped(
            f"! {column} feeds nothing and may say which accounts are disabled; Auth0 heeds only what blocked is mapped to.",
            "  ",
        )
    if found.suggestion.unmapped:
        yield from _wrapped(f"Not mapped: {', '.join(found.suggestion.unmapped)}", "  ")


def _sure(confidence: float) -> str:
    return "sure" if confidence >= 0.9 else "likely" if confidence >= 0.7 else "check this one"


def _bars(counts: Mapping[str, int]) -> Iterator[str]:
    """One line each, its bar as long as its share of all."""
    total = sum(counts.values())
    return (_bar(words, count, total) for words, count in counts.items())


def _bar(words: str, count: int, total: int) -> str:
    bar = "█" * (max(1, round(BAR * count / total)) if count else 0)
    start = f"  {words}\n  {'':<{NAME}}" if len(words) > NAME else f"  {words:<{NAME}}"
    return f"{start} {count:>11,}  {bar}".rstrip()


def _wrapped(words: str, indent: str) -> list[str]:
    """Lines of at most `WIDTH`; the sign at the beginning hangs out."""
    import textwrap

    return textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def _passwords(found: Survey) -> Iterator[str]:
    if not found.groups:
        return
    total = sum(group.users for group in found.groups)
    yield from ("", f"Password hashes {_of_readable(total, found)}")
    for group in found.groups:
        name = f"{group.scheme} {group.parameters}".strip() + (", damaged" if group.code == DAMAGED else "")
        yield _bar(name, group.users, total)
        for remark in _remarks(group):
            yield from _wrapped(remark, "      ")


def _of_readable(records: int, found: Survey) -> str:
    """Which records figures are of, where some of the store cannot be read."""
    unreadable = found.facts.records - records
    return f"of {counted(records, 'record')}" + (f"; {unreadable:,} more cannot be read" if unreadable else "")


def _remarks(group: HashGroup) -> Iterator[str]:
    """What becomes of the hashes, what that rests on, and what is worth telling."""
    if group.carried_by == "none":
        yield f"✗ stays: {group.why}"
    else:
        yield f"✓ travels as {group.carried_by}"
    if group.unconfirmed and group.carried_by != "none":
        yield f"? {group.unconfirmed}"
    if group.needs_proof:
        yield f"? assumes {group.assumes}: prove it with passwords prove"
    if group.weak:
        yield f"! {group.weak}"


def _dirt(found: Survey) -> Iterator[str]:
    """Records that would be rejected, by kind, users who share something among them; then those whose password stays."""
    yield ""
    yield from _unnamed(found)
    if found.prepared is None:
        return
    left = _behind(found)
    if found.prepared.reasons:
        yield f"Records that would be rejected: {found.prepared.rejected:,} of {found.prepared.read:,}"
        yield from _reasons(found.prepared.reasons, found.first)
    else:
        yield "No record would be rejected, and no two users share an id or address" + ("," if left else ".")
    if left:
        more = " more" if found.prepared.reasons else ""
        users, are = ("user", "is") if left == 1 else ("users", "are")
        yield from _wrapped(
            f"and {left:,}{more} {users} whose password cannot travel {are} left out unless you decide otherwise "
            "([passwords] unsupported or missing).",
            "",
        )


def _behind(found: Survey) -> int:
    """Users who could be imported but for their password, as long as nobody decides otherwise."""
    from wizard.mapping.passwords import BARE

    return found.prepared.notes.get(BARE, 0) if found.prepared is not None and found.groups else 0


def _unnamed(found: Survey) -> Iterator[str]:
    """What no column was found for, and which could be user_id."""
    missing = found.suggestion.missing
    if missing:
        yield from _wrapped(f"No column for {' and '.join(missing)} was found; name it yourself in [profile].", "")
    for doubt in found.suggestion.doubts:
        yield from _wrapped(doubt, "")
    if found.candidates:
        yield from _wrapped(
            f"Unique and never empty, so one of these could be user_id: {', '.join(found.candidates)}. Take one that never "
            "changes and is no secret.",
            "",
        )
    if "email" in missing:
        yield "No user could be prepared, so records that would be rejected are not counted."


def _reasons(reasons: Mapping[str, int], first: Mapping[str, str]) -> Iterator[str]:
    from wizard.bulk.preparation.foreseen import first_place
    from wizard.rejects import REASONS

    for code, count in sorted(reasons.items(), key=lambda each: -each[1]):
        yield f"  {code:<{NAME}} {count:>11,}  {first_place(first[code], count)}"
        yield from _wrapped(REASONS[code].remedy, "      ")
        if code in HINTS:
            yield from _wrapped(HINTS[code], "      ")


def _lacking(found: Survey) -> Iterator[str]:
    """What users would be imported without."""
    from wizard.commands.prepare import told

    lines = list(told(found.prepared.notes)) if found.prepared is not None else []
    if lines:
        yield ""
    for line in lines:
        yield from _wrapped(f"! {line}", "  ")


def _logins(found: Survey) -> Iterator[str]:
    if found.activity is not None:
        yield from ("", f"Last login ({found.activity.column}) {_of_readable(found.activity.total, found)}")
        for line in _bars(found.activity.users):
            yield line.rstrip()
    for unread in found.unread:
        yield from _wrapped(f"! {unread}", "  ")


def _forecast(found: Survey) -> Iterator[str]:
    """The ways side by side, and how long an import takes by subscription."""
    from wizard.mapping.passwords import BARE
    from wizard.rejects import CHECKED_AT_LOGIN
    from wizard.strategy.ways import SOON, TITLES, Ways

    if found.prepared is None or not found.prepared.files:
        return
    behind, bare = _behind(found), found.prepared.notes.get(BARE, 0)
    imported = found.prepared.prepared - behind
    files = -(-found.prepared.files * imported // found.prepared.prepared)  # those left out among the others
    nothing = min(behind, sum(one.users for one in found.groups if one.code and one.code not in CHECKED_AT_LOGIN))
    ways = Ways(
        found.facts.records,
        found.prepared.prepared - bare,
        files,
        found.activity.within(SOON) if found.activity is not None else None,
        rejected=behind - nothing,
        refused=found.prepared.rejected + nothing,
    )
    yield ""
    yield from _table([(f"of {counted(found.facts.records, 'record')}", *TITLES), *ways.rows()])
    if not imported:
        return
    about, size = "about " if behind else "", found.prepared.bytes * imported / found.prepared.prepared / 1e6
    yield from (
        "",
        f"An import of {counted(ways.imported, 'user')} is {about}{counted(files, 'file')} of {size:,.1f} MB.",
        "With a fifth of the requests left to live traffic it takes",
    )
    yield from _table(_spans(ways))


def _spans(ways: Ways) -> Iterator[Sequence[str]]:
    """How long an import takes at each subscription: of all it can bring, and of those who are left after a while."""
    from wizard.auth0.plans import PLANS as ALL
    from wizard.durations import between
    from wizard.strategy.ways import SOON

    if ways.active is not None:
        yield "", counted(ways.imported, "user"), f"the rest after {SOON} days"
    for name in PLANS:
        limit = ALL[name].for_group("other")
        spans = (ways.seconds(limit, reserve=RESERVE), ways.seconds_left(limit, reserve=RESERVE))
        yield ALL[name].title, *(between(*span) for span in spans if span is not None)


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines with a column for each part, as wide as its widest."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        yield "  ".join(("", *(part.ljust(width) for part, width in zip(line, widths, strict=False)))).rstrip()
