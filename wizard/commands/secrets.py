"""`auth0-migrate secrets`: the secrets of a tenant in the keyring of the operating system; values are never arguments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Group
from wizard.commands.output import Output, common_options
from wizard.commands.running import answers_argument, load_answers, run_until_stopped, runs_option, set_option, world
from wizard.errors import UsageError

if TYPE_CHECKING:
    from wizard.tools import Stop

LIMIT = 65_536
"""Longest secret in bytes that is read from stdin: far above any key, far below a file piped by mistake."""

tenant = click.option("--tenant", required=True, metavar="DOMAIN", help="Domain of the tenant: acme.eu.auth0.com.")


@click.group("secrets", cls=Group, short_help="Store, list and delete secrets in the keyring.")
def command() -> None:
    """Secrets live in the keyring of the operating system; answers name them as keyring:NAME."""


@command.command("set", short_help="Store a secret, typed or piped in.")
@click.argument("name")
@tenant
@common_options
def set_(output: Output, name: str, tenant: str) -> None:
    """Store a secret under NAME: typed at a hidden prompt, or piped in (several lines are kept, as in a key file).

    \b
        auth0-migrate secrets set signing-key --tenant acme.eu.auth0.com < key.pem
    """
    from wizard.vault import Secret, Vault

    vault = Vault(tenant, tell=output.say)
    value = Secret(_typed(output, name) if sys.stdin.isatty() else _piped())
    vault.set(name, value)
    answer = {"tenant": vault.domain, "name": name, "stored": True, "reference": f"keyring:{name}"}
    output.result(answer, f'Stored for {vault.domain}. In the answers: "keyring:{name}"')


@command.command("list", short_help="The names of the stored secrets.")
@tenant
@common_options
def list_(output: Output, tenant: str) -> None:
    """List the names of a tenant's secrets, never their values."""
    from wizard.vault import Vault

    vault = Vault(tenant, tell=output.say)
    names = vault.names()
    if not names:
        output.say(f"No secret is stored for {vault.domain}.")
    output.result({"tenant": vault.domain, "names": list(names)}, "\n".join(names))


@command.command("delete", short_help="Remove a secret.")
@click.argument("name")
@tenant
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options
def delete(output: Output, name: str, tenant: str, yes: bool) -> None:
    """Remove the secret NAME of a tenant from the keyring."""
    from wizard.vault import Vault

    vault = Vault(tenant, tell=output.say)
    deleted = yes or output.confirm(f"Delete the secret {name} of {vault.domain}", without_terminal="add --yes")
    if deleted:
        vault.delete(name)
    text = f"Deleted {name} of {vault.domain}." if deleted else "Nothing was deleted."
    output.result({"tenant": vault.domain, "name": name, "deleted": deleted}, text)


def _typed(output: Output, name: str) -> str:
    return output.ask_hidden(f"Value of {name}", without_terminal="pipe the value in")


def _piped() -> str:
    """Everything on stdin but one line end at its end."""
    raw = sys.stdin.buffer.read(LIMIT + 1)
    if len(raw) > LIMIT:
        raise UsageError(
            f"More than {LIMIT:,} bytes were piped in", state="Nothing was stored.", remedy="pipe in one secret only."
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        remedy = "pipe in text; a key as PEM, not DER."
        raise UsageError("What was piped in is not UTF-8 text", state="Nothing was stored.", remedy=remedy) from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\r\n") else text.removesuffix("\n")


@command.command("rotate", short_help="A new secret for the application of the legacy API.")
@answers_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@set_option
@runs_option
@common_options
def rotate(output: Output, answers_file: Path, yes: bool, flags: tuple[str, ...], runs_folder: Path | None) -> None:
    """Give the application that calls the legacy API a new secret, and bring it everywhere: keyring, connection, Actions.

    The old secret is void at once; tokens that were issued go on being good, so nobody's login fails meanwhile.
    """
    answers = load_answers(answers_file, flags)
    from wizard.doorway.rotation import Rotated, rotate_secret
    from wizard.runs import Runs

    if not (yes or output.confirm("Void the present secret and make a new one", without_terminal="add --yes")):
        output.result({"rotated": False}, "Nothing was changed.")
        return

    base = answers_file.resolve().parent

    async def work(stop: Stop) -> Rotated:
        return await rotate_secret(answers, base=base, world=world(output), runs=Runs(runs_folder), stop=stop)

    rotated = run_until_stopped(work)
    lines = [f"The application {rotated.client_id} has a new secret; it is in the keyring."]
    lines += [f"  {summary}" for summary in rotated.changed]
    answer = {"rotated": True, "client_id": rotated.client_id, "changed": list(rotated.changed)}
    output.result(answer, "\n".join(lines))
