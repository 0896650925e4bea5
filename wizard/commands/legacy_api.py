"""`auth0-migrate legacy-api ANSWERS`: serve the API in front of the legacy store."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from wizard.commands.environment import secrets_of
from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import answers_argument, set_option
from wizard.counts import counted

SLOW_SECONDS = 0.25
"""A look-up beyond this makes a queue of logins likely."""


@click.command("legacy-api", cls=Command, short_help="Serve the API in front of the legacy store.")
@answers_argument
@click.option("--port", type=click.IntRange(0, 65535), default=8788, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; TLS is for a proxy before.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve.")
@click.option(
    "--marks",
    "marks_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file of the users that are migrated, instead of the one in marks of [legacy_api]; a database that is named "
    "there is used all the same.",
)
@set_option
@common_options
def command(
    answers_file: Path,
    port: int,
    host: str,
    workers: int,
    marks_file: Path | None,
    flags: tuple[str, ...],
    output: Output,
) -> int:
    """Serve the API that the login and get user scripts of ANSWERS call, until it is interrupted.

    Needed are the tables tenant, source, profile, passwords and legacy_api. Every request is a line of JSON on stderr
    (and in --log-file), without personal data. With --json the object is on the first line of stdout, as soon as requests
    are answered.
    """
    from wizard.answers import Section, load
    from wizard.doorway.answers import LegacyApiAnswers
    from wizard.doorway.app import planned
    from wizard.doorway.serve import serve
    from wizard.legacy.answers import SourceAnswers
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers
    from wizard.steps import SECTIONS
    from wizard.steps.tenant import TenantAnswers

    needed = (TenantAnswers, SourceAnswers, ProfileAnswers, PasswordsAnswers, LegacyApiAnswers)
    known: tuple[type[Section], ...] = tuple(dict.fromkeys((*SECTIONS, LegacyApiAnswers)))
    answers = load(answers_file, known, environment=os.environ, flags=flags, required=needed)
    if marks_file is not None and answers[LegacyApiAnswers].marks.startswith("sqlite:"):
        flags = (*flags, f"legacy_api.marks=sqlite:{marks_file.resolve()}")
        answers = load(answers_file, known, environment=os.environ, flags=flags, required=needed)
    elif marks_file is not None:
        output.say(f"Marks are kept where [legacy_api] says, and not in {marks_file}")
    output.say("Looking at the legacy store")
    plan = planned(
        answers, base=answers_file.resolve().parent, secret=secrets_of(answers, output.say), processes=workers
    )
    wanted = plan.answers
    for key, column, took in plan.people.slow_keys(time.monotonic, SLOW_SECONDS):
        folded = column if key == "user_id" else f"lower(trim({column}))"
        output.say(
            f"  Looking for a user by {key} takes {took:.1f} s, as the store reads all its records for it. An index helps, "
            f"also a temporary one on a copy: CREATE INDEX … ({folded})."
        )

    def ready(address: str) -> None:
        output.say(
            f"Legacy API for {plan.domain} at {address}\n"
            f"  audience   {wanted.audience}\n"
            f"  client     {wanted.client_id or 'any with a grant'}\n"
            f"  sought by  {', '.join(plan.people.sought)}\n"
            f"  processes  {workers}, {counted(plan.hashes_at_once, 'password')} at once in each"
        )
        output.result({"address": address, "audience": wanted.audience, "workers": workers})
        sys.stdout.flush()

    try:
        serve(plan, host, port, ready=ready, log=output.say)
    finally:
        plan.people.finder.close()
        plan.marks.close()
    output.say("The legacy API has ended")
    return 0
