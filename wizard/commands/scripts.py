"""`auth0-migrate scripts`: the generated scripts, Actions and Rules, to read, to compare and to try."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.environment import login_of, secrets_of
from wizard.commands.help import Group
from wizard.commands.output import Output, common_options
from wizard.commands.running import answers_argument, load_answers, run_until_stopped, set_option, world
from wizard.counts import counted
from wizard.errors import Exit

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.doorway.files import Compared
    from wizard.doorway.trial import Trial
    from wizard.tools import Stop


@click.group("scripts", cls=Group, short_help="Save, compare and try the generated scripts.")
def command() -> None:
    """The scripts of the connection and the guards at every login, before and after they are on the tenant."""


@command.command("save", short_help="Write every generated file to a folder.")
@answers_argument
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@set_option
@common_options
def save_(answers_file: Path, out: Path, flags: tuple[str, ...], output: Output) -> None:
    """Write scripts, Actions and Rules to DIR, as they would be sent. No tenant is asked; no secret is in them.

    scripts/before holds the placeholders until the real ones are in place, scripts/after what the cutover leaves.
    """
    from wizard.answers import Section, load
    from wizard.doorway.answers import LegacyApiAnswers
    from wizard.doorway.files import all_files, save_files
    from wizard.legacy.answers import SourceAnswers
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.profile import ProfileAnswers
    from wizard.steps import SECTIONS
    from wizard.steps.connection import ConnectionAnswers
    from wizard.steps.scripts_answers import asks_legacy_api

    def loaded(*needed: type[Section]) -> Answers:
        required: list[type[Section]] = [ProfileAnswers, ConnectionAnswers, *needed]
        return load(answers_file, SECTIONS, environment=os.environ, flags=flags, required=required)

    asks = asks_legacy_api(loaded())
    answers = loaded(LegacyApiAnswers) if asks else loaded(SourceAnswers, PasswordsAnswers)
    files = all_files(answers)
    save_files(files, out)
    listed = "\n".join(f"  {len(text.encode()):>7,} bytes  {out / name}" for name, text in sorted(files.items()))
    output.result({"out": str(out), "files": sorted(files)}, f"{counted(len(files), 'file')}:\n{listed}")


@command.command("diff", short_help="What is on the tenant against what would be there.")
@answers_argument
@set_option
@common_options
def diff_(answers_file: Path, flags: tuple[str, ...], output: Output) -> None:
    """Compare the scripts and guards on the tenant with those that ANSWERS ask for; nothing is written."""
    answers = load_answers(answers_file, flags)
    from wizard.doorway.files import compare, files_on_tenant, wanted_files
    from wizard.journal import Journal
    from wizard.world import connected

    outside = world(output)
    base = answers_file.resolve().parent

    async def work(stop: Stop) -> list[Compared]:
        journal = Journal(None, now=outside.clock.now)
        try:
            async with connected(answers, journal, base, base, outside, stop) as tools:
                return compare(wanted_files(answers), await files_on_tenant(answers, tools))
        finally:
            journal.close()

    compared = run_until_stopped(work)
    different = [one for one in compared if one.state != "same"]
    states = "\n".join(f"{one.state:<10} {one.path}" for one in compared)
    diffs = "\n\n".join(one.diff for one in different if one.state == "different")
    text = f"{states}\n\n{diffs}" if diffs else states
    output.result({"different": len(different), "files": [asdict(one) for one in compared]}, text)


@command.command("try", short_help="Run login and get user here against the legacy API.")
@answers_argument
@click.option(
    "--account",
    required=True,
    metavar="LOGIN[=REF]",
    help="E-mail address or username of a legacy account; its password is typed, or named as env:NAME or keyring:NAME.",
)
@click.option("--no-password", is_flag=True, help="Only get user, which needs none.")
@set_option
@common_options
def try_(answers_file: Path, account: str, no_password: bool, flags: tuple[str, ...], output: Output) -> int:
    """Run the generated login and get user scripts on this machine, in Auth0's Node, against the legacy API.

    The password is typed at a hidden prompt, piped in, or named. Nothing is written, on the tenant or in the legacy store.
    Exit status 3 when a script ends with an error.
    """
    answers = load_answers(answers_file, flags)
    login, reference = login_of(account)
    password = None if no_password else _password(output, reference, answers)
    from wizard.doorway.scripts import scripts_for
    from wizard.doorway.settings import complete
    from wizard.doorway.trial import try_scripts
    from wizard.journal import Journal
    from wizard.steps.scripts import values_of
    from wizard.world import connected

    outside = world(output)
    base = answers_file.resolve().parent

    async def work(stop: Stop) -> list[Trial]:
        journal = Journal(None, now=outside.clock.now)
        try:
            async with connected(answers, journal, base, base, outside, stop) as tools:
                values = complete(await values_of(answers, tools))
        finally:
            journal.close()
        return await try_scripts(scripts_for(answers), values, login, password)

    trials = run_until_stopped(work)
    answer = {"scripts": [asdict(trial) for trial in trials]}
    output.result(answer, "\n".join(map(_told, trials)), private=("scripts",))
    fine = all(trial.result != "error" and trial.callbacks == 1 for trial in trials)
    return int(Exit.DONE if fine else Exit.ATTENTION)


def _password(output: Output, reference: str | None, answers: Answers) -> str:
    """The password: what it is named by; else typed where somebody sits there, or the first line that is piped in."""
    if reference is not None:
        return secrets_of(answers, output.say)(reference)
    if sys.stdin.isatty():
        return output.ask_hidden("Password of that account", without_terminal="pipe the password in")
    return sys.stdin.readline().rstrip("\r\n")


def _told(trial: Trial) -> str:
    """A trial for people: how it went and how long it took, then the profile."""
    import json

    words = {
        "user": f"the user {trial.user_id}",
        "wrong_password": f"wrong password of the user {trial.user_id}",
        "unknown_user": "unknown user",
        "not_found": "not found",
        "error": f"error: {trial.message}",
    }
    lines = [f"{trial.script:<9}{trial.milliseconds:>7,.0f} ms  {words[trial.result]}"]
    if trial.callbacks != 1:
        lines.append(f"  it called back {trial.callbacks} times; it must be once")
    if trial.profile is not None:
        lines.append(
            "\n".join(f"  {line}" for line in json.dumps(trial.profile, indent=2, ensure_ascii=False).splitlines())
        )
    return "\n".join(lines)
