"""`auth0-migrate answers`: a file to fill in, its check, and its schema for editors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard.commands.environment import from_environment
from wizard.commands.help import Group
from wizard.commands.output import Output, common_options
from wizard.errors import CredentialsError, Exit, UsageError, WizardError

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.mapping.suggestion import Suggestion

SQLITE = "sqlite:///"

CREATION = ("created", "creation", "registered", "registration", "joined", "signup", "sign_up")
"""What the name of a column holds that may say when an account was made."""

out = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of stdout."
)


@click.group("answers", cls=Group, short_help="Start, check and describe answers files.")
def command() -> None:
    """Answers files hold everything a run asks for; secrets are only named in them."""


@command.command("new", short_help="A commented answers file to fill in.")
@out
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--from", "source", metavar="SOURCE", help="Fill in what this legacy store shows: a file or database.")
@click.option("--table", help="Which table of that database, or list in JSON, holds the users.")
@click.option("--store", help="Where the users come from, such as keycloak, if that is not recognised.")
@common_options
def new(
    output: Output, out: Path | None, force: bool, source: str | None, table: str | None, store: str | None
) -> None:
    """Write an answers file with every key explained, to be filled in; with --from, source, profile and passwords are."""
    from wizard.answers import template
    from wizard.answers.atomic import write_atomically
    from wizard.steps import SECTIONS

    if source is None and (table or store):
        raise UsageError("--table and --store say how to read a store", remedy="name the store with --from SOURCE.")
    found, remarks = _found(source, table, store, out, output) if source is not None else ({}, {})
    text = template(SECTIONS, found, remarks)
    if out is None:
        output.result({"out": None, "template": text}, text.rstrip("\n"))
        return
    if out.exists() and not force:
        remedy = "choose another name, or add --force to replace it."
        raise UsageError(f"{out} exists already", state="It is as it was.", remedy=remedy)
    write_atomically(out, text)
    output.result({"out": str(out)}, f"{out} is ready to be filled in; then: auth0-migrate answers check {out}")


@command.command("check", short_help="Report everything that is wrong with a file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--set", "flags", multiple=True, metavar="TABLE.KEY=VALUE", help="An answer that wins over the file's.")
@common_options
def check(output: Output, file: Path, flags: tuple[str, ...]) -> int:
    """Check an answers file together with the environment; nothing is sent anywhere.

    Secrets that it names and that are not at hand are warned of; the exit status says only whether the file is right.
    """
    from wizard.answers import AnswersInvalid, load
    from wizard.steps import SECTIONS

    try:
        answers = load(file, SECTIONS, environment=os.environ, flags=flags)
    except AnswersInvalid as error:
        output.complain(str(error))
        output.result({"valid": False, "file": str(file), "problems": error.to_json()})
        return Exit.USAGE
    warnings = [{"key": key, "message": missing.what} for key, missing in _not_at_hand(answers, output)]
    tables = [section.table for section in answers]
    answer = {"valid": True, "file": str(file), "tables": tables, "digest": answers.digest(), "problems": []}
    output.result({**answer, "warnings": warnings}, f"{file} is complete: {', '.join(tables)}.")
    return Exit.DONE


def _not_at_hand(answers: Answers, output: Output) -> Iterator[tuple[str, WizardError]]:
    """Warn of the secrets that the answers name and that are not here; a run may well be meant for another machine."""
    from wizard.vault import KeyringUnavailable, Vault

    vault = Vault(answers.tables()["tenant"]["domain"], tell=output.say)
    usable = True
    for key, reference in answers.references():
        if not usable and reference.startswith("keyring:"):
            continue
        try:
            vault.resolve(reference, os.environ)
        except CredentialsError as missing:
            usable = usable and not isinstance(missing, KeyringUnavailable)
            output.say(f"! {key}: {missing}")
            yield key, missing


@command.command("schema", short_help="The JSON Schema of the file, for editors.")
@out
@common_options
def schema(output: Output, out: Path | None) -> None:
    """Write the JSON Schema by which editors complete keys and mark mistakes."""
    from wizard.answers import schema as schema_of
    from wizard.answers.atomic import write_atomically
    from wizard.steps import SECTIONS

    described = schema_of(SECTIONS)
    text = json.dumps(described, indent=2)
    if out is None:
        output.result({"out": None, "schema": described}, text)
        return
    write_atomically(out, text + "\n", mode=0o644)
    output.result({"out": str(out)}, f"{out} is written. First line for answers files beside it: #:schema ./{out.name}")


def _found(
    argument: str, table: str | None, store: str | None, out: Path | None, output: Output
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, str]]]:
    """What a look into the store suggests, by table, and what is to be remarked on it; its path as seen from the answers file."""
    from wizard.answers.given import plain
    from wizard.legacy import source_of
    from wizard.legacy.stores import STORES
    from wizard.strategy.activity import column_of_activity
    from wizard.strategy.survey import candidates, open_and_recognise, order_of_dates, suggestion_for

    argument = argument.removeprefix(SQLITE)  # a path says the same, and can be told as the answers file sees it
    answers, source = open_and_recognise(source_of(argument, table=table, store=store), from_environment, Path.cwd())
    suggestion = suggestion_for(answers, source)
    if answers.path and out is not None:
        path = Path(answers.path).expanduser().resolve()
        near = out.resolve().parent
        path = path.relative_to(near) if path.is_relative_to(near) else path
        answers = answers.model_copy(update={"path": str(path)})
    column = suggestion.passwords.column
    if column is None and answers.store and not STORES[answers.store].any_shape:
        # Should the hashes come after all, they are there.
        column = STORES[answers.store].passwords.get("column")
    if suggestion.missing:
        missing = " and ".join(suggestion.missing)
        output.say(f"No column for {missing} was found; name it in [profile] of the answers.")
    for doubt in suggestion.doubts:
        output.say(doubt)
    if "user_id" in suggestion.missing and (possible := candidates(source, suggestion)):
        output.say(f"Unique and never empty, so one of these could be user_id: {', '.join(possible)}.")
    for guess in suggestion.guesses:
        if guess.hint:
            output.say(guess.hint)
    told = answers.model_dump(exclude_defaults=True, by_alias=True)
    profile = {key: plain(rule) for key, rule in suggestion.rules.items()}
    if answers.store is None and (seen := column_of_activity(source.columns)):
        profile["last_login"] = seen
    order, why = order_of_dates(source, [profile[key] for key in ("created", "last_login") if key in profile])
    if order is not None:
        profile["date_order"] = order
    elif why:
        output.say(f"{why} If same_email or a forecast needs these dates, set date_order in [profile] of the answers.")
    found = {
        "source": {key: value for key, value in plain(answers).items() if key in told},
        "profile": profile,
        "passwords": {"column": column} if column else {},
    }
    return found, {"profile": {"date_order": why, "app_metadata": "\n".join(_left_behind(suggestion, profile))}}


def _left_behind(suggestion: Suggestion, profile: Mapping[str, Any]) -> Iterator[str]:
    """The columns that feed nothing, each with what could be done about it."""
    from wizard.answers.examples import bare_or_quoted, inline
    from wizard.mapping.names import is_secret
    from wizard.mapping.words import FORBIDDEN_APP_METADATA

    moments = [profile.get(key) for key in ("created", "last_login")]
    left = [name for name in suggestion.unmapped if name not in moments]
    if left:
        yield "Columns that feed nothing yet, and so are left behind:"
        if "app_metadata" in profile:
            yield "(What goes into app_metadata is added to the table that follows.)"
    for name in left:
        key = name.replace(".", "_").replace("$", "_")
        place = f"{'legacy.' if key in FORBIDDEN_APP_METADATA else ''}{bare_or_quoted(key)}"
        kept = f"app_metadata.{place} = {inline(name)}"
        if is_secret(name):
            kept = "by its name a secret, which belongs in no profile"
        elif name in suggestion.states:
            kept = f"blocked, if it says who is disabled; or {kept}"
        elif any(word in name.lower() for word in CREATION):
            kept = f"created = {inline(name)} for same_email, or {kept}"
        yield f"- {name}: {kept}"
