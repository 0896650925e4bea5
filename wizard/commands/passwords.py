"""`auth0-migrate passwords prove ANSWERS`: shows with known accounts that imported passwords will work; no tenant needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard.commands.environment import Login, login_of, secrets_of
from wizard.commands.help import Group
from wizard.commands.output import Output, answered, common_options
from wizard.commands.running import answers_argument, set_option
from wizard.counts import counted
from wizard.errors import Exit, UsageError

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.legacy.source import LegacySource
    from wizard.passwords.prove import Known, Proof


@click.group("passwords", cls=Group, short_help="Prove that imported passwords will work.")
def command() -> None:
    """What Auth0 will make of the password hashes of a legacy store."""


@command.command("prove", short_help="Check accounts whose passwords are known.")
@answers_argument
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="LOGIN[=REF]",
    help="E-mail address, username or id of an account; its password is typed, or named as env:NAME or keyring:NAME.",
)
@click.option("--seconds", type=click.FloatRange(0, 3600), default=60.0, show_default=True, help="Longest search.")
@set_option
@common_options
def prove_(
    answers_file: Path, accounts: tuple[str, ...], seconds: float, flags: tuple[str, ...], output: Output
) -> int:
    """Check the passwords of one to five accounts against the hashes that Auth0 would get.

    Where one does not fit, other encodings, places of the salt, iterations and layouts are tried, and what works is
    reported as answers to paste. Without --account the canary accounts of [verify] are used. Exit status 3 where
    nothing fits an account. Give one account of each format.
    """
    from wizard.answers import load
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers
    from wizard.passwords.accounts import require_columns
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.passwords.prove import prove
    from wizard.steps import SECTIONS
    from wizard.steps.verify import VerifyAnswers

    needed = (SourceAnswers, PasswordsAnswers)
    used = needed if accounts else (*needed, VerifyAnswers)
    answers = load(answers_file, SECTIONS, environment=os.environ, flags=flags, required=needed, used=used)
    secret = secrets_of(answers, output.say)
    wanted = answers[PasswordsAnswers]
    source = open_source(answers[SourceAnswers], secret=secret, base=answers_file.resolve().parent)
    require_columns(source.columns, wanted)
    known = _known(source, _logins(accounts, answers), secret, output)
    began = time.monotonic()
    proof = prove(known, wanted, secret=secret, seconds=seconds, now=time.monotonic, progress=_progress(output))
    took = time.monotonic() - began
    output.result(
        {
            "proven": proof.proven,
            "accounts": [asdict(account) for account in proof.accounts],
            "passwords": proof.noted(wanted),
            "tried": proof.tried,
            "exhausted": proof.exhausted,
            "seconds": round(took, 3),
        },
        page(proof, wanted),
    )
    return int(Exit.DONE if proof.proven else Exit.ATTENTION)


def _logins(accounts: Sequence[str], answers: Answers) -> list[Login]:
    from wizard.passwords.prove import MOST_ACCOUNTS
    from wizard.steps.verify import VerifyAnswers

    logins = [login_of(account) for account in accounts]
    if not logins and answers.has(VerifyAnswers):
        logins += [(canary.login, canary.password) for canary in answers[VerifyAnswers].canaries[:MOST_ACCOUNTS]]
    if not 1 <= len(logins) <= MOST_ACCOUNTS:
        raise UsageError(
            f"{counted(len(logins), 'account was', 'accounts were')} given" if logins else "No account was given",
            state="Nothing was checked.",
            remedy=f"give one to {MOST_ACCOUNTS} with --account, or canaries in [verify].",
        )
    return logins


def _known(source: LegacySource, logins: Sequence[Login], secret: Callable[[str], str], output: Output) -> list[Known]:
    from wizard.passwords.accounts import accounts
    from wizard.passwords.prove import Known

    rows = accounts(source, [login for login, _ in logins])
    known = []
    for number, ((_, reference), row) in enumerate(zip(logins, rows, strict=True), 1):
        if reference is None and not output.interactive:
            raise UsageError(
                f"The password of account {number} cannot be asked for without a terminal",
                state="Nothing was checked.",
                remedy="name it: --account LOGIN=env:NAME.",
            )
        with answered():
            asked = f"Password of account {number}"
            typed = secret(reference) if reference else click.prompt(asked, hide_input=True, err=True)
        known.append(Known(row, str(typed)))
    return known


def _progress(output: Output) -> Callable[[int], None]:
    def tell(tried: int) -> None:
        if tried in (1, 10, 100) or tried % 500 == 0:
            output.say(f"Searching how the hashes were made: {counted(tried, 'recipe')} tried")

    return tell


def page(proof: Proof, wanted: Any) -> str:
    """The proof for people."""
    lines = []
    for number, account in enumerate(proof.accounts, 1):
        sign = {True: "✓", False: "✗", None: "·"}[account.fits]
        name = f"{account.scheme} {account.parameters}".strip()
        lines.append(f"{sign} account {number}: {name}: {account.why}")
    if proof.tried and not proof.proven:
        left = ", ".join(str(number) for number, account in enumerate(proof.accounts, 1) if not account.fits)
        none = f"none of them fits account {left}" if proof.recipe else "none of them fits"
        ended = none if proof.exhausted else f"{none} yet, and the time is over; --seconds gives more"
        lines.append(f"{counted(proof.tried, 'other recipe')} tried: {proof.hindrance or ended}")
        if not proof.hindrance:
            lines.append(
                "A typing error, a key (pepper) that is not declared, or a way of hashing that Auth0 cannot check."
            )
    if lost := proof.lost(wanted):
        lines.append(f"The earlier proof of {', '.join(lost)} no longer counts: an account speaks against it.")
    if paste := proof.noted(wanted):
        import tomlkit

        if proof.recipe:
            lines.append("Replace what describes the hashes in [passwords] by:")
        else:
            lines.append(f"To {'take it away' if lost else 'keep note of the proof'}, in [passwords]:")
        lines.append(tomlkit.dumps({"passwords": paste} if "also" in paste else paste).rstrip())
    return "\n".join(lines)
