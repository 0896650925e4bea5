"""`auth0-migrate prepare ANSWERS --out DIR`: only the files to import; no tenant needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.environment import secrets_of
from wizard.commands.help import Command
from wizard.commands.narration import Narrator
from wizard.commands.output import Output, common_options
from wizard.commands.running import answers_argument, run_until_stopped, set_option
from wizard.counts import counted
from wizard.errors import Exit, Interrupted

if TYPE_CHECKING:
    from wizard.bulk.preparation.prepare import Prepared
    from wizard.tools import Stop


def told(notes: Mapping[str, int]) -> Iterator[str]:
    """What users of the files lack or have of our making, and what was not read of the column that chose them, in words."""
    from wizard.mapping.moments import Unread
    from wizard.mapping.words import LEFT_FACTOR, MADE_UP

    if made_up := notes.get(MADE_UP):
        yield (
            f"{counted(made_up, 'user')} {'has' if made_up == 1 else 'have'} no e-mail address and {'gets' if made_up == 1 else 'get'} "
            "one made by without_email, not verified; a password cannot be reset by mail sent there."
        )
    if factors := notes.get(LEFT_FACTOR):
        yield (
            f"{counted(factors, 'user')} {'has' if factors == 1 else 'have'} a second factor that is left behind: an import "
            "cannot carry it, so that they log in without until they enrol one again."
        )
    for note, users in sorted(notes.items()):
        if note.startswith("omitted "):
            yield f"{counted(users, 'user')} {'goes' if users == 1 else 'go'} without {note[8:]}, as it is not valid."
    for unread in Unread.of(notes):
        yield f"{unread} same_email takes them for the oldest."


@click.command(cls=Command, short_help="Write only the files to import, rejects and manifest.")
@answers_argument
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@set_option
@common_options
def command(answers_file: Path, out: Path, flags: tuple[str, ...], output: Output) -> int:
    """Write the files of users that ANSWERS describe to DIR: users/00001.json…, rejects.ndjson and manifest.json.

    Only the tables source, profile, passwords and prepare are needed, and the lengths of usernames in connection; others need
    not be filled in yet. Exit status 3 when users were rejected without a
    decision in [prepare] skip.
    """
    from wizard.answers import load
    from wizard.aside import aside
    from wizard.bulk.preparation.answers import PrepareAnswers
    from wizard.bulk.preparation.folder import claimed
    from wizard.bulk.preparation.prepare import prepare_async
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers
    from wizard.mapping import compile_mapping
    from wizard.mapping.passwords import UNTRIED
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers
    from wizard.steps import SECTIONS
    from wizard.steps.connection import ConnectionAnswers, UsernameLengths

    needed = (SourceAnswers, ProfileAnswers, PasswordsAnswers, PrepareAnswers, UsernameLengths)
    sections = [UsernameLengths if section is ConnectionAnswers else section for section in SECTIONS]
    answers = load(answers_file, sections, environment=os.environ, flags=flags, required=needed, used=needed)
    secret = secrets_of(answers, output.say)

    source = open_source(answers[SourceAnswers], secret=secret, base=answers_file.resolve().parent)
    usernames = (answers[UsernameLengths].username_min, answers[UsernameLengths].username_max)
    mapping = compile_mapping(
        answers[ProfileAnswers], answers[PasswordsAnswers], source.columns, username_length=usernames, secret=secret
    )
    wanted = answers[PrepareAnswers]
    narrator = Narrator(output.say, live=output.live)

    async def work(stop: Stop) -> Prepared:
        return await prepare_async(
            source,
            await aside(source.facts),
            mapping,
            out,
            workers=wanted.workers,
            skip=wanted.skip,
            emit=narrator.hear,
            max_file_bytes=wanted.max_file_bytes,
            stop=stop,
        )

    try:
        with claimed(out):
            prepared = run_until_stopped(work)
    except asyncio.CancelledError:
        raise Interrupted("Stopped as asked", state=f"{out} holds nothing new.", remedy="Run it again.") from None
    finally:
        narrator.clear()
    if large := prepared.notes.get("large_profile"):
        output.say(
            f"  {counted(large, 'user')} {'is' if large == 1 else 'are'} larger than 10 KB. Auth0 warns about such profiles and has announced to refuse them "
            "from March 2027: leave out what need not be in their metadata."
        )
    if bare := prepared.notes.get("without_password"):
        output.say(
            f"  {counted(bare, 'user')} {'goes' if bare == 1 else 'go'} without a password, as decided. A hash cannot be added later."
        )
    if untried := prepared.notes.get(UNTRIED):
        output.say(
            f"  The passwords of {counted(untried, 'user')} rest on a description that nobody has tried; "
            "passwords prove tries it with accounts whose password you know."
        )
    for words in told(prepared.notes):
        output.say(f"  {words}")
    left_out = prepared.rejected + prepared.skipped
    output.result(
        {
            "users": {"read": prepared.read, "prepared": prepared.prepared, "rejected": left_out},
            "chunks": prepared.files,
            "bytes": prepared.bytes,
            "largest_chunk": prepared.largest,
            "seconds": round(prepared.seconds, 3),
            "out": str(out),
        },
        f"{counted(prepared.read, 'user')} read, {prepared.prepared:,} in {counted(prepared.files, 'file')}, "
        f"{prepared.rejected:,} rejected, {prepared.skipped:,} left behind as decided: {out}",
    )
    return int(Exit.ATTENTION if prepared.rejected else Exit.DONE)
